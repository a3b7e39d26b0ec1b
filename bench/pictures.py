"""How long a fresh picture takes, beside the floor of its size: `zlib.compress` of as many zeros.

Prints a row for each size: name, milliseconds, floor milliseconds, bytes, ratio. CPU time of a
picture, the least of many batches, in one process. No picture is drawn twice, and no prompt comes
twice, though its words do. The first picture, which loads the font, is reported apart.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256

from mockserver.core.picture import Picture
from mockserver.pictures.pure.drawing import draw

SIZES = ("256x256", "512x512", "1024x1024", "1024x1536", "1536x1024", "1792x1024", "3840x2160")
PROMPT = "An oil painting of a fox who reads a newspaper in a tiny café at dawn, warm light, rain"
PICTURES = 48  # in a batch, so that it has all kinds
REPEATS = 9


def main() -> None:
    begun = time.process_time()
    draw(_picture("256x256", -1))
    print(f"first picture, with the font: {1000 * (time.process_time() - begun):.1f} ms")
    print(f"{'size':>10} {'ms':>8} {'floor':>8} {'bytes':>8} {'ratio':>6}")
    for size in SIZES:
        _report(size)


def _report(size: str) -> None:
    width, height = map(int, size.split("x"))
    floor = _least([partial(zlib.compress, bytes(width * height), 1)] * REPEATS)
    files: list[bytes] = []
    numbers = [range(at * PICTURES, (at + 1) * PICTURES) for at in range(REPEATS)]
    batches = [[_picture(size, number) for number in batch] for batch in numbers]
    spent = _least([partial(files.extend, map(draw, batch)) for batch in batches]) / PICTURES
    largest = max(map(len, files))
    print(f"{size:>10} {spent:8.2f} {floor:8.2f} {largest:8} {spent / floor:6.2f}")


def _picture(size: str, number: int) -> Picture:
    width, height = map(int, size.split("x"))
    digest = sha256(f"{size} {number}".encode()).digest()[:16]
    words = sorted(PROMPT.split(), key=lambda word: sha256(digest + word.encode()).digest())
    prompt = " ".join(words)
    return Picture("images.generate", "dall-e-2", prompt, width, height, 0, 4, digest)


def _least(works: Sequence[Callable[[], object]]) -> float:
    """Milliseconds of CPU time that the quickest takes."""
    times = []
    for work in works:
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return 1000 * min(times)


if __name__ == "__main__":
    main()

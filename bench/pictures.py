"""How long a fresh picture takes, beside the floor of its size: `zlib.compress` of as many zeros.

Prints a row for each size: name, milliseconds, floor milliseconds, bytes, ratio. CPU time, the
least of many repeats, in one process. The first picture, which loads the font, is reported apart.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from functools import partial
from hashlib import sha256

from mockserver.core.drawing import draw
from mockserver.core.picture import Picture

SIZES = ("256x256", "512x512", "1024x1024", "1024x1536", "1536x1024", "1792x1024", "3840x2160")
PROMPT = "An oil painting of a fox who reads a newspaper in a tiny café at dawn, warm light, rain"
PICTURES = 24  # different ones, so that the mean is that of all kinds
REPEATS = 7


def main() -> None:
    begun = time.process_time()
    draw(_picture("256x256", 0))
    print(f"first picture, with the font: {1000 * (time.process_time() - begun):.1f} ms")
    print(f"{'size':>10} {'ms':>8} {'floor':>8} {'bytes':>8} {'ratio':>6}")
    for size in SIZES:
        _report(size)


def _report(size: str) -> None:
    pictures = [_picture(size, number) for number in range(PICTURES)]
    zeros = bytes(pictures[0].width * pictures[0].height)
    floor = _least(partial(zlib.compress, zeros, 1))
    spent = sum(_least(partial(draw, picture)) for picture in pictures) / PICTURES
    largest = max(len(draw(picture)) for picture in pictures)
    print(f"{size:>10} {spent:8.2f} {floor:8.2f} {largest:8} {spent / floor:6.2f}")


def _picture(size: str, number: int) -> Picture:
    width, height = map(int, size.split("x"))
    digest = sha256(f"{size} {number}".encode()).digest()[:16]
    return Picture("images.generate", "dall-e-2", PROMPT, width, height, 0, 4, None, None, digest)


def _least(work: Callable[[], object]) -> float:
    """Milliseconds of CPU time, the least of the repeats."""
    times = []
    for _ in range(REPEATS):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return 1000 * min(times)


if __name__ == "__main__":
    main()

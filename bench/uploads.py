"""How long pictures made from uploads take, beside Pillow's own reading and writing of as many.

Prints a row for an edit and a variation of a photo-like 1024x1024 RGBA picture: CPU time, the
least of many repeats, beside decoding that upload and encoding it again as RGB.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from hashlib import sha256
from itertools import count

from PIL import Image, ImageDraw

from bench.rows import header, interleaved, row
from mockserver.core.picture import Picture
from mockserver.pictures.edits import edited, varied

SIDE = 1024
REPEATS = 9


def main() -> None:
    photo, mask = _photo(), _mask()
    edit, variation = _picture("images.edit", "a fox"), _picture("images.variation", "")
    # What stands behind a file's end makes it another one: no upload is decoded already.
    uploads = (photo + bytes([number]) for number in count())
    works: dict[str, Callable[[], object]] = {
        "edit with a mask": lambda: edited(edit, next(uploads), mask),
        "variation": lambda: varied(variation, next(uploads)),
    }
    measures = [lambda work=work: _cpu(work) for work in (lambda: _copied(photo), *works.values())]
    floor, *spent = [1000 * min(taken) for taken in interleaved(REPEATS, measures)]
    header()
    for name, least in zip(works, spent, strict=True):
        row(f"{name}, {SIDE}x{SIDE}", f"{least:.1f} ms", f"{floor:.1f} ms", "<= 0.6", least / floor)


def _cpu(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _copied(data: bytes) -> bytes:
    """The floor: Pillow's decoding, and encoding as RGB at the lowest level that compresses."""
    return _png(Image.open(io.BytesIO(data)).convert("RGB"), 1)


def _png(image: Image.Image, level: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=level)
    return file.getvalue()


def _photo() -> bytes:
    """Soft light with grain, which compresses as badly as a photo does."""
    slope = Image.linear_gradient("L").resize((SIDE, SIDE))
    light = Image.merge("RGB", (slope, slope.rotate(90), Image.new("L", slope.size, 96)))
    grain = _noise(SIDE * SIDE * 3)
    noise = Image.frombytes("RGB", light.size, grain).point(
        [value // 16 for value in range(256)] * 3
    )
    return _png(Image.blend(light, noise, 0.5).convert("RGBA"), 6)


def _noise(length: int) -> bytes:
    """Bytes that look like chance."""
    return b"".join(sha256(number.to_bytes(4)).digest() for number in range(-(-length // 32)))[
        :length
    ]


def _mask() -> bytes:
    mask = Image.new("RGBA", (SIDE, SIDE), "white")
    ImageDraw.Draw(mask).ellipse((300, 200, 900, 800), (0, 0, 0, 0))
    return _png(mask, 6)


def _picture(operation: str, prompt: str) -> Picture:
    digest = sha256(operation.encode()).digest()[:16]
    return Picture(operation, "dall-e-2", prompt, SIDE, SIDE, 0, 1, digest, images=("photo",))


if __name__ == "__main__":
    main()

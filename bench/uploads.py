"""How long pictures made from uploads take, beside Pillow's own reading and writing of as many.

CPU time, the least of many rounds, of an edit and a variation of a photo-like 1024x1024 RGBA
picture, beside decoding that upload and encoding it again as RGB.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from itertools import count

from PIL import Image, ImageDraw

from bench.rows import Row, cpu_seconds, interleaved
from mockserver.core.picture import Picture
from mockserver.pictures.edits import edited, varied

SIDE = 1024
ROUNDS = 9


def rows() -> Iterator[Row]:
    """A row for each."""
    photo, mask = _photo(), _mask()
    edit, variation = _picture("images.edit", "a fox"), _picture("images.variation", "")
    # What stands behind a file's end makes it another one: no upload is decoded already.
    uploads = (photo + bytes([number]) for number in count())
    works: dict[str, Callable[[], object]] = {
        "edit with a mask": lambda: edited(edit, next(uploads), mask),
        "variation": lambda: varied(variation, next(uploads)),
    }
    measures = [partial(cpu_seconds, work) for work in (lambda: _copied(photo), *works.values())]
    floor, *spent = [1000 * min(taken) for taken in interleaved(ROUNDS, measures)]
    for name, least in zip(works, spent, strict=True):
        yield Row(
            f"{name} of a photo {SIDE}x{SIDE}",
            "Pillow's decode and encode",
            "<= 0.6",
            least / floor,
            f"{least:.1f} ms",
            f"{floor:.1f} ms",
        )


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

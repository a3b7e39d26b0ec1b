"""How long a fresh picture takes, beside the floor of its size: `zlib.compress` of as many zeros.

Those that Pillow encodes are beside its encoding of the same pixels, in the same way, from memory.
CPU time of a picture, the least of many batches, in one process. No picture is drawn twice, and no
prompt comes twice, though its words do. What loads the font comes before all that.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from functools import partial
from hashlib import sha256

from PIL import Image

from bench.rows import Row, cpu_seconds, interleaved
from mockserver.core.picture import Picture
from mockserver.pictures import formats
from mockserver.pictures.pure.drawing import draw, pixels

AIMS = {
    "256x256": "",
    "512x512": "",
    "1024x1024": "<= 1.1",
    "1024x1536": "",
    "1792x1024": "",
    "3840x2160": "<= 0.3",
}
ENCODED = {"JPEG": {"quality": 100}, "WEBP": {"quality": 100, "method": 0}}
SIDE = 1024
PROMPT = "An oil painting of a fox who reads a newspaper in a tiny café at dawn, warm light, rain"
PICTURES = 48  # in a batch, so that it has all kinds
ROUNDS = 9


def rows() -> Iterator[Row]:
    """A row for each size."""
    draw(_picture(256, 256, -1))
    for size, aim in AIMS.items():
        yield _row(size, aim)
    for form in ENCODED:
        yield _encoded_row(form)


def _row(size: str, aim: str) -> Row:
    width, height = map(int, size.split("x"))
    numbers = iter(range(ROUNDS * PICTURES))
    largest = 0

    def batch() -> float:
        nonlocal largest
        pictures = [_picture(width, height, next(numbers)) for _ in range(PICTURES)]
        files: list[bytes] = []
        spent = cpu_seconds(lambda: files.extend(map(draw, pictures)))
        largest = max(largest, *map(len, files))
        return spent / PICTURES

    def zeros() -> float:
        return cpu_seconds(lambda: zlib.compress(bytes(width * height), 1))

    floor, ours = map(min, interleaved(ROUNDS, [zeros, batch]))
    return Row(
        f"fresh picture {size}",
        "zlib.compress of as many zeros",
        aim,
        ours / floor,
        f"{1000 * ours:.2f} ms",
        f"{1000 * floor:.2f} ms",
        f"at most {largest:,} B",
    )


def _encoded_row(form: str) -> Row:
    numbers = iter(range(ROUNDS * PICTURES))
    asked: list[Picture] = []

    def batch() -> float:
        asked[:] = [_picture(SIDE, SIDE, next(numbers), form) for _ in range(PICTURES // 4)]
        return cpu_seconds(lambda: [*map(formats.drawn, asked)]) / len(asked)

    def pillow() -> float:
        rgba = [Image.frombytes("RGBA", (SIDE, SIDE), pixels(picture)) for picture in asked]
        raw = [image.convert("RGB").tobytes() for image in rgba]
        return cpu_seconds(lambda: [*map(partial(_by_pillow, form), raw)]) / len(raw)

    ours, floor = map(min, interleaved(ROUNDS, [batch, pillow]))
    return Row(
        f"fresh {form} {SIDE}x{SIDE}",
        "Pillow's encoding of the same pixels",
        "<= 1.2",
        ours / floor,
        f"{1000 * ours:.2f} ms",
        f"{1000 * floor:.2f} ms",
        f"{len(formats.drawn(asked[0])):,} B",
    )


def _by_pillow(form: str, raw: bytes) -> None:
    Image.frombytes("RGB", (SIDE, SIDE), raw).save(io.BytesIO(), form, **ENCODED[form])


def _picture(width: int, height: int, number: int, form: str = "PNG") -> Picture:
    digest = sha256(f"{width}x{height} {number}".encode()).digest()[:16]
    words = sorted(PROMPT.split(), key=lambda word: sha256(digest + word.encode()).digest())
    prompt = " ".join(words)
    asked = Picture("images.generate", "dall-e-2", prompt, width, height, 0, 4, digest)
    return asked._replace(format=form)

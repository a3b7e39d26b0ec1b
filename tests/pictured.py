"""Pictures of every format for tests, and what Pillow reads in their files."""

from __future__ import annotations

import io
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from PIL import Image

from mockserver.core.picture import Picture
from mockserver.pictures import files, formats

#: As decoders name them, all but SVG, which Pillow does not read.
RASTER = ("PNG", "JPEG", "WEBP", "GIF")
SOFT = ("PNG", "WEBP")  # those that know more of alpha than clear or not


def asked_for(
    form: str, prompt: str = "a red fox", size: str = "256x192", seed: str = "", **options: Any
) -> Picture:
    """A picture as a request plans it; of a GIF three frames, unless told."""
    width, height = map(int, size.split("x"))
    usual: Mapping[str, Any] = {"frame_count": 3, "frame_duration_ms": 200} if form == "GIF" else {}
    return Picture(
        "images.generate",
        "a-model",
        prompt,
        width,
        height,
        0,
        1,
        sha256(f"{prompt} {size} {seed}".encode()).digest()[:16],
        tuple({**usual, **options}.items()),
        format=form,
    )


def file_of(picture: Picture) -> bytes:
    """A generated picture's file, drawn anew."""
    if picture.format in files.AT_ONCE:
        return files.drawn.__wrapped__(picture)
    return formats.drawn(picture)


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def frames(data: bytes) -> list[Image.Image]:
    """Each frame as it is seen, in RGBA."""
    image = opened(data)
    found = []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        found.append(image.convert("RGBA"))
    return found

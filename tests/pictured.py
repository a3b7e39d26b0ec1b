"""Pictures of every format for tests, and what Pillow reads in their files."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from xml.etree import ElementTree

from PIL import Image, ImageChops, ImageStat

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


def alpha(image: Image.Image) -> Image.Image:
    return image.convert("RGBA").getchannel("A")


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures' channels, of 255."""
    unlike = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return max(ImageStat.Stat(unlike).mean)


def opaque(mask: Image.Image) -> Image.Image:
    """White where a mask has any alpha; what is clear has no colour that counts."""
    white = mask.point([255 * (a > 0) for a in range(256)])
    return Image.merge("RGBA", (white, white, white, Image.new("L", mask.size, 255)))


def on_white(image: Image.Image) -> Image.Image:
    ground = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")


SVG = "{http://www.w3.org/2000/svg}"
PIECE = re.compile(r"M(\d+) (\d+)h(\d+)v(\d+)h-\3z")


def drawn_svg(file: bytes) -> Image.Image:
    """What an SVG of ours shows, drawn piece by piece."""
    root = ElementTree.fromstring(file)
    image = Image.new("RGBA", (int(root.attrib["width"]), int(root.attrib["height"])))
    for path in root.iter(f"{SVG}path"):
        alpha = round(255 * float(path.get("fill-opacity", "1")))
        colour = (*bytes.fromhex(path.attrib["fill"][1:]), alpha)
        assert not PIECE.sub("", path.attrib["d"])
        for piece in PIECE.finditer(path.attrib["d"]):
            left, top, width, height = map(int, piece.groups())
            image.paste(colour, (left, top, left + width, top + height))
    return image

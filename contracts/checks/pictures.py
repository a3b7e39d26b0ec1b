"""What a picture's file must be: whole, and as it was asked for. Reads files with Pillow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import combinations
from typing import TYPE_CHECKING

from contracts.checks.asked import Asked, Size
from contracts.checks.said import said
from contracts.trials import Tier, Verdict

if TYPE_CHECKING:
    from PIL import Image

DECODES = "A picture's file decodes whole, in the format that was asked for"
_SVG = re.compile(rb'\s*<svg [^>]*width="(?P<width>\d+)" height="(?P<height>\d+)"')


class Broken(Exception):
    """A file is no picture of the format that was asked for."""


def pictures(files: Sequence[bytes], wanted: Asked, told: Size | None = None) -> Iterator[Verdict]:
    """Judge the pictures of one answer.

    Args:
        files: in the order of the answer.
        wanted: what was asked for.
        told: the size that the answer tells, where it does.
    """
    for file in files:
        yield from picture(file, wanted, told)
    if len(files) > 1:
        seen = files if wanted.images else [*map(_pixels, files)]  # uploads may be kept as they are
        differ = all(one != other for one, other in combinations(seen, 2))
        yield said("The pictures of one answer differ", differ, "two of them are the same")


def picture(file: bytes, wanted: Asked, told: Size | None = None) -> Iterator[Verdict]:
    """Judge one picture."""
    try:
        size, mode, plain = _of_svg(file) if wanted.format == "SVG" else _decoded(file, wanted)
    except Broken as fault:
        yield said(DECODES, holds=False, told=str(fault))
        return
    yield said(DECODES, holds=True)._replace(pictures=1)
    if not (plain and wanted.images and _is_plain(wanted.images[0])):  # all of which may be kept
        yield said("A picture shows more than one colour", not plain, "it is all one colour")
    yield from _sized(size, wanted, told)
    if mode:
        modes = ("RGB", "RGBA") if wanted.may_be_clear else ("RGB",)
        yield said("A picture is RGB; RGBA where it may be clear", mode in modes, f"it is {mode}")
        if wanted.is_clear:
            yield said("A picture has alpha where it is to be transparent", mode == "RGBA", mode)


def _sized(size: Size, wanted: Asked, told: Size | None) -> Iterator[Verdict]:
    seen = f"it has {size[0]}x{size[1]}"
    if wanted.size:
        is_asked = size == wanted.size
        yield said("A picture has the size that was asked for", is_asked, seen)
    elif wanted.chosen_size:
        is_chosen = size == wanted.chosen_size
        yield said(
            "A size that is left to the model is the one it was seen to choose",
            is_chosen,
            seen,
            tier=Tier.STRICT,
        )
    if told:
        yield said("A picture has the size that its answer tells", size == told, seen)


def _of_svg(file: bytes) -> tuple[Size, str, bool]:
    found = _SVG.match(file)
    if not found or not file.rstrip().endswith(b"</svg>"):
        raise Broken(f"no whole SVG: it begins with {file[:12]!r}")
    return (int(found["width"]), int(found["height"])), "", len(set(_FILLS.findall(file))) < 2


_FILLS = re.compile(rb'(?:fill|stroke|color)[=:] *"?([^";]+)')


def _decoded(file: bytes, wanted: Asked) -> tuple[Size, str, bool]:
    """Size, mode ("" where it says nothing), and whether it is all one colour."""
    found = _opened(file, [wanted.format])
    if found is None:
        raise Broken(f"no whole {wanted.format}: {kind_of(file)}")
    mode = "" if wanted.format == "GIF" else found.mode
    return found.size, mode, _is_one_colour(found)


def _is_plain(file: bytes) -> bool:
    found = _opened(file)
    return found is not None and _is_one_colour(found)


def _is_one_colour(found: Image.Image) -> bool:
    bands = found.convert("RGBA" if "A" in found.mode else "RGB").split()
    return all(low == high for low, high in (band.getextrema() for band in bands))


def _pixels(file: bytes) -> bytes:
    """What a file shows, without what else is written in it; of no picture the file."""
    found = _opened(file)
    return found.convert("RGBA").tobytes() if found else file


def _opened(file: bytes, formats: list[str] | None = None) -> Image.Image | None:
    """The picture in a whole file; None if there is none."""
    from PIL import Image  # only here: 30 ms, and not every run makes a picture

    try:
        found = Image.open(BytesIO(file), formats=formats)
        found.load()  # all of it: a cut or altered file fails here
    except Exception:  # whatever a decoder makes of bytes that are no picture
        return None
    return found


def kind_of(file: bytes) -> str:
    """What a file seems to be."""
    if file.lstrip().startswith((b"<svg", b"<?xml")):
        return "it is an SVG"
    found = _opened(file)
    if found is None:
        return f"{len(file)} bytes that begin with {file[:12]!r}"
    return f"it is a {found.format} of {found.size[0]}x{found.size[1]}"


def changed(file: bytes, upload: Image.Image, mask: Image.Image) -> tuple[bool, bool]:
    """Whether pixels of an upload are others now: where its mask keeps them, and where it doesn't.

    Args:
        file: the picture that was made.
        upload: of the same size.
        mask: with alpha 0 where something new was asked for.
    """
    from PIL import Image, ImageChops

    made = _opened(file)
    if made is None or made.size != upload.size:
        return True, True
    black = Image.new("RGB", upload.size)
    differ = ImageChops.difference(made.convert("RGB"), upload.convert("RGB"))
    hole = mask.getchannel("A").point([255] + [0] * 255)
    outside = Image.composite(black, differ, hole).getbbox()
    inside = Image.composite(differ, black, hole).getbbox()
    return outside is not None, inside is not None

"""Pictures as a few words, and stand-ins that the same words fit. Keeps no pixel.

A description says what a check can ask of a file without looking at it: format, mode, size, whether
it is blank or clear, what it carries beside its pixels. A stand-in has just that, so a check of a
file judges what was described; which pixels there were, it can't know.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from typing import Any, cast

from PIL import Image, ImageSequence

Description = dict[str, Any]
UNREADABLE = "unreadable"
_SVG = re.compile(rb'\s*<svg [^>]*width="(?P<width>\d+)" height="(?P<height>\d+)"')
_COLOURS = re.compile(rb'(?:fill|stroke|color)[=:] *"?([^";]+)')
#: What is carried beside pixels, by the key under which Pillow tells it.
_BESIDE = {"exif": "exif", "icc_profile": "colour profile", "xmp": "xmp", "photoshop": "photoshop"}


def decoded(text: str) -> bytes | None:
    """The bytes of a base64 text; None if it is none."""
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return None


def encoded(file: bytes) -> str:
    """The other way round."""
    return b64encode(file).decode()


def magnitude(number: int) -> str:
    """The order of magnitude, as "10^4" for 28,632."""
    return f"10^{len(str(number)) - 1}" if number else "0"


def described(file: bytes) -> Description:
    """A file in words, the same for any two that differ in their pixels alone."""
    told = _svg(file) or _opened(file) or {"format": UNREADABLE}
    return told | {"bytes": magnitude(len(file))}


def _svg(file: bytes) -> Description:
    found = _SVG.match(file)
    if not found:
        return {}
    size = f"{int(found['width'])}x{int(found['height'])}"
    return {"format": "SVG", "size": size, "blank": len(set(_COLOURS.findall(file))) < 2}


def _opened(file: bytes) -> Description:
    try:
        with Image.open(BytesIO(file)) as picture:
            picture.load()
            return {
                "format": picture.format,
                "mode": picture.mode,
                "size": f"{picture.width}x{picture.height}",
                "alpha": _alpha(picture),
                "blank": _is_blank(picture),
                **_moving(picture),
                "metadata": sorted(_beside(picture, file)),
            }
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return {}


def _moving(picture: Image.Image) -> Description:
    """How many frames a picture has, and how long it shows each."""
    if getattr(picture, "n_frames", 1) == 1:
        return {"frames": 1}
    each = [frame.info.get("duration") for frame in ImageSequence.Iterator(picture)]
    picture.seek(0)
    return {"frames": len(each), "milliseconds": each if len(set(each)) > 1 else each[0]}


def _alpha(picture: Image.Image) -> str:
    if not picture.has_transparency_data:
        return "none"
    least = picture.convert("RGBA").getchannel("A").getextrema()[0]
    return "opaque" if least == 255 else "clear"


def _is_blank(picture: Image.Image) -> bool:
    seen = picture.convert("RGBA") if picture.mode == "P" else picture
    return all(len(set(band.getextrema())) == 1 for band in seen.split())


def _beside(picture: Image.Image, file: bytes) -> set[str]:
    found = {name for key, name in _BESIDE.items() if picture.info.get(key)}
    found |= {"text"} if getattr(picture, "text", None) else set()
    return found | ({"c2pa"} if b"c2pa" in file else set())


def stand_in(description: Description, name: str) -> bytes:
    """A file that a description fits, another one for each name."""
    lot = sha256(name.encode()).digest()
    if description["format"] == UNREADABLE:
        return b"no picture " + lot[:4].hex().encode()
    width, height = map(int, description["size"].split("x"))
    if description["format"] == "SVG":
        return _drawn_svg(width, height, [lot[:3], lot[3:6]][: 1 if description["blank"] else 2])
    picture = Image.new("RGBA", (width, height), (*lot[:3], _opacity(description)))
    if not description["blank"]:
        picture.paste((*lot[3:6], 255), (0, 0, (width + 1) // 2, (height + 1) // 2))
    return _saved(picture, description)


def _saved(picture: Image.Image, description: Description) -> bytes:
    file, first = BytesIO(), picture.convert(description["mode"])
    options: dict[str, Any] = {"compress_level": 1}  # of a PNG; others don't look at it
    if description["frames"] > 1:
        options |= {"save_all": True, "duration": description["milliseconds"], "loop": 0}
        options["append_images"] = list(_further(first, description["frames"]))
    try:
        first.save(file, description["format"], **options)
    except (KeyError, OSError, ValueError):  # what Pillow reads, it can't write in each mode
        return b"a picture that has no stand-in"
    return file.getvalue()


def _further(first: Image.Image, frames: int) -> Iterator[Image.Image]:
    """Frames that differ: of equal ones Pillow writes one."""
    for number in range(1, frames):
        frame = first.copy()
        colour = cast("float", first.getpixel((0, 0)))
        frame.paste(colour, (0, 0, first.width, number % first.height + 1))
        yield frame


def _opacity(description: Description) -> int:
    return 0 if description["alpha"] == "clear" else 255


def _drawn_svg(width: int, height: int, colours: list[bytes]) -> bytes:
    squares = "".join(f'<rect width="50%" height="50%" fill="#{c.hex()}"/>' for c in colours)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
    return f"{head}{squares}</svg>\n".encode()

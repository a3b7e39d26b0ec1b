"""Pictures in a text, as data: URLs: a format whose bounds are in its name. Sends nothing.

A server knows other addresses too, of pictures that it made itself: which, no document can say.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from functools import cache
from io import BytesIO
from typing import Any, NamedTuple

from PIL import Image

from mockserver.facts import UploadRules

_NAMED = re.compile(
    r"(?P<use>image|mask)-in-a-data-url-(?P<formats>[A-Z-]+)-below-(?P<bytes>\d+)-to-(?P<side>\d+)"
)
_URL = re.compile(r"data:[^,]*;base64,(.*)", re.I | re.S)
#: Each of one size, so that any mask fits any first image.
_SIDE = 16


class Picture(NamedTuple):
    """What a picture in a data: URL must be."""

    use: str  # "image" or "mask"
    formats: tuple[str, ...]  # as Pillow names them
    bytes_below: int
    side_max: int  # pixels

    def conforms(self, value: Any) -> bool:
        """Whether a text is such a URL; what is no text is the type's to say."""
        if not isinstance(value, str):
            return True
        found = _URL.fullmatch(value)
        return found is not None and self._holds(found[1])

    def _holds(self, data: str) -> bool:
        try:
            file = b64decode(data, validate=True)
            with Image.open(BytesIO(file), formats=self.formats) as picture:
                picture.load()
        except (OSError, SyntaxError, ValueError):
            return False
        is_clear = "A" in picture.mode or "transparency" in picture.info
        fits = len(file) < self.bytes_below and max(picture.size) <= self.side_max
        return fits and (self.use == "image" or is_clear)

    def examples(self) -> list[str]:
        """Good ones, of each format."""
        modes = ("RGB", "RGBA", "L") if self.use == "image" else ("RGBA", "LA")
        return [_example(form, mode) for form in self.formats for mode in modes if _has(form, mode)]


def _has(form: str, mode: str) -> bool:
    return form == "PNG" or mode == "RGB"


@cache
def _example(form: str, mode: str) -> str:
    file = BytesIO()
    Image.new(mode, (_SIDE, _SIDE)).save(file, form)
    return f"data:image/{form.lower()};base64,{b64encode(file.getvalue()).decode()}"


def format_of(rules: UploadRules, use: str) -> str:
    """The name of a format that has these bounds, for images or for their mask."""
    formats, most = (rules.formats, rules.bytes_max)
    if use == "mask":
        formats, most = ("PNG",), rules.mask_bytes_max
    return f"{use}-in-a-data-url-{'-'.join(formats)}-below-{most}-to-{rules.side_max}"


def named(name: str) -> Picture | None:
    """What the name of a format says."""
    if not (found := _NAMED.fullmatch(name)):
        return None
    formats = tuple(found["formats"].split("-"))
    return Picture(found["use"], formats, int(found["bytes"]), int(found["side"]))

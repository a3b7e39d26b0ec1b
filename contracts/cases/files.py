"""The files that cases upload, by name: good ones, and such as break one rule. Sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from PIL import Image

from contracts.cases.uploads import encoded, padded, picture, png
from mockserver.facts import UploadRules

_MAKERS: Mapping[str, Callable[[UploadRules], bytes]] = {
    "good": lambda rules: png(rules.image_modes[0] if rules.image_modes else "RGB"),
    "good with mask": lambda rules: png((rules.image_modes_with_mask or ("RGB",))[0]),
    "good mask": lambda rules: png((rules.mask_modes or ("RGBA",))[0]),
    "a text": lambda _: b"Example data",
    "a GIF": lambda _: encoded(picture("RGB", (16, 16)), "GIF"),
    "a JPEG": lambda _: encoded(picture("RGB", (16, 16)), "JPEG"),
    "a WebP": lambda _: encoded(picture("RGB", (16, 16)), "WEBP", lossless=True),
    "a PNG without its end": lambda rules: _MAKERS["good"](rules)[:-20],
    "a PNG that is too large": lambda rules: padded(_MAKERS["good"](rules), rules.bytes_max),
    "a mask that is too large": lambda rules: padded(png("RGBA"), rules.mask_bytes_max),
    "a PNG that is too long": lambda rules: _strip(rules.side_max + 1),
}
NAMES = frozenset(_MAKERS)


def _strip(long: int) -> bytes:
    return encoded(Image.new("1", (long, 1)))


def file_of(told: str | Mapping[str, Any], rules: UploadRules) -> bytes:
    """A file by its name, a `{ text = … }`, or a PNG: `{ png = mode, size = [width, height] }`."""
    if isinstance(told, str):
        return _named(told, rules)
    if "text" in told:
        return str(told["text"]).encode()
    width, height = told.get("size", (16, 16))
    return png(told["png"], width, height)


@cache
def _named(name: str, rules: UploadRules) -> bytes:
    return _MAKERS[name](rules)

"""A body as far as the journal tells it, to be sent to another model. Pure.

Of uploads the journal has digest, length, format, mode and sides: files are made that begin so, as
no check looks further before they are decoded. What a part's content type was is not told.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.core.uploads import FILES, GREY_16, START, Form, Part

Sent = Mapping[str, Any]  # a request's fields, as `Seen.sent`
_MODES = {"1": (1, 0), "L": (8, 0), GREY_16: (16, 0), "P": (8, 3), "LA": (8, 4)}
_MODES |= {"RGB": (8, 2), "RGBA": (8, 6)}
_MOST = 1 << 40  # bytes of a file
_CHANNELS = {"L": 1, "CMYK": 4}
_UNTYPED = "the content type of a file's part is not in the journal: that of its format is taken"
_UNSEEN = "what a file is that the request refers to is not in the journal"
_CLEAR = "whether the mask names clear colours is not in the journal: it is taken for one without"


class Body(NamedTuple):
    """A body, and the files that it refers to."""

    fields: Mapping[str, Any]  # a `Form`, if it was one
    images: Sequence[bytes] | None = None  # of references; None: not known, or there are none
    mask: bytes | None = None
    unsure: tuple[str, ...] = ()  # what the journal does not tell of it


def body_of(sent: Sent, *, is_form: bool) -> Body:
    """The body of a request to an endpoint that takes forms, or JSON alone."""
    if not is_form:
        return Body(sent)
    if "images" in sent:
        return _of_references(sent)
    form = Form({name: _part(value) for name, value in sent.items()})
    files = [value for name, value in sent.items() if name in FILES]
    unsure = (_UNTYPED,) * any(map(_is_file, _flat(files)))
    return Body(form, unsure=(*unsure, *_of_mask(sent.get("mask"))))


def _of_references(sent: Sent) -> Body:
    images, mask = sent["images"], sent.get("mask")
    told = [*(images if isinstance(images, list) else ()), *([mask] if mask else [])]
    fields = {
        name: _flat_map(value, _reference) if name in FILES else value
        for name, value in sent.items()
    }
    if not told or not all(map(_is_file, told)):
        return Body(fields, unsure=(_UNSEEN,))
    files = [*map(_file, told)]
    end = len(files) - bool(mask)
    return Body(fields, files[:end], files[-1] if mask else None, _of_mask(mask))


def _of_mask(mask: Any) -> tuple[str, ...]:
    """What can't be known of a mask: its header says more than the journal."""
    is_doubtful = _is_file(mask) and mask.get("mode") in ("P", "L", "RGB")
    return (_CLEAR,) if is_doubtful else ()


def _flat(values: Sequence[Any]) -> list[Any]:
    return [one for value in values for one in (value if isinstance(value, list) else [value])]


def _flat_map(value: Any, change: Any) -> Any:
    return [*map(change, value)] if isinstance(value, list) else change(value)


def _is_file(value: Any) -> bool:
    """Whether it is what the journal tells of a file, and nothing that a client wrote."""
    match value:
        case {"sha256": str(), "bytes": int(length)}:
            return 0 <= length <= _MOST
        case _:
            return False


def _reference(value: Any) -> Any:
    """What stood in the body in the place of a file: one of two keys."""
    told = ("sha256", "bytes", "format", "mode", "width", "height")
    return {k: v for k, v in value.items() if k not in told} if _is_file(value) else value


def _part(value: Any) -> Part:
    match value:
        case dict() if _is_file(value):
            return Part(_file(value), type=f"image/{str(value.get('format', 'PNG')).lower()}")
        case [*_] if value and all(map(_is_file, value)):
            first, *others = map(_part, value)
            return first._replace(is_list=True, more=len(others), others=tuple(others))
        case bool():
            return Part(b"true" if value else b"false", is_file=False)
        case _:
            return Part(str(value).encode("utf-8", "surrogatepass"), is_file=False)


class _Beginning(bytes):
    """A file's first bytes; it is as long as the whole one was."""

    length: int

    def __len__(self) -> int:
        return self.length


def _file(told: Mapping[str, Any]) -> bytes:
    """A file that begins as one of which this is told."""
    try:
        found = _Beginning(_header(told))
    except (struct.error, OverflowError, TypeError, AttributeError):  # no file has such sides
        found = _Beginning(b"?")
    found.length = told["bytes"]
    return found


def _header(told: Mapping[str, Any]) -> bytes:
    mode, width, height = told.get("mode", ""), told.get("width", 0), told.get("height", 0)
    match told.get("format"):
        case "PNG" if mode in _MODES:
            return START + struct.pack(">IIBB", width, height, *_MODES[mode])
        case "JPEG":
            sides = struct.pack(">HHB", height, width, _CHANNELS.get(mode, 3))
            return b"\xff\xd8\xff\xc0\0\x0b\x08" + sides
        case "WEBP":
            sides = b"".join((side - 1).to_bytes(3, "little") for side in (width, height))
            return (
                b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0" + bytes([0x10 * (mode == "RGBA"), 0, 0, 0]) + sides
            )
        case "GIF":
            return b"GIF89a" + struct.pack("<HH", width, height)
        case _:
            return b"?"

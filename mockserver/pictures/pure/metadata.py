"""What a picture's file says of itself beside its pixels, in each format. Decodes no pixels.

PNG has it in an iTXt chunk, JPEG and WebP in EXIF (the description of the image), GIF in a comment,
SVG in `desc`; JSON that is ASCII in all but PNG, for EXIF and comments know no other.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator
from html import escape, unescape

from mockserver.pictures.pure import png

#: Keyword of the text that says what the picture is.
KEYWORD = "images-mock"

#: EXIF with one entry, the ASCII text of tag 0x010E; what follows are its length and its place.
_EXIF_START = b"Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x0e\0\2"
_EXIF_PLACE = 26  # of the text, after "Exif" and two zeros
_OURS = f"{KEYWORD} "
#: How a comment of ours begins in a GIF; its first two bytes alone may be a colour.
_COMMENT = re.compile(rb"(?s)!\xfe.%b" % _OURS.encode("ascii"))


def ascii_text(text: str) -> str:
    """JSON in ASCII, after the keyword."""
    return _OURS + json.dumps(json.loads(text))


def exif(text: str) -> bytes:
    """A JPEG's APP1 segment, without marker and length: `text`, JSON, describes the image."""
    body = ascii_text(text).encode("ascii") + b"\0"
    return _EXIF_START + struct.pack(">III", len(body), _EXIF_PLACE, 0) + body


def svg_description(text: str) -> str:
    """The element of an SVG that has `text`, which is JSON."""
    return f"<desc>{escape(ascii_text(text), quote=False)}</desc>"


def read_text(data: bytes) -> str | None:
    """The JSON in a file, whatever its format; None if it is none of ours, or damaged."""
    if data.startswith(png.SIGNATURE):
        return png.read_text(data, KEYWORD)
    for start, comments in _READERS.items():
        if data.startswith(start):
            texts = [text.decode("ascii", "replace") for text in comments(data)]
            return next((t.removeprefix(_OURS) for t in texts if t.startswith(_OURS)), None)
    return None


def has_end(data: bytes) -> bool:
    """Whether a file in which `read_text` finds a text has its end; line breaks may follow."""
    end = next((end for start, end in _ENDS.items() if data.startswith(start)), b"")
    return data.rstrip(b"\n").endswith(end)


def _of_jpeg(data: bytes) -> Iterator[bytes]:
    at = 2
    while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] != b"\xda":
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] == 0xE1:
            yield from _of_exif(data[at + 4 : at + 2 + length])
        at += 2 + max(2, length)


def _of_webp(data: bytes) -> Iterator[bytes]:
    at = 12
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"EXIF":
            yield from _of_exif(b"Exif\0\0" + data[at + 8 : at + 8 + length])
        at += 8 + length + length % 2


def _of_exif(body: bytes) -> Iterator[bytes]:
    if body.startswith(_EXIF_START):
        yield body[6 + _EXIF_PLACE :].rstrip(b"\0")


def _of_gif(data: bytes) -> Iterator[bytes]:
    for found in _COMMENT.finditer(data):
        at, text = found.start() + 2, b""
        while data[at : at + 1] > b"\0":
            text += data[at + 1 : at + 1 + data[at]]
            at += 1 + data[at]
        yield text


def _of_svg(data: bytes) -> Iterator[bytes]:
    if found := re.search(rb"<desc>([^<]*)</desc>", data):
        yield unescape(found[1].decode("ascii", "replace")).encode()


_READERS = {
    b"\xff\xd8\xff": _of_jpeg,
    b"RIFF": _of_webp,
    b"GIF8": _of_gif,
    b"<svg": _of_svg,
}
_ENDS = {
    png.SIGNATURE: b"IEND\xaeB`\x82",
    b"\xff\xd8\xff": b"\xff\xd9",
    b"RIFF": b"",  # the text is its end
    b"GIF8": b";",
    b"<svg": b"</svg>",
}

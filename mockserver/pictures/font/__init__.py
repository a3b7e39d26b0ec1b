"""Bitmap glyphs of GNU Unifont for nearly every script. Lays out no text: see `pure.text`.

The data file is read at the first glyph, not at import, and only the blocks of 256 code points
that a text needs are inflated. `build` makes that file and documents its format.
"""

from __future__ import annotations

import struct
import zlib
from functools import cache, lru_cache
from typing import NamedTuple

from mockserver.packaged import packaged

DATA_FILE = "unifont-15.0.01.bin"
MAGIC = b"glyphs1\n"
BLOCK = 256  # code points
BLOCKS = 0x400  # planes 0 to 3
HEIGHT = 16  # pixels

#: What the first 256 bytes of a block say of each code point.
ABSENT, NARROW, WIDE, COMBINING = 0, 1, 2, 4


class Glyph(NamedTuple):
    """One character's shape: 16 rows, top first, each an integer whose highest bit is leftmost."""

    width: int  # pixels: 8 or 16
    rows: tuple[int, ...]
    combining: bool  # to be drawn over the character before it


@lru_cache(maxsize=2048)
def glyph(codepoint: int) -> Glyph | None:
    """The glyph of a code point, or None: controls, surrogates, private use and unassigned ones."""
    number, place = divmod(codepoint, BLOCK)
    if not 0 <= number < BLOCKS:
        return None
    block = _block(number)
    if not block or block[place] == ABSENT:
        return None
    kind = block[place]
    size = _size(kind)
    start = BLOCK + sum(map(_size, block[:place]))
    rows = struct.unpack_from(">16B" if size == HEIGHT else ">16H", block, start)
    return Glyph(size // 2, rows, bool(kind & COMBINING))


def _size(kind: int) -> int:
    """Bytes that a glyph of this kind takes."""
    return HEIGHT * (kind & (NARROW | WIDE))


@lru_cache(maxsize=128)
def _block(number: int) -> bytes:
    """A block inflated: 256 kinds, then the glyphs; empty if it has no glyph."""
    data = _data()
    start, end = struct.unpack_from(">2I", data, len(MAGIC) + 4 * number)
    return zlib.decompress(data[start:end]) if end > start else b""


@cache
def _data() -> bytes:
    return packaged(__path__[0], DATA_FILE)

"""Makes the font's data file from GNU Unifont. Not needed to run the server.

    python -m mockserver.pictures.font.build unifont.hex plane00-combining.txt unifont_upper.otf

The three inputs are in Debian's packages `unifont` and `fonts-unifont`, version 15.0.01: under
/usr/share/unifont and /usr/share/fonts/opentype/unifont. A `.hex` file may stand for the `.otf`.
The outlines of the `.otf` are squares on a grid of 16 to the em, so that FreeType gives back the
very pixels they were made from; this needs Pillow.

Format of the data file: `MAGIC`; 1,025 big-endian 32-bit offsets, where block N, of the code
points 256 N to 256 N + 255, starts and the one before it ends; the blocks, each compressed by
zlib. Inflated, a block is 256 bytes that say what each code point is (absent, narrow, wide;
combining), and then 16 rows of one or two bytes for each that is not absent. The same inputs give
the same glyphs always, and the same bytes with the same zlib.
"""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

from mockserver.pictures.font import (
    BLOCK,
    BLOCKS,
    COMBINING,
    DATA_FILE,
    HEIGHT,
    MAGIC,
    NARROW,
    WIDE,
)

#: A glyph to be stored: its kind and its 16 or 32 bytes.
Stored = tuple[int, bytes]

#: Unifont draws a character without a shape of its own as a box with a dotted frame, and an
#: unassigned code point as a dark box with its four digits: the rows by which these are known.
STAND_INS = (
    {0: b"\xaa\xaa", 1: b"\x00\x01", 15: b"\x55\x55"},
    {0: b"\x55\x55", 1: b"\x80\x00", 15: b"\xaa\xaa"},
    {
        0: b"\x00\x00",
        1: b"\x7f\xfe",
        7: b"\x7f\xfe",
        8: b"\x7f\xfe",
        14: b"\x7f\xfe",
        15: b"\x00\x00",
    },
)

#: The one real character that looks like a stand-in.
BLACK_SQUARE = 0x2B1B


def main(hex_file: str, combining_file: str, upper_file: str) -> None:
    """Write the data file beside this module."""
    overlaid = set(_overlaid(Path(combining_file)))
    glyphs = dict(_from_hex(Path(hex_file), overlaid))
    upper = Path(upper_file)
    source = _from_hex(upper, set()) if upper.suffix == ".hex" else _from_otf(upper)
    glyphs |= {codepoint: stored for codepoint, stored in source if codepoint > 0xFFFF}
    target = Path(__file__).with_name(DATA_FILE)
    target.write_bytes(packed(glyphs))
    print(f"{len(glyphs)} glyphs, {target.stat().st_size} bytes")


def packed(glyphs: dict[int, Stored]) -> bytes:
    """The data file that holds these glyphs."""
    blocks = [_packed_block(glyphs, number) for number in range(BLOCKS)]
    offsets = [len(MAGIC) + 4 * (BLOCKS + 1)]
    for block in blocks:
        offsets.append(offsets[-1] + len(block))
    return MAGIC + struct.pack(f">{BLOCKS + 1}I", *offsets) + b"".join(blocks)


def _packed_block(glyphs: dict[int, Stored], number: int) -> bytes:
    members = [glyphs.get(codepoint) for codepoint in range(number * BLOCK, (number + 1) * BLOCK)]
    if not any(members):
        return b""
    kinds = bytes(member[0] if member else 0 for member in members)
    return zlib.compress(kinds + b"".join(member[1] for member in members if member), 9)


def _overlaid(file: Path) -> Iterator[int]:
    """Code points drawn over the one before: all that this file of Unifont's lists."""
    for line in file.read_text("ascii").split():
        yield int(line.split(":")[0], 16)


def _from_hex(file: Path, overlaid: set[int]) -> Iterator[tuple[int, Stored]]:
    """Glyphs of a file of lines `CODEPOINT:BITMAP`, both in hexadecimal."""
    for line in file.read_text("ascii").split():
        codepoint, bitmap = line.split(":")
        number, rows = int(codepoint, 16), bytes.fromhex(bitmap)
        if number == BLACK_SQUARE or not _stands_in(rows):
            yield number, (_kind(rows, number in overlaid), rows)


def _kind(rows: bytes, combining: bool) -> int:
    return (NARROW if len(rows) == HEIGHT else WIDE) | (COMBINING if combining else 0)


def _stands_in(rows: bytes) -> bool:
    return any(
        all(rows[2 * y : 2 * y + 2] == row for y, row in marks.items()) for marks in STAND_INS
    )


def _from_otf(file: Path) -> Iterator[tuple[int, Stored]]:
    """Glyphs of an OpenType font, drawn at 16 pixels to the em; combining ones do not advance."""
    from PIL import Image, ImageDraw, ImageFont  # not a dependency of the running font

    font = ImageFont.truetype(str(file), HEIGHT, layout_engine=ImageFont.Layout.BASIC)
    for codepoint in _covered(file.read_bytes()):
        advance = int(font.getlength(chr(codepoint)))
        # A combining glyph may lie left of the pen: leave room for it there.
        canvas = Image.new("1", (3 * HEIGHT, HEIGHT))
        ImageDraw.Draw(canvas).text((HEIGHT, 0), chr(codepoint), fill=1, font=font, anchor="la")
        left, width = (HEIGHT, advance) if advance else _overlaid_cell(canvas.getbbox())
        rows = canvas.crop((left, 0, left + width, HEIGHT)).tobytes()
        yield codepoint, (_kind(rows, not advance), rows)


def _overlaid_cell(ink: tuple[int, int, int, int] | None) -> tuple[int, int]:
    """Where the cell of a glyph without advance starts on its canvas, and how wide it is."""
    left, _, right, _ = ink or (HEIGHT, 0, HEIGHT, 0)
    start = left // 8 * 8 if left < HEIGHT else HEIGHT
    return start, 8 if right - start <= 8 else 16


def _covered(font: bytes) -> Iterator[int]:
    """Code points in the `cmap` table, format 12, of an OpenType font.

    Source: https://learn.microsoft.com/typography/opentype/spec/cmap
    """
    tables = struct.iter_unpack(">4sIII", font[12 : 12 + 16 * int.from_bytes(font[4:6], "big")])
    table = next(start for tag, _, start, _ in tables if tag == b"cmap")
    count = int.from_bytes(font[table + 2 : table + 4], "big")
    records = struct.iter_unpack(">HHI", font[table + 4 : table + 4 + 8 * count])
    for start in (table + offset for _, _, offset in records):
        if font[start : start + 2] == b"\x00\x0c":
            groups = int.from_bytes(font[start + 12 : start + 16], "big")
            listed = font[start + 16 : start + 16 + 12 * groups]
            for first, last, _ in struct.iter_unpack(">III", listed):
                yield from range(first, last + 1)


if __name__ == "__main__":
    main(*sys.argv[1:])

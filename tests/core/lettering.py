"""What a line of text looks like, and what characters look like in the font: helps the tests."""

from __future__ import annotations

from mockserver.pictures.font import glyph
from mockserver.pictures.pure.text import Line, shaped

INK = bytes.maketrans(b"\0\1", b"01")


def one_line(text: str) -> Line:
    (line,) = shaped(text).lines(100_000, 1)
    return line


def bits(line: Line) -> tuple[int, ...]:
    """The rows of a line, the highest bit leftmost."""
    return tuple(
        [int(b"0" + b"".join(row).translate(INK), 2) for row in zip(*line.glyphs, strict=True)]
    )


def glyphs(characters: str) -> tuple[int, ...]:
    """The rows of characters drawn one by one from left to right."""
    rows = [0] * 16
    for character in characters:
        found = glyph(ord(character))
        assert found is not None, character
        rows = [row << found.width | own for row, own in zip(rows, found.rows, strict=True)]
    return tuple(rows)

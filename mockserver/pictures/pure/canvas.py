"""A canvas of cells, which are coloured by number. Knows no colour and no landscape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isqrt

#: Colours of a canvas's cells: the sky's bands, the same in the light of the sun, the land from
#: far to near, and single ones.
BANDS, SHADES = 8, 5
SKY, GLOW, LAND = 0, BANDS, 2 * BANDS
LIGHT, ACCENT, PAPER, PALE = range(LAND + SHADES, LAND + SHADES + 4)
#: What a cell of sky becomes near the sun.
SHINE = bytes(range(GLOW, GLOW + BANDS)) + bytes(range(BANDS, 256))

#: A column's cells from a top, 0 or more, to before a bottom that is not above it.
Span = tuple[int, int]


class Canvas:
    """Cells to be coloured by number, column by column; what falls outside is ignored."""

    def __init__(self, columns: int, rows: int, column: bytes) -> None:
        self.columns, self.rows = columns, rows
        self._columns = [column] * columns

    def lines(self) -> list[bytes]:
        """The cells of each row, the topmost first."""
        cells = b"".join(self._columns)
        return [cells[y :: self.rows] for y in range(self.rows)]

    def solid(self, colour: int) -> bytes:
        """A whole column of one colour."""
        return bytes((colour,)) * self.rows

    def fill(self, left: int, top: int, right: int, bottom: int, colour: int) -> None:
        """Colour a rectangle, up to before its right column and bottom row."""
        left, top, right = max(left, 0), max(top, 0), max(right, 0)
        cells = bytes((colour,)) * (min(bottom, self.rows) - top)
        if cells:
            columns = self._columns[left:right]
            self._columns[left:right] = [
                column[:top] + cells + column[bottom:] for column in columns
            ]

    def stamp(self, x: int, top: int, cells: bytes) -> None:
        """Put cells into a column from `top` downwards."""
        if top < 0:
            top, cells = 0, cells[-top:]
        if 0 <= x < self.columns:
            column = self._columns[x]
            stamped = column[:top] + cells + column[top + len(cells) :]
            self._columns[x] = stamped[: self.rows]

    def land(self, heights: Iterable[int], colour: int) -> None:
        """Colour each column from its height, 0 or more, down to the bottom."""
        cells = self.solid(colour)
        columns = zip(self._columns, heights, strict=True)
        self._columns = [column[:top] + cells[top:] for column, top in columns]

    def disc(self, x: int, y: int, radius: int, cells: bytes) -> None:
        """Cut a disc out of a whole column of cells."""
        self.paint(x - radius, _disc(y, radius), cells)

    def shine(self, x: int, y: int, radius: int) -> None:
        """Make the sky brighter within a disc."""
        part, spans = self._within(x - radius, _disc(y, radius))
        self._columns[part] = [
            column[:top] + column[top:bottom].translate(SHINE) + column[bottom:]
            for column, (top, bottom) in zip(self._columns[part], spans, strict=False)
        ]

    def paint(self, left: int, spans: Sequence[Span], cells: bytes) -> None:
        """Lay a span of a whole column of cells over each column, from the one at `left` on."""
        part, spans = self._within(left, spans)
        self._columns[part] = [
            column[:top] + cells[top:bottom] + column[bottom:]
            for column, (top, bottom) in zip(self._columns[part], spans, strict=False)
        ]

    def replace(self, left: int, columns: Sequence[bytes]) -> None:
        """Take other columns, as high or higher, from the one at `left`, 0 or more, on."""
        seen = columns[: self.columns - left]
        self._columns[left : left + len(seen)] = [column[: self.rows] for column in seen]

    @staticmethod
    def _within(left: int, spans: Sequence[Span]) -> tuple[slice, Sequence[Span]]:
        """The columns from `left` on that have a span, and their spans, or some more."""
        seen = spans[max(0, -left) :]
        return slice(max(0, left), max(0, left) + len(seen)), seen


def _disc(y: int, radius: int) -> list[Span]:
    """A disc's columns, the middle of which is at a row of 0 or more."""
    square = radius * radius + radius
    halves = [isqrt(square - step * step) for step in range(-radius, radius + 1)]
    return [(y - half if y > half else 0, y + half + 1) for half in halves]

"""Flat landscapes in coarse cells, which follow from a digest. Knows no text and no file format.

Everything is integer arithmetic, so that a landscape is the same everywhere.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import lru_cache
from hashlib import shake_128
from itertools import cycle, islice
from math import isqrt
from typing import NamedTuple

from mockserver.pictures.pure.canvas import (
    ACCENT,
    BANDS,
    LAND,
    LIGHT,
    PALE,
    PAPER,
    SHADES,
    SKY,
    Canvas,
)


class Dice:
    """Numbers that look like chance and follow from a digest alone."""

    def __init__(self, digest: bytes) -> None:
        numbers = struct.iter_unpack(">H", shake_128(digest).digest(2048))
        self._numbers: Iterator[tuple[int]] = cycle(numbers)

    def below(self, limit: int) -> int:
        """A number from 0 to `limit` - 1."""
        (number,) = next(self._numbers)
        return number * limit >> 16

    def several(self, count: int, limit: int) -> list[int]:
        """So many numbers from 0 to `limit` - 1."""
        return [number * limit >> 16 for (number,) in islice(self._numbers, count)]

    def between(self, first: int, last: int) -> int:
        """A number from `first` to `last`."""
        return first + self.below(last - first + 1)


class Palette(NamedTuple):
    """Colours that go together."""

    sky: tuple[bytes, bytes]  # at the top and at the horizon
    light: bytes  # sun, moon, windows
    land: tuple[bytes, bytes]  # far and near
    accent: bytes
    paper: bytes
    ink: bytes

    def muted(self) -> bytes:
        return mixed(self.ink, self.paper, 1, 4)


def mixed(first: bytes, second: bytes, step: int, steps: int) -> bytes:
    """A colour `step` of `steps` on the way from the first to the second."""
    return bytes(
        (a * (steps - step) + b * step) // steps for a, b in zip(first, second, strict=True)
    )


def _palette(colours: str) -> Palette:
    top, low, light, far, near, accent, paper, ink = map(bytes.fromhex, colours.split())
    return Palette((top, low), light, (far, near), accent, paper, ink)


PALETTES = [
    _palette(colours)
    for colours in (
        "5b7db1 ffd6ba fff1d0 d98f8f 3d3a5c c8553d fff8f0 2b2440",
        "2d1b4e ff7e67 ffd166 a23e68 1f1235 ff9e80 1b1030 fbeee0",
        "0b132b 3a506b fdf6d8 2c3e5c 070c1a 6fb3ff 0d1526 e8eef7",
        "8fd3e8 e9f7ef fff3b0 a5d6b0 1f6f54 2a9d8f f7fbf5 17382d",
        "e9c46a fbe8c8 e76f51 e3a45f 7a3b2e d1495b fdf4e3 43231b",
        "b8a9e0 f7dff0 fff6e9 b79ad0 4b3b7a 8a4fd3 faf6ff 2c2150",
        "08203a 2ec4a6 f4fff8 1c6e72 04141f 38e0b0 071a26 e3fbf4",
        "f7a1b5 fff0e6 ff5d73 e98aa0 7d2e55 d6336c fff5f5 4a1833",
        "a9bcd0 eef2f6 ffffff 8fa6bd 2f4156 c1121f f6f8fa 1d2b3a",
        "ffd23f fff6cf ee4266 f2a541 0e6f60 ee4266 fffbe8 123c36",
        "1a0b14 c1351d ffc857 7d1f24 12060d ff7a45 17090f fde8d7",
        "1d70a2 bfe3f0 fff4c2 5aa9cf 0b3954 e4572e f3f9fc 0b2a3f",
        "c9d8b6 f4f1de e9c46a a3b18a 2f4a37 bc6c25 f9f8ef 22331f",
        "231942 9f86c0 f8e9ff 5e548e 150f2b e0b1cb 1a1333 f0e6ff",
        "d8c3a5 f3e9dc c08552 b89b7a 4b3527 8e3b2f faf4ea 33241a",
        "10002b 7b2cbf ff4fa3 5a189a 0a0018 00f5d4 12022e f5e9ff",
        "0f4c5c f9c784 fb8b24 5f8a8b 0a2e36 e36414 f9f3e7 0d2b33",
        "9bdcf5 fdf7d4 ffd166 c7e59a 3a7d44 e07a5f fbfdf4 23402a",
    )
]


def cell_colours(palette: Palette) -> list[bytes]:
    """The colour of each number that a cell may have."""
    sky = [mixed(*palette.sky, step, BANDS - 1) for step in range(BANDS)]
    glow = [mixed(colour, palette.light, 1, 4) for colour in sky]
    land = [mixed(*palette.land, step, SHADES - 1) for step in range(SHADES)]
    pale = mixed(palette.sky[1], b"\xff\xff\xff", 1, 2)
    return [*sky, *glow, *land, palette.light, palette.accent, palette.paper, pale]


# Parts of a landscape


#: A wave of -256 to 256 over a turn of 256: two parabolas, as good as a sine to look at.
SINE = [half * (128 - half) >> 4 for half in range(128)]
SINE += [-height for height in SINE]
SINES = SINE * 2  # to begin anywhere


def _swell(dice: Dice, columns: int, base: int, swing: int, length: int) -> list[int]:
    """A soft skyline: a long wave and a short one."""
    long, short = dice.between(length, 2 * length), dice.between(length // 3, length // 2)
    slow, fast = [SINES[first:] for first in (dice.below(256), dice.below(256))]
    return [
        base - ((3 * slow[at] + fast[other]) * swing >> 10)
        for at, other in zip(_turns(long, columns), _turns(short, columns), strict=True)
    ]


@lru_cache(maxsize=256)
def _turns(length: int, columns: int) -> bytes:
    """Where a wave is in its turn at each column, if a turn takes so many columns."""
    return bytes([x // length & 255 for x in range(0, 256 * columns, 256)])


def _ridge(dice: Dice, columns: int, base: int, swing: int) -> list[int]:
    """A sharp skyline: peaks and valleys in turn."""
    heights, high = [base - dice.below(swing + 1)], dice.below(2)
    while len(heights) < columns:
        goal = base - (swing - dice.below(swing // 2 + 1) if high else dice.below(swing // 3 + 1))
        start, steps = heights[-1], dice.between(8, 20)
        heights += [start + (goal - start) * step // steps for step in range(1, steps + 1)]
        high = not high
    return heights[:columns]


def _sun(canvas: Canvas, dice: Dice, lowest: int) -> int:
    """A sun or moon in its glow; returns its column."""
    radius = dice.between(canvas.rows // 11, canvas.rows // 7) + 1
    x = dice.between(canvas.columns // 6, canvas.columns * 5 // 6)
    y = dice.between(radius + 3, max(radius + 3, lowest))
    canvas.shine(x, y, radius * 2)
    canvas.disc(x, y, radius, canvas.solid(LIGHT))
    return x


def _stars(canvas: Canvas, dice: Dice, lowest: int) -> None:
    pale = bytes((PALE,))
    for _ in range(canvas.columns // 3):
        canvas.stamp(dice.below(canvas.columns), dice.below(lowest + 1), pale)


def _clouds(canvas: Canvas, dice: Dice, lowest: int) -> None:
    for _ in range(dice.between(2, 4)):
        x, y = dice.below(canvas.columns), dice.between(4, max(4, lowest))
        length = dice.between(12, 24)
        canvas.fill(x - length // 2, y, x + length // 2, y + 2, PALE)
        canvas.fill(x - length // 4, y - 2, x + length // 3, y, PALE)


# Landscapes


def _hills(canvas: Canvas, dice: Dice) -> None:
    horizon = canvas.rows * dice.between(45, 60) // 100
    _sun(canvas, dice, horizon)
    _clouds(canvas, dice, horizon // 2)
    for layer in range(SHADES):
        base = horizon + (canvas.rows - horizon) * layer // SHADES
        canvas.land(_swell(dice, canvas.columns, base, canvas.rows // 9, 60), LAND + layer)


def _mountains(canvas: Canvas, dice: Dice) -> None:
    _sun(canvas, dice, canvas.rows // 3)
    for layer in range(3):
        base = canvas.rows * (60 + 15 * layer) // 100
        ridge = _ridge(dice, canvas.columns, base, canvas.rows * (5 - layer) // 12)
        canvas.land(ridge, LAND + layer)
        ahead = [*ridge[4:], *ridge[-4:]]
        # The side away from the light: elsewhere its height is that of the canvas's end.
        dark = [
            top if later > top else canvas.rows for top, later in zip(ridge, ahead, strict=True)
        ]
        canvas.land(dark, LAND + layer + 1)
        for x, top in enumerate(ridge if layer < 2 else ()):
            deep = (base - top) // 3 - x % 3 - 3
            if deep > 0:
                canvas.stamp(x, top, bytes((PALE,)) * deep)
    canvas.land(_swell(dice, canvas.columns, canvas.rows * 92 // 100, 4, 50), LAND + 4)


def _city(canvas: Canvas, dice: Dice) -> None:
    _stars(canvas, dice, canvas.rows // 2)
    _sun(canvas, dice, canvas.rows // 2)
    for layer in range(0, SHADES, 2):
        x = -dice.below(6)
        while x < canvas.columns:
            width = dice.between(6, 13)
            top = canvas.rows * (dice.between(25, 60) + 10 * layer) // 100
            canvas.fill(x, top, x + width, canvas.rows, LAND + layer)
            if dice.below(3) == 0:
                canvas.fill(x + width // 2, top - 5, x + width // 2 + 1, top, LAND + layer)
            for column in range(x + 1, x + width - 2, 2) if layer else ():
                canvas.stamp(column, top + 2, _windows(dice, (canvas.rows - top) // 3, layer))
            x += width + dice.below(3)


def _windows(dice: Dice, floors: int, layer: int) -> bytes:
    """A column of windows, some of them lit."""
    dark = LAND + layer
    unlit, lit = bytes((dark, dark, dark)), bytes((dark, dark, LIGHT))
    return b"".join([unlit if number else lit for number in dice.several(floors, 3)])


def _sea(canvas: Canvas, dice: Dice) -> None:
    horizon = canvas.rows * dice.between(50, 62) // 100
    x = _sun(canvas, dice, horizon)
    _clouds(canvas, dice, horizon // 2)
    canvas.land(_swell(dice, canvas.columns, horizon + 3, 8, 70), LAND + 1)
    for layer, top in enumerate(range(horizon, canvas.rows, max(1, (canvas.rows - horizon) // 4))):
        canvas.land([top] * canvas.columns, LAND + min(layer, SHADES - 1))
    for y in range(horizon + 1, canvas.rows, 2):
        half = dice.between(1, 3 + (canvas.rows - y) // 4)
        canvas.fill(x - half, y, x + half + 1, y + 1, LIGHT)
    for _ in range(dice.between(1, 3)):
        _boat(canvas, dice.below(canvas.columns), dice.between(horizon + 6, canvas.rows - 4))


def _boat(canvas: Canvas, x: int, y: int) -> None:
    for step in range(7):
        canvas.fill(x + step + 1, y - 12 + 2 * step - step // 2, x + step + 2, y, PALE)
        canvas.fill(x - step // 2, y - 10 + step, x - step // 2 + 1, y, ACCENT)
    canvas.fill(x - 5, y + 1, x + 9, y + 2, PAPER)
    canvas.fill(x - 3, y + 2, x + 7, y + 4, PAPER)


def _forest(canvas: Canvas, dice: Dice) -> None:
    _sun(canvas, dice, canvas.rows // 3)
    falls = [4 * abs(step) - 2 * (step % 2) for step in range(-7, 8)]  # from top to needles
    for layer in range(SHADES):
        base = canvas.rows * (52 + 12 * layer) // 100
        tops = _swell(dice, canvas.columns, base, canvas.rows // 16, 70)
        x = dice.below(6)
        while x < canvas.columns:
            apex = base - canvas.rows * dice.between(8, 14 + 3 * layer) // 100
            left = max(0, x - 7)
            tops[left : x + 8] = [
                top if top < apex + fall else apex + fall
                for top, fall in zip(tops[left : x + 8], falls[left - x + 7 :], strict=False)
            ]
            x += dice.between(6, 13)
        canvas.land(tops, LAND + layer)


def _desert(canvas: Canvas, dice: Dice) -> None:
    horizon = canvas.rows * dice.between(58, 66) // 100
    _sun(canvas, dice, horizon)
    for layer in range(dice.between(1, 3)):
        x, tall = dice.below(canvas.columns), canvas.rows * dice.between(20, 42) // 100
        apex = horizon + layer - tall
        side = [(apex + step, canvas.rows) for step in range(tall + 1)]
        canvas.paint(x - tall, side[::-1], canvas.solid(LAND + layer))
        canvas.paint(x + 1, side[1:], canvas.solid(LAND + layer + 1))
    for layer in range(1, SHADES):
        base = horizon + (canvas.rows - horizon) * (layer - 1) // SHADES + 2
        canvas.land(_swell(dice, canvas.columns, base, canvas.rows // 20, 80), LAND + layer)


def _balloons(canvas: Canvas, dice: Dice) -> None:
    _clouds(canvas, dice, canvas.rows // 2)
    for layer in range(1, SHADES, 2):
        base = canvas.rows * (70 + 7 * layer) // 100
        canvas.land(_swell(dice, canvas.columns, base, canvas.rows // 12, 60), LAND + layer)
    for place in range(3):
        radius = canvas.rows * dice.between(7, 16) // 100 + 2
        x = canvas.columns * (2 * place + 1) // 6 + dice.between(-6, 6)
        y = dice.between(radius + 3, canvas.rows // 2)
        for step in range(-radius, radius + 1):
            half = isqrt(radius * radius + radius - step * step)
            colour = (ACCENT, LIGHT, PAPER)[
                (step + radius) * 6 // (2 * radius + 1) % (2 + place % 2)
            ]
            canvas.fill(
                x + step, y - half, x + step + 1, y + half + (radius - abs(step)) // 2, colour
            )
        canvas.fill(
            x - 1, y + radius + radius // 2 + 2, x + 2, y + radius + radius // 2 + 5, LAND + 4
        )


def _planet(canvas: Canvas, dice: Dice) -> None:
    _stars(canvas, dice, canvas.rows - 1)
    radius = canvas.rows * dice.between(20, 30) // 100
    x = canvas.columns * dice.between(38, 62) // 100
    y = canvas.rows * dice.between(45, 55) // 100
    canvas.shine(x, y, radius * 3 // 2)
    inks, start, width = (LAND + 1, LIGHT, LAND + 2, ACCENT), dice.below(4), dice.between(2, 5)
    bands = [inks[(start + (row - y + radius) // width) % 4] for row in range(canvas.rows)]
    canvas.disc(x, y, radius, bytes(bands))
    reach, tilt, pale = radius * 19 // 10, dice.between(-2, 2), bytes((PALE, PALE))
    for step in range(-reach, reach + 1):  # a ring, which passes behind the planet
        fall, middle = isqrt(reach * reach - step * step) // 4, y + step * tilt // 8
        canvas.stamp(x + step, middle + fall, pale)
        if abs(step) > radius * 9 // 10:
            canvas.stamp(x + step, middle - fall, pale)
    moon, side = radius // 4, dice.below(2)
    canvas.disc(canvas.columns * (1 + 6 * side) // 8, moon * 3, moon, canvas.solid(PALE))


def _arches(canvas: Canvas, dice: Dice) -> None:
    for x in (canvas.columns // 5, canvas.columns * 4 // 5, canvas.columns // 2):
        radius = canvas.rows * dice.between(45, 90) // 100
        first = dice.below(4)
        for ring in range(5):
            colour = (LAND + 4, LIGHT, LAND + 1, ACCENT, PALE)[(first + ring) % 5]
            left = radius * (5 - ring) // 5
            canvas.disc(x, canvas.rows, left, canvas.solid(colour))


def _tiles(canvas: Canvas, dice: Dice) -> None:
    side = max(6, -(-canvas.rows // dice.between(3, 6)))  # rounded up: no slivers
    for left in range(0, canvas.columns, side):
        tiles = [_tile(dice, side) for _ in range(0, canvas.rows, side)]
        canvas.replace(left, list(map(b"".join, zip(*tiles, strict=True))))


def _tile(dice: Dice, side: int) -> list[bytes]:
    """The columns of a square with a quarter of a disc, a square or a triangle in a corner."""
    inks = (SKY, SKY + 5, LAND + 1, LAND + 3, LAND + 4, LIGHT, ACCENT, PALE)
    first = dice.below(len(inks))
    second = (first + dice.between(1, len(inks) - 1)) % len(inks)
    ground, shape = [bytes((inks[number],)) * side for number in (first, second)]
    kind, across, upside = dice.below(5), dice.below(2), dice.below(2)
    if kind < 3:
        talls = [isqrt(side * side - step * step) for step in range(side)]
    elif kind == 3:
        talls = [side // 2] * (side // 2) + [0] * (side - side // 2)
    else:
        talls = [*range(side, 0, -1)]
    if across:
        talls = talls[::-1]
    if upside:
        return [shape[:tall] + ground[tall:] for tall in talls]
    return [ground[tall:] + shape[:tall] for tall in talls]


SCENES: list[Callable[[Canvas, Dice], None]] = [
    _hills, _mountains, _city, _sea, _forest, _desert, _balloons, _planet, _arches, _tiles,
]  # fmt: skip


def landscape(columns: int, rows: int, dice: Dice) -> Canvas:
    """A landscape of so many cells, with its corners cut."""
    sky = bytes(min(y * BANDS * 10 // (7 * rows), BANDS - 1) for y in range(rows))
    canvas = Canvas(columns, rows, sky)
    SCENES[dice.below(len(SCENES))](canvas, dice)
    for y, inset in ((0, 2), (1, 1), (rows - 2, 1), (rows - 1, 2)):
        canvas.fill(0, y, inset, y + 1, PAPER)
        canvas.fill(columns - inset, y, columns, y + 1, PAPER)
    return canvas

"""Draws the placeholder of a `Picture`: a landscape over a caption. Encodes nothing: see `png`.

The landscape is made of square cells, 128 to the shorter side; the caption of bitmap glyphs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

from mockserver.core.picture import Picture
from mockserver.pictures.pure.canvas import Canvas
from mockserver.pictures.pure.landscape import PALETTES, Dice, Palette, cell_colours, landscape
from mockserver.pictures.pure.png import Alphabet, Dots, Ink, Row, Stamps, png, read_text
from mockserver.pictures.pure.text import Line, shaped, spread

#: Keyword of the PNG text chunk that says what the picture is.
KEYWORD = "images-mock"


def draw(picture: Picture) -> bytes:
    """The picture as a PNG file, 8-bit RGB, with `describe` in its metadata."""
    dice = Dice(picture.digest)
    paints = _paints(PALETTES[dice.below(len(PALETTES))])
    text = json.dumps(describe(picture), ensure_ascii=False)
    rows = _rows(picture, dice, paints)
    return png(picture.width, picture.height, paints.alphabet, rows, KEYWORD, text)


def describe(picture: Picture) -> dict[str, Any]:
    """What the picture says of itself: its request's parameters, place and code."""
    return {
        "operation": picture.operation,
        "model": picture.model,
        "prompt": picture.prompt,
        "size": picture.size,
        "image": f"{picture.place + 1}/{picture.n}",
        **dict(picture.options),
        "code": picture.code,
    }


def identify(data: bytes) -> dict[str, Any] | None:
    """What `describe` said of the picture in this file; None if `draw` did not make it."""
    text = read_text(data, KEYWORD)
    try:
        found = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def caption(picture: Picture, width: int, height: int, palette: Palette) -> bytes:
    """What stands below the landscape on a page of `width` × `height` pixels: as wide, and lower.

    Prompt and small print, as `draw` sets them; a PNG file, 8-bit RGB, without metadata.
    """
    paints = _paints(palette)
    rows = [*_caption(picture, _page(picture._replace(width=width, height=height)), paints)]
    return png(width, sum(times for _, times in rows), paints.alphabet, rows)


class Paints:
    """The inks of a palette."""

    def __init__(self, palette: Palette) -> None:
        cells = cell_colours(palette)
        self.alphabet = Alphabet(
            [*cells, palette.accent, palette.paper, palette.ink, palette.muted()]
        )
        self.cells = [self.alphabet.ink(colour) for colour in cells]  # by number
        self.accent = self.alphabet.ink(palette.accent)
        self.paper = self.alphabet.ink(palette.paper)
        self.ink = self.alphabet.ink(palette.ink)
        self.muted = self.alphabet.ink(palette.muted())


@lru_cache(maxsize=32)
def _paints(palette: Palette) -> Paints:
    return Paints(palette)


# The page: a window on the landscape in a margin of paper, and the caption below it


class Page(NamedTuple):
    """How a picture is divided; all in pixels but the scale."""

    width: int
    height: int
    cell: int  # side of a cell of the landscape
    margin: int
    scale: int  # pixels to a font pixel, in the smallest print of the prompt

    @property
    def measure(self) -> int:
        """Width of the text."""
        return self.width - 2 * self.margin


def _page(picture: Picture) -> Page:
    shorter = min(picture.width, picture.height)
    cell = max(1, shorter // 128)
    return Page(picture.width, picture.height, cell, 4 * cell, max(1, shorter // 256))


def _rows(picture: Picture, dice: Dice, paints: Paints) -> Iterator[Row]:
    page = _page(picture)
    blank = [paints.paper.run(page.width)]
    caption = [*_caption(picture, page, paints)]
    left = page.height - page.margin - sum([times for _, times in caption])
    columns, down = page.measure // page.cell, left // page.cell
    yield blank, page.margin
    yield from _window(page, landscape(columns, down, dice), paints)
    if left % page.cell:
        yield blank, left % page.cell
    yield from caption


def _window(page: Page, canvas: Canvas, paints: Paints) -> Iterator[Row]:
    """The landscape, between its margins."""
    dots = Dots(paints.cells, page.cell)
    left = paints.paper.run(page.margin)
    right = paints.paper.run(page.width - page.margin - canvas.columns * page.cell)
    for cells, alike in groupby(canvas.lines()):
        # Not kept: nearly every row is another one.
        yield [left, dots.strip(cells), right], page.cell * len([*alike])


def _caption(picture: Picture, page: Page, paints: Paints) -> Iterator[Row]:
    """The prompt, a rule, and a line of small print, with the paper around them."""
    blank = [paints.paper.run(page.width)]
    margin, measure = page.margin, page.measure
    yield blank, 3 * page.cell
    scale, prompt = _prompt(picture, page)
    for line in prompt:
        at = margin + (measure - line.width * scale if line.leftward else 0)
        yield from _print(page, line, at, _stamps(paints.paper, paints.ink, scale))
        yield blank, scale
    yield blank, page.cell
    side = paints.paper.run(margin)
    yield [side, paints.accent.run(measure), side], max(1, page.cell // 2)
    yield blank, page.cell
    scale = (3 * page.scale + 2) // 4
    small = _small_print(picture, measure // scale)
    yield from _print(page, small, margin, _stamps(paints.paper, paints.muted, scale))
    yield blank, margin - 2 * page.cell


def _prompt(picture: Picture, page: Page) -> tuple[int, list[Line]]:
    """The prompt's lines in the largest of three sizes that does not crowd the picture."""
    text = shaped(picture.prompt)
    room = page.height * 2 // 5 // page.scale - 24  # font pixels, less the small print
    for scale in (3 * page.scale, 2 * page.scale):
        width, limit = page.measure // scale, min(room, 80) * page.scale // (scale * LEADING)
        if text.width <= width * limit:
            found = text.lines(width, limit + 1)
            if len(found) <= limit:
                return scale, found
    return page.scale, text.lines(page.measure // page.scale, max(1, room // LEADING))


def _small_print(picture: Picture, width: int) -> Line:
    """Model, size, place among its siblings and code, spread over `width` font pixels."""
    words = [picture.size, picture.code]
    if picture.n > 1:
        words.insert(1, f"{picture.place + 1}/{picture.n}")
    while len(words) > 1 and 8 * len(" ".join(words)) > width:
        del words[0]
    room = width - 8 * len(" ".join(["", *words]))
    model = shaped(picture.model).lines(room, 1) if room >= 32 else []
    fields = [line for word in words for line in shaped(word).lines(width, 1)]
    return spread([*model, *fields], width)


def _print(page: Page, line: Line, at: int, stamps: Stamps) -> Iterator[Row]:
    """A line of text from the column `at` on, with the paper at its sides."""
    paper, scale = stamps.dots.inks[0], stamps.dots.dot
    left = paper.run(at)
    right = paper.run(page.width - at - line.width * scale)
    stamped = [stamps[glyph] for glyph in line.glyphs]
    pixels, codes = [zip(*[stamp[part] for stamp in stamped], strict=True) for part in (0, 1)]
    strips = zip(map(b"".join, pixels), map(b"".join, codes), strict=True)
    for strip, alike in groupby(strips):
        yield [left, strip, right], scale * len([*alike])


@lru_cache(maxsize=64)
def _stamps(paper: Ink, ink: Ink, scale: int) -> Stamps:
    """Rows of glyphs already coded, which come again in other pictures."""
    return Stamps((paper, ink), scale)


#: From one line of text to the next, in font pixels.
LEADING = 17

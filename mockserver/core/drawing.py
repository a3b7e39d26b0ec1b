"""Draws the placeholder of a `Picture`: a landscape over a caption. Encodes nothing: see `png`.

The landscape is made of square cells, 128 to the shorter side; the caption of bitmap glyphs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from mockserver.core.landscape import PALETTES, Dice, Palette, cell_colours, landscape
from mockserver.core.picture import Picture
from mockserver.core.png import Row, png, read_text
from mockserver.core.text import Line, shaped, spread

#: Keyword of the PNG text chunk that says what the picture is.
KEYWORD = "images-mock"


def draw(picture: Picture) -> bytes:
    """The picture as a PNG file, 8-bit RGB, with `describe` in its metadata."""
    dice = Dice(picture.digest)
    palette = PALETTES[dice.below(len(PALETTES))]
    text = json.dumps(describe(picture), ensure_ascii=False)
    rows = _rows(picture, dice, palette)
    return png(picture.width, picture.height, rows, KEYWORD, text)


def describe(picture: Picture) -> dict[str, str | None]:
    """What the picture says of itself: its request's parameters, place and code."""
    return {
        "operation": picture.operation,
        "model": picture.model,
        "prompt": picture.prompt,
        "size": picture.size,
        "image": f"{picture.index + 1}/{picture.count}",
        "quality": picture.quality,
        "style": picture.style,
        "code": picture.code,
    }


def identify(data: bytes) -> dict[str, str | None] | None:
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
    page = _page(replace(picture, width=width, height=height))
    rows = [*_caption(picture, page, palette)]
    return png(width, sum(times for _, _, times in rows), rows)


# The page: a window on the landscape in a margin of paper, and the caption below it


@dataclass(frozen=True, slots=True)
class Page:
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


def _rows(picture: Picture, dice: Dice, palette: Palette) -> Iterator[Row]:
    page = _page(picture)
    caption = [*_caption(picture, page, palette)]
    left = page.height - page.margin - sum(times for _, _, times in caption)
    columns, down = page.measure // page.cell, left // page.cell
    blank = [palette.paper], [page.width]
    yield *blank, page.margin
    yield from _window(page, columns, down, dice, palette)
    if left % page.cell:
        yield *blank, left % page.cell
    yield from caption


def _window(page: Page, columns: int, down: int, dice: Dice, palette: Palette) -> Iterator[Row]:
    """The landscape, with its corners cut."""
    canvas = landscape(columns, down, dice)
    colours = cell_colours(palette)
    left, right = page.margin, page.width - page.margin - columns * page.cell
    for cells, alike in groupby(canvas.row(y) for y in range(down)):
        same = SAME.findall(cells)
        inner = [len(run) * page.cell for run, _ in same]
        outer = [palette.paper, *[colours[cell[0]] for _, cell in same], palette.paper]
        yield outer, [left, *inner, right], page.cell * len([*alike])


SAME = re.compile(rb"((.)\2*)", re.DOTALL)


def _caption(picture: Picture, page: Page, palette: Palette) -> Iterator[Row]:
    """The prompt, a rule, and a line of small print, with the paper around them."""
    paper = [palette.paper]
    margin, measure = page.margin, page.measure
    yield paper, [page.width], 3 * page.cell
    scale, prompt = _prompt(picture, page)
    for line in prompt:
        at = margin + (measure - line.width * scale if line.leftward else 0)
        yield from _print(page, line, at, scale, (palette.paper, palette.ink))
        yield paper, [page.width], scale
    yield paper, [page.width], page.cell
    yield [*paper, palette.accent, *paper], [margin, measure, margin], max(1, page.cell // 2)
    yield paper, [page.width], page.cell
    scale = (3 * page.scale + 2) // 4
    small = _small_print(picture, measure // scale)
    yield from _print(page, small, margin, scale, (palette.paper, palette.muted()))
    yield paper, [page.width], margin - 2 * page.cell


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
    if picture.count > 1:
        words.insert(1, f"{picture.index + 1}/{picture.count}")
    while len(words) > 1 and 8 * len(" ".join(words)) > width:
        del words[0]
    room = width - 8 * len(" ".join(["", *words]))
    model = shaped(picture.model).lines(room, 1) if room >= 32 else []
    fields = [line for word in words for line in shaped(word).lines(width, 1)]
    return spread([*model, *fields], width)


def _print(page: Page, line: Line, at: int, scale: int, inks: tuple[bytes, bytes]) -> Iterator[Row]:
    """A line of text from the column `at` on, on the paper and in the ink that are given."""
    right = page.width - at - line.width * scale
    for bits, alike in groupby(line.rows):
        # One more paper dot at each end for the margins: so the row starts and ends with paper.
        dots = DOTS.findall(format(bits << 1, f"0{line.width + 2}b"))
        counts = [len(run) * scale for run in dots]
        counts[0] += at - scale
        counts[-1] += right - scale
        yield (inks * len(dots))[: len(dots)], counts, scale * len([*alike])


DOTS = re.compile("0+|1+")
#: From one line of text to the next, in font pixels.
LEADING = 17

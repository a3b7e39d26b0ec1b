"""Draws the placeholder of a `Picture`: a landscape over a caption. Encodes nothing: see `png`.

The landscape is made of square cells, 128 to the shorter side; the caption of bitmap glyphs.
Transparent pictures have the landscape cut out of its sky, and the caption on its paper.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

from mockserver.core.picture import Picture
from mockserver.pictures.pure.canvas import ACCENT, BANDS, GLOW, PAPER, SKY
from mockserver.pictures.pure.landscape import PALETTES, Dice, Palette, cell_colours, landscape
from mockserver.pictures.pure.metadata import KEYWORD, read_text
from mockserver.pictures.pure.png import Alphabet, Dots, Ink, Row, Stamps, png
from mockserver.pictures.pure.svg import svg
from mockserver.pictures.pure.text import Line, shaped, spread


def draw(picture: Picture) -> bytes:
    """The picture as a PNG file, 8-bit RGB or RGBA, with `describe` in its metadata."""
    dice = Dice(picture.digest)
    palette, is_clear = PALETTES[dice.below(len(PALETTES))], picture.is_transparent
    rows = next(_frames(picture, dice, _paints(palette, is_clear)))
    alphabet = _alphabet(palette, is_clear)
    return png(picture.width, picture.height, alphabet, rows, KEYWORD, told(picture))


def draw_svg(picture: Picture) -> bytes:
    """The picture as an SVG file of the same shapes, with `describe` in its metadata."""
    colours, frames = numbered(picture)
    size = picture.width, picture.height
    return svg(*size, colours, next(frames), picture.prompt, told(picture))


def pixels(picture: Picture) -> bytes:
    """The picture's pixels, row by row: RGBA, with alpha 255 where nothing is transparent."""
    dice = Dice(picture.digest)
    inks = _solid(PALETTES[dice.below(len(PALETTES))], picture.is_transparent)
    return joined(next(_frames(picture, dice, inks)))


def joined(rows: Iterable[Row]) -> bytes:
    """The pixels of rows, which are copied once."""
    lines: list[bytes] = []
    for strips, times in rows:
        lines += [b"".join([strip for strip, _ in strips])] * times
    return b"".join(lines)


def numbered(picture: Picture) -> tuple[list[bytes], Iterator[Iterator[Row]]]:
    """The picture for who codes it otherwise: its colours, RGB or RGBA, and the rows of each frame.

    A pixel of these is a byte, the number of its colour.
    """
    dice = Dice(picture.digest)
    colours = _colours(PALETTES[dice.below(len(PALETTES))], picture.is_transparent)
    return colours, _frames(picture, dice, NUMBERS)


def told(picture: Picture) -> str:
    """What `describe` says, as JSON."""
    return json.dumps(describe(picture), ensure_ascii=False)


def describe(picture: Picture) -> dict[str, Any]:
    """What the picture says of itself: its request's parameters, place and code."""
    return {
        "operation": picture.operation,
        "model": picture.model,
        "prompt": picture.prompt,
        "size": picture.size,
        "image": f"{picture.place + 1}/{picture.n}",
        **dict(picture.options),
        **({} if picture.partial is None else {"partial": picture.partial}),
        "code": picture.code,
    }


def identify(data: bytes) -> dict[str, Any] | None:
    """What `describe` said of the picture in this file, of any format; None if it is not ours."""
    text = read_text(data)
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
    return png(width, sum(times for _, times in rows), _alphabet(palette), rows)


class Paints(NamedTuple):
    """Inks: those of a palette, or numbers."""

    cells: list[Ink]  # by number
    accent: Ink
    paper: Ink
    ink: Ink
    muted: Ink
    ground: Ink  # around the landscape

    @classmethod
    def of(cls, inks: Sequence[Ink]) -> Paints:
        """The inks in the order of `_colours`."""
        return cls([*inks[:-5]], *inks[-5:])


def _colours(palette: Palette, is_clear: bool) -> list[bytes]:
    """All colours of a palette, RGB; with alpha in a picture that has a transparent background."""
    others = (palette.accent, palette.paper, palette.ink, palette.muted(), palette.paper)
    colours = [*cell_colours(palette), *others]
    if is_clear:
        colours = [colour + b"\xff" for colour in colours]
        colours[SKY : SKY + BANDS] = [CLEAR] * BANDS
        colours[GLOW : GLOW + BANDS] = [palette.light + SHEER] * BANDS
        colours[-1] = CLEAR
    return colours


#: A colour of alpha 0, and the alpha of what is seen through: the glow around a sun.
CLEAR, SHEER = bytes(4), b"\x40"


@lru_cache(maxsize=64)
def _alphabet(palette: Palette, is_clear: bool = False) -> Alphabet:
    return Alphabet(_colours(palette, is_clear), 4 if is_clear else 3)


@lru_cache(maxsize=64)
def _paints(palette: Palette, is_clear: bool = False) -> Paints:
    alphabet = _alphabet(palette, is_clear)
    return Paints.of([alphabet.ink(colour) for colour in _colours(palette, is_clear)])


@lru_cache(maxsize=64)
def _solid(palette: Palette, is_clear: bool) -> Paints:
    """RGBA, for who codes it otherwise."""
    colours = [(colour + b"\xff")[:4] for colour in _colours(palette, is_clear)]
    return Paints.of([Ink(colour, b"") for colour in colours])


#: Of pictures whose pixels are the numbers of their colours.
NUMBERS = Paints.of([Ink(bytes((at,)), b"") for at in range(len(_colours(PALETTES[0], False)))])


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


def plate(picture: Picture) -> tuple[list[bytes], bytes]:
    """What marks a partial picture: rows of dots, 128 of which fit its shorter side.

    And the two colours of these, RGB.
    """
    palette = PALETTES[Dice(picture.digest).below(len(PALETTES))]
    return _plate(_mark(picture), 128), palette.accent + palette.paper


def _mark(picture: Picture) -> str:
    return f"PARTIAL {(picture.partial or 0) + 1}"


def _frames(picture: Picture, dice: Dice, paints: Paints) -> Iterator[Iterator[Row]]:
    """The rows of each frame; from one to the next the landscape passes by, and the rule grows."""
    page, count = _page(picture), picture.frames
    caption = [*_caption(picture, page, paints, page.measure // count)]
    columns = page.measure // page.cell
    down = (page.height - page.margin - _height(caption)) // page.cell
    lines = landscape(columns + PACE * (count - 1), down, dice).lines()
    for frame in range(count):
        seen = [line[PACE * frame :][:columns] for line in lines] if count > 1 else lines
        if frame:
            caption = [*_caption(picture, page, paints, page.measure * (frame + 1) // count)]
        yield _rows(page, _finished(picture, seen), caption, paints)


def _height(rows: Iterable[Row]) -> int:
    return sum([times for _, times in rows])


#: Cells that a landscape moves from frame to frame.
PACE = 2


def _rows(page: Page, lines: list[bytes], caption: list[Row], paints: Paints) -> Iterator[Row]:
    left = page.height - page.margin - _height(caption)
    yield [paints.ground.run(page.width)], page.margin
    yield from _window(page, lines, paints)
    if left % page.cell:
        yield [paints.paper.run(page.width)], left % page.cell
    yield from caption


def _window(page: Page, lines: list[bytes], paints: Paints) -> Iterator[Row]:
    """The landscape, between its margins."""
    dots = Dots(paints.cells, page.cell)
    left = paints.ground.run(page.margin)
    right = paints.ground.run(page.width - page.margin - len(lines[0]) * page.cell)
    for cells, alike in groupby(lines):
        # Not kept: nearly every row is another one.
        yield [left, dots.strip(cells), right], page.cell * len([*alike])


def _cut(lines: list[bytes], number: int) -> list[bytes]:
    """The landscape with round corners, whose cells have another number."""
    corner = bytes((number,))
    for y, inset in zip((0, 1, -2, -1), (2, 1, 1, 2), strict=True):
        lines[y] = corner * inset + lines[y][inset:-inset] + corner * inset
    return lines


def _finished(picture: Picture, lines: list[bytes]) -> list[bytes]:
    """The landscape with its corners cut, or as its partial picture has it."""
    lines = _cut(lines, SKY if picture.is_transparent else PAPER)
    if picture.partial is None:
        return lines
    return _marked(_coarse(lines, picture.partial), _mark(picture))


def _coarse(lines: list[bytes], partial: int) -> list[bytes]:
    """Cells in square blocks of the colour in their middle: 8, then 4, then 2 to a side."""
    block, columns = max(2, 8 >> partial), len(lines[0])
    middles = [min(x + block // 2, columns - 1) for x in range(0, columns, block)]
    rows = []
    for top in range(0, len(lines), block):
        cells = lines[min(top + block // 2, len(lines) - 1)]
        row = b"".join([cells[x : x + 1] * block for x in middles])[:columns]
        rows += [row] * min(block, len(lines) - top)
    return rows


def _marked(lines: list[bytes], text: str) -> list[bytes]:
    """Cells with a plate in their middle, on which a text stands in letters of cells."""
    rows = _plate(text, len(lines[0]))
    left, top = (len(lines[0]) - len(rows[0])) // 2, max(0, (len(lines) - len(rows)) // 2)
    for y, row in enumerate(rows[: len(lines)], top):
        lines[y] = lines[y][:left] + row.translate(ON_PLATE) + lines[y][left + len(row) :]
    return lines


ON_PLATE = bytes((ACCENT, PAPER)) + bytes(range(2, 256))


def _plate(text: str, width: int) -> list[bytes]:
    """Rows of a text on a plate of at most so many dots: 1 is ink."""
    line, side = shaped(text).lines(width - 8, 1)[0], bytes(4)
    return [b"".join([side, *row, side]) for row in zip(*line.glyphs, strict=True)]


def _caption(
    picture: Picture, page: Page, paints: Paints, done: int | None = None
) -> Iterator[Row]:
    """The prompt, a rule, and a line of small print, with the paper around them.

    The rule has its colour for so many pixels as are `done`, else all along.
    """
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
    rule = [paints.accent.run(measure if done is None else done)]
    if done is not None and done < measure:
        rule.append(paints.muted.run(measure - done))
    yield [side, *rule, side], max(1, page.cell // 2)
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

"""Fills the hole of an edit: landscape, rim, and a card with the prompt. Knows no upload.

A hole is an image of mode L, 255 where it is open and else 0, cropped to what is open.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from PIL import Image, ImageChops

from mockserver.core.picture import Picture
from mockserver.pictures.pure.drawing import caption, draw
from mockserver.pictures.pure.landscape import PALETTES, Dice, Palette

Box = tuple[int, int, int, int]  # left, top, right, bottom

NEAREST, BOX = Image.Resampling.NEAREST, Image.Resampling.BOX


def placeholder(picture: Picture, hole: Image.Image) -> Image.Image:
    """A landscape that fills the hole, with a rim along its edge, and a card with the prompt."""
    palette = _palette(picture)
    rim = min(picture.width, picture.height) // 128
    inner = _shrunk(hole, rim)
    if not inner.getbbox():
        inner = hole
    paper = Image.new("RGB", hole.size, tuple(palette.paper))
    result = Image.composite(_scenery(picture, hole.size), paper, inner)
    _lay_card(picture, palette, result, _roomiest(inner))
    return result


def _scenery(picture: Picture, size: tuple[int, int]) -> Image.Image:
    """Nothing but landscape: the inner part of a drawing that is somewhat larger."""
    width, height = (max(64, side * 5 // 4 + 24) for side in size)
    # Whole, at rest and without alpha, as JPEGs are, however the edit will be written.
    page = picture._replace(prompt="", width=width, height=height, format="JPEG", partial=None)
    left, top = (width - size[0]) // 2, min(width, height) // 24 + 1
    return _opened(draw(page)).crop((left, top, left + size[0], top + size[1]))


def _shrunk(hole: Image.Image, by: int) -> Image.Image:
    """A hole without what lies within so many pixels of its edge."""
    result = hole
    for reach in {by, by // 2} - {0}:
        aslant = reach * 7 // 10
        for x, y in ((reach, 0), (0, reach), (aslant, aslant), (aslant, -aslant)):
            for to_x, to_y in ((x, y), (-x, -y)):
                moved = hole.crop((to_x, to_y, to_x + hole.width, to_y + hole.height))
                result = ImageChops.darker(result, moved)
    return result


# The card with the prompt


def _lay_card(picture: Picture, palette: Palette, page: Image.Image, room: Box) -> None:
    """Put a card at the bottom of a rectangle of the page; upright in a tall and narrow one."""
    left, top, right, bottom = room
    width, height = right - left, bottom - top
    upright = height > 3 * width
    if upright:
        width, height = height, width
    if width < 64 or height < 20:  # too little for a word
        return
    card = _card(picture, palette, width, height)
    if upright:
        card = card.transpose(Image.Transpose.ROTATE_90)
    page.paste(card, (right - card.width, bottom - card.height))


def _card(picture: Picture, palette: Palette, width: int, height: int) -> Image.Image:
    """The prompt, as large as leaves two fifths of the room to the landscape, over the small print.

    The card is as wide as its room; in a low one it may take all of it, and is cut if need be.
    """
    most = height if height < 128 else height * 3 // 5
    small = printed(picture._replace(prompt=""), palette, width, 2 * most)
    small = small.crop((0, _rule(small, palette), width, small.height))
    for times in (4, 3, 2, 1):
        across = -(-width // times)
        if across >= 160 or times == 1:  # 20 letters
            # So high a page that no word is left out; at last, one whose caption fits.
            high = 6 * most // times if times > 1 else (most - small.height + 20) * 5 // 2
            large = _large(picture, palette, across, high)
            if large.height * times + small.height <= most:
                break
    large = large.resize((large.width * times, large.height * times), NEAREST)
    used = large.height + small.height
    card = Image.new("RGB", (width, height if height < used + 24 else used), tuple(palette.paper))
    card.paste(large, (0, 0))
    card.paste(small, (0, large.height))
    return card


def _large(picture: Picture, palette: Palette, width: int, height: int) -> Image.Image:
    """The caption down to its rule, as on a page of this size."""
    whole = printed(picture, palette, width, height)
    below = printed(picture._replace(prompt=""), palette, width, height)
    return whole.crop((0, 0, width, whole.height - below.height + _rule(below, palette)))


def _rule(empty: Image.Image, palette: Palette) -> int:
    """The row where a caption without a prompt has its rule, which is the first thing in it."""
    paper = Image.new("RGB", empty.size, tuple(palette.paper))
    box = ImageChops.difference(empty, paper).getbbox()
    return box[1] if box else 0


def printed(picture: Picture, palette: Palette, width: int, height: int) -> Image.Image:
    """The caption of a page of this size, as an image."""
    return _opened(caption(picture, width, height, palette))


#: The hole is looked at in so many columns and rows when room for a card is sought.
GRID = 64


def _roomiest(hole: Image.Image) -> Box:
    """The rectangle within a hole that has most room for lines of text, exact to the pixel."""
    width, height = hole.size
    columns, rows = min(GRID, width), min(GRID, height)
    # One direction after the other: in one step, which is first depends on Pillow's version.
    cells = hole.resize((columns, height), BOX).resize((columns, rows), BOX).tobytes()
    best, heights = (0, 0, 0, 0, 0), [0] * columns
    for y in range(rows):
        line = cells[y * columns : (y + 1) * columns]
        heights = [(tall + 1) * (cell == 255) for tall, cell in zip(heights, line, strict=True)]
        for left, right, tall in _rectangles(heights):
            wide, high = (right - left) * width // columns, tall * height // rows
            best = max(best, (min(wide, 4 * high) ** 2 * high, left, y + 1 - tall, right, y + 1))
    most, *cell_box = best
    scaled = zip(cell_box, (columns, rows) * 2, hole.size * 2, strict=True)
    left, top, right, bottom = (at * side // cells for at, cells, side in scaled)
    return _grown(hole, (left + 1, top + 1, right, bottom)) if most else (0, 0, 0, 0)


def _rectangles(heights: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Left, right and height of the largest rectangles that stand under these heights."""
    standing: list[tuple[int, int]] = []
    for right, height in enumerate([*heights, 0]):
        left = right
        while standing and standing[-1][1] >= height:
            left, tall = standing.pop()
            yield left, right, tall
        standing.append((left, height))


def _grown(hole: Image.Image, room: Box) -> Box:
    """A rectangle with its sides moved out as far as the hole allows."""
    left, top, right, bottom = room
    if left >= right or top >= bottom:
        return room
    line = hole.crop((0, top, hole.width, bottom)).resize((hole.width, 1), BOX).tobytes()
    left, right = _run(line, left, right)
    line = hole.crop((left, 0, right, hole.height)).resize((1, hole.height), BOX).tobytes()
    top, bottom = _run(line, top, bottom)
    return left, top, right, bottom


def _run(line: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the run of full pixels begins and ends that lies around these two."""
    return len(line[:start].rstrip(b"\xff")), len(line) - len(line[end:].lstrip(b"\xff"))


def _palette(picture: Picture) -> Palette:
    """The palette that `draw` takes."""
    return PALETTES[Dice(picture.digest).below(len(PALETTES))]


def _opened(data: bytes) -> Image.Image:
    """A picture of the mock's own."""
    return Image.open(io.BytesIO(data), formats=["PNG"]).convert("RGB")

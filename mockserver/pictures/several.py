"""An edit of several pictures, or without a mask: where it is drawn anew, and what it shows.

Small copies of the pictures after the first lie in a row; without a mask the first is kept above,
and what is drawn is below it.
"""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from mockserver.pictures.pure.landscape import Palette
from mockserver.pictures.strips import in_strips

Size = tuple[int, int]
Box = tuple[int, int, int, int]  # left, top, right, bottom

SIDE = 256  # pixels of a copy that is kept
LEAST = 12  # pixels, below which nobody sees what is on it


def has_no_mask(options: Sequence[tuple[str, object]]) -> bool:
    """Whether no mask says what is to be drawn anew, where one of its own is not looked for."""
    return dict(options).get("masked") is False


def lower_part(size: Size) -> Image.Image:
    """A hole that leaves the upper three fifths of a picture."""
    hole = Image.new("L", size)
    hole.paste(255, (0, size[1] * 3 // 5, *size))
    return hole


def flattened(image: Image.Image) -> Image.Image:
    """An image in RGB, on white where it is clear: what its clear pixels hide is not shown."""
    if "A" not in image.getbands():
        return image.convert("RGB")
    return in_strips(_on_white, image.convert("RGBA"))


def _on_white(image: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def small_square(image: Image.Image) -> Image.Image:
    """The middle of a picture, on white where it is clear."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    middle = flattened(image.crop((left, top, left + side, top + side)))
    return middle.resize((SIDE, SIDE), Image.Resampling.BOX)


def lay_row(copies: Sequence[Image.Image], palette: Palette, page: Image.Image, room: Box) -> None:
    """Put copies side by side, framed, at the top of a rectangle of the page: all, or none."""
    left, top, right, bottom = room
    height = bottom - top
    gap = max(1, min(right - left, height) // 32)
    side = min((right - left - gap) // len(copies) - gap, height * 2 // 5 - 2 * gap)
    if side < LEAST:
        return
    frame = max(1, side // 24)
    for place, copy in enumerate(copies):
        at = left + gap + place * (side + gap), top + gap
        page.paste(tuple(palette.paper), (*at, at[0] + side, at[1] + side))
        inner = side - 2 * frame
        small = copy.resize((inner, inner), Image.Resampling.BOX)
        page.paste(small, (at[0] + frame, at[1] + frame))

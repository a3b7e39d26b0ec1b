"""Makes docs/edit.png: an upload, its mask with a chequerboard where it is clear, and the edit.

Run as `python docs/edit.py docs/edit.png`.
"""

from __future__ import annotations

import io
import sys
from hashlib import sha256

from PIL import Image, ImageDraw

from mockserver.core.picture import Picture
from mockserver.pictures.edits import edited

SIDE, GAP = 320, 16
HOLE = (118, 84, 306, 272)
PROMPT = "a neon sunset over the sea"


def scene() -> Image.Image:
    """A house by a lake, before mountains."""
    slope = Image.linear_gradient("L").resize((SIDE, SIDE))
    image = Image.merge("RGB", [slope.point([first + v * span // 255 for v in range(256)])
                                for first, span in ((70, 150), (140, 80), (225, -30))])  # fmt: skip
    draw = ImageDraw.Draw(image)
    draw.ellipse((216, 28, 266, 78), "#fff0be")
    draw.polygon(
        [(0, 200), (82, 102), (134, 162), (194, 88), (320, 206), (320, 320), (0, 320)], "#6e7896"
    )
    draw.polygon([(194, 88), (168, 120), (188, 126), (200, 112), (216, 126), (230, 122)], "#f5f8ff")
    draw.polygon([(0, 218), (110, 190), (218, 216), (320, 200), (320, 320), (0, 320)], "#5a8c50")
    draw.rectangle((40, 206, 98, 258), "#c85a3c")
    draw.polygon([(32, 206), (69, 172), (106, 206)], "#5a3232")
    draw.rectangle((58, 228, 74, 258), "#3c2828")
    draw.rectangle((80, 218, 92, 230), "#ffe696")
    draw.ellipse((188, 262, 300, 300), "#5096c8")
    for x, y in ((124, 196), (256, 190), (284, 200)):
        draw.rectangle((x - 3, y, x + 3, y + 26), "#503c28")
        draw.ellipse((x - 16, y - 36, x + 16, y + 8), "#28643c")
    return image


def board() -> Image.Image:
    """A chequerboard, as editors show what is clear."""
    squares = Image.new("L", (SIDE // 16, SIDE // 16))
    squares.putdata([255 if (n % 20 + n // 20) % 2 else 205 for n in range(squares.width**2)])
    return squares.resize((SIDE, SIDE), Image.Resampling.NEAREST).convert("RGB")


def png(image: Image.Image) -> bytes:
    """The image as a file, as it would be uploaded."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def triple() -> Image.Image:
    """The three side by side."""
    source = scene()
    mask = Image.new("RGBA", source.size, "#404854")
    ImageDraw.Draw(mask).ellipse(HOLE, (0, 0, 0, 0))
    picture = Picture(
        *("images.edit", "dall-e-2", PROMPT, SIDE, SIDE, 0, 1),
        digest=sha256(b"balloon 7").digest()[:16],
    )
    edit = Image.open(io.BytesIO(edited(picture, png(source), png(mask))))
    page = Image.new("RGB", (3 * SIDE + 2 * GAP, SIDE), "white")
    page.paste(source, (0, 0))
    page.paste(Image.composite(mask.convert("RGB"), board(), mask.getchannel("A")), (SIDE + GAP, 0))
    page.paste(edit, (2 * (SIDE + GAP), 0))
    return page


if __name__ == "__main__":
    triple().save(sys.argv[1], optimize=True)

"""Encodes pictures with Pillow: JPEG, WebP, GIF, and whatever is made from uploads. Draws nothing.

What goes in are the same pixels on every machine; the bytes that come out are those of Pillow's
libraries. `output_compression` is Pillow's `quality`: of JPEG and WebP another one gives another
picture, the lower the coarser. No more is promised: 0 and 1 may be the same JPEG, and a WebP of
lower quality may be a larger file. What colours lie under clear pixels is not promised, either.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageChops
from PIL.PngImagePlugin import PngInfo

from mockserver.core.picture import Picture
from mockserver.pictures.pure.drawing import joined, numbered, pixels, plate, told
from mockserver.pictures.pure.metadata import KEYWORD, ascii_text, exif
from mockserver.pictures.pure.svg import svg
from mockserver.pictures.several import flattened

NEAREST, BOX = Image.Resampling.NEAREST, Image.Resampling.BOX

#: What has less alpha is clear in a GIF, which knows no half of it.
HALF = 128
#: The longest that a GIF can show a frame, in milliseconds.
LONGEST = 655_350


def drawn(picture: Picture) -> bytes:
    """A generated picture as a JPEG, WebP or GIF file, of the pixels that `draw` has in its PNG."""
    size = picture.width, picture.height
    if picture.format == "GIF":
        return _drawn_frames(picture, size)
    mode = "RGBA" if picture.is_transparent else "RGBX"  # both are taken as they lie in memory
    return _lossy(picture, Image.frombuffer(mode, size, pixels(picture), "raw", mode, 0, 1))


def encoded(picture: Picture, image: Image.Image) -> bytes:
    """An image, RGB or RGBA, as a file of the picture's format, with `describe` in its metadata."""
    if picture.partial is not None:
        image = _coarse(image, picture)
    if picture.is_transparent and image.mode == "RGB":
        image.putalpha(_corners(image.size))
    match picture.format:
        case "PNG":
            return _png(picture, image)
        case "GIF":
            return _moving(picture, image)
        case "SVG":
            return _svg(picture, image)
        case _:
            return _lossy(picture, image)


def _png(picture: Picture, image: Image.Image) -> bytes:
    info = PngInfo()
    info.add_itxt(KEYWORD, told(picture))
    # Strategy 3 looks for runs only: the fastest, and smaller than level 1 otherwise is.
    return _saved(image, "PNG", compress_level=1, compress_type=3, pnginfo=info)


def _lossy(picture: Picture, image: Image.Image) -> bytes:
    quality = dict(picture.options).get("output_compression", 100)
    if picture.format == "JPEG":
        opaque = flattened(image) if image.mode == "RGBA" else image
        return _saved(opaque, "JPEG", quality=quality, exif=exif(told(picture)))
    # Method 0 takes a third of the time.
    return _saved(image, "WEBP", quality=quality, method=0, exif=exif(told(picture)))


def _saved(image: Image.Image, form: str, **how: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **how)
    return file.getvalue()


# GIF


def _drawn_frames(picture: Picture, size: tuple[int, int]) -> bytes:
    colours, pages = numbered(picture)
    clear = [number for number, colour in enumerate(colours) if colour[3:] and colour[3] < HALF]
    # All that is clear is one colour.
    table = bytes([clear[0] if number in clear else number for number in range(256)])
    frames = []
    for rows in pages:
        frames.append(Image.frombytes("P", size, joined(rows).translate(table)))
        frames[-1].putpalette(b"".join([colour[:3] for colour in colours]))
    return _gif(picture, frames, clear[0] if clear else None)


def _moving(picture: Picture, image: Image.Image) -> bytes:
    """A GIF of an image, with a line at its foot that grows from frame to frame."""
    light, dark, clear = 253, 254, 255
    page = image.convert("RGB").quantize(light)
    colours = (page.getpalette() or [])[: 3 * light]
    page.putpalette([*colours, *[0] * (3 * light - len(colours)), *[255] * 3, *[0] * 6])
    if image.mode == "RGBA":
        page.paste(clear, mask=image.getchannel("A").point([255] * HALF + [0] * (256 - HALF)))
    width, height = image.size
    top, frames = height - max(1, height // 128), []
    for frame in range(picture.frames):
        frames.append(page.copy())
        # Light and dark in all frames, or two might be the same picture.
        frames[-1].paste(dark, (0, top, width, height))
        frames[-1].paste(light, (0, top, width * (frame + 1) // picture.frames, height))
    return _gif(picture, frames, clear if image.mode == "RGBA" else None)


def _gif(picture: Picture, frames: Sequence[Image.Image], clear: int | None) -> bytes:
    """Frames with the same palette, each another picture: equal ones would be joined."""
    shown = int(dict(picture.options).get("frame_duration_ms") or 0)
    how: dict[str, Any] = {"comment": ascii_text(told(picture)).encode("ascii")}
    if len(frames) > 1:
        shown = min((shown + 5) // 10 * 10, LONGEST)
        how |= {"save_all": True, "append_images": frames[1:], "duration": shown, "loop": 0}
    if clear is not None:
        how |= {"transparency": clear, "disposal": 2}
    return _saved(frames[0], "GIF", optimize=False, **how)


# Of what is no drawing


def _corners(size: tuple[int, int]) -> Image.Image:
    """Alpha for an image that has nothing clear of its own: its corners are cut."""
    alpha, step = Image.new("L", size, 255), max(1, min(size) // 32)
    for reach in (1, 2):
        alpha.paste(0, (0, 0, reach * step, (3 - reach) * step))
    for turn in (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM):
        alpha = ImageChops.darker(alpha, alpha.transpose(turn))
    return alpha


#: Colours of an SVG, and pixels along its shorter side.
COLOURS, FINE = 24, 256


def _svg(picture: Picture, image: Image.Image) -> bytes:
    """Shapes of few colours; clear where an image is clear by half and more."""
    small = image.reduce(max(1, min(image.size) // FINE))
    page = small.convert("RGB").quantize(COLOURS)
    colours = [bytes(c) for c in zip(*[iter(page.getpalette() or [])] * 3, strict=True)]
    colours = [*colours[:COLOURS], *[bytes(3)] * (COLOURS - len(colours)), bytes(4)]
    if image.mode == "RGBA":
        page.paste(COLOURS, mask=small.getchannel("A").point([255] * HALF + [0] * (256 - HALF)))
    numbers, width = page.resize(image.size, NEAREST).tobytes(), image.width
    rows = [([(numbers[at : at + width], b"")], 1) for at in range(0, len(numbers), width)]
    return svg(*image.size, colours, rows, picture.prompt, told(picture))


def _coarse(image: Image.Image, picture: Picture) -> Image.Image:
    """The image in blocks that shrink with each partial picture, marked as one."""
    number = picture.partial or 0
    block = max(2, min(image.size) // (16 << number))
    blocks = image.reduce(block).resize([-(-side // block) * block for side in image.size], NEAREST)
    result = blocks.crop((0, 0, *image.size))
    rows, palette = plate(picture)
    mark = Image.frombytes("P", (len(rows[0]), len(rows)), b"".join(rows))
    mark.putpalette(palette)
    dot = max(1, min(image.size) // 128)
    mark = mark.convert(image.mode).resize((mark.width * dot, mark.height * dot), NEAREST)
    result.paste(mark, ((image.width - mark.width) // 2, (image.height - mark.height) // 2))
    return result

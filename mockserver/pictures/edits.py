"""Makes pictures from uploads with Pillow: edits and variations. Asks no limits, keeps no bytes.

Pure functions, to be run in a worker thread. The same pixels and the same `Picture` give the same
pixels on every machine: nothing here is computed in floating point, but for Pillow's own `resize`,
and no text is set but with the bitmap glyphs of `drawing`.
"""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageChops

from mockserver.core.picture import Picture
from mockserver.pictures.decoding import decoded, kept_by_address, pixels_digest
from mockserver.pictures.formats import encoded
from mockserver.pictures.placeholder import placeholder, printed
from mockserver.pictures.pure.landscape import Palette, mixed
from mockserver.pictures.several import flattened, has_no_mask, lower_part, small_square
from mockserver.pictures.strips import in_strips

Size = tuple[int, int]

LANCZOS, NEAREST = Image.Resampling.LANCZOS, Image.Resampling.NEAREST


# Edits


def edited(
    picture: Picture, image: bytes, mask: bytes | None, others: Sequence[bytes] = ()
) -> bytes:
    """The upload with a placeholder where the mask, or without one the image, has alpha 0.

    A file of the picture's format and size. All other pixels are the upload's own. A model that
    edits without a mask has the placeholder below the upload. The others lie on the placeholder.
    """
    size = (picture.width, picture.height)
    if has_no_mask(picture.options):
        upload, hole = _cover(flattened(decoded(image)), size, None), lower_part(size)
    else:
        upload, hole = _with_hole(image, mask, size)
    result, box = upload.copy(), hole.getbbox()
    if box:
        copies = [*map(_copy, others)]
        result.paste(_filled(picture, upload.crop(box), hole.crop(box), copies), box[:2])
    return encoded(picture, result)


@kept_by_address(32)
def _copy(file: bytes) -> Image.Image:
    return small_square(decoded(file))


@kept_by_address(2)
def _with_hole(image: bytes, mask: bytes | None, size: Size) -> tuple[Image.Image, Image.Image]:
    """The upload in RGB and its hole, both of the size; the same for all pictures of a request."""
    source = decoded(image)
    hole = _hole(source if mask is None else decoded(mask))
    upload = _cover(source.convert("RGB"), size, hole if mask is None else None)
    return upload, hole.resize(size, NEAREST, _middle(hole.size, size))


def _hole(shape: Image.Image) -> Image.Image:
    """255 where a mask asks for something new, else 0."""
    if shape.mode == "L":  # assumed: black is what is edited
        return shape.point([255] + [0] * 255)
    if shape.mode == "RGB":
        return Image.new("L", shape.size)
    return shape.getchannel("A").point([255] + [0] * 255)


def _cover(image: Image.Image, size: Size, hole: Image.Image | None) -> Image.Image:
    """An RGB image scaled to cover the size. What lies in its hole taints no pixel outside."""
    if image.size == size:
        return image
    if hole and hole.getextrema() == (0, 255):
        image = _healed(image, hole, -(-image.width // size[0]))
    return _scaled(image, size)


def _scaled(image: Image.Image, size: Size) -> Image.Image:
    """The middle of an image, scaled across and then down.

    In one step, the order depends on Pillow's version: 13 may begin with the other direction.
    """
    left, top, right, bottom = _middle(image.size, size)
    image = image.resize((size[0], image.height), LANCZOS, (left, 0, right, image.height))
    return image.resize(size, LANCZOS, (0, top, size[0], bottom))


def _healed(image: Image.Image, hole: Image.Image, shrinks: int) -> Image.Image:
    """An RGB image whose hole is grown over from its edge, as far as scaling looks into it."""
    whole = in_strips(_without, image, hole)
    for step in (1, 2, 4, 8)[: 2 if shrinks <= 1 else 4]:  # 3 or 15 pixels in all
        for x, y in ((step, 0), (-step, 0), (0, step), (0, -step)):
            moved = whole.crop((x, y, x + whole.width, y + whole.height))
            whole = in_strips(Image.alpha_composite, moved, whole)
    return whole.convert("RGB")


def _without(image: Image.Image, hole: Image.Image) -> Image.Image:
    """An RGB image that is clear in its hole."""
    return Image.merge("RGBA", (*image.split(), ImageChops.invert(hole)))


def _middle(own: Size, size: Size) -> tuple[float, float, float, float]:
    """The largest middle part of an image that has the proportions of `size`."""
    (width, height), (wide, high) = own, size
    cut, low = min(width, height * wide / high), min(height, width * high / wide)
    return (width - cut) / 2, (height - low) / 2, (width + cut) / 2, (height + low) / 2


def _filled(
    picture: Picture, upload: Image.Image, hole: Image.Image, copies: Sequence[Image.Image]
) -> Image.Image:
    """A part of the upload with a placeholder in its hole."""
    drawn = placeholder(picture, hole, copies)
    result = Image.composite(drawn, upload, hole)
    if ImageChops.difference(result, upload).getbbox():
        return result
    return Image.composite(ImageChops.invert(upload), upload, hole)  # it showed just that before


# Variations


def varied(picture: Picture, image: bytes) -> bytes:
    """The upload in other colours, with a strip of small print, in the format asked for."""
    upload, alpha, number = _scaled_upload(image, (picture.width, picture.height))
    palette = _tones(number + picture.place)
    paper = Image.new("RGB", upload.size, tuple(palette.paper))
    result = _recoloured(picture, palette, Image.composite(upload, paper, alpha))
    if min(result.size) >= 64:
        strip = printed(picture._replace(prompt=""), palette, *result.size)
        result.paste(strip, (0, result.height - strip.height))
    return encoded(picture, result)


@kept_by_address(2)
def _scaled_upload(image: bytes, size: Size) -> tuple[Image.Image, Image.Image, int]:
    """The upload in RGB and its alpha, both scaled to cover the size, and a number from its pixels.

    They are the same for all pictures of a request.
    """
    source = decoded(image)
    number = pixels_digest(source)[0]
    if "A" not in source.getbands():
        return _cover(source.convert("RGB"), size, None), Image.new("L", size, 255), number
    # Scaled apart, for Pillow weights colours by alpha, which leaves little of the clear ones.
    upload = _cover(source.convert("RGB"), size, _hole(source))
    return upload, _scaled(source.getchannel("A"), size), number


def _tones(number: int) -> Palette:
    """Colours that no other of ten numbers in a row has."""
    dark, middle, light = map(bytes.fromhex, TONES[number % len(TONES)].split())
    return Palette((middle, light), light, (middle, dark), middle, light, dark)


#: From dark to light; neighbours are far apart in hue.
TONES = (
    "0f4a58 1f9e95 c6f3dc",
    "5a2f10 e08a1e ffe3a3",
    "351e66 8a55d6 e2c9ff",
    "1f4a22 5aa13c e3f2a0",
    "5e1238 e0457b ffc9c6",
    "123063 2f74d6 bfe4ff",
    "5c2014 c9482b ffd09a",
    "0c4456 19b5c8 f7eaa6",
    "4a1258 c33cc0 ffd3b0",
    "484014 a89a24 f4f2ae",
)
#: Orders of the colour channels that are not their own.
TURNS = ((0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))
#: How much is left of the colours when the palette's are laid over them, of 255.
LEFT = 80


def _recoloured(picture: Picture, palette: Palette, source: Image.Image) -> Image.Image:
    """The same lights and shades in the palette's colours, mixed with the own ones turned."""
    channels = source.split()
    turn = TURNS[picture.digest[0] % len(TURNS)]
    turned = Image.merge("RGB", [channels[at] for at in turn])
    grey = source.convert("L")
    toned = Image.merge("RGB", (grey,) * 3).point(_ramps(palette))
    result = Image.composite(turned, toned, Image.new("L", source.size, LEFT))
    if ImageChops.difference(result, source).getbbox():
        return result
    return ImageChops.invert(source)


def _ramps(palette: Palette) -> list[int]:
    """For each channel the value at each lightness: from the darkest colour to the lightest."""
    middle, dark = palette.land
    ramp = [mixed(dark, middle, step, 128) for step in range(128)]
    ramp += [mixed(middle, palette.light, step, 127) for step in range(128)]
    return [colour[channel] for channel in range(3) for colour in ramp]

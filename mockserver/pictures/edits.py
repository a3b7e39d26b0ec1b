"""Makes pictures from uploads with Pillow: edits and variations. Asks no limits, keeps no bytes.

Pure functions, to be run in a worker thread. The same pixels and the same `Picture` give the same
pixels on every machine: nothing here is computed in floating point, but for Pillow's own `resize`,
and no text is set but with the bitmap glyphs of `drawing`.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import sha256

from PIL import Image, ImageChops

from mockserver.core.picture import Picture
from mockserver.core.uploads import header
from mockserver.pictures.formats import encoded
from mockserver.pictures.placeholder import placeholder, printed
from mockserver.pictures.pure.landscape import Palette, mixed
from mockserver.pictures.pure.png import SIGNATURE
from mockserver.pictures.several import flattened, has_no_mask, lower_part, small_square

Size = tuple[int, int]

LANCZOS, NEAREST = Image.Resampling.LANCZOS, Image.Resampling.NEAREST


class Unreadable(Exception):
    """An upload is not a whole PNG file."""


# Uploads

#: All that makes pixels. The rest (profiles, animations, texts) is kept from Pillow.
OF_PIXELS = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"))
COMPRESSED_TEXT = frozenset((b"zTXt", b"iCCP", b"iTXt"))
#: Bytes that one chunk of text or profile may have once inflated, as Pillow's MAX_TEXT_CHUNK.
TEXT_CHUNK = 1 << 20
#: Bytes of a file's texts and profiles together, as Pillow's MAX_TEXT_MEMORY (which knows no
#: profiles). What is not deflated is bounded by the file itself, but counts.
TEXTS = 64 << 20
#: Rows that are hashed at once.
STRIP = 64


def decoded(data: bytes) -> Image.Image:
    """The first frame of a PNG, JPEG or WebP, 8 bits a channel: RGBA, RGB, LA or L.

    Of 16 bits the upper 8 are taken. Raises Unreadable if any part of a PNG is damaged, or what
    Pillow needs of another.
    """
    is_png = not data.startswith(_OTHERS)
    pixels, depth = _chunks_of_pixels(data) if is_png else (data, 8)
    try:
        image: Image.Image = Image.open(io.BytesIO(pixels), formats=["PNG", "JPEG", "WEBP"])
        _check_size(image, data)
        image.load()
        image = _in_8_bits(image, depth) if is_png else _of_few_modes(image)
    except Exception as broken:  # Pillow answers broken files with a dozen types of exception
        raise Unreadable(str(broken)) from broken
    image.info.clear()
    return image


_OTHERS = (b"\xff\xd8\xff", b"RIFF")


def _check_size(image: Image.Image, data: bytes) -> None:
    """Refuse a file of another size than that by which it was let in: it may be huge."""
    found = header(data)
    if found and image.size != (found.width, found.height):
        raise Unreadable("two sizes")


def _of_few_modes(image: Image.Image) -> Image.Image:
    return image if image.mode in ("RGBA", "RGB", "L") else image.convert("RGB")


def pixels_digest(image: Image.Image) -> bytes:
    """32 bytes that follow from size and pixels alone, however they were encoded."""
    whole = sha256(struct.pack(">II", *image.size))
    for top in range(0, image.height, STRIP):  # strip by strip: a copy of a whole can be large
        strip = image.crop((0, top, image.width, min(top + STRIP, image.height)))
        whole.update(strip.convert("RGBA").tobytes())
    return whole.digest()


def _chunks_of_pixels(data: bytes) -> tuple[bytes, int]:
    """The file without what adds nothing to its pixels, and its bits a channel.

    Pillow neither sees what it would warn of nor inflates what it would throw away.
    """
    kept, room = [SIGNATURE], TEXTS
    for kind, start, end in _chunks(data):
        if kind == b"IHDR" and len(kept) > 1:
            raise Unreadable("two headers")  # only the first was checked; Pillow goes by the last
        if kind in OF_PIXELS:
            kept.append(data[start:end])
        elif kind in COMPRESSED_TEXT or kind == b"tEXt":
            size, is_deflated = _text_size(kind, data[start + 8 : end - 4])
            room -= size
            if room < 0 or (is_deflated and size > TEXT_CHUNK):
                raise Unreadable("too much text")
    pixels = b"".join(kept)
    if pixels[12:16] != b"IHDR" or len(pixels) < 33:
        raise Unreadable("no header")
    return pixels, pixels[24]


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each chunk, to the last; Pillow itself checks not all of them."""
    if not data.startswith(SIGNATURE):
        raise Unreadable("not a PNG file")
    at, kind = len(SIGNATURE), b""
    view = memoryview(data)
    while kind != b"IEND":
        kind = data[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data) or zlib.crc32(view[at + 4 : end - 4]) != _number(data, end - 4):
            raise Unreadable("a chunk is damaged")
        yield kind, at, end
        at = end


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")


def _text_size(kind: bytes, body: bytes) -> tuple[int, bool]:
    """Bytes of a text as it would be read, and whether it is deflated; none is inflated much."""
    after = body.partition(b"\0")[2]  # the keyword
    if kind == b"iTXt" and after[:1] == b"\1":
        after = after[2:].partition(b"\0")[2].partition(b"\0")[2]  # language, keyword in it
    elif kind in (b"iTXt", b"tEXt"):
        return len(body), False
    else:
        after = after[1:]  # the method
    try:
        return len(zlib.decompressobj().decompress(after, TEXT_CHUNK + 1)), True
    except zlib.error:
        return len(body), False


def _in_8_bits(image: Image.Image, depth: int) -> Image.Image:
    """Any of PNG's kinds of pixels as RGBA, RGB, LA or L."""
    key = image.info.get("transparency")  # a colour that is transparent, or a palette's alphas
    match image.mode:
        case "P":
            return image.convert("RGB" if key is None else "RGBA")
        case "1":
            return _keyed(image.convert("L"), None if key is None else (key and 255,))
        case "L":
            return _keyed(image, None if key is None else (key * 255 // ((1 << depth) - 1),))
        case "RGB":
            # Pillow has dropped the lower bits of 16; so they are not asked of the key either.
            return _keyed(image, key and tuple(value >> depth - 8 for value in key))
        case "I;16":
            return _upper_8(image, key)
    return image


def _upper_8(image: Image.Image, key: int | None) -> Image.Image:
    """16-bit grey. Pillow's own conversion clips it in some versions, and shifts it in others."""
    raw = image.tobytes()
    upper, lower = (Image.frombytes("L", image.size, raw[part::2]) for part in (1, 0))
    if key is None:
        return upper
    alpha = ImageChops.lighter(_unlike(upper, key >> 8), _unlike(lower, key & 255))
    return Image.merge("LA", (upper, alpha))


def _keyed(image: Image.Image, key: tuple[int, ...] | None) -> Image.Image:
    """The image with an alpha channel that is 0 where all channels are those of the key."""
    if key is None:
        return image
    channels = image.split()
    alpha = Image.new("L", image.size)
    for channel, value in zip(channels, key, strict=True):
        alpha = ImageChops.lighter(alpha, _unlike(channel, value))
    return Image.merge(image.mode + "A", (*channels, alpha))


def _unlike(channel: Image.Image, value: int) -> Image.Image:
    """255 where a channel has another value, else 0."""
    return channel.point([255 * (other != value) for other in range(256)])


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


@lru_cache(maxsize=32)
def _copy(file: bytes) -> Image.Image:
    return small_square(decoded(file))


@lru_cache(maxsize=2)
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
    whole = Image.merge("RGBA", (*image.split(), ImageChops.invert(hole)))
    for step in (1, 2, 4, 8)[: 2 if shrinks <= 1 else 4]:  # 3 or 15 pixels in all
        for x, y in ((step, 0), (-step, 0), (0, step), (0, -step)):
            moved = whole.crop((x, y, x + whole.width, y + whole.height))
            whole = Image.alpha_composite(moved, whole)
    return whole.convert("RGB")


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


@lru_cache(maxsize=2)
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

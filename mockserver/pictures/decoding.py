"""Decodes uploads with Pillow, within bounds of its work and its memory. Draws nothing.

What a file makes Pillow inflate, join or go over is bounded before Pillow sees it.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial, wraps
from hashlib import sha256
from typing import ParamSpec, TypeVar

from PIL import Image, ImageChops

from mockserver.core.pieces import find
from mockserver.core.planning import address
from mockserver.core.uploads import FRAMES, header, segments
from mockserver.pictures.pure.png import SIGNATURE
from mockserver.pictures.strips import in_strips

T = TypeVar("T")
P = ParamSpec("P")


class Unreadable(Exception):
    """An upload is not a whole PNG file."""


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


#: Chunks of a file, each of which takes microseconds, and memory in libwebp.
CHUNKS = 1 << 14
#: Scans of a JPEG: each takes as long as all of its pixels. Encoders make some ten.
SCANS = 64
#: Markers of all that makes a JPEG's pixels, before the first scan.
OF_JPEG = frozenset((*FRAMES, 0xC4, 0xCC, 0xDB, 0xDD, 0xE0, 0xEE))
SCAN = 0xDA


def decoded(data: bytes) -> Image.Image:
    """The first frame of a PNG, JPEG or WebP, 8 bits a channel: RGBA, RGB, LA or L.

    Of 16 bits the upper 8 are taken. Raises Unreadable if any part of a PNG is damaged, or what
    Pillow needs of another; or if it would take Pillow long although it is small.
    """
    is_png, depth = False, 8
    if data.startswith(b"\xff\xd8\xff"):
        pixels = _segments_of_pixels(data)
    elif data.startswith(b"RIFF"):
        pixels = _checked_webp(data)
    else:
        is_png, (pixels, depth) = True, _chunks_of_pixels(data)
    try:
        image: Image.Image = Image.open(pixels, formats=["PNG", "JPEG", "WEBP"])
        _check_size(image, data)
        image.load()
        image = in_strips(partial(_in_8_bits, depth), image) if is_png else _of_few_modes(image)
    except Exception as broken:  # Pillow answers broken files with a dozen types of exception
        raise Unreadable(str(broken)) from broken
    image.info.clear()
    return image


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


def _chunks_of_pixels(data: bytes) -> tuple[io.BytesIO, int]:
    """The file without what adds nothing to its pixels, and its bits a channel.

    Pillow neither sees what it would warn of nor inflates what it would throw away.
    """
    view, kept, room, headers = memoryview(data), io.BytesIO(SIGNATURE), TEXTS, 0
    kept.seek(0, io.SEEK_END)
    for kind, start, end in _chunks(data):
        if kind == b"IHDR":
            headers += 1
        if headers != 1:  # only the first was checked; Pillow goes by the last
            raise Unreadable("two headers, or none")
        if kind in OF_PIXELS:
            kept.write(view[start:end])
        elif kind in COMPRESSED_TEXT or kind == b"tEXt":
            size, is_deflated = _text_size(kind, data[start + 8 : end - 4])
            room -= size
            if room < 0 or (is_deflated and size > TEXT_CHUNK):
                raise Unreadable("too much text")
    return _begun(kept), data[24]


def _begun(file: io.BytesIO) -> io.BytesIO:
    file.seek(0)
    return file


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each chunk, to the last; Pillow itself checks not all of them."""
    if not data.startswith(SIGNATURE) or len(data) < 33:
        raise Unreadable("not a PNG file")
    at, view = len(SIGNATURE), memoryview(data)
    for _ in range(CHUNKS):
        kind = data[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data) or zlib.crc32(view[at + 4 : end - 4]) != _number(data, end - 4):
            raise Unreadable("a chunk is damaged")
        yield kind, at, end
        if kind == b"IEND":
            return
        at = end
    raise Unreadable("too many chunks")


def _segments_of_pixels(data: bytes) -> io.BytesIO:
    """A JPEG without its profiles, previews and notes, of which Pillow joins each kind."""
    view, kept = memoryview(data), io.BytesIO(b"\xff\xd8")
    kept.seek(0, io.SEEK_END)
    for marker, start, end in segments(data):
        if marker == SCAN:
            if not _has_few_scans(data, start):
                raise Unreadable("too many scans")
            kept.write(view[start:])
            return _begun(kept)
        if marker in OF_JPEG:
            kept.write(view[start:end])
    raise Unreadable("no pixels")


def _has_few_scans(data: bytes, at: int) -> bool:
    """Whether a progressive JPEG goes not too often over its pixels."""
    for _ in range(SCANS):
        at = find(data, b"\xff\xda", at + 1)
        if at < 0:
            return True
    return False


def _checked_webp(data: bytes) -> io.BytesIO:
    """A WebP of not too many chunks, each of which libwebp keeps apart."""
    at = 12
    for _ in range(CHUNKS):
        if at >= len(data):
            return io.BytesIO(data)
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    raise Unreadable("too many chunks")


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


def _in_8_bits(depth: int, image: Image.Image) -> Image.Image:
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


def kept_by_address(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Keeps as many results of a function as `functools.lru_cache`, but no file that it was given.

    Two threads that ask for the same at once may both work.
    """

    def keeping(make: Callable[P, T]) -> Callable[P, T]:
        kept: OrderedDict[tuple[object, ...], T] = OrderedDict()

        @wraps(make)
        def made(*given: P.args, **named: P.kwargs) -> T:
            key = tuple([address(one) if isinstance(one, bytes) else one for one in given])
            found = kept.pop(key, None)
            kept[key] = found = make(*given, **named) if found is None else found
            while len(kept) > most:
                kept.popitem(last=False)
            return found

        return made

    return keeping

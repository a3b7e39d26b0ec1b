"""Check uploaded pictures by their first bytes, before anything is decoded. Needs no Pillow."""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.core.errors import ApiError, Reason
from mockserver.facts import UploadRules

FILES = ("image", "images", "mask", "markup")  # fields of files, or of what refers to them
START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_BITS = (1, 2, 4, 8, 16)
SEGMENTS = 1024  # that are looked at before a file's pixels: millions of empty ones take seconds
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers of a JPEG's frames
GREY_16 = "I;16"


class Part(NamedTuple):
    """One field of a multipart body."""

    data: bytes
    type: str = ""  # its content type, in lower case and without options; "" if it names none
    is_file: bool = True  # it names a file, or a type that is no text
    is_list: bool = False  # its name ended in brackets
    repeated: bool = False  # more parts have this very name
    more: int = 0  # further parts of the name, in a list or not
    others: tuple["Part", ...] = ()  # those in a list
    name: bytes = b""  # of the file, as it was sent

    @property
    def filename(self) -> str:
        """The name of the file, whose bytes are mostly UTF-8."""
        return self.name.decode("utf-8", "replace")

    @property
    def all(self) -> "tuple[Part, ...]":
        """The part, and the others of its list."""
        return (self, *self.others)


class Fields(dict[str, Any]):
    """A body's fields by name, and sentences on what of it does not count and what was meant."""

    def __init__(
        self,
        fields: Mapping[str, Any] | None = None,
        *,
        ignored: Iterable[str] = (),
        hints: Iterable[str] = (),
    ) -> None:
        super().__init__(fields or {})
        self.ignored = list(ignored)
        self.hints = list(hints)


class Form(Fields):
    """The fields of a form, each a `Part`."""


class Header(NamedTuple):
    """What a picture's file says of itself before its pixels."""

    width: int  # pixels
    height: int  # pixels
    mode: str  # as today's Pillow names it
    format: str = "PNG"  # likewise
    is_keyed: bool = False  # a PNG names colours that are clear, in a palette or not

    @property
    def has_alpha(self) -> bool:
        """Whether it can say of some pixels that they are clear."""
        return self.is_keyed or self.mode.endswith("A")


def header(data: bytes) -> Header | None:
    """The header of a PNG, a JPEG, a WebP or a GIF; None if `data` is none of them."""
    read = next((read for start, read in _READERS if data.startswith(start)), None)
    try:
        found = read(data) if read else None
    except (struct.error, IndexError):  # it ends in its header
        return None
    return found if found and found.width and found.height else None


def _png(data: bytes) -> Header | None:
    width, height, bits, colour = struct.unpack_from(">IIBB", data, len(START))
    mode = _mode(bits, colour)
    return Header(width, height, mode, is_keyed=_is_keyed(data)) if mode else None


def _is_keyed(data: bytes) -> bool:
    """Whether there is a tRNS chunk before the pixels, as optimised masks have it."""
    at = 33  # after the header's chunk
    for _ in range(SEGMENTS):
        kind = data[at + 4 : at + 8]
        if kind in (b"", b"IDAT", b"tRNS"):
            return kind == b"tRNS"
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return False


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of a JPEG's segments: as many as are looked at, to its first scan."""
    at = 2
    for _ in range(SEGMENTS):
        if at + 4 > len(data) or data[at] != 0xFF:
            return
        marker, length = struct.unpack_from(">BH", data, at + 1)
        if marker == 0xFF:  # a byte that fills up
            at += 1
            continue
        yield marker, at, at + 2 + length
        if marker == 0xDA:
            return
        at += 2 + length


def _jpeg(data: bytes) -> Header | None:
    """The frame of a JPEG: the segments before it are passed over by their lengths."""
    for marker, start, _ in segments(data):
        if marker in FRAMES:
            height, width, channels = struct.unpack_from(">HHB", data, start + 5)
            return Header(width, height, {1: "L", 4: "CMYK"}.get(channels, "RGB"), "JPEG")
    return None


def _webp(data: bytes) -> Header | None:
    """The first chunk of a WebP, of its three kinds: lossy, lossless, extended."""
    match data[8:16]:
        case b"WEBPVP8 ":
            width, height = struct.unpack_from("<HH", data, 26)
            return Header(width & 0x3FFF, height & 0x3FFF, "RGB", "WEBP")
        case b"WEBPVP8L":
            (bits,) = struct.unpack_from("<I", data, 21)
            mode = "RGBA" if bits >> 28 & 1 else "RGB"
            return Header((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, mode, "WEBP")
        case b"WEBPVP8X":
            width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
            return Header(width, height, "RGBA" if data[20] & 0x10 else "RGB", "WEBP")
        case _:
            return None


def _gif(data: bytes) -> Header:
    """The canvas of a GIF."""
    width, height = struct.unpack_from("<HH", data, 6)
    return Header(width, height, "P", "GIF")


_READERS = (
    *((START, _png), (b"\xff\xd8\xff", _jpeg), (b"RIFF", _webp)),
    *((b"GIF87a", _gif), (b"GIF89a", _gif)),
)


def _mode(bits: int, colour: int) -> str | None:
    match colour:
        case 0 if bits in _BITS:
            return {1: "1", 16: GREY_16}.get(bits, "L")
        case 3 if bits in (1, 2, 4, 8):
            return "P"
        case 4 if bits == 8:
            return "LA"
        case 2 if bits in (8, 16):
            return "RGB"
        case 4 | 6 if bits in (8, 16):
            return "RGBA"
        case _:
            return None


def check_uploads(rules: UploadRules, image: bytes, mask: bytes | None) -> None:
    """Hold an image, and its mask if there is one, to the rules of a model.

    Raises:
        ApiError: the first of them that is broken. (The order was not observed: assumed.)
    """
    found = _checked(rules, image)
    modes = rules.image_modes if mask is None else rules.image_modes_with_mask
    if found.mode not in modes:
        mode = _named(rules, found.mode)
        raise ApiError(Reason.IMAGE_MODE, param="image", allowed=list(modes), mode=mode)
    if found.width != found.height:
        raise ApiError(Reason.NOT_SQUARE, param="image", width=found.width, height=found.height)
    if mask is not None:
        _check_mask(rules, _checked(rules, mask), found)


def check_pictures(
    rules: UploadRules, images: Sequence[bytes], mask: bytes | None, params: Sequence[str] = ()
) -> None:
    """Hold the pictures of an edit, and the mask on the first, to the rules of a GPT image model.

    Args:
        rules: those of a model that takes several formats.
        images: the files, the first of them under the mask.
        mask: a PNG with an alpha channel or clear colours.
        params: where a JSON body refers to each; none where they came in a form.

    Raises:
        ApiError: the first rule that is broken. (The order was not observed: assumed.)
    """
    headers = [header(image) for image in images]
    for number, (image, found) in enumerate(zip(images, headers, strict=True)):
        if not found or found.format not in rules.formats or not _fits(rules, image, found):
            raise unreadable(rules, number, params)
    if mask is not None and headers[0]:
        _check_alpha_mask(rules, mask, headers[0])


def unreadable(
    rules: UploadRules | None, number: int | None, params: Sequence[str] = ()
) -> ApiError:
    """The refusal of a picture that can't be decoded, by its place from 0; None is the mask's."""
    if not rules or not rules.formats:
        return ApiError(Reason.NOT_A_PNG)
    if number is None:
        return ApiError(Reason.MASK_FORMAT)
    if params:
        return ApiError(Reason.IMAGE_DATA, param=params[number])
    return ApiError(Reason.IMAGE_FILE, number=number + 1)


def _fits(rules: UploadRules, data: bytes, found: Header) -> bool:
    return len(data) < rules.bytes_max and max(found.width, found.height) <= rules.side_max


def _check_alpha_mask(rules: UploadRules, mask: bytes, image: Header) -> None:
    found = header(mask)
    if found is None or len(mask) >= rules.mask_bytes_max:
        raise ApiError(Reason.MASK_FORMAT)
    if not found.has_alpha:
        raise ApiError(Reason.MASK_MODE, param="mask", allowed=[], mode=found.mode)
    if found.format != "PNG":
        raise ApiError(Reason.MASK_FORMAT)
    _check_mask_size(found, image)


def _named(rules: UploadRules, mode: str) -> str:
    """A mode as the API's own Pillow named it."""
    return rules.grey_16 if mode == GREY_16 else mode


def _checked(rules: UploadRules, data: bytes) -> Header:
    found = header(data)
    # A longer side would cost memory to decode.
    if found is None or found.format != "PNG" or not _fits(rules, data, found):
        raise ApiError(Reason.NOT_A_PNG)
    return found


def _check_mask(rules: UploadRules, mask: Header, image: Header) -> None:
    if mask.mode not in rules.mask_modes:
        allowed = list(rules.mask_modes)
        mode = _named(rules, mask.mode)
        raise ApiError(Reason.MASK_MODE, param="mask", allowed=allowed, mode=mode)
    _check_mask_size(mask, image)


def _check_mask_size(mask: Header, image: Header) -> None:
    if (mask.width, mask.height) != (image.width, image.height):
        raise ApiError(
            Reason.MASK_SIZE,
            param="mask",
            width=mask.width,
            height=mask.height,
            expected=f"{image.width}x{image.height}",
        )

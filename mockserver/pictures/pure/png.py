"""Writes PNG files of flat colours, and reads the text in them. Knows no picture and no font.

A picture is rows of coloured strips, each row with the number of times it is drawn. It is
compressed by a Huffman code of our own (RFC 1951, 3.2.7) in which all that is written fills whole
bytes: so a strip has its code wherever it will stand, and a picture's is a matter of joining them.
There is one kind of match, a pixel back: a colour goes on. A row is repeated by the filter that
adds the row above to it, as a run of zeros. So the bytes depend on no compressor's version.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Largest width and height that can be written, in pixels.
LIMIT = 1 << 15

#: Bytes a pixel, and PNG's name for it: 8 bits each of red, green and blue. With alpha: 4 and 6.
PIXEL = 3
COLOUR_TYPE = 2
#: A row's first byte: the others are what they are, or what to add to the row above (PNG, 9.2).
FILTER_NONE, FILTER_UP = b"\0", b"\2"

ADLER = 65521
#: Memory for stamps of one kind, and what each, and each of its strips, takes beside its pixels.
ROOM, OVERHEAD = 1 << 17, 350

#: Some pixels side by side: their bytes, and the code of those.
Strip = tuple[bytes, bytes]
#: Strips above each other: the bytes of all of them, and the codes.
Stamp = tuple[tuple[bytes, ...], tuple[bytes, ...]]
#: Strips from left to right, which add up to the width, and how many rows are alike.
Row = tuple[Sequence[Strip], int]


def png(
    width: int,
    height: int,
    alphabet: Alphabet,
    rows: Iterable[Row],
    keyword: str = "",
    text: str = "",
) -> bytes:
    """A PNG file of `width` × `height` pixels, 8-bit RGB; `text` goes into it under `keyword`.

    Raises ValueError if the rows do not fill the picture exactly.
    """
    if not (0 < width <= LIMIT and 0 < height <= LIMIT):
        raise ValueError(f"a picture of {width}x{height} pixels cannot be written")
    header = struct.pack(">IIBBBBB", width, height, 8, COLOUR_TYPE, 0, 0, 0)
    chunks = [_chunk(b"IHDR", header)]
    if keyword:
        chunks.append(_chunk(b"iTXt", _text_start(keyword) + text.encode("utf-8")))
    chunks.append(_chunk(b"IDAT", _compressed(width, height, alphabet, rows)))
    chunks.append(_chunk(b"IEND", b""))
    return SIGNATURE + b"".join(chunks)


def read_text(data: bytes, keyword: str) -> str | None:
    """The text under `keyword` in a PNG file; None if there is none, or it is no PNG."""
    start = _text_start(keyword)
    for kind, body in _chunks(data):
        if kind == b"iTXt" and body.startswith(start):
            try:
                return body[len(start) :].decode("utf-8")
            except UnicodeDecodeError:
                return None
    return None


def _text_start(keyword: str) -> bytes:
    """What precedes the text in an iTXt chunk: not compressed, no language, no translation."""
    return keyword.encode("ascii") + b"\0\0\0\0\0"


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(body, zlib.crc32(kind))
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of each whole chunk, up to the first that is damaged."""
    at = len(SIGNATURE)
    while data.startswith(SIGNATURE) and at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        end = at + 12 + length
        kind, body = data[at + 4 : at + 8], data[at + 8 : end - 4]
        if data[at:end] != _chunk(kind, body):
            return
        yield kind, body
        at = end


def _compressed(width: int, height: int, alphabet: Alphabet, rows: Iterable[Row]) -> bytes:
    """The zlib stream (RFC 1950) of all rows."""
    stride = 1 + PIXEL * width
    first = alphabet.coded(FILTER_NONE)
    again = alphabet.coded(FILTER_UP) + alphabet.ink(bytes(PIXEL)).run(width)[1]
    parts, checksum, drawn = [b"\x78\x01", alphabet.header], 1, 0
    for strips, times in rows:
        raw = b"".join([FILTER_NONE, *[pixels for pixels, _ in strips]])
        if len(raw) != stride or times < 1:
            raise ValueError(f"a row of {len(raw) // PIXEL} pixels, drawn {times} times")
        parts += first, *[codes for _, codes in strips], again * (times - 1)
        checksum = _with_copies(zlib.adler32(raw, checksum), stride, times - 1)
        drawn += times
    if drawn != height:
        raise ValueError(f"{drawn} rows for a height of {height}")
    return b"".join([*parts, END, struct.pack(">I", checksum)])


def _with_copies(checksum: int, stride: int, times: int) -> int:
    """Adler-32 (RFC 1950, 8.2) grown by rows of which only the filter, 2, is not zero."""
    a, b = checksum & 0xFFFF, checksum >> 16
    # Each row adds 2 to `a`, and then `a` to `b` with each of its bytes.
    b += stride * times * (a + times + 1)
    return b % ADLER << 16 | (a + 2 * times) % ADLER


# The code: 8 bits for a literal; for a match, with its extra bits and its distance, 8 or 16


LONGEST = 258  # bytes of a match
#: Bits of the symbols from 256 on: the end; lengths with 0, 0, 1, 2, 3, 4, 5 extra bits, four of
#: each; and the longest match.
SYMBOL_BITS = [9, *[7] * 8, *[6] * 4, *[5] * 4, *[4] * 4, *[11] * 4, *[10] * 4, 7]
#: As many literals of 8 bits as fill the code: decompressors refuse one with gaps.
LITERALS = 124
#: Bits of the distances 1 to 3, of which the last is a pixel; the first only fills the code.
DISTANCE_BITS = [1, 0, 1]
PIXEL_BACK = "1"
#: How many bits code a number of bits, to tell the decompressor; these fill their code, too.
NUMBER_BITS = {0: 2, 8: 1} | dict.fromkeys((1, 4, 5, 6, 7, 9, 10, 11), 5)
NUMBERS = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)  # in this order


class Alphabet:
    """The code for pictures of some colours; there is room for 124 different bytes."""

    def __init__(self, colours: Iterable[bytes]) -> None:
        used = set(FILTER_NONE + FILTER_UP).union(*colours)
        if len(used) > LITERALS:
            raise ValueError(f"colours of {len(used)} different bytes")
        others = [value for value in range(256) if value not in used]
        self._values = bytes([*used, *others[: LITERALS - len(used)]])
        bits = [8 * (value in self._values) for value in range(256)] + SYMBOL_BITS
        self._codes = b"".join([_packed(code or "0" * 8) for code in _huffman(bits)[:256]])
        self.header = _packed(_header(bits + DISTANCE_BITS))

    def coded(self, literals: bytes) -> bytes:
        """Bytes spelt out."""
        if literals.translate(None, self._values):
            raise ValueError(f"not of this alphabet: {literals!r}")
        return literals.translate(self._codes)

    def ink(self, colour: bytes) -> Ink:
        if len(colour) != PIXEL:
            raise ValueError(f"a pixel of {colour!r}")
        return Ink(colour, self.coded(colour))


class Ink(NamedTuple):
    """A colour and its code."""

    pixel: bytes
    code: bytes

    def run(self, count: int) -> Strip:
        return self.pixel * count, self.code + GOING_ON[count]


class _GoingOn(dict[int, bytes]):
    """Codes of a run but for its first pixel, by its pixels; made when first asked for."""

    def __missing__(self, count: int) -> bytes:
        if count < 1:
            raise ValueError(f"{count} pixels")
        full, rest = divmod(PIXEL * (count - 1), LONGEST)
        self[count] = code = MATCH[LONGEST] * full + MATCH[rest]
        return code


GOING_ON = _GoingOn()


class Dots:
    """Inks by their numbers, to be put side by side in dots of so many pixels."""

    def __init__(self, inks: Sequence[Ink], dot: int) -> None:
        self.inks, self.dot = inks, dot
        self._pixels = [ink.pixel * dot for ink in inks]
        self._codes = [ink.code for ink in inks]

    def strip(self, numbers: bytes) -> Strip:
        pixels, codes, dot = self._pixels, self._codes, self.dot
        # Runs are coded here, not by Ink.run: a picture has a thousand of them.
        runs = RUNS.findall(numbers)
        return (
            b"".join([pixels[run[0]] * len(run) for run in runs]),
            b"".join([codes[run[0]] + GOING_ON[dot * len(run)] for run in runs]),
        )


class Stamps(dict[tuple[bytes, ...], Stamp]):
    """Stamps by the numbers of their dots' inks, row by row; all forgotten in a full room."""

    def __init__(self, inks: Sequence[Ink], dot: int) -> None:
        self.dots = Dots(inks, dot)
        self._strips: dict[bytes, Strip] = {}  # of all stamps, which have many in common
        self._size = 0

    def __missing__(self, rows: tuple[bytes, ...]) -> Stamp:
        strips = [self._strip(numbers) for numbers in rows]
        self._size += OVERHEAD
        if self._size > ROOM:
            self.clear()
            self._strips.clear()
            self._size = 0
        pixels, codes = zip(*strips, strict=True)
        self[rows] = pixels, codes
        return pixels, codes

    def _strip(self, numbers: bytes) -> Strip:
        strip = self._strips.get(numbers)
        if strip is None:
            self._strips[numbers] = strip = self.dots.strip(numbers)
            self._size += len(strip[0]) + OVERHEAD
        return strip


#: Most inks that have numbers: each costs the search for runs some time.
NUMBERED = 25
#: The higher are tried first: pictures have more of them.
NUMERALS = [re.escape(bytes((number,))) for number in reversed(range(NUMBERED))]
#: Runs of one number. `re` passes over `aa*` by its first byte, as it does not over `a+`.
RUNS = re.compile(b"|".join([numeral + numeral + b"*" for numeral in NUMERALS]))


def _header(bits: Sequence[int]) -> str:
    """What begins a last block and tells its code (RFC 1951, 3.2.7): whole bytes, as it happens."""
    codes = _huffman([NUMBER_BITS.get(number, 0) for number in range(12)])
    counts = _low_first(29, 5) + _low_first(2, 5) + _low_first(15, 4)
    numbers = [_low_first(NUMBER_BITS.get(number, 0), 3) for number in NUMBERS]
    return "".join(["101", counts, *numbers, *[codes[number] for number in bits]])


def _huffman(lengths: Sequence[int]) -> list[str]:
    """Codes of symbols of these lengths in bits (RFC 1951, 3.2.2); none where the length is 0."""
    codes, code, last = [""] * len(lengths), 0, 0
    for length, symbol in sorted([(length, at) for at, length in enumerate(lengths) if length]):
        code <<= length - last
        codes[symbol] = format(code, f"0{length}b")
        code, last = code + 1, length
    return codes


def _low_first(value: int, bits: int) -> str:
    """A number other than a code: its lowest bit comes first."""
    return format(value, f"0{bits}b")[::-1] if bits else ""


def _packed(bits: str) -> bytes:
    """Bits in bytes, from the lowest bit on."""
    return int(bits[::-1], 2).to_bytes(-(-len(bits) // 8), "little")


def _matches() -> dict[int, bytes]:
    """Codes of matches a pixel back, by their length of 3 to 258 bytes; of none, nothing."""
    codes, first = {0: b""}, 3
    for step, symbol in enumerate(SYMBOLS[1:-1]):
        bits = max(0, step // 4 - 1)
        for place in range(1 << bits):
            codes[first + place] = _packed(symbol + _low_first(place, bits) + PIXEL_BACK)
        first += 1 << bits
    return codes | {LONGEST: _packed(SYMBOLS[-1] + PIXEL_BACK)}


#: Codes of the symbols from 256 on: the same in every alphabet.
SYMBOLS = _huffman([8] * LITERALS + SYMBOL_BITS)[LITERALS:]
MATCH = _matches()
END = _packed(SYMBOLS[0])

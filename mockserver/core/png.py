"""Writes PNG files of flat colours, and reads the text in them. Knows no picture and no font.

A picture is rows of colour runs, each row with the number of times it is drawn. It is compressed
straight from the runs: fixed Huffman codes (RFC 1951, 3.2.6) and matches at three kinds of
distance only: one pixel back (a run goes on), a whole row back (a row is repeated), and to the
run before the last (a colour comes back, as it does in text). So the bytes depend on no
compressor's version, and the pixels are never laid out, but for one row at a time.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from operator import mul
from typing import TypeVar

#: A row's runs from left to right: the colour of each, as its red, green and blue byte, and its
#: pixels, which add up to the width; then how many rows are alike.
Row = tuple[Sequence[bytes], Sequence[int], int]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Largest width and height that can be written, in pixels.
LIMIT = 1 << 15

#: Bytes a pixel, and PNG's name for it: 8 bits each of red, green and blue. With alpha: 4 and 6.
PIXEL = 3
COLOUR_TYPE = 2
FILTER_NONE = b"\0"

WINDOW = 1 << 15  # how far back DEFLATE can reach, bytes
LONGEST = 258  # bytes of a match
ADLER = 65521
#: Codes kept for runs seen before. A picture has some thousands; the bound is for a server's life.
REMEMBERED = 1 << 14
#: Matches repeated in one step: bounds what is kept of them to some 13 KB each.
AT_ONCE = 4096


def png(width: int, height: int, rows: Iterable[Row], keyword: str = "", text: str = "") -> bytes:
    """A PNG file of `width` × `height` pixels, 8-bit RGB; `text` goes into it under `keyword`.

    Raises ValueError if the rows do not fill the picture exactly.
    """
    if not (0 < width <= LIMIT and 0 < height <= LIMIT):
        raise ValueError(f"a picture of {width}x{height} pixels cannot be written")
    header = struct.pack(">IIBBBBB", width, height, 8, COLOUR_TYPE, 0, 0, 0)
    chunks = [_chunk(b"IHDR", header)]
    if keyword:
        chunks.append(_chunk(b"iTXt", _text_start(keyword) + text.encode("utf-8")))
    chunks += [_chunk(b"IDAT", _compressed(width, height, rows)), _chunk(b"IEND", b"")]
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


def _compressed(width: int, height: int, rows: Iterable[Row]) -> bytes:
    """The zlib stream (RFC 1950) of all rows: one block of fixed Huffman codes."""
    stride = 1 + PIXEL * width
    again = _Again(stride)
    bits, checksum = _Bits(), _Checksum()
    bits.add("110")  # the last block, fixed codes
    drawn = 0
    for colours, counts, times in rows:
        raw = FILTER_NONE + b"".join(map(mul, colours, counts))
        if len(raw) != stride or len(colours) != len(counts) or times < 1:
            raise ValueError(f"a row of {len(raw) // PIXEL} pixels, drawn {times} times")
        code = SYMBOL[0] + _row_code(colours, counts)
        again.draw(bits, code, times)
        checksum.add(raw, times)
        drawn += times
    if drawn != height:
        raise ValueError(f"{drawn} rows for a height of {height}")
    bits.add(SYMBOL[256])  # end of block
    return b"\x78\x01" + bits.done() + checksum.done()


class _Checksum:
    """Adler-32 (RFC 1950, 8.2) of rows, of which a repeated one is added in one step."""

    def __init__(self) -> None:
        self._a, self._b = 1, 0

    def add(self, raw: bytes, times: int) -> None:
        own = zlib.adler32(raw, 0)
        own_a, own_b = own & 0xFFFF, own >> 16
        # Each repetition finds the sum `a` grown by `own_a`: a sum of 0, 1, 2 … times - 1.
        grown = own_a * (times * (times - 1) // 2)
        self._b = (self._b + times * own_b + len(raw) * (times * self._a + grown)) % ADLER
        self._a = (self._a + times * own_a) % ADLER

    def done(self) -> bytes:
        return struct.pack(">I", self._b << 16 | self._a)


class _Bits:
    """Bits, given as strings of "0" and "1", put into bytes from the lowest bit on."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._rest, self._used = 0, 0  # the last byte, if it is not full, and how many bits it has

    def add(self, bits: str) -> None:
        count = self._used + len(bits)
        value = int(bits[::-1], 2) << self._used | self._rest
        self._bytes += value.to_bytes((count >> 3) + 1, "little")
        self._rest, self._used = self._bytes.pop(), count & 7

    def repeat(self, bits: str, times: int) -> None:
        """Add the same bits many times, at a cost that hardly grows with `times`."""
        for part in (*[AT_ONCE] * (times // AT_ONCE), times % AT_ONCE):
            last, more = len(self._bytes), _repeated(bits, part, self._used)
            self._bytes += more
            self._bytes[last] |= self._rest
            self._rest, self._used = self._bytes.pop(), self._used + len(bits) * part & 7

    def done(self) -> bytes:
        return bytes(self._bytes) + bytes((self._rest,)) * (self._used > 0)


@lru_cache(maxsize=256)
def _repeated(bits: str, times: int, used: int) -> bytes:
    """The same bits many times, behind a byte's `used` lowest bits; the last byte is not full."""
    count = used + len(bits) * times
    # Eight times any bits are whole bytes.
    eight = int(bits[::-1] * 8, 2).to_bytes(len(bits), "little")
    value = int.from_bytes(eight * (times // 8 + 1), "little") << used
    return (value & ((1 << count) - 1)).to_bytes((count >> 3) + 1, "little")


class _Again:
    """Repeats rows: by matches at the distance of a row, or by their code if that is too far."""

    def __init__(self, stride: int) -> None:
        self._stride = stride
        self._row_back = _distance_code(stride) if stride <= WINDOW else ""

    def draw(self, bits: _Bits, code: str, times: int) -> None:
        """Add a row's code, for as many rows."""
        if not self._row_back:
            for _ in range(times):
                bits.add(code)
            return
        full, rest = _match_lengths(self._stride * (times - 1))
        ending = "".join([LENGTH[length] + self._row_back for length in rest])
        bits.add(code + ending)
        bits.repeat(LENGTH[LONGEST] + self._row_back, full)


def _row_code(colours: Sequence[bytes], counts: Sequence[int]) -> str:
    """One row's runs, coded."""
    codes = [_RUNS[run] for run in zip(colours[:2], counts[:2], strict=True)]
    triples = zip(counts, counts[1:], counts[2:], strict=False)
    if colours[2:] == colours[:-2] and sum(counts) <= WINDOW // PIXEL:
        return "".join([*codes, *map(_BACK.__getitem__, triples)])  # two colours in turn
    for at, (there, between, count) in enumerate(triples):
        if colours[at] == colours[at + 2] and there + between <= WINDOW // PIXEL:
            codes.append(_BACK[there, between, count])
        else:
            codes.append(_RUNS[colours[at + 2], count])
    return "".join(codes)


Key = TypeVar("Key")


class _RunCodes(dict[tuple[bytes, int], str]):
    """Codes of runs whose colour is spelt out."""

    def __missing__(self, run: tuple[bytes, int]) -> str:
        colour, count = run
        if len(colour) != PIXEL or count < 1:
            raise ValueError(f"{count} pixels of {colour!r}")
        code = "".join([SYMBOL[byte] for byte in colour]) + _going_on(count - 1)
        return _kept(self, run, code)


class _BackCodes(dict[tuple[int, int, int], str]):
    """Codes of runs whose colour is that of the run before the last; keys are the three counts."""

    def __missing__(self, key: tuple[int, int, int]) -> str:
        there, between, count = key
        if count < 1:
            raise ValueError(f"{count} pixels")
        # A copy of what stands there, as far as it reaches, and then one pixel back.
        copied = min(there, count, LONGEST // PIXEL)
        back = _distance_code(PIXEL * (there + between))
        code = LENGTH[PIXEL * copied] + back + _going_on(count - copied)
        return _kept(self, key, code)


def _kept(codes: dict[Key, str], key: Key, code: str) -> str:
    if len(codes) >= REMEMBERED:
        codes.clear()
    codes[key] = code
    return code


def _going_on(count: int) -> str:
    """Code for the colour of the last pixel on `count` more; 86 of them fill a longest match."""
    full, rest = divmod(PIXEL * count, LONGEST)
    return ONE_BACK[LONGEST] * full + (ONE_BACK[rest] if rest else "")


def _match_lengths(length: int) -> tuple[int, tuple[int, ...]]:
    """Bytes as a number of longest matches and the lengths of those left: none, one or two."""
    full, rest = divmod(length, LONGEST)
    if full and 0 < rest < 3:  # too short for a match: borrow from the last full one
        return full - 1, (LONGEST - 3, rest + 3)
    return full, (rest,) if rest else ()


def _symbol(value: int) -> str:
    """The fixed code of a literal byte, the end (256) or a range of lengths (257 to 285)."""
    if value < 144:
        return format(0x30 + value, "08b")
    if value < 256:
        return format(0x190 + value - 144, "09b")
    return format(value - 256, "07b") if value < 280 else format(0xC0 + value - 280, "08b")


def _extra(value: int, bits: int) -> str:
    """Extra bits, which go lowest first, unlike codes."""
    return format(value, f"0{bits}b")[::-1] if bits else ""


def _length_codes() -> dict[int, str]:
    """Codes of match lengths 3 to 258: a symbol for a range, and extra bits within it."""
    codes, first = {}, 3
    for step in range(28):
        bits = max(0, step // 4 - 1)
        for place in range(1 << bits):
            codes[first + place] = SYMBOL[257 + step] + _extra(place, bits)
        first += 1 << bits
    return codes | {LONGEST: SYMBOL[285]}


def _distance_code(distance: int) -> str:
    """Code of a distance back, 1 to 32,768 bytes."""
    if distance <= 4:
        return format(distance - 1, "05b")
    bits = (distance - 1).bit_length() - 2
    half, place = divmod(distance - 1, 1 << bits)
    return format(2 * bits + half, "05b") + _extra(place, bits)


SYMBOL = [_symbol(value) for value in range(286)]
LENGTH = _length_codes()
ONE_BACK = {length: code + _distance_code(PIXEL) for length, code in LENGTH.items()}
_RUNS = _RunCodes()
_BACK = _BackCodes()

"""The PNG writer against Pillow's reader, and the reader of its text against garbage."""

from __future__ import annotations

import io
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mockserver.pictures.pure import png as module
from mockserver.pictures.pure.png import Alphabet, Row, Stamps, png, read_text
from tests.conftest import up_to

COLOURS = [b"\0\0\0", b"\xff\xff\xff", b"\x8f\x90\x00", b"\x01\x02\x03", b"abc", b"xyz"]
ALPHABET = Alphabet(COLOURS)
INKS = [ALPHABET.ink(colour) for colour in COLOURS]
ABC, XYZ = INKS[-2:]
COUNTS = st.one_of(st.integers(1, 9), st.integers(1, 300), st.sampled_from([85, 86, 87, 172, 173]))
TIMES = st.one_of(st.integers(1, 9), st.sampled_from([16, 17, 100, 259]))


@st.composite
def pictures(draw: st.DrawFn) -> tuple[int, list[Row]]:
    """A width, and rows whose runs add up to it."""
    width = sum(draw(st.lists(COUNTS, min_size=1, max_size=6)))
    return width, [draw(rows_of(width)) for _ in range(draw(st.integers(1, 4)))]


@st.composite
def rows_of(draw: st.DrawFn, width: int) -> Row:
    cuts = draw(st.sets(st.integers(1, width), max_size=8)) | {width}
    ends = sorted(cuts)
    counts = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    return [draw(st.sampled_from(INKS)).run(count) for count in counts], draw(TIMES)


def rasterised(rows: list[Row]) -> bytes:
    return b"".join(b"".join(pixels for pixels, _ in strips) * times for strips, times in rows)


def decoded(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@given(pictures())
@settings(max_examples=up_to(300), deadline=None)
def test_any_rows_of_runs_decode_to_the_very_pixels(picture: tuple[int, list[Row]]) -> None:
    width, rows = picture
    height = sum(times for _, times in rows)
    image = decoded(png(width, height, ALPHABET, rows))
    assert (image.mode, image.size) == ("RGB", (width, height))
    assert image.tobytes() == rasterised(rows)


@pytest.mark.parametrize("width", [2, 10_922, 10_923, 32_768])
def test_rows_wider_than_the_window_of_deflate_are_drawn_too(width: int) -> None:
    half = width // 2
    rows: list[Row] = [([ABC.run(half), XYZ.run(width - half)], 20), ([ABC.run(width)], 3)]
    assert decoded(png(width, 23, ALPHABET, rows)).tobytes() == rasterised(rows)


@given(st.sets(st.integers(0, 255), max_size=122))
@settings(deadline=None)
def test_any_colours_of_few_enough_bytes_have_an_alphabet(values: set[int]) -> None:
    alphabet = Alphabet([bytes([value]) * 3 for value in values])
    rows: list[Row] = [([alphabet.ink(bytes([value]) * 3).run(7)], 1) for value in values | {0, 2}]
    image = decoded(png(7, len(rows), alphabet, rows))
    assert image.tobytes() == rasterised(rows)


def test_too_many_colours_have_no_alphabet() -> None:
    with pytest.raises(ValueError, match="125 different bytes"):
        Alphabet([bytes(range(125))])


def test_every_length_of_a_run_is_coded() -> None:
    rows: list[Row] = [([ABC.run(count), XYZ.run(400 - count)], 1) for count in range(1, 400)]
    assert decoded(png(400, 399, ALPHABET, rows)).tobytes() == rasterised(rows)


def test_a_picture_is_one_block_that_ends_with_the_file() -> None:
    stream = module._compressed(400, 3, ALPHABET, [([ABC.run(400)], 3)])
    inflater = zlib.decompressobj()
    assert len(inflater.decompress(stream)) == 3 * (1 + 3 * 400)
    assert (inflater.eof, inflater.unused_data) == (True, b"")


def test_a_blank_picture_is_small_and_quick_however_high() -> None:
    assert len(png(3840, 32_768, ALPHABET, [([ABC.run(3840)], 32_768)])) < 2_000_000


@pytest.mark.parametrize(
    ("width", "height", "row"),
    [
        (0, 1, ([ABC.run(1)], 1)),
        (1, 32_769, ([ABC.run(1)], 32_769)),
        (2, 1, ([ABC.run(1)], 1)),
        (1, 2, ([ABC.run(1)], 1)),
        (1, 1, ([ABC.run(1)], 0)),
        (1, 1, ([ABC.run(1), XYZ.run(1)], 1)),
    ],
)
def test_rows_that_do_not_fill_the_picture_are_refused(width: int, height: int, row: Row) -> None:
    with pytest.raises(ValueError, match=r"pixels|rows"):
        png(width, height, ALPHABET, [row])


def test_runs_of_no_pixel_and_colours_of_another_alphabet_are_refused() -> None:
    for colour in (b"a", b"abcabc", b"ab\xee"):
        with pytest.raises(ValueError, match=r"pixel|alphabet"):
            ALPHABET.ink(colour)
    with pytest.raises(ValueError, match="0 pixels"):
        ABC.run(0)


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=3), st.integers(1, 30))
def test_a_stamp_shows_its_dots(rows: list[bytes], dot: int) -> None:
    dots = tuple([bytes([value % len(INKS) for value in row]) for row in rows])
    pixels, _ = Stamps(INKS, dot)[dots]
    for shown, row in zip(pixels, dots, strict=True):
        assert shown == b"".join(COLOURS[number] * dot for number in row)


def test_stamps_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROOM", 8 * (module.OVERHEAD + 3 * 8))
    stamps = Stamps([ABC, XYZ], 1)
    patterns = [bytes(map(int, format(number, "08b"))) for number in range(256)]
    rows: list[Row] = [
        ([strip], 1) for dots in patterns for strip in zip(*stamps[(dots,)], strict=True)
    ]
    assert decoded(png(8, 256, ALPHABET, rows)).tobytes() == rasterised(rows)
    assert len(stamps) <= 8


def tiny(text: str) -> bytes:
    return png(1, 1, ALPHABET, [([ABC.run(1)], 1)], "our-word", text)


@given(st.text(st.characters(codec="utf-8")))
def test_text_is_read_back_by_us_and_by_pillow(text: str) -> None:
    data = tiny(text)
    assert read_text(data, "our-word") == text
    assert read_text(data, "our") is None
    assert decoded(data).text["our-word"] == text  # type: ignore[attr-defined]


@given(st.binary())
def test_garbage_has_no_text(data: bytes) -> None:
    assert read_text(data, "our-word") is None
    assert read_text(module.SIGNATURE + data, "our-word") is None


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_damaged_file_gives_its_text_whole_or_not_at_all(place: int, byte: int) -> None:
    data = bytearray(tiny("the text"))
    data[place % len(data)] = byte
    assert read_text(bytes(data), "our-word") in ("the text", None)
    assert read_text(bytes(data[: place % len(data)]), "our-word") in ("the text", None)


def test_text_that_is_no_utf8_is_no_text() -> None:
    body = b"our-word\0\0\0\0\0\xff"
    chunk = b"iTXt" + body
    data = len(body).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    assert read_text(module.SIGNATURE + data, "our-word") is None

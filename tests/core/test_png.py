"""The PNG writer against Pillow's reader, and the reader of its text against garbage."""

from __future__ import annotations

import io
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mockserver.core import png as module
from mockserver.core.png import Row, png, read_text

COLOURS = st.sampled_from([b"\0\0\0", b"\xff\xff\xff", b"\x8f\x90\x00", b"\x01\x02\x03"])
COUNTS = st.one_of(st.integers(1, 9), st.integers(1, 300), st.sampled_from([85, 86, 87, 172, 173]))
TIMES = st.one_of(st.integers(1, 9), st.sampled_from([16, 17, 100, 259]))


@st.composite
def pictures(draw: st.DrawFn) -> tuple[int, list[Row]]:
    """A width, and rows whose runs add up to it."""
    first = draw(st.lists(st.tuples(COLOURS, COUNTS), min_size=1, max_size=12))
    width = sum(count for _, count in first)
    return width, [draw(rows_of(width)) for _ in range(draw(st.integers(1, 5)))]


@st.composite
def rows_of(draw: st.DrawFn, width: int) -> Row:
    cuts = draw(st.sets(st.integers(1, width), max_size=12)) | {width}
    ends = sorted(cuts)
    counts = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    colours = [draw(COLOURS) for _ in counts]
    return colours, counts, draw(TIMES)


def rasterised(rows: list[Row]) -> bytes:
    return b"".join(
        b"".join(colour * count for colour, count in zip(colours, counts, strict=True)) * times
        for colours, counts, times in rows
    )


def decoded(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@given(pictures())
@settings(max_examples=300, deadline=None)
def test_any_rows_of_runs_decode_to_the_very_pixels(picture: tuple[int, list[Row]]) -> None:
    width, rows = picture
    height = sum(times for _, _, times in rows)
    image = decoded(png(width, height, rows))
    assert (image.mode, image.size) == ("RGB", (width, height))
    assert image.tobytes() == rasterised(rows)


@pytest.mark.parametrize("width", [1, 2, 10_922, 10_923, 32_768])
def test_rows_wider_than_the_window_of_deflate_are_drawn_too(width: int) -> None:
    half = width // 2
    counts = [half, width - half] if half else [1]
    rows: list[Row] = [([b"abc", b"xyz"][: len(counts)], counts, 20), ([b"abc"], [width], 3)]
    if half > 1:
        rows.append(([b"abc", b"xyz", b"abc"], [half, 1, width - half - 1], 2))
    height = sum(times for _, _, times in rows)
    assert decoded(png(width, height, rows)).tobytes() == rasterised(rows)


def test_a_blank_picture_is_small_and_quick_however_high() -> None:
    assert len(png(3840, 32_768, [([b"abc"], [3840], 32_768)])) < 5_000_000


@pytest.mark.parametrize(
    ("width", "height", "row"),
    [
        (0, 1, ([b"abc"], [1], 1)),
        (1, 32_769, ([b"abc"], [1], 32_769)),
        (2, 1, ([b"abc"], [1], 1)),
        (1, 2, ([b"abc"], [1], 1)),
        (1, 1, ([b"abc"], [1], 0)),
        (3, 1, ([b"a"], [9], 1)),
        (1, 1, ([b"abc", b"xyz"], [1, 0], 1)),
        (1, 1, ([b"abc", b"xyz"], [1], 1)),
    ],
)
def test_rows_that_do_not_fill_the_picture_are_refused(width: int, height: int, row: Row) -> None:
    with pytest.raises(ValueError, match=r"pixels|rows"):
        png(width, height, [row])


def test_codes_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 8)
    rows: list[Row] = [([b"abc", b"xyz", b"abc"], [n, n, 200 - 2 * n], 1) for n in range(1, 90)]
    assert decoded(png(200, 89, rows)).tobytes() == rasterised(rows)
    assert len(module._RUNS) <= 8
    assert len(module._BACK) <= 8


def tiny(text: str) -> bytes:
    return png(1, 1, [([b"abc"], [1], 1)], "our-word", text)


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

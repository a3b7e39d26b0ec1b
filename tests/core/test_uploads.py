"""Uploads are judged by their first bytes: format, size, mode, shape, and the mask beside them."""

from __future__ import annotations

import io
import json
import struct
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mockserver.core.error_bodies import answer
from mockserver.core.errors import ApiError
from mockserver.core.uploads import Header, check_uploads, header
from mockserver.facts import UploadRules, load
from mockserver.facts.words import TABLES

OFFERS = load().models["dall-e-2"].offers
EDIT, VARY = OFFERS["images.edit"].upload, OFFERS["images.vary"].upload
MODES = ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]


def png(mode: str = "RGBA", size: tuple[int, int] = (8, 8), **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, "PNG", **options)
    return file.getvalue()


def refusal(rules: UploadRules | None, image: bytes, mask: bytes | None = None) -> tuple[str, Any]:
    assert rules
    with pytest.raises(ApiError) as refused:
        check_uploads(rules, image, mask)
    error = json.loads(answer(refused.value, TABLES["A"]).body)["error"]
    return error["message"], error["code"]


def accepts(rules: UploadRules | None, image: bytes, mask: bytes | None = None) -> None:
    assert rules
    check_uploads(rules, image, mask)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(1, 1), (7, 300), (4000, 2)])
def test_the_header_says_what_pillow_would_say(mode: str, size: tuple[int, int]) -> None:
    assert header(png(mode, size)) == Header(*size, mode)


#: The mode of each colour type of PNG at 1, 2, 4, 8 and 16 bits a channel; None is no such PNG.
MODE_OF = {
    0: ("1", "L", "L", "L", "I;16"),
    2: (None, None, None, "RGB", "RGB"),
    3: ("P", "P", "P", "P", None),
    4: (None, None, None, "LA", "RGBA"),
    6: (None, None, None, "RGBA", "RGBA"),
}


def first_bytes(width: int = 8, height: int = 8, bits: int = 8, colour: int = 6) -> bytes:
    size = struct.pack(">IIBB", width, height, bits, colour)
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + size


@pytest.mark.parametrize("colour", range(8))
def test_bits_and_colour_make_a_mode_or_none(colour: int) -> None:
    modes = dict(zip((1, 2, 4, 8, 16), MODE_OF.get(colour, ()), strict=False))
    for bits in range(18):
        found = header(first_bytes(bits=bits, colour=colour))
        assert (found and found.mode) == modes.get(bits)


def test_26_bytes_are_a_header_and_no_side_is_nothing() -> None:
    assert header(first_bytes(1, 1)) == Header(1, 1, "RGBA")
    assert header(first_bytes()[:25]) is header(first_bytes(0, 1)) is header(first_bytes(1, 0))


def test_a_side_is_as_long_as_the_rules_have_it() -> None:
    assert EDIT
    longest = EDIT.side_max
    accepts(EDIT, first_bytes(longest, longest))
    for size in ((longest + 1, 8), (8, longest + 1)):
        assert refusal(EDIT, first_bytes(*size))[1] == "invalid_image_format"


@pytest.mark.parametrize(
    ("image", "mask", "param"),
    [
        (png("P"), None, "image"),
        (png("RGBA", (8, 9)), None, "image"),
        (png(), png("RGB"), "mask"),
        (png(), png("RGBA", (8, 9)), "mask"),
    ],
    ids=["mode", "shape", "mask's mode", "mask's size"],
)
def test_a_refusal_names_the_field_that_is_wrong(
    image: bytes, mask: bytes | None, param: str
) -> None:
    assert EDIT
    with pytest.raises(ApiError) as refused:
        check_uploads(EDIT, image, mask)
    assert refused.value.values["param"] == param


@given(st.binary(max_size=60))
def test_any_other_bytes_have_no_header(data: bytes) -> None:
    assert header(data) is None
    assert header(b"\x89PNG\r\n\x1a\n" + data) is None or data.startswith(b"\0\0\0\rIHDR")


def test_what_is_no_png_or_four_megabytes_is_refused_in_one_sentence() -> None:
    said = ("Uploaded image must be a PNG and less than 4 MB.", "invalid_image_format")
    jpeg = io.BytesIO()
    Image.new("RGB", (8, 8)).save(jpeg, "JPEG")
    whole = png("RGB")
    for data in (b"", b"Example data", jpeg.getvalue(), whole[:20], whole.ljust(4 * 1024 * 1024)):
        assert refusal(VARY, data) == said
    accepts(VARY, whole.ljust(4 * 1024 * 1024 - 1))


def test_a_picture_that_would_cost_memory_is_refused_by_its_header() -> None:
    huge = png("1", (13_000, 13_000))
    assert len(huge) < 700_000
    assert refusal(EDIT, huge)[1] == "invalid_image_format"


@pytest.mark.parametrize("mode", MODES)
def test_an_edit_without_a_mask_wants_transparency(mode: str) -> None:
    if mode in ("RGBA", "LA", "L"):
        accepts(EDIT, png(mode))
    else:
        assert refusal(EDIT, png(mode)) == (
            f"Invalid input image - format must be in ['RGBA', 'LA', 'L'], got {mode}.",
            None,
        )


def test_an_edit_with_a_mask_takes_an_image_without_transparency() -> None:
    accepts(EDIT, png("RGB"), png("RGBA"))
    assert "got P." in refusal(EDIT, png("P"), png("RGBA"))[0]


@pytest.mark.parametrize("mode", MODES)
def test_a_variation_wants_colours(mode: str) -> None:
    if mode in ("RGB", "RGBA"):
        accepts(VARY, png(mode))
    else:
        assert refusal(VARY, png(mode)) == (
            f"Invalid input image - format must be in ['RGB', 'RGBA'], got {mode}.",
            None,
        )


@pytest.mark.parametrize(("day", "named"), [("2024-03-31", "I"), ("2024-04-01", "I;16")])
def test_16_bit_grey_is_called_what_the_pillow_of_the_day_called_it(day: str, named: str) -> None:
    offers = load(date.fromisoformat(day)).models["dall-e-2"].offers
    edit, vary = offers["images.edit"].upload, offers["images.vary"].upload
    grey = png("I;16")
    for said in (refusal(vary, grey), refusal(edit, grey), refusal(edit, png(), grey)):
        assert f"got {named}" in said[0]


@pytest.mark.parametrize("rules", [EDIT, VARY], ids=["edit", "vary"])
def test_an_image_must_be_square(rules: UploadRules) -> None:
    assert refusal(rules, png("RGBA", (300, 200))) == (
        "Invalid input image - expected an image with equal width and height, got 300x200 instead.",
        None,
    )


def test_a_mask_must_be_transparent_and_of_the_same_size() -> None:
    assert "mask - format must be in" in refusal(EDIT, png("RGB"), png("RGB"))[0]
    assert "8x8, got 8x9 instead" in refusal(EDIT, png("RGB"), png("RGBA", (8, 9)))[0]
    assert refusal(EDIT, png("RGB"), b"x")[1] == "invalid_image_format"


@pytest.mark.parametrize("size", [(1, 1), (300, 200), (1024, 1536)])
@pytest.mark.parametrize(
    ("form", "mode", "options"),
    [
        ("PNG", "RGBA", {}),
        ("PNG", "L", {}),
        ("JPEG", "RGB", {}),
        ("JPEG", "L", {"progressive": True}),
        ("JPEG", "CMYK", {}),
        ("JPEG", "RGB", {"exif": b"Exif\0\0" + bytes(5000), "comment": b"x" * 60_000}),
        ("WEBP", "RGB", {}),
        ("WEBP", "RGB", {"lossless": True}),
        ("WEBP", "RGBA", {"lossless": True}),
        ("WEBP", "RGBA", {}),
        ("WEBP", "RGB", {"exif": b"Exif\0\0" + bytes(50)}),
    ],
)
def test_a_header_says_what_pillow_wrote(
    form: str, mode: str, options: dict[str, Any], size: tuple[int, int]
) -> None:
    file = io.BytesIO()
    image = Image.new(mode, size, (9, 9, 9, 9)[: len(mode)] if mode != "L" else 9)
    image.save(file, form, **options)
    assert header(file.getvalue()) == Header(*size, mode, form)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_file_that_ends_in_its_header_has_none(form: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, form)
    whole = file.getvalue()
    first = next(n for n in range(len(whole) + 1) if header(whole[:n]))
    assert 0 < first < len(whole)
    assert all(header(whole[:n]) == header(whole) for n in range(first, len(whole)))


def segmented(form: str, segment: bytes, times: int) -> bytes:
    """A picture of 8 by 8 pixels, keyed if it is a PNG, with segments after its first bytes."""
    file = io.BytesIO()
    mode, how = {"PNG": ("P", {"transparency": 0}), "JPEG": ("RGB", {})}[form]
    Image.new(mode, (8, 8)).save(file, form, **how)
    whole, at = file.getvalue(), {"PNG": 33, "JPEG": 2}[form]
    return whole[:at] + segment * times + whole[at:]


@pytest.mark.parametrize(
    ("form", "segment"), [("PNG", b"\0\0\0\0teXt\0\0\0\0"), ("JPEG", b"\xff\xfe\0\2")]
)
def test_a_header_is_not_looked_for_behind_thousands_of_segments(form: str, segment: bytes) -> None:
    none, few, many = (header(segmented(form, segment, times)) for times in (0, 500, 5000))
    assert few
    assert few == none
    assert many == (few._replace(is_keyed=False) if form == "PNG" else None)


def test_segments_of_a_jpeg_may_have_bytes_between_them() -> None:
    assert header(segmented("JPEG", b"\xff", 3)) == Header(8, 8, "RGB", "JPEG")

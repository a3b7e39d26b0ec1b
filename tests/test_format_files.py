"""A JPEG, WebP, GIF, SVG or transparent PNG is what it says, and shows what was asked."""

from __future__ import annotations

import io
import json
from hashlib import sha256
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from mockserver.core.picture import MEDIA
from mockserver.core.uploads import header
from mockserver.pictures.pure.drawing import _colours, describe, draw, identify, pixels, told
from mockserver.pictures.pure.landscape import PALETTES
from mockserver.pictures.pure.metadata import ascii_text
from tests.conftest import up_to
from tests.pictured import (
    RASTER,
    SOFT,
    SVG,
    alpha,
    asked_for,
    difference,
    drawn_svg,
    file_of,
    frames,
    on_white,
    opaque,
    opened,
)

ALPHAS = {0, 64, 255}
PROMPTS = (
    "",
    "a red fox",
    "שלום עולם",
    "قطة بيضاء",
    "一只猫 🐱",
    "<a href='x'>&\x00\x0b\ufffe</a>",
)


@given(
    st.sampled_from([*MEDIA]),
    st.sampled_from(PROMPTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=120),
    st.integers(64, 300),
    st.integers(64, 300),
    st.sampled_from(["opaque", "transparent"]),
    st.integers(2, 5),
    st.sampled_from([None, 0, 1, 2]),
    st.integers(0, 100),
)
@settings(max_examples=up_to(120))
def test_any_picture_is_of_its_format_size_alpha_and_count_and_tells_what_it_is(
    form: str,
    prompt: str,
    width: int,
    height: int,
    background: str,
    count: int,
    partial: int | None,
    compression: int,
) -> None:
    options: dict[str, Any] = {
        "background": background,
        "output_compression": compression,
        "frame_count": count,
    }
    asked = asked_for(form, prompt, f"{width}x{height}", **options)._replace(partial=partial)
    file = file_of(asked)
    assert identify(file) == describe(asked)
    if form == "SVG":
        assert (drawn_svg(file).size, drawn_svg(file).mode) == ((width, height), "RGBA")
        return
    image = opened(file)
    assert (image.format, image.size) == (form, (width, height))
    assert header(file) is not None
    is_clear = background == "transparent" and form != "JPEG"
    assert (alpha(image).getextrema()[0] == 0) is is_clear
    seen = {frame.tobytes() for frame in frames(file)}
    assert len(seen) == (count if form == "GIF" else 1)


@pytest.mark.parametrize("form", MEDIA)
def test_the_same_picture_is_the_same_file(form: str) -> None:
    asked = asked_for(form, background="transparent")
    assert file_of(asked) == file_of(asked)


#: The first digits of digests, the same everywhere: of the file, or of the pixels that Pillow codes.
GOLDEN = {"PNG": "39081fb3852d8a7c", "SVG": "c2f2f5dc7ccf981e", "pixels": "00f623879b4d7e28"}


@pytest.mark.parametrize("what", GOLDEN)
def test_what_is_drawn_without_pillow_is_the_same_everywhere(what: str) -> None:
    form = "WEBP" if what == "pixels" else what
    asked = asked_for(form, "一只猫 🐱", "512x512", background="transparent")
    made = pixels(asked) if what == "pixels" else file_of(asked)
    assert sha256(made).hexdigest()[:16] == GOLDEN[what]


@pytest.mark.parametrize("background", ["opaque", "transparent"])
@pytest.mark.parametrize("form", ["JPEG", "WEBP", "GIF", "SVG"])
def test_what_a_png_shows_is_shown_in_every_format(form: str, background: str) -> None:
    for seed in range(6):
        asked = asked_for(form, size="512x512", seed=str(seed), background=background)
        if form == "GIF":
            asked = asked._replace(options=(("background", background),))  # at rest
        background = "opaque" if form == "JPEG" else background
        told = (("background", background),)
        shown = opened(draw(asked._replace(format="PNG", options=told)))
        found = drawn_svg(file_of(asked)) if form == "SVG" else opened(file_of(asked))
        if form in ("GIF", "SVG"):
            shown = shown.convert("RGBA")
            if form == "GIF":
                shown.putalpha(alpha(shown).point([255 * (a >= 128) for a in range(256)]))
            seen = [
                ImageChops.multiply(i, opaque(alpha(i))) for i in (shown, found.convert("RGBA"))
            ]
            assert seen[0].tobytes() == seen[1].tobytes()
            continue
        if form == "WEBP":
            assert alpha(found).tobytes() == alpha(shown).tobytes()
        grounds = [on_white(i) for i in (found, shown)]
        assert difference(*grounds) < 2


# Transparency


@pytest.mark.parametrize("form", SOFT)
def test_a_transparent_background_is_clear_soft_in_a_glow_and_solid_under_the_caption(
    form: str,
) -> None:
    found: set[int] = set()
    for seed in range(12):
        asked = asked_for(form, size="512x512", seed=str(seed), background="transparent")
        image = alpha(opened(file_of(asked)))
        values = {value for _, value in image.getcolors() or ()}
        assert values <= ALPHAS
        found |= values  # type: ignore[arg-type]
        rim = [image.getpixel((x, 3)) for x in range(512)]
        assert (set(rim), image.getpixel((3, 508))) == ({0}, 255)
    assert found == ALPHAS


def test_a_jpeg_has_no_hidden_colours_whatever_the_background() -> None:
    clear, plain = (file_of(asked_for("JPEG", background=b)) for b in ("transparent", "opaque"))
    assert opened(clear).tobytes() == opened(plain).tobytes()


def test_soft_alpha_is_cut_at_half_in_a_gif() -> None:
    for seed in range(6):
        asked = asked_for("GIF", size="512x512", seed=str(seed), background="transparent")
        for frame in frames(file_of(asked)):
            assert {value for _, value in alpha(frame).getcolors() or ()} == {0, 255}


# Compression


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_compression_shows_in_the_bytes_and_a_low_one_in_the_picture(form: str) -> None:
    def made(compression: int) -> bytes:
        return file_of(asked_for(form, size="512x512", output_compression=compression))

    assert len({made(c) for c in (2, 10, 50, 75, 90, 100)}) == 6
    plain = opened(draw(asked_for("PNG", size="512x512")))
    assert difference(opened(made(2)), plain) > difference(opened(made(100)), plain)


@pytest.mark.parametrize("compression", [0, 1, 30, 75, 100])
def test_compression_is_pillows_quality(compression: int) -> None:
    made = opened(file_of(asked_for("JPEG", output_compression=compression)))
    usual = io.BytesIO()
    Image.new("RGB", (16, 16)).save(usual, "JPEG", quality=compression)
    assert made.quantization == opened(usual.getvalue()).quantization  # type: ignore[attr-defined]


@pytest.mark.parametrize("form", ["PNG", "GIF", "SVG"])
def test_compression_is_nothing_to_formats_that_lose_nothing(form: str) -> None:
    shown = {
        frames(file_of(p))[0].tobytes() if form != "SVG" else drawn_svg(file_of(p)).tobytes()
        for p in (asked_for(form), asked_for(form, output_compression=3))
    }
    assert len(shown) == 1


# GIF


@pytest.mark.parametrize("background", ["opaque", "transparent"])
@pytest.mark.parametrize("count", [2, 9, 16])
def test_all_frames_differ_and_stay_for_as_long_as_asked(count: int, background: str) -> None:
    for seed in range(4):
        asked = asked_for(
            "GIF",
            seed=str(seed),
            background=background,
            frame_count=count,
            frame_duration_ms=125,
        )
        image, delays = opened(file_of(asked)), []
        for number in range(count):
            image.seek(number)
            delays.append(image.info["duration"])
        assert delays == [130] * count
        assert image.info["loop"] == 0
        assert len({frame.tobytes() for frame in frames(file_of(asked))}) == count


def test_a_frame_is_shown_for_eleven_minutes_at_most() -> None:
    image = opened(file_of(asked_for("GIF", frame_duration_ms=10**9)))
    assert image.info["duration"] == 655_350


def test_the_rule_that_grows_is_seen_in_every_palette() -> None:
    for palette in PALETTES:
        accent, _, _, muted, _ = _colours(palette, False)[-5:]
        assert max(abs(a - b) for a, b in zip(accent, muted, strict=True)) > 25


# SVG


@pytest.mark.parametrize("prompt", PROMPTS)
def test_an_svg_has_shapes_a_title_and_a_description_and_nothing_else(prompt: str) -> None:
    file = file_of(asked_for("SVG", prompt))
    root = ElementTree.fromstring(file)
    assert {element.tag for element in root.iter()} == {
        f"{SVG}{name}" for name in ("svg", "title", "desc", "path")
    }
    attributes = {name for element in root.iter() for name in element.attrib}
    assert attributes == {"width", "height", "viewBox", "shape-rendering", "fill", "d"}
    assert root.attrib["viewBox"] == "0 0 256 192"
    assert file.count(b"http") == 1  # the name of the language
    assert b"<!" not in file


# Partial pictures


@pytest.mark.parametrize("form", RASTER)
def test_partial_pictures_are_coarse_each_less_so_and_marked(form: str) -> None:
    whole = asked_for(form, size="512x512", output_compression=100)
    shown = opened(file_of(whole)).convert("RGB")
    unlike = []
    for number in range(3):
        file = file_of(whole._replace(partial=number))
        assert (identify(file) or {})["partial"] == number
        found = opened(file).convert("RGB")
        unlike.append(difference(found, shown))
        middle = found.crop((100, 60, 412, 260))
        assert difference(middle, shown.crop((100, 60, 412, 260))) > 5
    assert unlike == sorted(unlike, reverse=True)
    assert "partial" not in (identify(file_of(whole)) or {})


def test_each_partial_picture_is_drawn_in_blocks_half_as_large() -> None:
    asked = asked_for("PNG", size="1024x1024")
    sides = []
    for number in range(3):
        image = opened(draw(asked._replace(partial=number)))
        row = image.crop((32, 40, 32 + 960, 41)).tobytes()  # the window's, above the mark
        changes = [at // 3 for at in range(3, len(row), 3) if row[at : at + 3] != row[at - 3 : at]]
        sides.append(all(at % (64 >> number) == 0 for at in changes))
    assert sides == [True] * 3


# What a file says


@given(
    st.binary(max_size=200),
    st.sampled_from([b"\xff\xd8\xff\xe1", b"RIFF", b"GIF89a!\xfe", b"<svg"]),
)
def test_garbage_of_any_format_is_not_identified(data: bytes, start: bytes) -> None:
    assert identify(start + data) is None


@pytest.mark.parametrize("form", RASTER)
def test_other_programs_read_what_a_picture_is(form: str) -> None:
    asked = asked_for(form, "שלום 猫 🐱")
    image = opened(file_of(asked))
    match form:
        case "PNG":
            found = image.info["images-mock"]
        case "GIF":
            found = image.info["comment"].decode()
        case _:
            found = image.getexif()[0x010E]
    assert json.loads(found.removeprefix("images-mock ")) == describe(asked)


def test_a_gif_tells_what_it_is_whatever_its_colours_are() -> None:
    picture, file = asked_for("GIF"), io.BytesIO()
    page = Image.new("P", (64, 64))
    page.putpalette(b"!\xfe\x03")
    page.save(file, "GIF", comment=ascii_text(told(picture)).encode("ascii"))
    assert b"!\xfe\x03" in file.getvalue()
    assert identify(file.getvalue()) == describe(picture)

"""An answer has pictures of the format, size, alpha and count that were asked for, or as faulty."""

from __future__ import annotations

import asyncio
import io
from base64 import b64decode
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image
from starlette.testclient import TestClient

from mockserver.core.picture import MEDIA, Picture
from mockserver.pictures import edits
from mockserver.pictures.files import MADE, PictureFiles
from mockserver.pictures.pure.drawing import describe, identify
from mockserver.store.memory import MemoryStore
from tests.conftest import Api, generate
from tests.pictured import RASTER, alpha, asked_for, drawn_svg, frames, opened
from tests.test_rules import script

MODEL: dict[str, Any] = {"model": "gpt-image-2.6-flare", "size": "1024x1024"}
TODAY = "2026-11-28"


@pytest.fixture
def client(api: Api) -> TestClient:
    return api(as_of=TODAY, tier="off")


@pytest.mark.parametrize("form", ["png", "jpeg", "webp", "gif"])
@pytest.mark.parametrize("background", ["transparent", "opaque", "auto", None])
def test_a_body_is_answered_with_pictures_of_its_format_size_count_and_alpha(
    client: TestClient, form: str, background: str | None
) -> None:
    asked = MODEL | {"output_format": form, "n": 2}
    asked |= {"background": background} if background else {}
    answer = generate(client, **asked)
    if (form, background) == ("jpeg", "transparent"):
        assert answer.status_code == 400
        return
    body = answer.json()
    found = [b64decode(item["b64_json"]) for item in body["data"]]
    assert len(set(found)) == 2
    for file in found:
        image = opened(file)
        assert (image.format, image.size) == (form.upper(), (1024, 1024))
        assert getattr(image, "n_frames", 1) == (9 if form == "gif" else 1)
        has_alpha = background == "transparent"
        assert (alpha(image).getextrema() == (0, 255)) is has_alpha
        assert form == "gif" or image.mode == ("RGBA" if has_alpha else "RGB")
        told = identify(file) or {}
        assert told["prompt"] == "x"
        assert told["background"] == body["background"]


def test_the_same_landscape_is_in_every_format(client: TestClient) -> None:
    codes = set()
    for form in ("png", "jpeg", "webp", "svg"):
        answer = generate(client, **MODEL, output_format=form, prompt="a fox").json()
        codes.add((identify(b64decode(answer["data"][0]["b64_json"])) or {})["code"])
        assert answer["output_format"] == form
    assert len(codes) == 1


def test_frames_are_nine_of_a_fifth_of_a_second_unless_told(client: TestClient) -> None:
    bodies: list[tuple[dict[str, Any], int, int]] = [
        ({}, 9, 200),
        ({"frame_count": 2}, 2, 200),
        ({"frame_count": 16, "frame_duration_ms": 44}, 16, 40),
    ]
    for body, count, milliseconds in bodies:
        answer = generate(client, **MODEL, output_format="gif", **body).json()
        image = opened(b64decode(answer["data"][0]["b64_json"]))
        assert (image.n_frames, image.info["duration"]) == (count, milliseconds)  # type: ignore[attr-defined]


def test_what_belongs_to_another_format_changes_nothing(client: TestClient) -> None:
    def drawn(**body: Any) -> str:
        found: str = generate(client, **MODEL, **body).json()["data"][0]["b64_json"]
        return found

    assert drawn(frame_count=3, frame_duration_ms=50, svg={"model": "gpt-6"}) == drawn()


@pytest.mark.parametrize("form", MEDIA)
def test_a_url_that_a_rule_wants_has_the_formats_name_and_type(
    client: TestClient, form: str
) -> None:
    media, ending = MEDIA[form]
    inline = generate(client, **MODEL, output_format=form.lower()).json()
    script(client, {"response_format": "url"})
    answer = generate(client, **MODEL, output_format=form.lower())
    url = answer.json()["data"][0]["url"]
    assert url.partition("?")[0].endswith(f".{ending}")
    got = client.get(url)
    assert got.headers["content-type"] == media
    assert b64decode(inline["data"][0]["b64_json"]) == got.content


# What is made from uploads


def photo(size: tuple[int, int] = (128, 128)) -> bytes:
    """Colours of all kinds, with a hole in the middle."""
    image = Image.merge("RGB", [Image.linear_gradient("L").rotate(90 * k) for k in range(3)])
    image = image.resize(size).convert("RGBA")
    image.paste((0, 0, 0, 0), (30, 30, 98, 98))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("partial", [None, 0, 1, 2])
@pytest.mark.parametrize("form", MEDIA)
def test_edits_come_in_every_format_too(form: str, partial: int | None) -> None:
    asked = asked_for(form, size="128x128")._replace(
        operation="images.edit", images=("address",), partial=partial
    )
    made = edits.edited(asked, photo(), None)
    assert identify(made) == describe(asked)
    assert edits.edited(asked, photo(), None) == made
    if form == "SVG":
        assert drawn_svg(made).size == (128, 128)
        return
    image = opened(made)
    assert (image.format, image.size) == (form, (128, 128))
    assert len({f.tobytes() for f in frames(made)}) == (3 if form == "GIF" else 1)
    if form == "PNG" and partial is None:
        upload = opened(photo())
        for at in ((2, 2), (120, 3), (64, 120)):
            assert image.getpixel(at) == upload.getpixel(at)[:3]  # type: ignore[index]


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF", "SVG"])
def test_an_edit_with_a_transparent_background_has_clear_corners_and_its_own_pixels(
    form: str,
) -> None:
    asked = asked_for(form, size="128x128", background="transparent")._replace(
        operation="images.edit", images=("address",)
    )
    made = edits.edited(asked, photo(), None)
    image = drawn_svg(made) if form == "SVG" else opened(made)
    assert alpha(image).getextrema() == (0, 255)
    if form == "PNG":
        plain = opened(edits.edited(asked._replace(options=()), photo(), None))
        assert image.convert("RGB").tobytes() == plain.tobytes()


def test_the_partial_pictures_of_an_edit_are_blocks_of_the_whole() -> None:
    asked = asked_for("PNG", size="128x128")._replace(operation="images.edit", images=("address",))
    whole = opened(edits.edited(asked, photo(), None))
    for number, block in enumerate((8, 4, 2)):
        image = opened(edits.edited(asked._replace(partial=number), photo(), None))
        for at in ((0, 0), (16, 104), (112, 8)):  # beside the mark
            box = (*at, at[0] + block, at[1] + block)
            assert image.crop(box).getcolors() == [
                (block**2, whole.reduce(block, box).getpixel((0, 0)))
            ]


# Faults


def answered(picture: Picture) -> bytes:
    return asyncio.run(PictureFiles(MemoryStore()).file(picture)) or b""


@pytest.mark.parametrize("form", RASTER)
def test_faults_are_those_of_any_format(form: str) -> None:
    asked = asked_for(form, background="transparent")
    whole = answered(asked)
    assert opened(whole).format == form
    cut = answered(asked._replace(fault="truncated"))
    assert whole.startswith(cut)
    with pytest.raises(OSError, match="truncated|broken|Truncated|identify|decoder|image file"):
        frames(cut)
    wrong = opened(answered(asked._replace(fault="wrong_size")))
    assert (wrong.format, wrong.size) == (form, (128, 192))
    other = opened(answered(asked._replace(fault="wrong_format")))
    assert (other.format, other.size) == ("PNG" if form == "JPEG" else "JPEG", (256, 192))


def test_a_faulty_svg_is_no_xml_or_no_svg() -> None:
    cut = answered(asked_for("SVG")._replace(fault="truncated"))
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(cut)
    assert opened(answered(asked_for("SVG")._replace(fault="wrong_format"))).format == "JPEG"


def test_the_jpeg_in_place_of_a_transparent_png_is_white_where_that_was_clear() -> None:
    asked = asked_for("PNG", background="transparent", size="512x512")
    image = opened(answered(asked._replace(fault="wrong_format")))
    assert min(image.getpixel((3, 3))) > 250  # type: ignore[arg-type]


def test_what_pillow_encodes_is_kept_within_bounds() -> None:
    room = PictureFiles(MemoryStore())

    async def many() -> None:
        for number in range(MADE + 5):
            await room.file(asked_for("JPEG", seed=str(number)))

    asyncio.run(many())
    assert len(room._made) == MADE

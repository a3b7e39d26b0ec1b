"""Edits and variations over HTTP: forms, refusals, pictures, and uploads kept for their URLs."""

from __future__ import annotations

import io
from base64 import b64decode
from typing import Any

import pytest
from httpx2 import Response
from PIL import Image, ImageDraw
from starlette.testclient import TestClient

from mockserver.clock import ManualClock
from mockserver.core.drawing import identify
from tests.conftest import Api, error

EDITS, VARIATIONS = "/v1/images/edits", "/v1/images/variations"


def encoded(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def decoded(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def scene(size: int = 256, shade: int = 0) -> Image.Image:
    """Something with shapes and shades, which no placeholder looks like."""
    image = Image.linear_gradient("L").resize((size, size)).convert("RGBA")
    draw = ImageDraw.Draw(image)
    draw.ellipse((size // 4, size // 4, size // 2, size // 2), fill=(200, shade, 40, 255))
    return image


def hole(size: int = 256) -> Image.Image:
    """A mask whose lower right quarter is to be edited."""
    mask = Image.new("RGBA", (size, size), (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (size // 2, size // 2, size, size))
    return mask


def edit(client: TestClient, files: dict[str, Any] | None = None, **data: Any) -> Response:
    files = {"image": encoded(scene()), "mask": encoded(hole())} if files is None else files
    return client.post(EDITS, files=files, data={"prompt": "a fox"} | data)


def vary(client: TestClient, image: Image.Image | None = None, **data: Any) -> Response:
    return client.post(VARIATIONS, files={"image": encoded(image or scene())}, data=data)


def first(response: Response) -> bytes:
    assert response.status_code == 200, response.text
    return b64decode(response.json()["data"][0]["b64_json"])


INLINE: dict[str, Any] = {"response_format": "b64_json", "size": "256x256"}


def test_an_edit_keeps_what_the_mask_keeps_and_draws_the_rest(api: Api) -> None:
    png = first(edit(api(), **INLINE))
    made, source = decoded(png), scene().convert("RGB")
    assert (made.mode, made.size) == ("RGB", (256, 256))
    for kept in ((0, 0, 256, 128), (0, 128, 128, 256)):
        assert made.crop(kept).tobytes() == source.crop(kept).tobytes()
    drawn = (128, 128, 256, 256)
    assert made.crop(drawn).tobytes() != source.crop(drawn).tobytes()
    told = identify(png)
    assert told
    assert (told["operation"], told["prompt"], told["size"]) == ("images.edit", "a fox", "256x256")


def test_an_image_with_transparency_needs_no_mask(api: Api) -> None:
    image = scene()
    image.putalpha(hole().getchannel("A"))
    png = first(edit(api(), {"image": encoded(image)}, **INLINE))
    assert decoded(png).crop((0, 0, 256, 128)).tobytes() == (
        image.convert("RGB").crop((0, 0, 256, 128)).tobytes()
    )


def test_variations_are_kin_to_the_source_and_differ_from_each_other(api: Api) -> None:
    answer = vary(api(), n=3, **INLINE).json()["data"]
    pictures = [decoded(b64decode(item["b64_json"])) for item in answer]
    assert {p.size for p in pictures} == {(256, 256)}
    pixels = {p.tobytes() for p in pictures} | {scene().convert("RGB").tobytes()}
    assert len(pixels) == 4


@pytest.mark.parametrize("size", ["256x256", "512x512", "1024x1024", "1024x1536", "1536x1024"])
def test_a_picture_from_an_upload_has_exactly_the_size_that_was_asked(api: Api, size: str) -> None:
    width, height = map(int, size.split("x"))
    asked = INLINE | {"size": size}
    for png in (first(edit(api(), **asked)), first(vary(api(), **asked))):
        assert decoded(png).size == (width, height)


def test_the_same_pixels_make_the_same_picture_however_they_were_encoded(api: Api) -> None:
    plain = {"image": encoded(scene()), "mask": encoded(hole())}
    file = io.BytesIO()
    scene().save(file, "PNG", compress_level=0)
    other = plain | {"image": file.getvalue()}
    assert first(edit(api(), plain, **INLINE)) == first(edit(api(), other, **INLINE))
    repacked = {"image": file.getvalue()}
    assert first(vary(api(), **INLINE)) == first(
        api().post(VARIATIONS, files=repacked, data=INLINE)
    )
    shaded = plain | {"image": encoded(scene(shade=1))}
    assert first(edit(api(), plain, **INLINE)) != first(edit(api(), shaded, **INLINE))


def test_a_url_shows_the_same_as_base64(api: Api) -> None:
    client = api()
    for call in (edit, vary):
        url = call(client, size="256x256").json()["data"][0]["url"]
        assert client.get(url).content == first(call(client, **INLINE))


def test_an_upload_that_had_to_go_answers_the_404_of_the_blob_store(api: Api) -> None:
    client = api(upload_cache="10KB")
    urls = [vary(client, scene(shade=shade)).json()["data"][0]["url"] for shade in range(0, 250, 5)]
    assert client.get(urls[-1]).status_code == 200
    gone = client.get(urls[0])
    assert gone.status_code == 404
    assert "<Code>BlobNotFound</Code>" in gone.text


def test_uploads_are_kept_until_their_urls_end(api: Api, clock: ManualClock) -> None:
    client = api()
    url = vary(client).json()["data"][0]["url"]
    clock.advance(3599)
    assert client.get(url).status_code == 200
    vary(client)
    clock.advance(1)
    assert client.get(url).status_code == 403


@pytest.mark.parametrize(
    ("name", "kind"),
    [("image[]", "image/png"), ("image[0]", "application/octet-stream"), ("image", "")],
)
def test_clients_name_and_type_the_part_as_they_like(api: Api, name: str, kind: str) -> None:
    files = {name: ("blob", encoded(scene()), kind), "mask": encoded(hole())}
    assert edit(api(), files).status_code == 200


def test_numbers_come_as_text(api: Api) -> None:
    assert len(vary(api(), n="2").json()["data"]) == 2
    said = error(vary(api(), n="two"))["message"]
    assert said == "'two' is not of type 'integer' - 'n'"
    assert error(vary(api(), n="11"))["message"] == "11 is greater than the maximum of 10 - 'n'"


@pytest.mark.parametrize(
    ("path", "data", "files", "message"),
    [
        (VARIATIONS, {"n": "1"}, {"x": b"x"}, "Additional properties are not allowed ('x' was unexpected)"),
        (VARIATIONS, {"n": "1"}, {"image": b"Example data"}, "Uploaded image must be a PNG and less than 4 MB."),
        (EDITS, {"prompt": "x"}, {"mask": b""}, "'image' is a required property"),
        (EDITS, {"prompt": ""}, {"image": b"x"}, "You must provide a prompt."),
        (EDITS, {"size": "1024x1792", "prompt": "x"}, {"image": b"x"}, "'1024x1792' is not one of ['256x256', '512x512', '1024x1024'] - 'size'"),
        (EDITS, {"prompt": "x" * 1001}, {"image": b"x"}, f"'{'x' * 1001}' is too long - 'prompt'"),
        (EDITS, {"prompt": "x", "model": "dall-e-3"}, {"image": b"x"}, "Invalid model dall-e-3. The model argument should be left blank."),
        (VARIATIONS, {"model": "dall-e-3"}, {"image": b"x"}, "Invalid model dall-e-3. The model argument should be left blank."),
        (EDITS, {"prompt": "x", "quality": "hd"}, {"image": b"x"}, "Additional properties are not allowed ('quality' was unexpected)"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_the_api_said(
    api: Api, path: str, data: dict[str, str], files: dict[str, bytes], message: str
) -> None:
    response = api().post(path, data=data, files=files)
    assert response.status_code == 400
    assert error(response)["message"] == message


def test_json_is_refused_where_a_form_is_wanted(api: Api) -> None:
    assert error(api().post(EDITS, json={"prompt": "x"}))["message"] == (
        "Invalid Content-Type header (application/json), expected multipart/form-data. "
        "(HINT: If you're using curl, you can pass -H 'Content-Type: multipart/form-data')"
    )


def test_a_png_that_breaks_off_is_refused_before_it_costs_anything(api: Api) -> None:
    client = api(limits="1/min")
    broken = encoded(scene())[:-2000]
    refused = edit(client, {"image": broken})
    assert error(refused)["code"] == "invalid_image_format"
    assert vary(client).status_code == 200
    assert vary(client).status_code == 429


@pytest.mark.parametrize(
    ("key", "status"),
    [("sk-mock-free", 429), ("sk-mock-revoked", 401), ("sk-mock-hard-limit", 400)],
)
def test_magic_keys_and_limits_apply_alike(api: Api, key: str, status: int) -> None:
    client = api()
    client.headers["Authorization"] = f"Bearer {key}"
    assert edit(client).status_code == status
    assert vary(client).status_code == status


def test_images_of_all_operations_count_together(api: Api) -> None:
    client = api(limits="5/min")
    assert vary(client, n=2).status_code == 200
    assert edit(client, n=3).status_code == 200
    assert vary(client).status_code == 429


def test_latency_applies_by_operation(api: Api, clock: ManualClock) -> None:
    for call, least, most in ((edit, 8.3, 12.1), (vary, 7.1, 9.2)):
        before = clock.now()
        call(api(latency="measured"))
        assert least <= (clock.now() - before) / 1e9 <= most

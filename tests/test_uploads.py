"""Edits and variations over HTTP: forms, refusals, pictures, and uploads kept for their URLs."""

from __future__ import annotations

import io
from base64 import b64decode
from typing import Any

import pytest
from httpx2 import Response
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo
from starlette.testclient import TestClient

from mockserver.clock import ManualClock
from mockserver.pictures.pure.drawing import identify
from tests.conftest import Api, error, generate

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


# What was taken and changed nothing


def last(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/_mock/requests/last").json()
    return found


TWO = ("a.png", encoded(scene()), "image/png")
FIRST_OF_TWO = "of 2 parts 'image' only the first was used"


@pytest.mark.parametrize(
    ("path", "files", "data", "said"),
    [
        (EDITS, [("image", TWO)] * 2, {}, [FIRST_OF_TWO]),
        (EDITS, [("image[]", TWO)] * 2, {}, [FIRST_OF_TWO]),
        (EDITS, [("image", TWO), *[("mask[]", TWO)] * 3], {}, ["of 3 parts 'mask' only the first was used"]),
        (VARIATIONS, [("image", TWO)] * 2, {"n": ["1", "2"]}, ["of 2 parts 'n' only the first was used", FIRST_OF_TWO]),
        (VARIATIONS, [("image[]", TWO)], {}, []),
    ],
)  # fmt: skip
def test_each_part_that_was_ignored_is_named_in_header_and_journal(
    api: Api, path: str, files: list[Any], data: dict[str, Any], said: list[str]
) -> None:
    client = api()
    data |= {"prompt": "a fox", "response_format": "url"} if path == EDITS else {}
    answer = client.post(path, files=files, data=data)
    assert answer.status_code == 200, answer.text
    warnings = [line for line in last(client)["trace"] if line.startswith("warning: ")]
    assert warnings == [f"warning: {text}" for text in said]
    assert answer.headers.get("mock-warning", "") == "; ".join(said)


def test_an_unused_file_input_of_a_browser_is_named(api: Api) -> None:
    body = b'--xx\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    body += encoded(scene()) + b'\r\n--xx\r\nContent-Disposition: form-data; name="mask"; '
    body += b'filename=""\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--xx--'
    answer = sent(api(), VARIATIONS, body)
    assert answer.headers["mock-warning"] == "the empty file 'mask' counts as none"


def test_a_list_that_is_refused_is_ignored_in_nothing(api: Api) -> None:
    client = api(as_of="2025-06-15")
    answer = client.post(
        EDITS, files=[("image", TWO)] * 2, data={"prompt": "x", "model": "dall-e-2"}
    )
    assert error(answer)["code"] == "duplicate_parameter"
    assert "mock-warning" not in answer.headers


def test_fields_that_a_model_ignores_are_named_and_those_that_are_null_are_not(api: Api) -> None:
    asked = {"model": "dall-e-2", "quality": "standard", "style": "vivid"}
    said = generate(api(), **asked).headers["mock-warning"]
    assert said.startswith("dall-e-2 ignores 'quality'; dall-e-2 ignores 'style'")
    assert "mock-warning" not in generate(api(), quality=None, style=None).headers
    assert "mock-warning" not in generate(api(), **asked | {"model": "dall-e-3"}).headers


def test_of_a_json_field_that_comes_twice_the_last_counts_and_it_is_named(api: Api) -> None:
    answer = api().post(
        "/v1/images/generations",
        content=b'{"prompt": "x", "n": 1, "n": 2}',
        headers={"Content-Type": "application/json"},
    )
    assert len(answer.json()["data"]) == 2
    assert answer.headers["mock-warning"] == "of each 'n' only the last was used"


# Forms that can't be read


def sent(client: TestClient, path: str, body: bytes) -> Response:
    return client.post(
        path, content=body, headers={"Content-Type": "multipart/form-data; boundary=xx"}
    )


def fields(**values: bytes) -> bytes:
    field = b'--xx\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
    return b"".join(field % (name.encode(), value) for name, value in values.items())


@pytest.mark.parametrize("bytes_sent", [70, 1200])
def test_a_buffer_of_javascript_gets_the_apis_error_and_is_told_how_to_send_a_file(
    api: Api, bytes_sent: int, capsys: pytest.CaptureFixture[str]
) -> None:
    data = encoded(scene()).ljust(bytes_sent, b"\0")[:bytes_sent]
    spread = fields(**{f"image[{at}]": b"%d" % byte for at, byte in enumerate(data)})
    body = spread + fields(prompt=b"a fox", model=b"dall-e-2") + b"--xx--"
    for day, message in (
        ("2023-12-01", "Uploaded image must be a PNG and less than 4 MB."),
        ("2025-06-15", "Invalid type for 'image': expected a file, but got an array instead."),
    ):
        client = api(as_of=day, log_format="text")
        refused = sent(client, EDITS, body)
        assert refused.status_code == 400
        assert error(refused)["message"] == message
        for told in (
            refused.headers["mock-hint"],
            capsys.readouterr().err,
            last(client)["trace"][-1],
        ):
            assert 'await toFile(buffer, "image.png", {type: "image/png"})' in told
            assert f"{bytes_sent} text fields" in told


@pytest.mark.parametrize(
    ("day", "model"), [("2023-12-01", b"dall-e-2"), ("2025-06-15", b"dall-e-2")]
)
@pytest.mark.parametrize("name", ["prompt", "size", "user", "model", "n"])
def test_a_text_that_is_not_utf_8_is_refused_and_named(
    api: Api, day: str, model: bytes, name: str
) -> None:
    body = fields(**{"prompt": b"x", "model": model} | {name: "fünf".encode("latin-1")})
    body += b'--xx\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n'
    body += b"Content-Type: image/png\r\n\r\n" + encoded(scene()) + b"\r\n--xx--"
    refused = sent(api(as_of=day), EDITS, body)
    assert refused.status_code == 400
    assert error(refused)["message"] == "Could not parse multipart form"
    assert refused.headers["mock-hint"] == f"the text of '{name}' is not UTF-8"


@pytest.mark.parametrize("day", ["2023-12-01", "2025-06-15"])
def test_a_number_that_is_sent_as_its_character_is_told(api: Api, day: str) -> None:
    # As Ruby's set_form sends ["n", 2].
    client = api(as_of=day)
    image = b'--xx\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n'
    image += b"Content-Type: image/png\r\n\r\n" + encoded(scene()) + b"\r\n--xx--"
    refused = sent(client, VARIATIONS, fields(n=b"\x02") + image)
    assert refused.status_code == 400
    assert refused.headers["mock-hint"] == (
        "'n' is the character U+0002: a form wants digits, and Ruby's set_form sends an Integer so"
    )
    assert "mock-hint" not in sent(client, VARIATIONS, fields(n=b"x") + image).headers


def test_a_text_of_more_than_a_mebibyte_is_refused_as_too_large(api: Api) -> None:
    refused = sent(api(), EDITS, fields(prompt=b"x" * 2_000_000) + b"--xx--")
    assert refused.status_code == 413
    assert error(refused)["message"] == (
        "Maximum content size limit (1048576) exceeded (2000000 bytes read)"
    )
    assert "'prompt'" in refused.headers["mock-hint"]


def test_a_body_of_another_form_is_refused_by_its_content_type(api: Api) -> None:
    for path in (EDITS, VARIATIONS, "/v1/images/generations"):
        refused = api().post(path, data={"prompt": "x"})
        assert "application/x-www-form-urlencoded" in error(refused)["message"]


def test_a_png_with_a_workflow_of_a_megabyte_and_more_is_taken(api: Api) -> None:
    for is_deflated, size in ((False, 1_100_000), (True, 1_000_000)):
        told = PngInfo()
        told.add_itxt("workflow", "x" * size, zip=is_deflated)
        file = io.BytesIO()
        scene().save(file, "PNG", pnginfo=told)
        answer = api().post(VARIATIONS, files={"image": file.getvalue()}, data=INLINE)
        assert first(answer) == first(vary(api(), **INLINE))

"""Edits by GPT image models: several pictures, masks of every kind, references, and what is told."""

from __future__ import annotations

import io
from base64 import b64decode, b64encode
from typing import Any

import openai
import pytest
from httpx2 import Response
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.facts.tokens import PatchTokens, TileTokens
from mockserver.testing import ImagesMock
from tests.conftest import Api, error, generate
from tests.test_records import seconds

EDITS = "/v1/images/edits"
DAY = "2026-11-28"
MODELS = ["gpt-image-1-mini", "gpt-image-1.5", "chatgpt-image-latest", "gpt-image-2"]
MODELS += ["gpt-image-2.5-flare", "gpt-image-2.6-sunburst"]
FORMS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
HERE = {"Mock-Sandbox-Key": "sk-mock-me"}
Files = list[tuple[str, tuple[str, bytes, str]]]


def scene(width: int = 256, height: int = 256, hue: int = 90, mode: str = "RGB") -> Image.Image:
    """Something with shapes and shades."""
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    box = (width // 4, height // 4, width // 2 + 1, height // 2 + 1)
    ImageDraw.Draw(image).ellipse(box, fill=(200, hue, 40))
    return image.convert(mode)


def encoded(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def half_clear(width: int = 256, height: int = 256) -> Image.Image:
    """A mask whose lower half is to be edited."""
    mask = Image.new("RGBA", (width, height), "black")
    mask.paste((0, 0, 0, 0), (0, height // 2, width, height))
    return mask


def parts(*images: bytes, kind: str = "image/png", name: str = "image[]") -> Files:
    return [(name, ("blob", image, kind)) for image in images]


def edit(
    client: TestClient, files: Files | None = None, *, mask: bytes | None = None, **data: Any
) -> Response:
    files = parts(encoded(scene())) if files is None else files
    files = files + ([("mask", ("mask.png", mask, "image/png"))] if mask else [])
    body = {"model": "gpt-image-2", "prompt": "a fox", "quality": "low"} | data
    return client.post(EDITS, files=files, data=body)


def refer(client: TestClient, *images: Any, **body: Any) -> Response:
    told = {"model": "gpt-image-2", "prompt": "a fox", "quality": "low", "images": [*images]}
    return client.post(EDITS, json=told | body)


def in_data(file: bytes, kind: str = "image/png") -> dict[str, str]:
    return {"image_url": f"data:{kind};base64,{b64encode(file).decode()}"}


def pictures(answer: Response) -> list[Image.Image]:
    assert answer.status_code == 200, answer.text[:500]
    return [Image.open(io.BytesIO(b64decode(p["b64_json"]))) for p in answer.json()["data"]]


def made(**settings: Any) -> TestClient:
    config = configured(log_format="none", as_of=DAY, tier="off", **settings)
    headers = {"Authorization": "Bearer sk-mock-me"}
    app = create_app(config, clock=ManualClock())
    return TestClient(app, base_url="http://localhost:6780", headers=headers)


@pytest.fixture(name="client", scope="module")
def client_fixture() -> TestClient:
    return made()


def told(client: TestClient) -> dict[str, Any]:
    """The last request as the journal has it."""
    found: dict[str, Any] = client.get("/_mock/requests", headers=HERE).json()["requests"][-1]
    return found


# -- what is sent ------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("form", FORMS)
def test_every_model_edits_pictures_of_each_format(
    client: TestClient, model: str, form: str
) -> None:
    files = parts(encoded(scene(), form), encoded(scene(300, 200), form), kind=FORMS[form])
    answer = edit(client, files, model=model, size="1024x1024", n="2")
    assert [p.size for p in pictures(answer)] == [(1024, 1024)] * 2
    usage = answer.json()["usage"]
    assert usage["input_tokens_details"]["image_tokens"] > 0
    assert usage["input_tokens"] == sum(usage["input_tokens_details"].values())


@pytest.mark.parametrize("name", ["image", "image[]", "image[0]"])
@pytest.mark.parametrize("filename", ["blob", "upload", "a.png"])
def test_clients_name_the_part_and_the_file_as_they_like(
    client: TestClient, name: str, filename: str
) -> None:
    file = [(name, (filename, encoded(scene()), "image/png"))]
    assert edit(client, file).status_code == 200


def test_numbered_parts_are_a_list(client: TestClient) -> None:
    files = [(f"image[{n}]", ("blob", encoded(scene(hue=n)), "image/png")) for n in range(3)]
    assert edit(client, files).json()["usage"]["input_tokens_details"]["image_tokens"] == 3 * 256
    assert [f["bytes"] for f in told(client)["fields"]["image"]] == [len(f[1][1]) for f in files]


def test_sixteen_pictures_are_taken_and_no_more(client: TestClient) -> None:
    many = [encoded(scene(hue=10 * n)) for n in range(17)]
    assert edit(client, parts(*many[:16])).status_code == 200
    refused = error(edit(client, parts(*many)))
    assert (refused["code"], refused["param"]) == ("array_above_max_length", "image")
    assert "maximum length 16, but got an array with length 17" in refused["message"]


def test_a_picture_of_50_mb_is_too_large() -> None:
    client = made(max_body="100MB")
    with_rest = encoded(scene(64, 64)) + bytes(50 << 20)
    assert error(edit(client, parts(with_rest)))["code"] == "invalid_image_file"


def test_of_several_files_the_text_among_them_is_told_by_its_place(client: TestClient) -> None:
    files: Any = [*parts(encoded(scene())), ("image[]", (None, "x"))]
    assert error(edit(client, files))["message"] == (
        "Invalid type for 'image[1]': expected a file, but got a string instead."
    )


def test_a_picture_that_breaks_off_is_told_by_its_number(client: TestClient) -> None:
    for form, kind in FORMS.items():
        broken = encoded(scene(), form)[:-200]
        refused = error(edit(client, parts(encoded(scene(), form), broken, kind=kind)))
        assert "for image 2, please" in refused["message"], form


def test_an_octet_stream_is_refused_with_a_hint(client: TestClient) -> None:
    answer = edit(client, parts(encoded(scene()), kind="application/octet-stream"))
    assert error(answer)["param"] == "image[0]"
    assert '("image.png", data, "image/png")' in answer.headers["mock-hint"]


def test_a_spread_buffer_gets_the_hint_that_dall_e_gives(client: TestClient) -> None:
    spread: Any = [(f"image[{n}]", (None, str(byte))) for n, byte in enumerate(encoded(scene()))]
    answer = edit(client, spread)
    assert answer.status_code == 400
    assert "Uint8Array as a text field for each byte" in answer.headers["mock-hint"]


# -- masks -------------------------------------------------------------------------------------

#: The same mask as optimisers write it.
MASKS = {
    "RGBA": lambda mask: encoded(mask),
    "LA": lambda mask: encoded(mask.convert("LA")),
    "palette": lambda mask: encoded(mask.quantize(2, Image.Quantize.FASTOCTREE)),
    "1-bit with a key": lambda mask: encoded(mask.getchannel("A").convert("1"), transparency=0),
    "grey with a key": lambda mask: encoded(mask.getchannel("A"), transparency=0),
    "colour with a key": lambda mask: encoded(
        mask.getchannel("A").convert("RGB"), transparency=(0, 0, 0)
    ),
}


@pytest.mark.parametrize("kind", MASKS)
def test_unmasked_pixels_stay_whatever_the_masks_kind(client: TestClient, kind: str) -> None:
    source = scene(1024, 1024)
    mask = MASKS[kind](half_clear(1024, 1024))
    (picture,) = pictures(edit(client, parts(encoded(source)), mask=mask, size="1024x1024"))
    upper, lower = (0, 0, 1024, 512), (0, 512, 1024, 1024)
    assert picture.crop(upper).tobytes() == source.crop(upper).tobytes()
    assert picture.crop(lower).tobytes() != source.crop(lower).tobytes()


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (encoded(Image.new("RGB", (256, 256))), "mask image missing alpha channel"),
        (encoded(Image.new("1", (256, 256))), "mask image missing alpha channel"),
        (encoded(Image.new("P", (256, 256))), "mask image missing alpha channel"),
        (encoded(Image.new("RGB", (256, 256)), "JPEG"), "mask image missing alpha channel"),
        (encoded(half_clear(255, 256)), "mask size does not match image size"),
        (encoded(half_clear(), "WEBP", lossless=True), "mask image must be a PNG"),
        (b"x", "mask image must be a PNG"),
        (encoded(half_clear()) + bytes(4 << 20), "mask image must be a PNG and less than 4 MB"),
        (encoded(half_clear())[:-20], "mask image must be a PNG"),
    ],
)
def test_other_masks_are_refused(client: TestClient, mask: bytes, said: str) -> None:
    refused = error(edit(client, mask=mask))
    assert refused["code"] == "invalid_mask_image_format"
    assert refused["message"].startswith(f"Invalid mask image format - {said}")


def test_a_mask_may_come_as_an_octet_stream(client: TestClient) -> None:
    mask = ("mask", ("upload", encoded(half_clear()), "application/octet-stream"))
    assert edit(client, [*parts(encoded(scene())), mask]).status_code == 200


def test_markup_is_a_picture_that_goes_with_no_mask(client: TestClient) -> None:
    markup = ("markup", ("m.png", encoded(half_clear()), "image/png"))
    files = [*parts(encoded(scene())), markup]
    assert edit(client, files, model="gpt-image-2.5-flare").status_code == 200
    refused = edit(client, files, mask=encoded(half_clear()), model="gpt-image-2.5-flare")
    assert error(refused)["param"] == "markup"
    assert error(edit(client, files))["message"] == "Unknown parameter: 'markup'."


# -- what is drawn -----------------------------------------------------------------------------


def test_each_picture_that_is_sent_makes_another_edit(client: TestClient) -> None:
    one, other, third = (encoded(scene(hue=hue)) for hue in (10, 120, 240))
    asked = [[one], [other], [one, other], [other, one], [one, other, third]]
    files = [pictures(edit(client, parts(*images)))[0].tobytes() for images in asked]
    assert len(set(files)) == len(asked)
    assert pictures(edit(client, parts(one, other)))[0].tobytes() == files[2]


def test_without_a_mask_the_first_picture_is_kept_above_and_others_are_shown(
    client: TestClient,
) -> None:
    first, red = scene(1024, 1024), Image.new("RGB", (300, 300), (250, 3, 7))
    (picture,) = pictures(edit(client, parts(encoded(first), encoded(red)), size="1024x1024"))
    upper = (0, 0, 1024, 600)
    assert picture.crop(upper).tobytes() == first.crop(upper).tobytes()
    counted = picture.getcolors(1 << 20) or []
    assert max(n for n, colour in counted if colour == (250, 3, 7)) > 4000


#: What is asked for with `auto`, and the size that answers.
FOLLOWED = [
    ("gpt-image-1.5", (100, 100), "1024x1024"),
    ("gpt-image-1.5", (100, 130), "1024x1536"),
    ("gpt-image-1.5", (300, 100), "1536x1024"),
    ("gpt-image-2", (64, 64), "1254x1254"),
    ("gpt-image-2", (160, 90), "1672x940"),
    ("gpt-image-2", (10, 4000), "724x2171"),
]


@pytest.mark.parametrize(("model", "sides", "size"), FOLLOWED)
def test_auto_is_like_the_first_picture(
    client: TestClient, model: str, sides: tuple[int, int], size: str
) -> None:
    files = parts(encoded(scene(*sides)), encoded(scene(50, 60)))
    asked: list[dict[str, Any]] = [{}, {"size": "auto"}]
    for body in asked:
        answer = edit(client, files, model=model, **body)
        assert answer.json()["size"] == size
        assert "x".join(map(str, pictures(answer)[0].size)) == size


# -- tokens and limits -------------------------------------------------------------------------

TILES = TileTokens(65, 512, 129, {"high": (4096, 6144)}, "", "")
PATCHES = PatchTokens(32, 1024, 2, 3, 1536, "", "")


@pytest.mark.parametrize(
    ("sides", "tokens"),
    [((128, 128), 64), ((1024, 1024), 1024), ((1024, 512), 512), ((2048, 2048), 1521)]
    + [((512, 512), 1024), ((600, 600), 1024), ((1600, 900), 1450), ((3000, 10), 1452)],
)
def test_patches_cover_a_picture(sides: tuple[int, int], tokens: int) -> None:
    assert PATCHES.of(sides, {}) == PATCHES.of(sides[::-1], {}) == tokens


@given(st.integers(1, 9000), st.integers(1, 9000))
def test_no_picture_has_more_patches_than_the_most(width: int, height: int) -> None:
    assert 1 <= PATCHES.of((width, height), {}) <= 1536


@pytest.mark.parametrize(
    ("sides", "fidelity", "tokens"),
    [((1024, 1024), None, 194), ((1024, 1536), None, 323), ((1024, 1024), "low", 194)]
    + [((64, 64), "high", 194 + 4096), ((1536, 1024), "high", 323 + 6144)],
)
def test_tiles_cover_a_picture(sides: tuple[int, int], fidelity: str | None, tokens: int) -> None:
    assert TILES.of(sides, {"input_fidelity": fidelity} if fidelity else {}) == tokens


@pytest.mark.parametrize(("images", "n", "tokens"), [(1, 1, 194), (2, 1, 388), (1, 2, 388)])
def test_input_tokens_are_as_recorded_of_gpt_image_1(
    api: Api, images: int, n: int, tokens: int
) -> None:
    files = parts(*[encoded(scene(1024, 1024, hue=h)) for h in range(images)])
    answer = edit(api(as_of="2025-06-15"), files, model="gpt-image-1", quality="medium", n=str(n))
    assert answer.json()["usage"]["input_tokens_details"]["image_tokens"] == tokens


def test_each_picture_that_is_sent_counts_for_the_minute(api: Api) -> None:
    client = api(as_of=DAY, tier="1")
    files = parts(encoded(scene()), encoded(scene(hue=1)))
    assert [edit(client, files).status_code for _ in range(3)] == [200, 200, 429]
    assert "Used 4, Requested 2" in error(edit(client, files))["message"]


# -- JSON --------------------------------------------------------------------------------------


def test_data_urls_are_as_good_as_files(client: TestClient) -> None:
    one, two, mask = encoded(scene()), encoded(scene(hue=3), "WEBP"), encoded(half_clear())
    files = [*parts(one), *parts(two, kind="image/webp")]
    by_form = edit(client, files, mask=mask).json()
    answer = refer(client, in_data(one), in_data(two, "image/webp"), mask=in_data(mask))
    assert answer.json() == by_form


def test_the_journal_tells_references_like_uploads(client: TestClient) -> None:
    file = encoded(scene(40, 30))
    refer(client, in_data(file), mask=in_data(encoded(half_clear(40, 30))))
    fields = told(client)["fields"]
    (image,) = fields["images"]
    assert image["image_url"].startswith("data:image/png;base64,")
    assert len(image["image_url"]) <= 201
    assert (image["bytes"], image["width"], image["height"]) == (len(file), 40, 30)
    assert fields["mask"]["format"] == "PNG"
    assert fields["size"] == "1447x1086"  # filled in, like the picture


@pytest.mark.parametrize(
    ("image", "param", "code"),
    [
        ({}, "images[0].image_url", "missing_required_parameter"),
        ("x", "images[0]", "invalid_type"),
        ({"url": "x"}, "images[0].url", "unknown_parameter"),
        ({"image_url": 1}, "images[0].image_url", "invalid_type"),
        ({"image_url": "x", "file_id": "y"}, "images[0].file_id", "unknown_parameter"),
        ({"file_id": "file-1"}, "images[0].file_id", "invalid_value"),
        ({"image_url": "data:image/png;base64,!"}, "images[0].image_url", "invalid_image_file"),
        ({"image_url": "data:image/png;base64,eA=="}, "images[0].image_url", "invalid_image_file"),
        ({"image_url": "http://169.254.169.254/"}, "url", "invalid_value"),
        ({"image_url": "file:///etc/passwd"}, "url", "invalid_value"),
        ({"image_url": "http://[/private/"}, "url", "invalid_value"),
        ({"image_url": ""}, "url", "invalid_value"),
    ],
)
def test_a_reference_that_is_none_is_refused(
    client: TestClient, image: Any, param: str, code: str
) -> None:
    refused = error(refer(client, image))
    assert (refused["param"], refused["code"]) == (param, code)


@pytest.mark.parametrize("name", ["model", "prompt", "images"])
def test_null_is_no_value_of_these(client: TestClient, name: str) -> None:
    refused = error(refer(client, in_data(encoded(scene())), **{name: None}))
    assert (refused["param"], refused["code"]) == (name, "invalid_type")


@pytest.mark.parametrize("name", ["n", "size", "quality", "stream", "mask", "user"])
def test_null_is_as_good_as_not_there(client: TestClient, name: str) -> None:
    assert refer(client, in_data(encoded(scene())), **{name: None}).status_code == 200


def test_of_two_faults_the_one_is_told_that_is_looked_at_first(client: TestClient) -> None:
    faults: list[dict[str, Any]] = [
        {"image": 1},
        {"prompt": ""},
        {"images": []},
        {"n": 0},
        {"quality": "hd"},
    ]
    for place, fault in enumerate(faults[:-1]):
        (name,) = fault
        answer = refer(client, in_data(encoded(scene())), **faults[place + 1], **fault)
        assert error(answer)["param"] == name


def test_json_came_to_gpt_image_models_on_its_day(api: Api) -> None:
    file = in_data(encoded(scene()))
    for day, status in (("2026-02-08", 400), ("2026-02-09", 200)):
        client = api(as_of=day)
        assert refer(client, file, model="gpt-image-1").status_code == status
        code = error(refer(client, file, model="dall-e-2"))["code"]
        assert code == "unsupported_content_type"


def test_a_picture_of_this_server_is_found_by_its_url(api: Api, clock: ManualClock) -> None:
    clock.advance(seconds(DAY) - clock.now() / 1e9)
    client = api()
    url = generate(client, size="256x256").json()["data"][0]["url"]
    picture = Image.open(io.BytesIO(client.get(url).content)).convert("RGB")
    answer = refer(client, {"image_url": url}, size="1024x1024", model="gpt-image-2")
    assert answer.status_code == 200
    shown = pictures(answer)[0].crop((0, 0, 1024, 500))
    large = picture.resize((1024, 1024), Image.Resampling.LANCZOS).crop((0, 0, 1024, 500))
    found = ImageChops.difference(shown, large).convert("L")
    assert found.histogram()[3:] == [0] * 253
    altered = url.replace("sig=", "sig=x")
    assert error(refer(client, {"image_url": altered}))["message"].endswith("status code: 403.")
    clock.advance(3600)
    assert error(refer(client, {"image_url": url}))["message"].endswith("status code: 403.")


def test_a_rule_says_what_an_address_has(client: TestClient) -> None:
    fox, gone = "https://example.com/fox.png", "https://example.com/gone.png"
    file = encoded(scene(hue=77))
    hint = refer(client, {"image_url": fox}).headers["mock-hint"]
    assert f'addresses = {{ "{fox}" = ' in hint
    given = {fox: b64encode(file).decode(), "file-7": b64encode(file).decode(), gone: 503}
    rule = {"when": {"model": "gpt-image-2"}, "then": {"addresses": given}}
    posted = client.post("/_mock/rules", headers=HERE, json=rule)
    assert posted.status_code == 201
    told_rule = posted.json()
    assert told_rule["then"]["addresses"][gone] == 503
    assert told_rule["then"]["addresses"][fox]["bytes"] == len(file)
    place = f"/_mock/rules/{told_rule['id']}"
    assert client.put(place, headers=HERE, json=told_rule).json()["then"] == told_rule["then"]
    same = edit(client, parts(file)).json()["data"]
    for image in ({"image_url": fox}, {"file_id": "file-7"}):
        assert refer(client, image).json()["data"] == same
    refused = refer(client, {"image_url": gone})
    assert error(refused)["message"] == "Error while downloading file. Upstream status code: 503."
    assert refer(client, {"image_url": fox}, model="gpt-image-1.5").status_code == 400
    client.delete("/_mock/rules", headers=HERE)


# -- properties --------------------------------------------------------------------------------

MADE = made()
forms = st.sampled_from(list(FORMS))
sides = st.integers(16, 90)
uploads = st.tuples(forms, sides, sides, st.sampled_from(["RGB", "L", "RGBA", "P"]))


@settings(max_examples=60)
@given(
    st.sampled_from(MODELS),
    st.lists(uploads, min_size=1, max_size=4),
    st.sampled_from(["auto", "1024x1024", "1536x1024"]),
    st.integers(1, 2),
    st.booleans(),
)
def test_every_valid_body_gives_pictures_of_the_asked_size_and_count(
    model: str, images: list[tuple[str, int, int, str]], size: str, n: int, masked: bool
) -> None:
    files = []
    for place, (form, width, height, mode) in enumerate(images):
        mode = "RGB" if form == "JPEG" and mode in ("RGBA", "P") else mode
        image = scene(width, height, hue=place, mode=mode)
        files += parts(encoded(image, form), kind=FORMS[form])
    mask = encoded(half_clear(*images[0][1:3])) if masked else None
    answer = edit(MADE, files, mask=mask, model=model, size=size, n=str(n))
    found = pictures(answer)
    usage = answer.json()["usage"]
    assert len(found) == n
    assert {f"{p.width}x{p.height}" for p in found} == {answer.json()["size"]}
    assert size in ("auto", answer.json()["size"])
    assert len({p.tobytes() for p in found}) == n
    assert usage["input_tokens_details"]["image_tokens"] >= n * len(images)
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


@settings(max_examples=25)
@given(forms, st.binary(max_size=3), st.integers(0, 3))
def test_unmasked_pixels_are_those_of_the_first_picture(
    form: str, seed: bytes, others: int
) -> None:
    source = scene(1024, 1024, hue=sum(seed) % 256)
    mask = Image.new("L", (1024, 1024), 255)
    for place, byte in enumerate(seed):
        left = byte * 3
        mask.paste(0, (left, 300 * place, left + 200, 300 * place + 280))
    clear = Image.merge("LA", (mask, mask))
    file = encoded(source, form)
    rest = [encoded(scene(hue=50 * k)) for k in range(others)]
    files = [*parts(file, kind=FORMS[form]), *parts(*rest)]
    (picture,) = pictures(edit(MADE, files, mask=encoded(clear), size="1024x1024"))
    own = Image.open(io.BytesIO(file)).convert("RGB")
    unlike = Image.composite(ImageChops.difference(picture, own), Image.new("RGB", own.size), mask)
    assert unlike.getbbox() is None


# -- the vendor's library, and assertions ------------------------------------------------------


def test_the_vendors_library_edits(server: ImagesMock) -> None:
    one, two, mask = encoded(scene()), encoded(scene(hue=9), "JPEG"), encoded(half_clear())
    with openai.OpenAI(base_url=server.url, api_key="sk-mock-edits") as client:
        answer = client.images.edit(
            model="gpt-image-2",
            prompt="a fox",
            image=[("a.png", one), ("b.jpg", two)],
            mask=("m.png", mask),
            size="1536x864",
            quality="low",
            n=2,
        )
        assert answer.data
        assert answer.usage
        files = [b64decode(item.b64_json or "") for item in answer.data]
        assert [Image.open(io.BytesIO(file)).size for file in files] == [(1536, 864)] * 2
        assert answer.usage.input_tokens_details.image_tokens == 2 * 2 * 256
        alone = client.images.edit(model="gpt-image-1.5", prompt="a fox", image=("a.png", one))
        assert alone.size == "1024x1024"
        with pytest.raises(openai.BadRequestError, match="unsupported mimetype"):
            client.images.edit(model="gpt-image-2", prompt="a fox", image=one)
        body = {"model": "gpt-image-2", "prompt": "x", "images": [in_data(one)], "quality": "low"}
        told = client.post("/images/edits", body=body, cast_to=openai.types.ImagesResponse)
        assert told.data
    sandbox = server.sandbox("sk-mock-edits")
    first, *_, last = sandbox.requests
    assert [image.format for image in first.images] == ["PNG", "JPEG"]
    assert first.image == first.images[0]
    assert last.images == first.images[:1]
    sandbox.assert_called_once(image=[one, two], mask=mask)
    sandbox.assert_called_once(image=one, model="gpt-image-1.5")
    with pytest.raises(AssertionError, match="≠ image: wanted"):
        sandbox.assert_called_once(image=[two, one])

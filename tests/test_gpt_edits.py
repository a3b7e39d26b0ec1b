"""Edits by GPT image models: several pictures, masks of every kind, and what is told of them."""

from __future__ import annotations

import io
from base64 import b64decode
from typing import Any

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops
from starlette.testclient import TestClient

from mockserver.facts.tokens import PatchTokens, TileTokens
from mockserver.testing import ImagesMock
from tests.conftest import Api, error, up_to
from tests.edits import (
    DAY,
    FORMS,
    MODELS,
    edit,
    encoded,
    half_clear,
    in_data,
    made,
    parts,
    pictures,
    scene,
    told,
)

# -- what is sent ------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "form"), [*zip(MODELS, [*FORMS] * 2, strict=True)])
def test_every_model_edits_pictures_and_each_format_is_taken(
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


# -- properties --------------------------------------------------------------------------------

MADE = made()
forms = st.sampled_from(list(FORMS))
sides = st.integers(16, 90)
uploads = st.tuples(forms, sides, sides, st.sampled_from(["RGB", "L", "RGBA", "P"]))


@settings(max_examples=up_to(15))  # each draws pictures of a megapixel
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


@settings(max_examples=up_to(10))
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
    sandbox = server.sandbox("sk-mock-edits").begin(per_minute=1000)
    with openai.OpenAI(base_url=server.url, api_key=sandbox.api_key) as client:
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
    first, *_, last = sandbox.requests
    assert [image.format for image in first.images] == ["PNG", "JPEG"]
    assert first.image == first.images[0]
    assert last.images == first.images[:1]
    sandbox.assert_called_once(image=[one, two], mask=mask)
    sandbox.assert_called_once(image=one, model="gpt-image-1.5")
    with pytest.raises(AssertionError, match="≠ image: wanted"):
        sandbox.assert_called_once(image=[two, one])

"""What a user does first, with the official SDK and curl, over a real socket."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator

import httpx2
import openai
import pytest
from PIL import Image

from mockserver.pictures.pure.drawing import identify
from mockserver.testing import ImagesMock


@pytest.fixture
def client(server: ImagesMock) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.url, api_key="sk-mock-me") as client:
        yield client


def test_two_pictures_by_url_show_what_was_asked(client: openai.OpenAI) -> None:
    answer = client.images.generate(
        model="dall-e-2", prompt="a red fox in the snow", n=2, size="512x512"
    )
    urls = [item.url for item in answer.data or ()]
    assert len(set(urls)) == 2
    for index, url in enumerate(urls):
        assert url
        got = httpx2.get(url)
        assert got.headers["content-type"] == "image/png"
        picture = Image.open(io.BytesIO(got.content))
        assert (picture.size, picture.mode) == ((512, 512), "RGB")
        told = identify(got.content)
        assert told
        assert told["prompt"] == "a red fox in the snow"
        assert (told["size"], told["image"]) == ("512x512", f"{index + 1}/2")


def test_base64_and_url_show_the_same_picture(client: openai.OpenAI) -> None:
    inline = client.images.generate(prompt="a boat", size="256x256", response_format="b64_json")
    linked = client.images.generate(prompt="a boat", size="256x256", user="somebody")
    assert inline.data
    assert linked.data
    url = linked.data[0].url
    assert url
    assert b64decode(inline.data[0].b64_json or "") == httpx2.get(url).content


def test_a_picture_is_also_served_to_a_client_that_sends_its_key(client: openai.OpenAI) -> None:
    answer = client.images.generate(prompt="x", size="256x256")
    assert answer.data
    url = answer.data[0].url or ""
    assert httpx2.get(url, headers={"Authorization": "Bearer sk-mock-me"}).status_code == 200


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # by the SDK: variations ended
def test_an_edit_and_variations_can_be_downloaded(client: openai.OpenAI) -> None:
    def png(mode: str, colour: tuple[int, ...]) -> tuple[str, bytes]:
        file = io.BytesIO()
        Image.new(mode, (64, 64), colour).save(file, "PNG")
        return "image.png", file.getvalue()

    photo, mask = png("RGB", (9, 99, 9)), png("RGBA", (0, 0, 0, 0))
    edited = client.images.edit(image=photo, mask=mask, prompt="a fox", n=2, size="256x256")
    varied = client.images.create_variation(image=photo, n=2, size="256x256")
    contents = [httpx2.get(i.url or "").content for i in (edited.data or []) + (varied.data or [])]
    assert len(set(contents)) == 4
    assert {Image.open(io.BytesIO(c)).size for c in contents} == {(256, 256)}


def test_dall_e_3_revises_the_prompt_and_embeds_it(client: openai.OpenAI) -> None:
    answers = [client.images.generate(model="dall-e-3", prompt="a teapot") for _ in range(2)]
    revised = {a.data[0].revised_prompt for a in answers if a.data}
    assert len(revised) == 1
    text = revised.pop() or ""
    assert text.startswith("a teapot. ")
    assert len(text) > len("a teapot") + 20


def test_models_are_listed_and_retrieved(client: openai.OpenAI) -> None:
    listed = [m.id for m in client.models.list()]
    assert listed[:2] == ["dall-e-2", "dall-e-3"]
    assert "gpt-image-2" in listed
    assert client.models.retrieve("dall-e-2").created == 1698798177
    with pytest.raises(openai.NotFoundError) as missing:
        client.models.retrieve("gpt-9")
    assert missing.value.code == "model_not_found"


def test_the_sdk_raises_what_it_raises_for_the_real_api(server: ImagesMock) -> None:
    def call(key: str, **parameters: object) -> None:
        with openai.OpenAI(base_url=server.url, api_key=key, max_retries=0) as client:
            client.images.generate(**({"prompt": "x"} | parameters))  # type: ignore[call-overload]

    with pytest.raises(openai.BadRequestError, match="'1x1' is not one of"):
        call("sk-mock-me", size="1x1")
    with pytest.raises(openai.AuthenticationError, match=r"Incorrect API key provided: sk-mock-\*"):
        call("sk-mock-revoked")
    with pytest.raises(openai.RateLimitError) as quota:
        call("sk-mock-no-credit")
    assert quota.value.code == "insufficient_quota"
    with pytest.raises(openai.BadRequestError) as bill:
        call("sk-mock-hard-limit")
    assert bill.value.code == "billing_hard_limit_reached"
    with pytest.raises(openai.PermissionDeniedError, match="must be verified"):
        call("sk-mock-unverified")
    with pytest.raises(openai.RateLimitError, match="Limit: 0/1min. Current: 1/1min"):
        call("sk-mock-free")


def test_the_sdk_recovers_from_a_rate_limit_by_its_own_retry() -> None:
    with (  # one image a second: six calls take less
        ImagesMock(limits="60/min") as fast,
        openai.OpenAI(base_url=fast.url, api_key="sk-mock-me", max_retries=2) as client,
    ):
        for _ in range(6):
            client.images.generate(prompt="x", n=10)
        response = client.images.with_raw_response.generate(prompt="x", n=1)
        assert response.retries_taken >= 1
        assert response.parse().data


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl_gets_the_bytes_that_were_recorded(server: ImagesMock) -> None:
    def curl(*args: str) -> str:
        command = ["curl", "--silent", "--noproxy", "*", *args]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    url = f"{server.url}/images/generations"
    sent = ["-H", "Content-Type: application/json", "-u", ":sk-mock-me", "-d"]
    body = curl(url, *sent, '{"prompt": "a cat", "size": "256x256"}')
    created = json.loads(body)["created"]
    assert body.startswith(
        f'{{\n  "created": {created},\n  "data": [\n    {{\n      "url": "{server.address}/private/org-'
    )
    assert body.endswith('%3D"\n    }\n  ]\n}\n')
    body = curl(url, *sent, '{"prompt": "a cat", "n": 15}')
    assert body == (
        '{\n  "error": {\n    "code": null,\n'
        '    "message": "15 is greater than the maximum of 10 - \'n\'",\n'
        '    "param": null,\n    "type": "invalid_request_error"\n  }\n}\n'
    )

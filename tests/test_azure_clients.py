"""AzureOpenAI of the official SDK, unmodified, against a real server."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import openai
import pytest
from PIL import Image

from mockserver.client.sandbox import Sandbox
from mockserver.testing import ImagesMock
from tests.edits import encoded, scene

MODEL = "gpt-image-2"
FILE = ("image.png", encoded(scene()))
BY_DEPLOYMENT = f"/openai/deployments/{MODEL}/images"


@pytest.fixture
def images(server: ImagesMock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox to which the environment leads, as under the plugin."""
    sandbox = server.sandbox("sk-mock-azure").begin()
    for name, value in sandbox.env.items():
        monkeypatch.setenv(name, value)
    yield sandbox
    sandbox.reset()


@pytest.fixture
def client(images: Sandbox) -> Iterator[openai.AzureOpenAI]:
    with openai.AzureOpenAI() as made:
        yield made


def size(answer: Any) -> tuple[int, int]:
    with Image.open(BytesIO(base64.b64decode(answer.data[0].b64_json))) as image:
        return image.size


#: How a client is made, and the path to which a picture of `MODEL` then is asked for.
MADE: dict[str, tuple[Callable[[Sandbox], openai.OpenAI], str]] = {
    "by the environment": (lambda _: openai.AzureOpenAI(), BY_DEPLOYMENT),
    "by its arguments": (
        lambda i: openai.AzureOpenAI(
            azure_endpoint=i.address, api_key=i.api_key, api_version="2024-02-01"
        ),
        BY_DEPLOYMENT,
    ),
    "for a deployment": (
        lambda _: openai.AzureOpenAI(azure_deployment="gpt-image-1.5"),
        BY_DEPLOYMENT.replace(MODEL, "gpt-image-1.5"),
    ),
    "with a token": (lambda i: openai.AzureOpenAI(azure_ad_token=i.api_key), BY_DEPLOYMENT),
    "with a provider of tokens": (
        lambda i: openai.AzureOpenAI(azure_ad_token_provider=lambda: i.api_key),
        BY_DEPLOYMENT,
    ),
    "with a base URL": (
        lambda i: openai.AzureOpenAI(base_url=f"{i.address}/openai/v1", api_version="preview"),
        f"/openai/v1/deployments/{MODEL}/images",
    ),
    "as the API's own": (
        lambda i: openai.OpenAI(base_url=f"{i.address}/openai/v1/", api_key=i.api_key),
        "/openai/v1/images",
    ),
}


@pytest.mark.parametrize("how", MADE)
def test_a_client_draws_however_it_is_made(images: Sandbox, how: str) -> None:
    make, path = MADE[how]
    with make(images) as made:
        answer = made.images.generate(model=MODEL, prompt="a fox", size="1536x1024", quality="low")
    assert size(answer) == (1536, 1024)
    assert answer.usage is not None
    assert answer.usage.output_tokens > 0
    [request] = images.requests
    assert (request.path, request.status) == (f"{path}/generations", 200)


def test_a_deployment_of_the_client_goes_before_the_model_of_the_request(images: Sandbox) -> None:
    with openai.AzureOpenAI(azure_deployment="gpt-image-1.5") as made:
        made.images.generate(model=MODEL, prompt="a fox")
    [request] = images.requests
    assert request.fields["model"] == "gpt-image-1.5"


@pytest.mark.anyio
async def test_the_asynchronous_client_draws_and_edits(images: Sandbox) -> None:
    async with openai.AsyncAzureOpenAI() as made:
        await made.images.generate(model=MODEL, prompt="a fox")
        await made.images.edit(model=MODEL, prompt="a fox", image=FILE)
    assert [r.operation for r in images.requests] == ["images.generate", "images.edit"]


def test_several_pictures_are_edited_under_a_mask(
    images: Sandbox, client: openai.AzureOpenAI
) -> None:
    file = ("image.png", encoded(scene(mode="RGBA")))
    answer = client.images.edit(
        model=MODEL, prompt="a fox", image=[file, file], mask=file, size="1024x1024"
    )
    assert size(answer) == (1024, 1024)
    [request] = images.requests
    assert (request.path, len(request.images)) == (f"{BY_DEPLOYMENT}/edits", 2)


def test_a_stream_is_read_event_by_event(client: openai.AzureOpenAI) -> None:
    events = client.images.generate(model=MODEL, prompt="a fox", stream=True, partial_images=2)
    assert [event.type for event in events] == [
        "image_generation.partial_image",
        "image_generation.partial_image",
        "image_generation.completed",
    ]


def test_the_sdk_waits_as_long_as_it_is_told_and_tries_again(
    images: Sandbox, client: openai.AzureOpenAI
) -> None:
    images.next.rate_limit(times=2, retry_after=16)
    before = images.clock.now
    assert client.images.generate(model=MODEL, prompt="a fox").data
    assert images.clock.now - before == pytest.approx(32)
    assert [r.status for r in images.requests] == [429, 429, 200]


def test_a_deployment_takes_six_requests_a_minute_however_many_pictures_they_want(
    images: Sandbox, client: openai.AzureOpenAI
) -> None:
    for _ in range(7):
        assert (
            len(client.images.generate(model=MODEL, prompt="a fox", n=3, quality="low").data or [])
            == 3
        )
    assert [r.status for r in images.requests] == [*[200] * 6, 429, 200]


REFUSALS: dict[str, tuple[Callable[[openai.AzureOpenAI], object], type[Exception], str]] = {
    "no such deployment": (
        lambda c: c.images.generate(model="my-images", prompt="a fox"),
        openai.NotFoundError,
        "DeploymentNotFound",
    ),
    "no deployment": (
        lambda c: c.images.edit(image=FILE, prompt="a fox"),
        openai.NotFoundError,
        "404",
    ),
    "a rate": (
        lambda c: c.images.generate(model=MODEL, prompt="a fox mock:429"),
        openai.RateLimitError,
        "RateLimitReached",
    ),
    "a prompt": (
        lambda c: c.images.generate(model=MODEL, prompt="a fox mock:refuse"),
        openai.BadRequestError,
        "content_policy_violation",
    ),
    "a format": (
        lambda c: c.images.generate(model=MODEL, prompt="a fox", output_format="webp"),
        openai.BadRequestError,
        "invalid_value",
    ),
    "a key": (
        lambda c: c.with_options(api_key="sk-mock-revoked").images.generate(
            model=MODEL, prompt="a fox"
        ),
        openai.AuthenticationError,
        "401",
    ),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_is_the_sdks_own_exception(client: openai.AzureOpenAI, what: str) -> None:
    ask, kind, code = REFUSALS[what]
    with pytest.raises(openai.APIStatusError) as raised:
        ask(client.with_options(max_retries=0))
    assert (type(raised.value), raised.value.code) == (kind, code)


def test_the_filters_of_a_refused_prompt_are_in_the_exceptions_body(
    client: openai.AzureOpenAI,
) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        client.images.generate(model=MODEL, prompt="a fox mock:refuse")
    assert isinstance(raised.value.body, dict)
    assert raised.value.body["inner_error"]["code"] == "ResponsibleAIPolicyViolation"

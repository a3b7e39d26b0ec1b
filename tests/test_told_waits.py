"""A wait that a client would not serve is told in full, on either side of each client's limit."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import openai
import pytest

from mockserver.client.sandbox import Sandbox
from mockserver.testing import ImagesMock
from tests.core.test_clients import AI_SDK, NPM, PYTHON

OLD = PYTHON | {"x-stainless-package-version": "2.51.0"}
NEW = PYTHON | {"x-stainless-package-version": "3.57.0"}


@pytest.fixture
def images(server: ImagesMock) -> Sandbox:
    return server.sandbox("sk-mock-waits").begin()


@pytest.fixture
def client(images: Sandbox) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=images.url, api_key=images.api_key) as made:
        yield made


def test_the_official_sdk_serves_two_minutes(images: Sandbox, client: openai.OpenAI) -> None:
    images.next.rate_limit(retry_after=120)
    before = images.clock.now
    client.images.generate(prompt="x")
    assert [r.status for r in images.requests] == [429, 200]
    assert images.clock.now - before == pytest.approx(120)


def test_the_official_sdk_gives_up_at_once_above_two_minutes(
    images: Sandbox, client: openai.OpenAI
) -> None:
    images.next.rate_limit(retry_after=120.5)
    with pytest.raises(openai.RateLimitError) as refusal:
        client.images.generate(prompt="x")
    assert refusal.value.response.headers["retry-after-ms"] == "120500"
    [request] = images.requests
    assert any("openai-python serves none above 120 s" in decision for decision in request.trace)
    client.images.generate(prompt="x")  # later, the clock has not been moved by a wait
    assert images.clock.now == pytest.approx(images.requests[0].time, abs=60)


@pytest.mark.parametrize(
    ("headers", "seconds", "told"),
    [
        (NEW, 120, "120"),
        (NEW, 121, "121000"),
        (OLD, 60, "60"),
        (OLD, 61, "61000"),
        (NPM, 60, "60"),
        (NPM, 60.5, "60500"),
        (AI_SDK, 59, "59"),
        (AI_SDK, 60, "60000"),
        ({"user-agent": "python-requests/2.32.3"}, 3600, "3600"),
    ],
)
def test_each_side_of_each_limit(
    images: Sandbox, headers: dict[str, str], seconds: float, told: str
) -> None:
    images.next.rate_limit(retry_after=seconds)
    answer = httpx2.post(
        f"{images.url}/images/generations",
        json={"prompt": "x"},
        headers=headers | {"Authorization": f"Bearer {images.api_key}"},
    )
    assert answer.status_code == 429
    assert answer.headers["retry-after-ms"] == told


def test_where_the_clock_runs_all_is_told_in_full(images: Sandbox) -> None:
    images.begin(real_time=True).next.rate_limit(retry_after=20)
    with (
        openai.OpenAI(base_url=images.url, api_key=images.api_key, max_retries=0) as client,
        pytest.raises(openai.RateLimitError) as refusal,
    ):
        client.images.generate(prompt="x")
    assert refusal.value.response.headers["retry-after-ms"] == "20000"

"""Verdicts on real programs: what the journal of a server tells of each, and of its mended twin."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote

import httpx2
import openai
import pytest

from mockserver.testing import ImagesMock

KEY = "sk-mock-judged"
NAMED: dict[str, Any] = {"model": "gpt-image-2", "prompt": "a red fox"}
#: What every program says that asks for URLs, whose models the API has no more.
OLD = {"deprecated-parameter"}


@pytest.fixture(scope="module")
def server() -> Iterator[ImagesMock]:
    with ImagesMock(tier="5") as mock:
        yield mock


@pytest.fixture
def mock(server: ImagesMock) -> Any:
    """A sandbox of its own, whose clock runs."""
    return server.sandbox(KEY).begin(real_time=True)


@pytest.fixture
def sdk(mock: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=mock.url, api_key=KEY)


@pytest.fixture
def http(mock: Any) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=mock.url, headers={"authorization": f"Bearer {KEY}"}) as client:
        yield client


@pytest.fixture
def verdict(server: ImagesMock, mock: Any) -> Callable[[], dict[str, str]]:
    """What was seen, by the findings' ids."""

    def judged() -> dict[str, str]:
        headers = {"mock-sandbox-key": KEY}
        told = httpx2.get(f"{server.address}/_mock/verdict", headers=headers).json()
        return {one["id"]: one["seen"] for one in told["findings"]}

    return judged


Verdict = Callable[[], dict[str, str]]


def _ask(http: httpx2.Client, **fields: Any) -> httpx2.Response:
    return http.post("/images/generations", json=NAMED | fields)


# -- waits and retries ---------------------------------------------------------------------------


def _impatient(http: httpx2.Client, wait: Callable[[httpx2.Response], float]) -> httpx2.Response:
    """A program's own loop."""
    for _ in range(3):
        answer = _ask(http)
        if answer.status_code != 429:
            break
        time.sleep(wait(answer))
    return answer


def test_a_loop_that_does_not_wait_as_told(
    mock: Any, http: httpx2.Client, verdict: Verdict
) -> None:
    mock.next.rate_limit(retry_after=9, times=2)
    _impatient(http, lambda _: 0.05)
    (seen,) = verdict().values()
    assert seen.endswith("where the server said 9 s (2 of 2 retries)")


def test_a_loop_that_waits_as_told(mock: Any, http: httpx2.Client, verdict: Verdict) -> None:
    mock.next.rate_limit(retry_after=0.3, times=2)
    _impatient(http, lambda answer: int(answer.headers["retry-after-ms"]) / 1000)
    assert verdict() == {}


def test_the_vendors_sdk_waits_as_told_in_both_kinds_of_time(
    mock: Any, sdk: openai.OpenAI, verdict: Verdict
) -> None:
    mock.next.rate_limit(retry_after=0.3, times=2)
    sdk.images.generate(**NAMED)
    assert verdict() == {}
    mock.begin()
    mock.next.rate_limit(retry_after=20, times=2)
    sdk.images.generate(**NAMED)
    mock.next.error("internal", times=2)
    sdk.images.generate(**NAMED)
    assert verdict() == {}


def test_a_loop_around_an_sdk_where_time_stands_still(
    mock: Any, sdk: openai.OpenAI, verdict: Verdict
) -> None:
    mock.begin(shortest_wait="9s")
    mock.next.rate_limit(retry_after=60, times=3)
    for _ in range(4):
        with suppress(openai.RateLimitError):
            sdk.with_options(max_retries=0).images.generate(**NAMED)
    seen = verdict()["retry-after-ignored"]
    assert seen.endswith("where the server said 60 s, sent as 9 s (3 of 3 retries)")


def test_equal_calls_at_once_that_are_all_limited(mock: Any, verdict: Verdict) -> None:
    mock.begin()
    mock.on().rate_limit(retry_after=60)

    async def all_at_once() -> None:
        async with openai.AsyncOpenAI(base_url=mock.url, api_key=KEY, max_retries=0) as client:
            calls = [client.images.generate(model="gpt-image-2", prompt="a") for _ in range(6)]
            await asyncio.gather(*calls, return_exceptions=True)

    asyncio.run(all_at_once())
    assert verdict().keys() == {"never-retried"}


def test_the_vendors_sdk_that_has_no_money(mock: Any, sdk: openai.OpenAI, verdict: Verdict) -> None:
    mock.begin()
    mock.on().quota()
    with pytest.raises(openai.RateLimitError):
        sdk.images.generate(**NAMED)
    assert len(mock.requests) == 3
    assert verdict() == {}


def test_a_loop_that_retries_whatever_there_is(
    mock: Any, http: httpx2.Client, verdict: Verdict
) -> None:
    for _ in range(3):
        _ask(http, size="1x1")
    assert [*verdict()] == ["retried-in-vain"]


def test_a_program_that_gives_up_on_what_stays(http: httpx2.Client, verdict: Verdict) -> None:
    _ask(http, size="1x1")
    assert verdict() == {}


def test_a_program_without_retries(
    mock: Any, sdk: openai.OpenAI, http: httpx2.Client, verdict: Verdict
) -> None:
    mock.on().error("overloaded")
    _ask(http)
    assert [*verdict()] == ["never-retried"]


def test_more_at_once_than_the_limit_lets_through(mock: Any, verdict: Verdict) -> None:
    mock.limits(per_minute=2)
    mock.on().delay(0.1)

    async def all_at_once(most: int) -> None:
        client = openai.AsyncOpenAI(base_url=mock.url, api_key=KEY, max_retries=0)
        turns = asyncio.Semaphore(most)

        async def one(number: int) -> None:
            async with turns:
                with suppress(openai.RateLimitError):
                    await client.images.generate(model="gpt-image-2", prompt=str(number))

        async with client:
            await asyncio.gather(*map(one, range(6)))

    asyncio.run(all_at_once(6))
    assert "over-limit-in-flight" in verdict()
    mock.begin(real_time=True)
    mock.limits(per_minute=2)
    asyncio.run(all_at_once(1))
    assert "over-limit-in-flight" not in verdict()


# -- URLs ----------------------------------------------------------------------------------------


def _url(sdk: openai.OpenAI) -> str:
    answer = sdk.images.generate(model="dall-e-3", prompt="a red fox")
    return answer.data[0].url or "" if answer.data else ""


def test_a_url_that_is_cut_off(sdk: openai.OpenAI, verdict: Verdict) -> None:
    httpx2.get(_url(sdk).partition("?")[0])
    found = verdict()
    assert found.keys() - OLD == {"url-altered"}
    assert "without all of its signed query" in found["url-altered"]


def test_a_url_that_is_encoded_twice(sdk: openai.OpenAI, verdict: Verdict) -> None:
    path, _, query = _url(sdk).partition("?")
    httpx2.get(f"{path}?{query.replace('%', '%25')}")
    assert verdict().keys() - OLD == {"url-altered"}


def test_a_url_that_is_encoded_otherwise_and_means_the_same(
    sdk: openai.OpenAI, verdict: Verdict
) -> None:
    path, _, query = _url(sdk).partition("?")
    parts = (part.partition("=") for part in query.split("&"))
    again = "&".join(f"{name}={quote(unquote(value), safe='')}" for name, _, value in parts)
    assert httpx2.get(f"{path}?{again}").status_code == 200
    assert verdict().keys() == OLD


def test_a_url_that_is_kept_for_a_night(mock: Any, sdk: openai.OpenAI, verdict: Verdict) -> None:
    mock.begin()
    url = _url(sdk)
    mock.clock.advance(minutes=61)
    httpx2.get(url)
    found = verdict()
    assert (
        found["url-kept-too-long"]
        == "kept a picture's URL for 61 minutes; it ends after 60 minutes"
    )


def test_a_url_that_a_program_gets_anew_after_a_night(
    mock: Any, sdk: openai.OpenAI, verdict: Verdict
) -> None:
    mock.begin()
    url = _url(sdk)
    mock.clock.advance(minutes=61)
    if httpx2.get(url).status_code == 403:
        httpx2.get(_url(sdk))
    assert verdict().keys() == OLD


def test_pictures_of_which_some_are_used(sdk: openai.OpenAI, verdict: Verdict) -> None:
    answer = sdk.images.generate(model="dall-e-2", prompt="a red fox", n=3, size="256x256")
    assert answer.data
    assert verdict().keys() - OLD == {"url-never-downloaded"}
    httpx2.get(answer.data[0].url or "")
    assert verdict().keys() - OLD == {"more-than-downloaded"}
    for one in answer.data[1:]:
        httpx2.get(one.url or "", headers={"range": "bytes=0-99"})
    assert verdict().keys() == OLD


# -- fields --------------------------------------------------------------------------------------


def test_what_a_request_says_of_people_keys_and_models(
    http: httpx2.Client, verdict: Verdict
) -> None:
    http.post("/images/generations", json={"prompt": "a red fox", "user": "ann@example.com"})
    _ask(http, prompt=f"draw sk-proj-{'a' * 48}")
    http.post(f"/images/generations?api_key={KEY}", json=NAMED)
    found = verdict()
    assert found["personal-data-in-user"] == "sent an e-mail address as 'user'"
    assert found["key-in-text"] == "had a key in the text of 1 request"
    assert found["key-in-url"] == "had a key in the URL of 1 request"
    assert found["model-left-out"] == "named no model in 1 request"
    assert found["deprecated-parameter"].startswith("asked for 'dall-e-2', which the API has no")
    assert "ann@" not in json.dumps(found)


def test_a_parameter_that_its_model_ignores(http: httpx2.Client, verdict: Verdict) -> None:
    http.post("/images/generations", json={"model": "dall-e-2", "prompt": "a", "style": "vivid"})
    assert verdict()["ignored-parameter"].startswith("sent 'style', which 'dall-e-2' ignores")


def test_a_real_key_and_a_key_for_tests(server: ImagesMock, verdict: Verdict) -> None:
    real = f"sk-proj-{'b' * 48}"
    client = openai.OpenAI(base_url=server.url, api_key=real)
    client.images.generate(**NAMED)
    headers = {"mock-sandbox-key": real}
    told = httpx2.get(f"{server.address}/_mock/verdict", headers=headers).json()
    assert [one["id"] for one in told["findings"]] == ["key-looks-real"]
    assert verdict() == {}


# -- over HTTP -----------------------------------------------------------------------------------


def test_what_is_ignored_is_left_out(http: httpx2.Client, server: ImagesMock) -> None:
    http.post("/images/generations", json={"prompt": "a red fox", "response_format": "b64_json"})
    headers, url = {"mock-sandbox-key": KEY}, f"{server.address}/_mock/verdict"
    every = httpx2.get(url, headers=headers).json()
    assert {one["id"] for one in every["findings"]} == {"model-left-out"} | OLD
    ignore = {"ignore": "model-left-out,deprecated-parameter"}
    assert httpx2.get(url, headers=headers, params=ignore).json()["findings"] == []
    refused = httpx2.get(url, headers=headers, params={"ignore": "model-left-put"})
    assert refused.status_code == 400
    assert "did you mean model-left-out?" in refused.json()["error"]["message"]


def test_a_sandbox_that_was_asked_for_nothing_has_no_findings(
    mock: Any, server: ImagesMock
) -> None:
    headers = {"mock-sandbox-key": KEY}
    told = httpx2.get(f"{server.address}/_mock/verdict", headers=headers).json()
    assert told == {"findings": [], "requests": 0}


# -- money ---------------------------------------------------------------------------------------


def test_an_sdk_that_retries_after_a_timeout_buys_again(
    mock: Any, sdk: openai.OpenAI, hasty_once: httpx2.Client, verdict: Verdict
) -> None:
    mock.next.stall()
    sdk.with_options(http_client=hasty_once, max_retries=1).images.generate(**NAMED)
    assert verdict()["paid-twice"].startswith("paid 2 times for one call")


def test_an_sdk_that_retries_after_a_line_that_broke_buys_again(
    mock: Any, sdk: openai.OpenAI, verdict: Verdict
) -> None:
    mock.next.disconnect(after_bytes=100)
    sdk.images.generate(**NAMED)
    assert [*verdict()] == ["paid-twice"]


def test_an_sdk_that_does_not_retry_pays_once(
    mock: Any, sdk: openai.OpenAI, verdict: Verdict
) -> None:
    mock.next.disconnect(after_bytes=100)
    with pytest.raises(openai.APIConnectionError):
        sdk.with_options(max_retries=0).images.generate(**NAMED)
    assert verdict() == {}


def test_a_refusal_that_an_sdk_retries_is_not_paid_for(
    mock: Any, sdk: openai.OpenAI, verdict: Verdict
) -> None:
    mock.begin()
    mock.next.error("internal", times=2)
    sdk.images.generate(**NAMED)
    assert verdict() == {}


def _three(mock: Any, at_once: Callable[..., Any]) -> None:
    async def work() -> None:
        client = openai.AsyncOpenAI(base_url=mock.url, api_key=KEY, max_retries=0)
        async with client:
            with suppress(openai.OpenAIError):
                await at_once(
                    [client.images.generate(model="gpt-image-2", prompt=p) for p in "abc"]
                )

    asyncio.run(work())


async def _all_or_nothing(calls: list[Any]) -> None:
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def _each_for_itself(calls: list[Any]) -> None:
    await asyncio.gather(*calls, return_exceptions=True)


def test_calls_that_are_dropped_because_another_failed(mock: Any, verdict: Verdict) -> None:
    mock.on(prompt="a").refuse()
    mock.on().delay(0.4)
    mock.on(prompt="a").delay(0.2)
    _three(mock, _all_or_nothing)
    assert "paid-for-nothing" in verdict(), mock.requests


def test_calls_each_for_itself(mock: Any, verdict: Verdict) -> None:
    mock.on(prompt="a").refuse()
    mock.on().delay(0.4)
    mock.on(prompt="a").delay(0.2)
    _three(mock, _each_for_itself)
    assert verdict() == {}

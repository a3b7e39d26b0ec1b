"""What the client sent and what was filled in, in journal, near misses, assertions and reports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest
from starlette.testclient import TestClient

from mockserver.client.explain_last import explain_last
from mockserver.client.sandbox import Sandbox
from mockserver.clock import ManualClock
from mockserver.core.keys import hinted
from mockserver.testing import ImagesMock
from tests.conftest import GENERATIONS, Api

KEY = {"Mock-Sandbox-Key": "sk-mock-me"}


@pytest.fixture
def images(server: ImagesMock) -> Sandbox:
    return server.sandbox("sk-mock-sent").begin()


@pytest.fixture
def client(images: Sandbox) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=images.url, api_key=images.api_key, max_retries=0) as made:
        yield made


@pytest.mark.parametrize(
    ("body", "filled"),
    [
        ({}, ["model", "n", "size", "response_format"]),
        ({"model": "dall-e-2", "n": 1}, ["size", "response_format"]),
        ({"model": None, "n": None}, ["model", "n", "size", "response_format"]),
        ({"model": "dall-e-3"}, ["n", "size", "quality", "style", "response_format"]),
        ({"n": 0}, []),  # refused: nothing was filled in
    ],
)
def test_the_journal_names_what_the_client_did_not_send(
    api: Api, body: dict[str, Any], filled: list[str]
) -> None:
    client = api()
    client.post(GENERATIONS, json={"prompt": "x"} | body)
    [record] = client.get("/_mock/requests", headers=KEY).json()["requests"]
    assert record["filled"] == filled
    assert {*filled} <= {*record["fields"]}


def test_a_form_is_no_exception(images: Sandbox) -> None:
    answer = httpx2.post(
        f"{images.url}/images/edits",
        data={"prompt": "x", "n": "2"},
        files={"image": ("image.png", b"none")},
        headers={"Authorization": f"Bearer {images.api_key}"},
    )
    assert answer.status_code == 400
    assert {*images.requests[0].sent} == {"prompt", "n", "image"}


def test_a_test_can_say_that_a_field_was_sent_or_not(
    images: Sandbox, client: openai.OpenAI
) -> None:
    client.images.generate(prompt="x", size="512x512")
    images.assert_called_once(sent=["prompt", "size"], not_sent="model", model="dall-e-2")
    images.assert_not_called(sent="model")
    for wrong, told in (
        ({"sent": "n"}, "≠ n: wanted sent, but the client left it out; 1 was filled in"),
        ({"sent": "user"}, "≠ user: wanted sent, but the client left it out"),
        ({"not_sent": ["size"]}, "≠ size: wanted left out, but '512x512' was sent"),
    ):
        with pytest.raises(AssertionError) as error:
            images.assert_called(**wrong)
        assert str(error.value).splitlines()[2].strip() == told
    with pytest.raises(TypeError, match="no field 'modle'; did you mean model"):
        images.assert_called(not_sent="modle")
    images.assert_called(not_sent="seed_of_another_api")


def test_near_misses_and_explanations_say_so_too(
    server: ImagesMock, images: Sandbox, client: openai.OpenAI
) -> None:
    images.on(model="dall-e-3").refuse()
    client.images.generate(prompt="x")
    told = explain_last(server.address, None)
    assert '  model: "dall-e-2"  (filled in: not sent)' in told
    assert "≠ model: wanted 'dall-e-3', got 'dall-e-2'  (filled in: the client sent none)" in told
    assert "200 images.generate (dall-e-2) (1024x1024) (n=1) 'x'" in images.report()


def test_a_loop_of_the_programs_own_is_one_call_if_asked_for(
    images: Sandbox, client: openai.OpenAI
) -> None:
    images.next.rate_limit(times=2, retry_after=20)
    for _ in range(3):
        try:
            client.images.generate(prompt="x")
        except openai.RateLimitError as error:
            images.clock.sleep(float(error.response.headers["retry-after"]))
    with pytest.raises(AssertionError, match="With own_retries=True they count with the call"):
        images.assert_called_once(prompt="x")
    images.assert_called_once(prompt="x", own_retries=True)
    client.images.generate(prompt="x")  # after an answer it is another call
    images.assert_called(2, prompt="x", own_retries=True)


def test_sleeping_moves_the_clock_and_a_short_sleep_is_served(
    images: Sandbox, client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", images.clock.sleep)
    images.limits(per_minute=2)
    patient, before = client.with_options(max_retries=2), images.clock.now
    for number in range(4):  # the SDK's own retries sleep thousandths
        patient.images.generate(prompt=f"poster {number}")
    assert images.clock.now - before == pytest.approx(60, abs=1)
    with pytest.raises(ValueError, match="non-negative"):
        images.clock.sleep(-1)


def test_real_waits_are_added_up_where_the_clock_stands(api: Api, clock: ManualClock) -> None:
    client = api()
    client.post("/_mock/sandbox", json={"standing": True}, headers=KEY)
    rule = {"then": {"rate_limit": True}, "times": 3}
    client.post("/_mock/rules", json=rule, headers=KEY)
    for pause in (20, 0.5, 2, 0):
        client.post(GENERATIONS, json={"prompt": "x"})
        clock.advance(pause)
    assert waited(client) == pytest.approx(22, abs=0.1)
    client.post(GENERATIONS, json={"prompt": "x"})  # after an answer: no wait
    assert waited(client) == pytest.approx(22, abs=0.1)


def waited(client: TestClient) -> float:
    found: float = client.get("/_mock/requests", headers=KEY).json()["waited"]
    return found


def test_other_keys_are_told_from_the_beginning_of_a_sandbox_on(
    api: Api, clock: ManualClock
) -> None:
    client = api()
    client.post(GENERATIONS, json={"prompt": "x"}, headers={"Authorization": "Bearer earlier"})
    clock.advance(1)
    client.post("/_mock/sandbox", json={}, headers=KEY)
    for key in ("OPENAI_API_KEY", "OPENAI_API_KEY", "sk-mock-me"):
        client.post(GENERATIONS, json={"prompt": "x"}, headers={"Authorization": f"Bearer {key}"})
    [other] = client.get("/_mock/requests/elsewhere", headers=KEY).json()["sandboxes"]
    assert (other["key"], other["requests"]) == ("OPENAI_A…_KEY", 2)


@pytest.mark.parametrize(
    ("authorization", "told"),
    [
        (None, "(none)"),
        ("Bearer test", "test"),
        ("Bearer twelve-chars", "twelve-chars"),
        ("Bearer thirteen-char", "thirteen…char"),
        ("Bearer sk-mock-somebody", "sk-mock-…body"),
        ("Bearer sk-proj-" + "a" * 60, "(one that looks real)"),
    ],
)
def test_a_hint_at_a_key_tells_its_owner_and_nobody_else(
    authorization: str | None, told: str
) -> None:
    assert hinted(authorization, "sk-mock-") == told


def test_a_sandbox_has_sizes_prices_and_latency_of_its_own(api: Api, clock: ManualClock) -> None:
    client = api()
    own = {"sizes": "api", "prices": "billing", "latency": "2s"}
    assert client.post("/_mock/sandbox", json=own, headers=KEY).status_code == 200
    wide = {"prompt": "x", "size": "1024x1536"}
    assert client.post(GENERATIONS, json=wide).status_code == 400
    before = clock.now()
    assert client.post(GENERATIONS, json={"prompt": "x"}).status_code == 200
    assert clock.now() - before == 2e9
    ledger = client.get("/_mock/ledger", headers=KEY).json()
    assert (ledger["spent_usd"], ledger["prices"]) == (0.02, "billing")
    other = {"Authorization": "Bearer sk-mock-other"}
    assert client.post(GENERATIONS, json=wide, headers=other).status_code == 200
    wrong = client.post("/_mock/sandbox", json={"prices": "cheap"}, headers=KEY)
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "prices")

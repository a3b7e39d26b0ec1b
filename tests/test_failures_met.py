"""Each kind of failure of the catalogue is met by the rule that it names, over a real line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from mockserver.core.judging.seen import Seen
from mockserver.facts.failures import Failure, failures
from mockserver.testing import ImagesMock
from tests.conftest import Api, generate

OF = Seen.of
HERE = {"Mock-Sandbox-Key": "sk-mock-me"}
ME = {"Authorization": "Bearer sk-mock-me"}
FOX = {"model": "dall-e-2", "prompt": "a fox", "size": "256x256"}
#: What a request must be for a failure to meet it.
ASKED: dict[str, dict[str, Any]] = {
    "": FOX,
    "url": FOX,
    "base64": FOX | {"response_format": "b64_json"},
    "several": FOX | {"n": 3},
    "stream": {"model": "gpt-image-2", "prompt": "a fox", "stream": True, "partial_images": 1},
}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    with ImagesMock(tier="off") as mock, httpx2.Client(base_url=mock.address) as client:
        yield client


def meet(client: httpx2.Client, failure: Failure) -> None:
    """Let a request, or a download, meet a failure."""
    client.post("/_mock/sandbox", json={}, headers=HERE)
    added = client.post("/_mock/rules", json={"then": failure.then}, headers=HERE)
    assert added.status_code == 201, added.text
    body = ASKED[failure.needs]
    waits = 0.3 if "stall" in str(failure.then) else 60  # a download that stalls is begun at once
    try:
        answer = client.post("/v1/images/generations", json=body, headers=ME, timeout=waits)
        if failure.of == "download":
            client.get(answer.json()["data"][0]["url"], timeout=waits)
    except httpx2.TransportError:
        pass
    wait = {"when": {}, "count": 1}
    client.post("/_mock/requests/wait", json=wait, headers=HERE)


def test_the_rule_of_each_kind_brings_about_this_kind_and_no_other(client: httpx2.Client) -> None:
    wrong = {}
    for failure in failures().values():
        meet(client, failure)
        told = client.get("/_mock/coverage", headers=HERE).json()
        met = [one["id"] for one in told["failures"] if one["met"]]
        if met != [failure.id] or failure.id in told["never_met"]:
            wrong[failure.id] = met
    assert wrong == {}


def test_what_was_met_is_told_with_its_request_and_what_followed(api: Api) -> None:
    client = api()
    for prompt in ("mock:429 a fox", "a fox"):
        generate(client, prompt=prompt, key="sk-mock-me")
    told = client.get("/_mock/coverage", headers=HERE).json()
    (limited,) = [one for one in told["failures"] if one["met"]]
    (record, _) = client.get("/_mock/requests", headers=HERE).json()["requests"]
    assert limited["id"] == "rate_limit"
    assert limited["met"] == [
        {"request": record["id"], "reaction": "asked something else", "sandbox": record["sandbox"]}
    ]
    assert told["requests"] == 2


def test_without_a_sandbox_all_are_meant(api: Api) -> None:
    client = api()
    generate(client, prompt="mock:429", key="sk-mock-a")
    generate(client, prompt="mock:quota", key="sk-mock-b")
    told = client.get("/_mock/coverage").json()
    assert [one["id"] for one in told["failures"] if one["met"]] == ["rate_limit", "quota"]


@pytest.mark.parametrize("path", ["coverage", "verdict", "migration?to=dall-e-3"])
def test_who_has_a_long_journal_judged_keeps_nobody_waiting(
    api: Api, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    client, on_loop = api(), []

    def seen(record: dict[str, Any]) -> Seen:
        on_loop.append(is_on_a_loop())
        return OF(record)

    monkeypatch.setattr(Seen, "of", staticmethod(seen))
    generate(client, prompt="a fox")
    assert client.get(f"/_mock/{path}").status_code == 200
    assert on_loop == [False]


def is_on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True

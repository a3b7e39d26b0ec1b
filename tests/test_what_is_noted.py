"""What the journal tells of a request beside its fields and its answer, for who judges programs."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from mockserver.core.judging.seen import Journal
from tests.conftest import Api, generate

REAL = f"sk-proj-{'a1B2' * 12}"  # as those of the API look
HERE = {"Mock-Sandbox-Key": "sk-mock-me"}


@pytest.fixture
def client(api: Api) -> TestClient:
    return api()


def rule(client: TestClient, **then: Any) -> None:
    told = {"then": then, "times": 1}
    assert client.post("/_mock/rules", headers=HERE, json=told).status_code == 201


def journal(client: TestClient) -> Journal:
    """All that was asked and downloaded, read as it is judged."""
    told = client.get("/_mock/requests", headers=HERE).json()
    return Journal.of(told | client.get("/_mock/downloads", headers=HERE).json())


@pytest.mark.parametrize(
    ("then", "effects"),
    [
        ({"refuse": True}, ["error.refused"]),
        ({"rate_limit": {"retry_after": 20}}, ["error.rate_limited", "retry_after"]),
        ({"gateway": 502}, ["gateway.502"]),
        ({"respond": 200}, ["respond.200"]),
        ({"picture": "truncated"}, ["picture.truncated"]),
        ({"bad_json": True, "response_format": "url"}, ["response_format.url", "bad_json"]),
        ({"expired_url": True}, ["expired_url"]),
        ({"download": {"disconnect": 5}}, ["download.disconnect"]),
    ],
    ids=str,
)
def test_what_rules_did_is_told(client: TestClient, then: Any, effects: list[str]) -> None:
    rule(client, **then)
    generate(client)
    [seen] = journal(client).requests
    assert {*effects} <= {*seen.effects}
    generate(client)
    assert journal(client).requests[-1].effects == ()


@pytest.mark.parametrize("standing", [False, True])
def test_a_wait_is_told_in_whole_and_as_it_was_sent(client: TestClient, standing: bool) -> None:
    client.post("/_mock/sandbox", headers=HERE, json={"standing": standing})
    rule(client, rate_limit={"retry_after": 20})
    generate(client)
    [seen] = journal(client).requests
    assert (seen.wait_ms, seen.sent_wait_ms) == (20_000, 20 if standing else 20_000)
    assert seen.standing is standing


@pytest.mark.parametrize(("seconds", "sent"), [(20, 250), (0.2, 200), (600, 600)])
def test_no_wait_shrinks_to_less_than_a_sandbox_wants(
    client: TestClient, seconds: float, sent: int
) -> None:
    begin = {"standing": True, "shortest_wait": "250ms"}
    assert client.post("/_mock/sandbox", headers=HERE, json=begin).status_code == 200
    rule(client, rate_limit={"retry_after": seconds})
    generate(client)
    [seen] = journal(client).requests
    assert (seen.wait_ms, seen.sent_wait_ms) == (max(1000, round(seconds * 1000)), sent)


def test_how_far_its_clock_was_moved_is_told(client: TestClient) -> None:
    client.post("/_mock/sandbox", headers=HERE, json={"standing": True})
    generate(client)
    client.post("/_mock/clock/advance", headers=HERE, json={"minutes": 61})
    generate(client)
    first, last = journal(client).requests
    assert last.now - first.now == 61 * 60


def test_the_pictures_of_urls_are_found_again_in_downloads(client: TestClient) -> None:
    told = generate(client, n=2).json()["data"]
    content = client.get(told[1]["url"]).content
    asked, [download] = journal(client).requests[0], journal(client).downloads
    assert asked.urls_for == 3600
    assert asked.pictures[1] == download.picture
    assert download.length == len(content)


@pytest.mark.parametrize("before", [0, 180])
def test_the_client_is_told_without_a_key_in_its_name(client: TestClient, before: int) -> None:
    name = f"poster/1 {'x' * before} {REAL}"
    client.post("/v1/images/generations", json={"prompt": "x"}, headers={"User-Agent": name})
    [seen] = journal(client).requests
    assert seen.client.startswith("poster/1 ")
    assert REAL[8:14] not in seen.client
    assert seen.noticed == ["key_in_text"]


def test_a_key_that_looks_real_is_noticed(client: TestClient) -> None:
    mine = {"Authorization": f"Bearer {REAL}"}
    client.post("/v1/images/generations", json={"prompt": "x"}, headers=mine)
    told = client.get("/_mock/requests").json()["requests"]
    assert told[-1]["noticed"] == ["key_looks_real"]

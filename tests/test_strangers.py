"""What a web page of somebody else's sends, as a browser sends it, leaves no trace in any sandbox.

The headers are those of Chromium 156 in `tests/browser/test_other_pages.py`, where they are sent.
"""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.conftest import GENERATIONS, Api, generate

EVIL = "http://evil.test"
CROSS = {"Sec-Fetch-Site": "cross-site"}
KEY = {"Authorization": "Bearer sk-mock-me"}
TEXT = {"Content-Type": "text/plain;charset=UTF-8"}
#: How a page of another site asks: by which means, with what headers.
MEANS: dict[str, dict[str, str]] = {
    "a form": {**CROSS, "Origin": EVIL, "Sec-Fetch-Mode": "navigate", "Content-Type": "text/plain"},
    "no-cors": {**CROSS, "Origin": EVIL, **TEXT},
    "no referrer": {**CROSS, "Origin": "null", **TEXT},
    "no origin": {"Origin": "null", **TEXT},
    "an old browser": {"Origin": EVIL, **TEXT},
    "an image": {**CROSS, "Sec-Fetch-Dest": "image", "Referer": f"{EVIL}/"},
    "an image without referrer": {**CROSS, "Sec-Fetch-Dest": "image"},
    "a look-alike": {**CROSS, "Origin": "http://localhost.evil.test"},
    "a look-alike's image": {**CROSS, "Referer": "http://localhost.evil.test/http://localhost/"},
    "Azure's door": {**CROSS, "Origin": EVIL, "Content-Type": "application/json"},
}
#: What honest programs ask with, page or not.
HONEST: dict[str, dict[str, str]] = {
    "a program": {},
    "a page here": {**CROSS, "Origin": "http://localhost:3000"},
    "an image here": {**CROSS, "Referer": "http://127.0.0.1:3000/"},
    "an image of the same host": {"Sec-Fetch-Site": "same-site"},
    "somebody who types": {"Sec-Fetch-Site": "none"},
    "a page that is let in": {**CROSS, "Origin": "https://app.test"},
    "a proxy that passes on": {**KEY, "Origin": EVIL, **CROSS},
}


def known(client: TestClient) -> list[str]:
    """Every request in any journal."""
    found: dict[str, Any] = client.get("/_mock/requests").json()
    downloads: dict[str, Any] = client.get("/_mock/downloads").json()
    return [r["id"] for r in [*found["requests"], *downloads["downloads"]]]


@pytest.fixture
def client(api: Api) -> TestClient:
    """A client without a key; the origin https://app.test is let in."""
    client = api(cors_origin=["https://app.test"])
    del client.headers["Authorization"]
    return client


@pytest.mark.parametrize("headers", MEANS.values(), ids=MEANS)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", GENERATIONS),
        ("GET", "/v1/models"),
        ("OPTIONS", GENERATIONS),
        ("POST", "/"),
        ("POST", "/openai/deployments/a/images/generations?api-version=2024-02-01"),
    ],
)
def test_a_page_of_another_site_is_written_down_nowhere(
    client: TestClient, method: str, path: str, headers: dict[str, str]
) -> None:
    asked = {"Access-Control-Request-Method": "POST"} if method == "OPTIONS" else {}
    answer = client.request(method, path, headers=headers | asked, content=b"{}")
    assert answer.status_code >= 400
    assert "access-control-allow-origin" not in answer.headers
    assert known(client) == []
    assert client.get("/_mock/sandboxes").json()["sandboxes"] == []


@pytest.mark.parametrize("headers", HONEST.values(), ids=HONEST)
def test_who_is_let_in_is_written_down(client: TestClient, headers: dict[str, str]) -> None:
    client.post(GENERATIONS, headers=headers, json={"prompt": "x"})
    assert len(known(client)) == 1


@pytest.mark.parametrize("means", ["an image", "an image without referrer", "a look-alike's image"])
def test_a_page_of_another_site_may_show_a_picture_and_the_journal_does_not_tell(
    client: TestClient, means: str
) -> None:
    url = generate(client, response_format="url").json()["data"][0]["url"]
    before = known(client)
    assert client.get(url, headers=MEANS[means]).status_code == 200
    assert client.get(f"{url}x", headers=MEANS[means]).status_code == 403
    assert known(client) == before
    client.get(url, headers=HONEST["an image here"])
    assert len(known(client)) == len(before) + 1


@pytest.mark.parametrize("host", ["rebound.test", "REBOUND.test:6780", "rebound.test."])
@pytest.mark.parametrize(
    ("method", "more"), [("GET", {}), ("HEAD", {}), ("POST", {"Origin": "http://rebound.test"})]
)
def test_a_rebound_name_reaches_no_sandbox_even_with_its_key(
    client: TestClient, host: str, method: str, more: dict[str, str]
) -> None:
    asked = {**KEY, **more, "Host": host, "Content-Type": "application/json"}
    assert client.request(method, GENERATIONS, headers=asked).status_code == 421
    assert client.get("/_mock/sandboxes").json()["sandboxes"] == []


def test_a_program_that_calls_by_a_wrong_name_finds_its_call_in_the_journal(
    client: TestClient,
) -> None:
    client.post(GENERATIONS, headers={**KEY, "Host": "mock.ci.test"}, json={"prompt": "x"})
    assert len(known(client)) == 1


@pytest.mark.parametrize(
    "origin", [EVIL, "null", "http://localhost.evil.test", "http://localhost@e"]
)
@pytest.mark.parametrize(
    "more",
    [
        {"Access-Control-Request-Private-Network": "true"},
        {
            "Access-Control-Request-Headers": "authorization, mock-sandbox-key, x-http-method-override"
        },
        {"Access-Control-Request-Method": "RESET"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", [GENERATIONS, "/_mock/reset", "/private/a", "/openai/v1/x", "/"])
def test_no_preflight_of_another_site_is_granted(
    client: TestClient, path: str, origin: str, more: dict[str, str]
) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST", **CROSS, **more}
    answer = client.options(path, headers=asked)
    assert answer.status_code in (400, 403)
    assert "access-control-allow-origin" not in answer.headers
    assert "access-control-allow-private-network" not in answer.headers

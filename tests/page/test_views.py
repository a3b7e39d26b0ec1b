"""What single pages say of sandboxes: their limits, their clocks, and what goes when one is emptied."""

from __future__ import annotations

import re

import pytest

from mockserver.clock import ManualClock
from mockserver.page.views import ROWS
from tests.conftest import Api, generate
from tests.page.test_pages import PAGE, act, page, sandbox_of
from tests.test_control import HERE, ask


def test_limits_of_all_sandboxes_are_those_that_are_used_each_by_itself(api: Api) -> None:
    client = api()
    assert "Nothing of any limit is used" in page(client, f"{PAGE}limits")
    for key in ("sk-mock-a", "sk-mock-b"):
        generate(client, key=key)
    shown = page(client, f"{PAGE}limits")
    assert shown.count("1 of 500 used") == 2
    assert shown.count("<tr data-row>") == 2


@pytest.mark.parametrize(
    ("passed", "left"), [(0, "in 30 s"), (29, "in 1 s"), (30, "now"), (60, "now")]
)
def test_a_limit_says_when_it_is_full_again(
    api: Api, clock: ManualClock, passed: int, left: str
) -> None:
    client = api()
    generate(client)
    name = sandbox_of(client)
    act(client, "limits", do="limit", sandbox=name, per_minute="2")
    generate(client)
    clock.advance(passed)
    row = page(client, f"{PAGE}limits", sandbox=name).partition("dall-e-2</th>")[2]
    assert re.sub("<[^>]*>", "", row.partition("full again")[2]).partition(">")[2].startswith(left)


@pytest.mark.parametrize("view", ["", "pictures", "rules", "limits", "costs", "clock", "empty"])
def test_who_looks_at_a_sandbox_does_not_use_it(api: Api, view: str) -> None:
    client = api()
    for key in ("sk-mock-a", "sk-mock-b"):
        generate(client, key=key)
    idle = [one["name"] for one in client.get("/_mock/sandboxes").json()["sandboxes"]]
    page(client, f"{PAGE}{view}", sandbox=idle[0])
    found = client.get("/_mock/sandboxes").json()["sandboxes"]
    assert [one["name"] for one in found] == idle, "the longest idle goes first where room is short"


def test_a_limit_of_none_is_never_full(api: Api) -> None:
    client = api()
    generate(client)
    name = sandbox_of(client)
    act(client, "limits", do="limit", sandbox=name, per_minute="0")
    assert "never: none are let in" in page(client, f"{PAGE}limits", sandbox=name)


def test_a_sandbox_is_emptied_once_that_is_said_twice(api: Api) -> None:
    client = api()
    generate(client)
    name = sandbox_of(client)
    asked = page(client, f"{PAGE}empty", sandbox=name)
    assert "Its 1 request," in asked
    assert len(ask(client, "GET", "requests")["requests"]) == 1
    assert client.get(f"{PAGE}empty", headers={"Accept": "text/html"}).status_code == 400


def test_what_was_removed_of_all_sandboxes_leads_back_to_all(api: Api) -> None:
    client = api()
    act(client, "rules", do="add-rule", fault="500")
    gone = act(client, "rules", do="remove-rule", sandbox="*", id="a1")
    assert "?sandbox=" not in page(client, gone.headers["location"])
    for path in ("rules", "limits", "clock", "costs"):
        page(client, f"{PAGE}{path}", sandbox="*")


def test_older_requests_are_those_before_one_that_is_named(api: Api) -> None:
    client = api()
    for number in range(ROWS + 5):
        generate(client, key="sk-mock-tier5", prompt=f"number {number}")
    after = re.search(r'\?after=([^"&]+)', page(client, PAGE))
    assert after
    generate(client, key="sk-mock-tier5", prompt="one more")
    older = page(client, PAGE, after=after[1])
    assert f"{ROWS + 2} to {ROWS + 6}" in older
    assert older.count("<tr id=") == 5
    assert 'id="rows" data-live' not in older
    assert 'id="rows" data-live' in page(client, PAGE, after="of_no_request")


def test_a_request_shows_what_was_sent_first_and_files_in_a_line(api: Api) -> None:
    client = api()
    headers = {"Authorization": "Bearer sk-mock-me"}
    client.post("/v1/files", files={"file": b"{}"}, data={"purpose": "batch"}, headers=headers)
    identity = client.get("/_mock/requests/last").json()["id"]
    shown = page(client, f"{PAGE}requests/{identity}")
    assert re.search(r"2 bytes, sha256 <code title=\"[0-9a-f]{64}\">[0-9a-f]{12}</code>", shown)
    generate(client, prompt="an owl", size="256x256")
    identity = client.get("/_mock/requests/last").json()["id"]
    names = re.findall(r'<th scope="row">(\w+)</th>', page(client, f"{PAGE}requests/{identity}"))
    assert names[:2] == ["prompt", "size"]


def test_costs_tell_what_was_paid_for_and_lost(api: Api) -> None:
    client = api()
    generate(client, size="256x256")
    assert "lost" not in page(client, f"{PAGE}costs")
    client.post("/_mock/rules", json={"then": {"bad_json": True}}, headers=HERE)
    generate(client, size="256x256")
    shown = page(client, f"{PAGE}costs")
    assert "$0.032</strong> is what this would have cost" in shown
    assert "$0.016 of it for answers that were lost" in shown
    last = ask(client, "GET", "requests/last")["id"]
    assert "$0.016, lost ·" in page(client, f"{PAGE}requests/{last}")

"""The verdict on the page: each finding with its requests, why it matters, and how to mend it."""

from __future__ import annotations

import re
from collections import defaultdict
from html import escape
from typing import Any

import pytest

from mockserver.control import verdict as control
from mockserver.core.judging.findings import Finding, Severity
from mockserver.core.judging.seen import Journal
from mockserver.page import verdict
from tests.conftest import Api, generate
from tests.page.test_pages import HTML, PAGE, page
from tests.test_architecture import modules_after

VERDICT = f"{PAGE}verdict"
GOOD = {"model": "dall-e-2"}
BAD = GOOD | {"size": "77x77"}
SEEN = "asked <again> & again"


@pytest.fixture(autouse=True)
def judge(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused was asked in vain: a finding for each sandbox, whatever else is judged."""

    def judged(journal: Journal, **_: Any) -> list[Finding]:
        refused = defaultdict(list)
        for seen in journal.requests:
            if seen.status == 400:
                refused[seen.sandbox].append(seen.id)
        grave = [Severity.NOTE, Severity.WARNING, Severity.ERROR]
        return [
            Finding("retried-in-vain", grave[min(2, place)], SEEN, tuple(ids))
            for place, ids in enumerate(refused.values())
        ]

    monkeypatch.setattr(control, "judged", judged)


def test_nothing_asked_is_nothing_to_judge_and_nothing_wrong_is_nothing_found(api: Api) -> None:
    client = api()
    assert "there is nothing to judge" in page(client, VERDICT)
    generate(client, **GOOD)
    assert "Nothing was found in 1 request." in page(client, VERDICT)


def test_a_finding_leads_to_its_requests_and_says_why_and_how_to_mend_it(api: Api) -> None:
    client = api()
    for _ in range(3):
        generate(client, **BAD)
    shown = page(client, VERDICT)
    (told,) = client.get("/_mock/verdict").json()["findings"]
    assert "1 finding in 3 requests" in shown
    assert f'<span class="badge noted">note</span> {escape(SEEN)}</h2>' in shown
    assert all(escape(told[name]) in shown for name in ("id", "why", "fix", "source"))
    links = re.findall(rf'href="{PAGE}requests/([^"?]+)"', shown)
    assert links == told["requests"]
    assert len(links) == 3
    assert "images.generate" in page(client, f"{PAGE}requests/{links[0]}")


def test_the_gravest_come_first_and_of_very_many_no_others_are_shown(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = api()
    for key in ("a", "b", "c"):
        generate(client, key=f"sk-mock-{key}", **BAD)
    monkeypatch.setattr(verdict, "SHOWN", 2)
    shown = page(client, VERDICT)
    assert "the gravest first; 2 are shown" in shown
    assert re.findall(r'<li id=.*?class="badge (\w+)"', shown, re.DOTALL) == ["failed", "refused"]


def test_of_many_requests_of_a_finding_the_first_are_shown(api: Api) -> None:
    client = api()
    for _ in range(7):
        generate(client, **BAD)
    shown = page(client, VERDICT)
    assert shown.count(f'href="{PAGE}requests/') == 5
    assert "<li>and 2 more</li>" in shown


def test_one_sandbox_is_judged_by_itself(api: Api) -> None:
    client = api()
    for key, body in (("a", BAD), ("b", GOOD)):
        generate(client, key=f"sk-mock-{key}", **body)
    assert "1 finding in 2 requests" in page(client, VERDICT)
    bad, good = (
        client.get("/_mock/requests", headers={"Mock-Sandbox-Key": f"sk-mock-{key}"}).json()
        for key in ("a", "b")
    )
    assert "Nothing was found" in page(client, VERDICT, sandbox=good["requests"][0]["sandbox"])
    name = bad["requests"][0]["sandbox"]
    shown = page(client, VERDICT, sandbox=name)
    assert f"?sandbox={name}" in shown.partition('<ol class="findings"')[2]


def test_what_is_very_much_is_judged_when_somebody_looks_and_not_as_it_comes(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = api()
    generate(client, **GOOD)
    assert 'id="findings" data-live' in page(client, VERDICT)
    monkeypatch.setattr(verdict, "LIVE", 0)
    assert "data-live" not in page(client, VERDICT)


def test_what_is_not_asked_for_by_a_request_any_more_is_no_link(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Finding("retried-in-vain", Severity.ERROR, SEEN, ("req_gone",))
    monkeypatch.setattr(control, "judged", lambda journal, **_: [gone])
    shown = api().get(VERDICT, headers=HTML)
    assert (shown.status_code, f"{PAGE}requests/req" in shown.text) == (200, False)
    assert "and 1 more" in shown.text


def test_the_page_loads_what_judges_with_the_first_look_at_a_verdict() -> None:
    loaded = modules_after("import mockserver.page.pages")
    assert [m for m in loaded if "judging" in m or m.endswith("facts.findings")] == []

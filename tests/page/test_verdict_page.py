"""The verdict on the page: each finding with its requests, why it matters, and how to mend it."""

from __future__ import annotations

import re
from html import escape

import pytest

from mockserver.core.judging.seen import Journal
from mockserver.core.judging.verdict import judged
from mockserver.page import verdict
from tests.conftest import Api, generate
from tests.page.test_pages import PAGE, page
from tests.test_architecture import modules_after

VERDICT = f"{PAGE}verdict"
GOOD = {"model": "gpt-image-2"}


def test_nothing_asked_is_nothing_to_judge_and_nothing_wrong_is_nothing_found(api: Api) -> None:
    client = api()
    assert "there is nothing to judge" in page(client, VERDICT)
    generate(client, prompt="a fox", **GOOD)
    assert "Nothing was found in 1 request." in page(client, VERDICT)


def test_a_finding_leads_to_its_requests_and_says_why_and_how_to_mend_it(api: Api) -> None:
    client = api()
    for _ in range(3):
        generate(client, size="77x77", **GOOD)
    shown = page(client, VERDICT)
    assert "1 finding in 3 requests" in shown
    told = client.get("/_mock/requests").json()
    (finding,) = judged(Journal.of(told))
    assert f"{finding.severity}</span> {escape(finding.seen, quote=False)}</h2>" in shown
    assert "<strong>Fix:</strong>" in shown
    assert "<code>retried-in-vain</code>" in shown
    links = re.findall(rf'href="{PAGE}requests/([^"?]+)"', shown)
    assert links == [*finding.requests]
    assert "images.generate" in page(client, f"{PAGE}requests/{links[0]}")


def test_one_sandbox_is_judged_by_itself(api: Api) -> None:
    client = api()
    for key, size in (*[("sk-mock-a", "77x77")] * 3, ("sk-mock-b", "1024x1024")):
        generate(client, key=key, size=size, **GOOD)
    assert "1 finding in 4" in page(client, VERDICT)
    good, bad = (
        client.get("/_mock/requests", headers={"Mock-Sandbox-Key": key}).json()["requests"][0]
        for key in ("sk-mock-b", "sk-mock-a")
    )
    assert "Nothing was found in 1 request." in page(client, VERDICT, sandbox=good["sandbox"])
    shown = page(client, VERDICT, sandbox=bad["sandbox"])
    assert "1 finding in 3" in shown
    assert f"?sandbox={bad['sandbox']}" in shown.partition('<ol class="findings"')[2]


def test_of_very_many_only_the_gravest_are_shown_and_judged_when_somebody_looks(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = api()
    assert 'id="findings" data-live' in page(client, VERDICT)
    for number in range(4):
        for _ in range(3):
            generate(client, key=f"sk-mock-{number}", size="77x77", **GOOD)
    monkeypatch.setattr(verdict, "SHOWN", 2)
    monkeypatch.setattr(verdict, "LIVE", 7)
    shown = page(client, VERDICT)
    assert "data-live" not in shown
    assert "the gravest first; 2 are shown" in shown
    assert shown.count("<li id=") == 2


def test_the_page_loads_what_judges_with_the_first_look_at_a_verdict() -> None:
    loaded = modules_after("import mockserver.page.pages")
    assert [m for m in loaded if "judging" in m or m.endswith("facts.findings")] == []

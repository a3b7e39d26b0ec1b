"""The verdict on the page: each finding with its requests, why it matters, and how to mend it."""

from __future__ import annotations

import re
from collections import defaultdict
from html import escape, unescape
from typing import Any

import pytest

from mockserver.control import verdict as control
from mockserver.core.judging.findings import REQUESTS, Finding, Severity
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
            Finding("retried-in-vain", grave[min(2, place)], SEEN, tuple(ids[:REQUESTS]))
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


def test_a_finding_that_names_some_of_very_many_requests_says_so(api: Api) -> None:
    client = api()
    for _ in range(REQUESTS + 3):
        generate(client, **BAD)
    assert f"<li>and at least {REQUESTS - 5} more</li>" in page(client, VERDICT)


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


# -- what was met, and what another model would say ------------------------------------------------


def test_what_was_met_says_how_the_program_went_on_and_what_never_was_says_why_it_matters(
    api: Api,
) -> None:
    client = api()
    failures = f"{VERDICT}/failures"
    assert "Nothing was asked yet." in page(client, failures)
    for prompt in ("mock:429", "mock:429", "a fox"):
        generate(client, prompt=prompt, **GOOD)
    told = client.get("/_mock/coverage").json()
    met = [one for one in told["failures"] if one["met"]]
    shown = page(client, failures)
    number = len(met) + len(told["never_met"])
    assert f"{len(met)} of {number} kinds of failure were met in 3 requests" in shown
    above, _, below = shown.partition("<h2>Never met</h2>")
    assert re.findall(r'id="kind-(\w+)"', above) == [one["id"] for one in met]
    assert re.findall(r'id="kind-(\w+)"', below) == told["never_met"]
    assert all(one["reaction"] in above for kind in met for one in kind["met"])
    assert above.count(f'href="{PAGE}requests/') == 2
    by_id = {one["id"]: one for one in told["failures"]}
    assert all(by_id[name]["why"] in unescape(below) for name in told["never_met"])
    assert all(by_id[name]["title"] in below for name in told["out_of_reach"])


def test_another_model_is_chosen_and_says_what_it_would_refuse_and_why(api: Api) -> None:
    client = api(as_of="2026-11-28")
    chosen = f"{VERDICT}/migration"
    for _ in range(2):
        generate(client, size="256x256", **GOOD)
    assert "would be refused" not in page(client, chosen)
    shown = page(client, chosen, to="gpt-image-2")
    told = client.get("/_mock/migration", params={"to": "gpt-image-2"}).json()
    assert "Moving from dall-e-2 to gpt-image-2: 2 of 2 requests would be refused" in shown
    offered = re.findall(r"<option[^>]*>([^<]+)</option>", shown.partition('id="to"')[2])
    assert {*offered} >= {"choose one", "gpt-image-2"}
    assert "<option selected>gpt-image-2</option>" in shown
    assert (
        '<span class="badge refused">refused</span> 2 requests, images.generate (dall-e-2)' in shown
    )
    assert told["moves"][0]["faults"][0]["message"] in unescape(shown)
    assert shown.count(f'href="{PAGE}requests/') == 2
    assert "images-mock migrate --to gpt-image-2" in shown
    name = client.get("/_mock/sandboxes").json()["sandboxes"][0]["name"]
    assert f" --sandbox {name}" in page(client, chosen, to="gpt-image-2", sandbox=name)


def test_only_models_that_are_there_are_offered(api: Api) -> None:
    shown = page(api(), f"{VERDICT}/migration")  # the clock shows 2025-03-31
    assert re.findall(r"<option>(.+?)</option>", shown) == ["dall-e-3", "dall-e-2"]


def test_a_model_that_never_was_is_said_to_be_none(api: Api) -> None:
    shown = page(api(), f"{VERDICT}/migration", to="gpt-image-7")
    assert 'class="error"' in shown
    assert "no model &#39;gpt-image-7&#39;" in shown


def test_each_page_of_the_verdict_leads_to_the_others_in_the_same_sandbox(api: Api) -> None:
    client = api()
    generate(client, **GOOD)
    name = client.get("/_mock/sandboxes").json()["sandboxes"][0]["name"]
    for path in ("verdict", "verdict/failures", "verdict/migration"):
        shown = page(client, f"{PAGE}{path}", sandbox=name)
        below = shown.partition('<nav class="below"')[2].partition("</nav>")[0]
        assert re.findall(r'href="([^"]+)"', below) == [
            f"{VERDICT}{tail}?sandbox={name}" for tail in ("", "/failures", "/migration")
        ]
        here = re.findall(r'href="([^"?]+)[^"]*" aria-current', shown)
        assert here == [VERDICT, f"{PAGE}{path}"]  # the tab, and the page of it

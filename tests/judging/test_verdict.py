"""What holds of every verdict, whatever the journal: order, order of calls, words, cost."""

from __future__ import annotations

import json
import runpy
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.core.judging.findings import MOST, Severity, Surroundings, often, span, times
from mockserver.core.judging.seen import Journal
from mockserver.core.judging.verdict import JUDGES, judged, not_known
from mockserver.facts.findings import findings
from tests.judging.records import HTTPX, SILENT, Told, asked, download, journal, limited, linked

DOCS = Path(__file__).parents[2] / "docs"

# -- facts and words -----------------------------------------------------------------------------


def test_each_finding_has_its_facts_and_each_fact_a_judge() -> None:
    assert [*findings()] == [row for row in findings() if row in JUDGES]
    assert findings().keys() == JUDGES.keys()
    for known in findings().values():
        assert known.severity in [*Severity]
        assert known.level in ("observed", "observed in part", "documented", "inferred", "assumed")
        assert known.howto == known.id
        assert all(text.endswith(".") for text in (known.why, known.fix, known.silent)), known.id


def test_the_page_of_findings_is_made_of_the_facts() -> None:
    made = runpy.run_path(str(DOCS / "findings.py"))
    page = (DOCS / "findings.md").read_text("utf-8")
    assert page == made["page"](), "run python docs/findings.py"
    for known in findings().values():
        section = page.partition(f"\n## {known.howto}\n")[2].partition("\n## ")[0]
        assert "\nMended:\n" in section, known.id


def test_a_finding_is_told_with_why_it_matters_and_how_to_mend_it() -> None:
    (finding,) = judged(journal(asked("r0", filled=["model"])))
    told = finding.as_json()
    assert told["seen"] == "named no model in 1 request"
    assert told["requests"] == ["r0"]
    assert told["fix"] == "Name the model in each request."
    assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.0204, "20 ms"),
        (0.5, "0.5 s"),
        (20, "20 s"),
        (90, "90 s"),
        (3600, "60 minutes"),
        (3660, "61 minutes"),
        (7200, "2 hours"),
        (259_200, "3 days"),
        (86_400 * 400, "400 days"),
    ],
)
def test_a_length_of_time_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert span(seconds) == said


def test_numbers_of_things_are_said_as_people_say_them() -> None:
    assert [times(1, "retry", "retries"), times(3, "retry", "retries")] == ["1 retry", "3 retries"]
    assert [often(1), often(2), often(3)] == ["once", "twice", "3 times"]


def test_an_id_that_no_finding_has_is_told_with_what_was_meant() -> None:
    assert not not_known(["paid-twice"])
    assert not_known(["payed-twice"]) == (
        "There is no finding 'payed-twice'; did you mean paid-twice?"
    )


# -- what is wanted ------------------------------------------------------------------------------


def test_what_is_ignored_is_left_out_and_the_rest_is_not() -> None:
    both = journal(asked("r0", filled=["model"], noticed=["key_looks_real"]))
    assert [f.id for f in judged(both, ignore=["model-left-out"])] == ["key-looks-real"]


def test_a_severity_of_ones_own_counts() -> None:
    seen = journal(asked("r0", filled=["model"]))
    (finding,) = judged(seen, severities={"model-left-out": Severity.ERROR})
    assert finding.severity is Severity.ERROR


def test_findings_come_in_the_order_in_which_they_showed() -> None:
    other: Told = {"filled": ["model"], "fields": {"prompt": "a cat"}}
    seen = journal(limited("r0", client=HTTPX), asked("r1", 5, client="x", **other))
    assert [f.id for f in judged(seen)] == ["never-retried", "model-left-out"]
    seen = journal(asked("r1", 5, client="x", **other), limited("r0", 9, client=HTTPX))
    assert [f.id for f in judged(seen)] == ["model-left-out", "never-retried"]


def test_nothing_that_a_program_chose_breaks_a_line_or_is_longer_than_one() -> None:
    model = "\x1b[2J\n\u202e<b>" + "x" * 1000
    seen = journal(asked("r0", fields={"model": model}, noticed=["deprecated:model"]))
    (finding,) = judged(seen)
    assert finding.seen.isprintable()
    assert len(finding.seen) <= MOST
    seen = journal(asked("r0", 0, 503, code="\x1b[2J\n" + "y" * 1000))
    assert all(f.seen.isprintable() and len(f.seen) <= MOST for f in judged(seen))


# -- any journal ---------------------------------------------------------------------------------

_CHOICES: Mapping[str, Sequence[Any]] = {
    "sandbox": ["A", "B"],
    "status": [0, 200, 200, 400, 401, 403, 429, 499, 500, 503],
    "usd": [0.0, 0.04],
    "milliseconds": [0, 1, 30, 2000, 90_000],
    "client": [HTTPX, "OpenAI/JS 7.59.0", "ai-sdk/x", "curl/8", "Mozilla/5.0", ""],
    "effects": [
        *([], ["stall"], ["picture.truncated"], ["stream.events"], ["stream.events", "stream.own"]),
        *(["gateway.200"], ["expired_url"], ["\x1b"], ["body.base64", "content_type"]),
    ],
    "noticed": [[], ["key_looks_real"], ["key_in_url"], ["ignored:x"], ["deprecated:\n\ud800"]],
    "standing": [False, True],
    "moved": [0.0, 20.0, 7200.0],
    "paid": ["", "lost", "received"],
    "ended": ["", "cut", "left", "released"],
    "batch": ["", "", "batch_1"],
    "trace": [
        *([], ["stream: partial 0"], ["stream: no event"], ["stream: "], ["stream: \n; the line"]),
        ["limit 1 a minute: 1 used, 1 more is too many"],
    ],
    "error": [
        None,
        *(
            {"reason": reason, "message": "\n", "code": code}
            for reason in ("refused", "no_credit", "rate_limited", "usage_limit", "x(altered)")
            for code in (None, "\x00" * 200)
        ),
        {"reason": "AuthenticationFailed(expired)", "message": "", "code": "AuthenticationFailed"},
    ],
    "wait": [None, {"told_ms": 20_000, "sent_ms": 20_000}, {"told_ms": 20_000, "sent_ms": 20}],
}
_FIELDS: Mapping[str, Sequence[Any]] = {
    "prompt": ["a", "b", "\ud800", None, 7],
    "model": ["dall-e-2", "\x1b[2J", ["x"]],
    "user": ["", "ann@example.com", None],
}
_PICTURES = ("img-1.png", "img-2.png", "")
_TIMES = (0.0, 0.001, 0.5, 1.0, 20.0, 3599.0, 3700.0)


def _any_journal(random: Random) -> Journal:
    """Anything that a journal can tell, with much that is alike."""
    requests, downloads = [], []
    for i in range(random.randrange(9)):
        told: Told = {name: random.choice(values) for name, values in _CHOICES.items()}
        told["fields"] = {k: random.choice(v) for k, v in _FIELDS.items() if random.random() < 0.8}
        told["filled"] = random.choice([[], ["model"]])
        told["pictures"] = random.sample(_PICTURES, random.randrange(4))
        told["urls_for"] = 3600 if told["pictures"] else 0
        told["call"] = random.choice([f"r{i}", "r0", "r1"])
        told["retries"] = random.randrange(4)
        requests.append(asked(f"r{i}", random.choice(_TIMES) * random.random()) | told)
    for i in range(random.randrange(6)):
        told = {name: random.choice(values) for name, values in _CHOICES.items()}
        told |= {"length": random.choice([None, 0, 9]), "method": random.choice(["GET", "HEAD"])}
        record = download(f"d{i}", random.choice(_TIMES), random.choice(_PICTURES))
        downloads.append(record | told)
    return journal(*requests, downloads=downloads, open_=requests[:1])


_SEEDS = st.integers(0, 2**32 - 1)
_AROUND = st.builds(
    Surroundings,
    passed=st.sampled_from([None, True, False]),
    shows_errors=st.booleans(),
    waits_are_real=st.booleans(),
    chains=st.sampled_from(
        [{}, dict.fromkeys(("r0", "r1", "r2"), "a.py:1"), {"r0": "", "r1": "b"}]
    ),
)


@settings(max_examples=500, deadline=None)
@given(_SEEDS, _AROUND)
def test_any_journal_can_be_judged_and_each_finding_told(seed: int, around: Surroundings) -> None:
    for finding in judged(_any_journal(Random(seed)), around):
        told = finding.as_json()
        assert finding.requests
        assert finding.seen
        assert finding.seen.isprintable()
        assert len(finding.seen) <= MOST
        assert json.dumps(told)
        assert finding.id in JUDGES


@settings(max_examples=200, deadline=None)
@given(_SEEDS)
def test_the_order_in_which_a_journal_is_told_changes_nothing(seed: int) -> None:
    random = Random(seed)
    seen = _any_journal(random)
    shuffled = Journal(*(random.sample([*part], len(part)) for part in seen))
    assert {_told(f) for f in judged(seen)} == {_told(f) for f in judged(shuffled)}


@settings(max_examples=200, deadline=None)
@given(_SEEDS, _SEEDS)
def test_programs_that_have_nothing_to_do_with_each_other_are_judged_each_for_itself(
    one: int, other: int
) -> None:
    ours, theirs = (
        _renamed(_any_journal(Random(seed)), name)
        for seed, name in ((one, "ours"), (other, "theirs"))
    )
    both = Journal(*([*a, *b] for a, b in zip(ours, theirs, strict=True)))
    apart = {_told(f) for part in (ours, theirs) for f in judged(part, ignore=["no-timeout"])}
    assert {_told(f) for f in judged(both, ignore=["no-timeout"])} == apart


def _told(finding: Any) -> tuple[Any, ...]:
    return finding.id, finding.seen, frozenset(finding.requests)


def _renamed(seen: Journal, name: str) -> Journal:
    """The same with ids, sandboxes and pictures of its own."""
    return Journal(
        *(
            [
                r._replace(
                    id=f"{name}-{r.id}",
                    call=f"{name}-{r.call}",
                    sandbox=f"{name}-{r.sandbox}",
                    pictures=[f"{name}-{p}" for p in r.pictures],
                    path=r.path.replace("img-", f"{name}-img-"),
                )
                for r in part
            ]
            for part in seen
        )
    )


@given(st.lists(st.sampled_from(["a fox", "a cat", "a fjord"]), max_size=8), st.booleans())
def test_a_program_without_faults_has_no_findings(prompts: Sequence[str], is_silent: bool) -> None:
    """Each picture asked for by URL and got, or in base64; some refused, and shown."""
    requests, downloads = [], []
    for i, prompt in enumerate(prompts):
        fields: Mapping[str, Any] = {"prompt": prompt}
        if i % 2:
            requests.append(asked(f"r{i}", i * 10, fields=fields))
        else:
            requests.append(linked(f"r{i}", i * 10, [f"img-{i}.png"], fields=fields))
            downloads.append(download(f"d{i}", i * 10 + 1, f"img-{i}.png"))
    around = SILENT if is_silent else Surroundings()
    assert judged(journal(*requests, downloads=downloads), around) == []


def test_an_empty_journal_has_no_findings() -> None:
    assert judged(Journal([])) == []
    assert judged(Journal([]), SILENT) == []

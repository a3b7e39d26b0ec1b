"""Cases: each fact about an error or a default has one, each is known from somewhere, none is slack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from time import time
from typing import Any

import pytest

from contracts.cases import trials
from contracts.cases.case import Expected
from contracts.cases.declared import asked_on, declared, of_keys
from contracts.cases.misses import missed
from contracts.cases.reader import cases, expired
from contracts.cases.sending import AskedCase
from contracts.cases.unasked import UNASKED
from contracts.cases.words import parameter_of, refusal_of
from contracts.checks.headers import Ids
from contracts.target.opening import Opening, Terms
from contracts.trials import Outcome, Trial
from mockserver.evidence.met import all_spoken
from mockserver.facts import Parameter, load, periods
from mockserver.facts.words.wording import Reason
from tests.test_gpt_records import ALL_IDS, NOT_YET

TODAY = datetime.fromtimestamp(time(), UTC).date()


@cache
def on(day: date) -> list[tuple[AskedCase, Expected]]:
    """What is asked on a day, and what becomes of it."""
    return [*asked_on(day, TODAY)]


# Completeness


@pytest.mark.parametrize("day", periods(), ids=str)
def test_each_way_to_be_refused_has_a_case_or_a_reason_why_it_has_none(day: date) -> None:
    asked = [(a, e, e.reason) for a, e in on(day) if e.reason]
    met = {(a.case.service, reason, refusal_of(a, e).wording) for a, e, reason in asked}
    lacking = [
        f"{place}: {reason}"
        for place, (reason, _, wording) in all_spoken(load(day))
        if (service := place.partition(" ")[0], reason, wording) not in met
        and not any(one.covers(reason, service, day) for one in UNASKED)
    ]
    assert not lacking


@pytest.mark.parametrize("one", UNASKED, ids=lambda one: f"{one.reason} {one.since}")
def test_what_is_not_asked_for_is_asked_for_by_nobody(one: Any) -> None:
    for day in (d for d in periods() if one.since <= d < one.until):
        asked = {(a.case.service, e.reason) for a, e in on(day)}
        assert not [s for s, r in asked if r and one.covers(r, s, day)]


def parameters_on(day: date) -> Iterator[tuple[str, str, bool, Parameter]]:
    """Operation, model, whether it is of a form, and each parameter that has an effect."""
    facts = load(day)
    for model in facts.models.values():
        for name, offer in model.offers.items():
            for parameter in offer.parameter.values():
                yield name, model.id, facts.operations[name].form, parameter


def like(day: date, operation: str, model: str) -> list[str]:
    """The models that take the same: one of them is asked."""
    models = load(day).models
    offers = {name: m.offers.get(operation) for name, m in models.items()}
    return [name for name, offer in offers.items() if offer == offers[model]]


@pytest.mark.parametrize("day", periods(), ids=str)
def test_each_default_is_shown_by_a_case_or_said_to_be_hidden(day: date) -> None:
    shown = set()
    for asked, expected in on(day):
        if asked.model and expected.reason is None:
            left = {*expected.shows, *expected.hidden} - asked.body.keys()
            shown |= {(asked.case.service, asked.model.id, name) for name in left}
    lacking = [
        (operation, model, p.name)
        for operation, model, _, p in parameters_on(day)
        if p.default is not None and not p.ignored
        if not any((operation, other, p.name) in shown for other in like(day, operation, model))
    ]
    assert not lacking


@pytest.mark.parametrize("day", periods(), ids=str)
def test_each_documented_value_is_taken_by_a_case(day: date) -> None:
    sent = set()
    for asked, expected in on(day):
        if asked.model and expected.reason is None:
            told = [(n, v) for n, v in asked.body.items() if isinstance(v, str)]
            sent |= {(asked.case.service, asked.model.id, n, v) for n, v in told}
    lacking = [
        (operation, model, p.name, value)
        for operation, model, _, p in parameters_on(day)
        for value in p.values or ()
        if not refused_alone(day, operation, model, p.name, value)
        and not any((operation, m, p.name, value) in sent for m in like(day, operation, model))
    ]
    assert not lacking


def refused_alone(day: date, operation: str, model: str, name: str, value: str) -> bool:
    refused = load(day).models[model].offers[operation].refused
    return any(row.when == {name: value} for row in refused)


OF_VALUES = {
    *(Reason.WRONG_TYPE, Reason.NOT_A_NUMBER, Reason.NOT_ONE_OF, Reason.SIZE_NOT_OF_MODEL),
    *(Reason.SIZE_NOT_LISTED, Reason.SIZE_FORM, Reason.SIZE_MULTIPLE),
    *(Reason.TOO_SMALL, Reason.TOO_LARGE),
}


@pytest.mark.parametrize("day", periods(), ids=str)
def test_each_parameter_is_refused_where_its_value_is_none_that_there_is(day: date) -> None:
    refused = {
        (a.case.service, a.model.id, e.param)
        for a, e in on(day)
        if a.model and e.reason in OF_VALUES
    }
    lacking = [
        (operation, model, p.name)
        for operation, model, _, p in parameters_on(day)
        if (p.values or p.minimum is not None) and not p.ignored
        if not any((operation, other, p.name) in refused for other in like(day, operation, model))
    ]
    assert not lacking


# Evidence


def test_every_case_is_known_from_somewhere_that_there_is() -> None:
    recorded = {*ALL_IDS.split()}
    for case in cases():
        assert {*case.evidence.records} <= recorded, case.id


#: Recordings of what no request alone can provoke, and of Azure's, which its own tests hold to.
OTHERS = """
    insufficient-quota billing-hard-limit-2025 credit-balance-exhausted org-unverified
    rl-images-dalle-free rl-images-gpt-image rl-images-gpt-image-no-family rl-slow-down-gpt-image
    rl-images-gpt-image-over-limit content-policy-2023 content-policy-2022
    content-policy-descriptions content-filter-dalle3 moderation-blocked-2026
    moderation-blocked-2025 server-error-500 server-error-500-b overloaded-429 blob-expired
    azure-404 azure-blocked azure-content-filter-doc azure-edit-on-json-operation azure-policy
    azure-rate-limit output-format-webp-refused
"""


def test_every_recording_is_the_evidence_of_a_case_or_of_what_no_request_alone_provokes() -> None:
    cited = {record for case in cases() for record in case.evidence.records}
    others = {*OTHERS.split(), *NOT_YET}
    assert {*ALL_IDS.split()} - cited == others


#: Formats: of some models it is assumed that they take GIF, and none takes BMP.
ASSUMED = {f"{service}.output-format-that-there-is-not" for service in ("generations", "edits")}


def test_nothing_is_free_that_is_refused_by_a_parameter_of_which_all_is_assumed() -> None:
    assumed = {
        a.case.id
        for day in periods()
        for a, e in on(day)
        if e.reason and a.case.cost == "free" and a.offer
        if (p := parameter_of(a, a.offer, e.param)) and p.level == "assumed"
    }
    assert assumed == ASSUMED


def test_no_pending_case_is_overdue() -> None:
    assert not expired(cases(), TODAY)


# Trials


@pytest.mark.parametrize("day", [None, date(2023, 1, 1), date(2026, 9, 1)], ids=str)
def test_ids_are_unique_and_the_same_in_each_run(day: date | None) -> None:
    first, second = ([t.id for t in all_of(day)] for _ in range(2))
    assert first == second
    assert not [name for name, number in Counter(first).items() if number > 1]


def all_of(day: date | None) -> list[Trial]:
    return [*declared(day, TODAY, Ids()), *of_keys(day, TODAY, Ids())]


@pytest.fixture
def without_generated(monkeypatch: pytest.MonkeyPatch) -> None:
    """To make them takes twenty seconds."""
    monkeypatch.setattr("contracts.cases.generated.generated", lambda *_, **__: [])


@pytest.mark.usefixtures("without_generated")
def test_what_is_free_comes_first_and_keys_come_last() -> None:
    found = list(trials(date(2023, 1, 1), today=TODAY))
    paid = [trial.pays or "clock" in trial.needs for trial in found if "keys." not in trial.id]
    assert paid == sorted(paid)
    keys = ["keys." in trial.id for trial in found]
    assert keys == sorted(keys)
    assert any(keys)


@pytest.mark.usefixtures("without_generated")
def test_a_quick_run_has_every_case_that_is_free() -> None:
    free = {trial.id for trial in all_of(None) if not trial.pays}
    quick = {trial.id for trial in trials(None, today=TODAY, quick=True)}
    assert free <= quick


def test_where_pictures_cost_something_most_that_buy_one_are_left_out() -> None:
    bought = [t for t in declared(None, TODAY, Ids(), costly=True) if t.pays]
    assert len(bought) < len([t for t in declared(None, TODAY, Ids()) if t.pays]) / 2
    assert all(trial.quick for trial in bought)


# The mock


@pytest.mark.parametrize(
    "day",
    [
        date(2023, 1, 1),
        *(
            pytest.param(day, marks=pytest.mark.slow)
            for day in (date(2022, 11, 10), date(2026, 3, 31))  # others: test_in_process.py
        ),
    ],
    ids=str,
)
def test_the_mock_keeps_every_case_and_refuses_what_only_just_breaks_a_rule(
    day: date | None,
) -> None:
    assert not broken(day, [*all_of(day), *missed(day, Ids())])


def broken(day: date | None, found: list[Trial]) -> list[str]:
    with Opening({}, time).target("mock", Terms(day=day)) as target:
        return [
            f"{trial.id}: {verdict.says}: {verdict.told}"
            for trial in found
            for verdict in trial.judge(target)
            if verdict.outcome != Outcome.HELD
        ]

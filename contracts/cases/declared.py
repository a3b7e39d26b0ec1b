"""From the cases of the TOML files to the trials of a day. Sends nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import partial
from itertools import chain
from typing import Any

from contracts.cases.behaviour import ACCEPTED
from contracts.cases.case import Case, Expected
from contracts.cases.counting import expected_of, is_one_of
from contracts.cases.given import made_ready, take_away
from contracts.cases.good import models_on
from contracts.cases.matchers import at, mismatch
from contracts.cases.reader import cases
from contracts.cases.sending import AskedCase, bodies, is_made_for, request_of
from contracts.cases.there import There
from contracts.cases.words import refusal_of
from contracts.checks.answers import inline_files
from contracts.checks.asked import asked as asked_in
from contracts.checks.every import Judge
from contracts.checks.frames import frames
from contracts.checks.headers import Ids
from contracts.checks.said import observed, said
from contracts.checks.words import refused, shown
from contracts.exchange import Exchange
from contracts.target import Target
from contracts.trials import Outcome, Promise, Tier, Trial, Verdict, touches_of
from mockserver.facts import Facts, Offer, load
from mockserver.facts.platform import SERVICES


def declared(
    day: date | None,
    today: date,
    ids: Ids,
    *,
    costly: bool = False,
    there: There | None = None,
) -> Iterator[Trial]:
    """The trials of all cases that there are on a day but those of keys, file by file.

    Args:
        day: whose API; None is the default day's, with some models as they are today.
        today: that day.
        ids: the request ids of the run.
        costly: pictures cost something there: only some are asked for.
        there: which services beside images the target has.
    """
    there = there or There()
    found = [case for case in cases() if not case.is_of_keys]
    kept = (case for case in found if case.quick or case.cost == "free" or not costly)
    return (_trial(*one, ids, there) for one in asked_on(day, today, kept))


def of_keys(day: date | None, today: date, ids: Ids) -> Iterator[Trial]:
    """The trials of who asks: without a key, with a bad one, and with another organization's."""
    found, there = (case for case in cases() if case.is_of_keys), There()
    return (_trial(*one, ids, there) for one in asked_on(day, today, found))


def asked_on(
    day: date | None, today: date, found: Iterable[Case] | None = None
) -> Iterator[tuple[AskedCase, Expected]]:
    """What cases ask of each model on a day, and what becomes of it; all cases unless given."""
    models = {name: facts for facts, name in models_on(day, today)}
    usual, beside = load(day), load(day or today)
    for case in cases() if found is None else found:
        for asked in _asked(case, beside if case.service in SERVICES else usual, models):
            if expected := expected_of(asked):
                yield asked, expected


# Who is asked what


def _asked(case: Case, usual: Facts, models: Mapping[str, Facts]) -> Iterator[AskedCase]:
    if case.service in usual.operations:
        found = [*_of_models(case, models)]
    elif case.service in SERVICES:
        found = [AskedCase(case, "", usual, body=case.send)] if case.service in usual.words else []
    elif case.service not in usual.words:
        found = []
    elif case.asks == "once":
        found = [AskedCase(case, "", usual)]
    else:
        listed = [(own, own.models[name]) for name, own in models.items()]
        found = [AskedCase(case, m.id, usual, None, m, own=own) for own, m in listed if m.listed]
    for asked in found[:1] if case.asks == "once" else found:
        if case.since <= asked.facts.day < case.until:
            yield asked._replace(name="") if case.asks == "once" else asked


def _of_models(case: Case, models: Mapping[str, Facts]) -> Iterator[AskedCase]:
    kinds: list[Offer] = []
    for name, facts in models.items():
        model, operation = facts.models[name], facts.operations.get(case.service)
        if not operation or operation.id not in model.offers:
            continue
        if case.models and not is_one_of(model, case.models):
            continue
        offer = model.offers[operation.id]
        if not is_made_for(case, operation, model) or (case.asks == "kinds" and offer in kinds):
            continue
        kinds.append(offer)
        for value, body in bodies(case, operation, model):
            told = ", ".join(filter(None, (name, value)))
            yield AskedCase(case, told, facts, operation, model, body)


# What is judged


def _trial(asked: AskedCase, expected: Expected, ids: Ids, there: There) -> Trial:
    case = asked.case
    due = refusal_of(asked, expected) if expected.reason else None
    return Trial(
        asked.id,
        Promise(case.operation, due.wording.status if due else 200, case.branch),
        partial(_judge, asked, expected, ids, there),
        pays=case.cost == "paid",
        tier=case.tier,
        quick=case.quick,
        touches=_touched(asked),
    )


def _touched(asked: AskedCase) -> frozenset[str]:
    """What a case is about: its model, and what it sends beside the least that is good."""
    sent = {name: asked.body.get(name) for name in (*asked.case.send, *asked.case.files)}
    if asked.model and asked.case.asks != "once":  # which asks the first that there is
        sent["model"] = asked.model.id
    return touches_of(sent)


def _judge(
    asked: AskedCase, expected: Expected, ids: Ids, there: There, target: Target
) -> Iterator[Verdict]:
    there.check(asked.case.service, target)
    asked = made_ready(asked, target)
    due = refusal_of(asked, expected) if expected.reason else None
    wanted = due.wording.status if due else 200
    request = request_of(asked)
    exchange = observed(target.ask(request, pays=asked.case.cost == "paid"), wanted)
    judges = (
        refused(exchange.answer, due) if due else _accepted(exchange, asked, expected),
        Judge(target.day, target.fetch, ids)(exchange),
    )
    for verdict in chain(*judges):
        yield _held_back(verdict._replace(exchange=verdict.exchange or exchange), asked.case)
    take_away(asked, exchange.answer, target)


def _held_back(verdict: Verdict, case: Case) -> Verdict:
    """A verdict as it is; broken while its case is pending, it says nothing."""
    if case.pending is None or verdict.outcome != Outcome.BROKEN:
        return verdict
    told = f"pending until {case.pending.until}: {case.pending.why}"
    return verdict._replace(outcome=Outcome.UNSEEN, told=told)


def _accepted(exchange: Exchange, asked: AskedCase, expected: Expected) -> Iterator[Verdict]:
    """What a case says of an answer beside what is judged of each."""
    answer = exchange.answer
    seen = f"it is answered with {answer.status}: {shown(answer.body)}"
    yield said(ACCEPTED, answer.status == 200, seen)
    if answer.status != 200:
        return
    for path, matcher in expected.body.items():
        wrong = mismatch(at(answer.json(), path), fact(matcher, asked))
        says = f"The answer has at {path or 'its top'} what the API has there"
        yield said(says, not wrong, wrong, Tier.COMPLETE)
    if wanted := asked_in(exchange, asked.facts.day):
        for file in inline_files(answer):
            yield from frames(file, wanted)


def fact(wanted: Any, asked: AskedCase) -> Any:
    """A matcher, where it names a fact with that fact in its place."""
    if not isinstance(wanted, dict):
        return wanted
    ((kind, told),) = wanted.items()
    if kind == "fact":
        return _fact(told, asked)
    return {kind: _fact(told["fact"], asked)} if isinstance(told, dict) else wanted


def _fact(name: str, asked: AskedCase) -> Any:
    own = asked.own or asked.facts
    match name:
        case "listed":
            return [model.id for model in asked.facts.models.values() if model.listed]
        case "told":
            told = ["id", "object", "created", "owned_by"]
            return told + ["shutdown_date"] * own.shutdown_told
        case "shutdown_date" if not own.shutdown_told:
            return {"absent": True}
        case _:
            value = getattr(asked.model, name)
            return str(value) if isinstance(value, date) else value

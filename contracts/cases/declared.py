"""From the cases of the TOML files to the trials of a day. Sends nothing itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any

from contracts.cases.case import Case, Expected, Pending
from contracts.cases.counting import expected_of, is_one_of
from contracts.cases.matchers import at, mismatch
from contracts.cases.reader import cases
from contracts.cases.sending import Asked, bodies, is_made_for, request_of
from contracts.cases.words import Refusal, dialect, refusal_of
from contracts.checks import day_headers, shown, words
from contracts.checks.day_headers import checked
from contracts.exchange import Exchange
from contracts.target import Target
from contracts.trials import Outcome, Promise, Tier, Trial, Verdict
from mockserver.facts import Facts, Offer, default_days, load


def declared(day: date | None, today: date) -> Iterator[Trial]:
    """The trials of all cases that there are on a day, in the order of their files."""
    for case in cases():
        for asked in _asked(case, day, today):
            if expected := expected_of(asked):
                yield _trial(asked, expected)


def facts_by_model(day: date | None, today: date) -> Mapping[str, Facts]:
    """Each model of a day with the facts that count for it: for some today's, if nobody said."""
    usual = load(day)
    found = dict.fromkeys(usual.models, usual)
    if day is None:
        for model, own in default_days().items():
            facts = load(today if own == "today" else own)
            found |= {model: facts} if model in facts.models else {}
    return found


# Who is asked what


def _asked(case: Case, day: date | None, today: date) -> Iterator[Asked]:
    usual, models = load(day), facts_by_model(day, today)
    if case.service in usual.operations:
        found = [*_of_models(case, models)]
    elif case.asks == "once":
        found = [Asked(case, "", usual)] if case.service in usual.words else []
    else:
        listed = [(own, own.models[name]) for name, own in models.items()]
        found = [Asked(case, m.id, usual, None, m, own=own) for own, m in listed if m.listed]
    for asked in found[:1] if case.asks == "once" else found:
        if case.since <= asked.facts.day < case.until:
            yield asked._replace(name="") if case.asks == "once" else asked


def _of_models(case: Case, models: Mapping[str, Facts]) -> Iterator[Asked]:
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
            yield Asked(case, told, facts, operation, model, body)


# What is judged


def _trial(asked: Asked, expected: Expected) -> Trial:
    case = asked.case
    refusal = refusal_of(asked, expected) if expected.reason else None
    status = refusal.wording.status if refusal else 200
    promise = Promise(case.operation, status, case.branch.format(model=_model(asked)))
    judge = partial(_judge, asked, expected, refusal)
    return Trial(asked.id, promise, judge, case.cost == "paid", case.tier, quick=case.quick)


def _model(asked: Asked) -> str:
    return asked.model.id if asked.model else ""


def _judge(
    asked: Asked, expected: Expected, refusal: Refusal | None, target: Target
) -> Iterator[Verdict]:
    exchange = target.ask(request_of(asked), pays=asked.case.cost == "paid")
    if refusal:
        verdicts = words.judged(exchange, refusal)
    else:
        verdicts = _accepted(exchange, asked, expected, target)
    for verdict in verdicts:
        yield _held_back(verdict, asked.case.pending)
    for verdict in day_headers.judged(exchange, asked.facts.headers):
        yield _held_back(verdict, asked.case.pending)


def _held_back(verdict: Verdict, pending: Pending | None) -> Verdict:
    """A verdict as it is; broken while its case is pending, it says nothing."""
    if pending is None or verdict.outcome != Outcome.BROKEN:
        return verdict
    told = f"pending until {pending.until}: {pending.reason}"
    return verdict._replace(outcome=Outcome.UNSEEN, told=told)


def _accepted(
    exchange: Exchange, asked: Asked, expected: Expected, target: Target
) -> Iterator[Verdict]:
    answer = exchange.answer
    told = f"{answer.status}: {answer.body[:200]!r}"
    yield checked("What the API takes is accepted", answer.status == 200, told, exchange, Tier.CORE)
    if answer.status != 200:
        return
    if asked.offer and expected.shows:
        yield from shown.judged(exchange, asked, asked.offer, expected.shows, target)
    for path, wanted in expected.body.items():
        wrong = mismatch(at(answer.json(), path), fact(wanted, asked))
        says = f"The answer has at {path} what the API has there"
        yield checked(says, not wrong, wrong, exchange, Tier.COMPLETE)
    yield from shown.laid_out(exchange, newline=dialect(asked) == "A")


def fact(wanted: Any, asked: Asked) -> Any:
    """A matcher, where it names a fact with that fact in its place."""
    if not isinstance(wanted, dict):
        return wanted
    ((kind, told),) = wanted.items()
    if kind == "fact":
        return _fact(told, asked)
    return {kind: _fact(told["fact"], asked)} if isinstance(told, dict) else wanted


def _fact(name: str, asked: Asked) -> Any:
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

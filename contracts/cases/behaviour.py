"""Trials of what no single answer shows; and one good request for each branch of each model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial

from contracts.cases.good import Way, answered_as, request_of, ways
from contracts.checks.every import Judge
from contracts.checks.headers import Ids
from contracts.checks.pictures import changed
from contracts.checks.said import observed, said, unseen
from contracts.cases.uploads import encoded, picture
from contracts.exchange import Exchange, Request
from contracts.target import Target
from contracts.trials import Promise, Trial, Verdict
from mockserver.facts import load

ACCEPTED = "A good request is accepted"
#: What only a stand-in promises: the same picture again, and what is outside of a mask.
STAND_IN = frozenset({"stand-in"})
CLOCK = frozenset({"clock"})
LIMITS = frozenset({"clock", "limits"})


def behaviour(day: date | None, today: date, ids: Ids) -> Iterator[Trial]:
    """All of them.

    Args:
        day: whose API; None is the default day's, with some models as they are today.
        today: that day.
        ids: the request ids of the run.
    """
    every = [*ways(day, today)]
    yield from listed(day, today, ids)
    yield from branches(every, ids)
    firsts = [*_firsts(every)]
    for way in firsts:
        yield from of_several(way, ids)
    yield from ends(firsts, ids)
    yield from limits(every, ids)


def _firsts(every: list[Way]) -> Iterator[Way]:
    """The first way of each operation and dialect: others answer no differently."""
    seen = set()
    for way in every:
        kind = way.operation.id, way.model.family
        if kind not in seen:
            seen.add(kind)
            yield way


# One good request


def branches(every: list[Way], ids: Ids) -> Iterator[Trial]:
    """Each model in each way, with each kind of answer in each format."""
    for place, way in enumerate(every):
        turns = [(answer, form) for answer in way.answers for form in way.formats]
        for number, (answer, form) in enumerate(turns):
            kinds = f"{way.model.id}, {way.how}, {answer}"
            yield Trial(
                f"{way.operation.id}.{kinds.replace(', ', '.')}{'.' * bool(form)}{form}",
                Promise(way.operation.id, 200, kinds),
                partial(_good, request_of(way, **answered_as(way, answer, form)), ids),
                pays=True,
                quick=number % len(turns) == place % len(turns),
            )


def _good(request: Request, ids: Ids, target: Target) -> Iterator[Verdict]:
    exchange = observed(target.ask(request, pays=True))
    yield _accepted(exchange)
    yield from Judge(target.day, target.fetch, ids)(exchange)


def _accepted(exchange: Exchange) -> Verdict:
    status = exchange.answer.status
    return said(ACCEPTED, status == 200, f"it is answered with {status}")._replace(
        exchange=exchange
    )

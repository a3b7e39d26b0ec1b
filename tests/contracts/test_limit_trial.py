"""A limit is tried with so few pictures a minute that none comes back on a slow machine."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import date
from time import time
from typing import Any, cast

from contracts.cases import trials
from contracts.exchange import Exchange, Request
from contracts.target import Target
from contracts.target.mock import MockTarget, served
from contracts.target.opening import Opening, Terms
from contracts.trials import Outcome, Verdict

#: A tier of that day has 500 pictures of its one model in a minute: 8 more each second.
DAY = date(2023, 1, 1)


class Slow:
    """A target of whose time three seconds pass at each request."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)

    def ask(self, request: Request, *, pays: bool = False) -> Exchange:
        if request.key == "limited":
            self._target.move_clock(3, "limited")
        return self._target.ask(request, pays=pays)


def tried(target: Target) -> Sequence[Verdict]:
    (trial,) = [t for t in trials(DAY, today=DAY, drawn=False) if t.id.endswith(".limit")]
    return list(trial.judge(cast("Target", Slow(target))))


def test_a_slow_server_is_found_to_keep_its_limit() -> None:
    with served(DAY) as mock, closing(MockTarget(mock, DAY, now=time)) as target:
        verdicts = tried(target)
    assert {verdict.outcome for verdict in verdicts} == {Outcome.HELD}
    assert any("served again" in verdict.says for verdict in verdicts)


def test_so_is_one_that_is_named_by_its_url() -> None:
    with served(DAY) as mock, Opening({}, time).target(mock.url, Terms(DAY)) as target:
        assert {verdict.outcome for verdict in tried(target)} == {Outcome.HELD}

"""What a tier has in a minute is counted while the clock stands: a slow machine sees no refill."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from time import time

from contracts.cases import trials
from contracts.target.http import LIMITED_KEY
from contracts.target.mock import MockTarget, served
from contracts.target.opening import Opening, Terms
from contracts.trials import Outcome
from mockserver.testing import ImagesMock

#: A tier of that day has 500 pictures of its one model in a minute: 8 more each second.
DAY = date(2023, 1, 1)


def stands(mock: ImagesMock, key: str) -> bool:
    clock = mock.sandbox(key).clock
    first = clock.now
    return first == clock.now


def test_the_clock_of_the_limit_stands_and_moves_where_the_trial_moves_it() -> None:
    with served(DAY) as mock, closing(MockTarget(mock, DAY, now=time)) as target:
        assert stands(mock, LIMITED_KEY)
        (trial,) = [t for t in trials(DAY, today=DAY, drawn=False) if t.id.endswith(".limit")]
        verdicts = list(trial.judge(target))
    assert {verdict.outcome for verdict in verdicts} == {Outcome.HELD}
    assert any("served again" in verdict.says for verdict in verdicts)


def test_so_does_that_of_a_mock_that_is_named_by_its_url() -> None:
    with ImagesMock() as mock, Opening({}, time).target(mock.url, Terms()) as target:
        (key,) = [k for name, k in vars(target)["_keys"].items() if name == "limited"]
        told: list[str] = []
        key.tell(lambda _name, value: told.append(value), "authorization", "")
        assert stands(mock, told[0])

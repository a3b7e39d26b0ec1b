"""Whatever is wrong with a server, a run of its contract finds it, by the promise that it breaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import time

import pytest

from contracts.cases import trials
from contracts.run import HELD, exit_code
from contracts.target.http import LIMITED_KEY
from contracts.target.mock import KEY, MockTarget, served
from contracts.trials import Outcome, Trial
from tests.contracts.mutants import MUTANTS, beside
from tests.contracts.mutants.plan import TODAY, brief
from tests.contracts.mutants.run import Memory

#: What nobody noticed, or not always, before there were promises: the issue's table.
OF_THE_TABLE = (
    "the key inside an error",
    "never the same",
    "another code",
    "total off by one",
    "no completed event",
    "a row too few",
    "JPEG for PNG",
    "cut base64",
    "one picture too few",
    "a URL where base64 was asked for",
    "no request id",
    "500 for a bad request",
    "unknown fields are taken",
    "n ignored",
    "size ignored",
    "another content type",
    "no events at all",
    "another form of 401",
    "other words",
    "another param",
    "all of an answer the same",
    "all black",
    "created in milliseconds",
    "created at 0",
    "no version",
    "no time of processing",
    "one request id for all",
    "a model that serves is not listed",
    "a minified body",
    "400 for 429",
    "alpha where none was asked for",
    "dead URLs",
    "no challenge",
)


@contextmanager
def remembered(planned: Iterable[Trial]) -> Iterator[Memory]:
    """An honest run on a mock."""
    with served() as mock:

        def reset() -> None:
            for key in (KEY, LIMITED_KEY):
                mock.sandbox(key).reset()

        target = MockTarget(mock, None, now=time)
        yield Memory(target, planned, reset)
        target.close()


def survivors(memory: Memory, names: Iterable[str]) -> dict[str, list[str]]:
    """The defects that were not found by their own promise, and what was found in its place."""
    told = {}
    for name in names:
        defect, says = MUTANTS[name]
        found = [one.says for one in memory.found(defect, says)]
        if not any(re.search(says, one) for one in found):
            told[name] = found
    return told


def test_an_honest_server_breaks_nothing_and_each_defect_of_the_table_something() -> None:
    with remembered(brief()) as memory:
        assert exit_code(memory.book) == HELD
        assert survivors(memory, (*OF_THE_TABLE, *beside.MUTANTS)) == {}


@pytest.mark.slow  # what a quick run finds, a full one does; of the mock: test_in_process.py
def test_the_mock_keeps_the_contract_and_a_quick_run_finds_every_defect() -> None:
    with remembered(trials(None, today=TODAY, quick=True)) as memory:
        assert memory.book.failures == {}
        assert exit_code(memory.book) == HELD
        rows = memory.book.rows.values()
        assert [row.promise for row in rows if row.outcome != Outcome.HELD] == []
        assert survivors(memory, MUTANTS) == {}


def test_there_are_many_defects_and_each_says_what_it_breaks() -> None:
    assert len(MUTANTS) >= 50
    assert MUTANTS.keys() >= {*OF_THE_TABLE}
    assert all(says for _, says in MUTANTS.values())

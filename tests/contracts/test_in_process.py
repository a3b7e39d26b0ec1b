"""The mock keeps all of the contract of a day; that a run finds what is wrong: test_mutants.py."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime
from time import time

import pytest

from contracts.book import Book
from contracts.cases import trials
from contracts.run import exit_code, run
from contracts.target.mock import MockTarget, served

#: In dialect B with DALL·E too; and with GPT image models alone, where undeclared methods get an
#: empty 404.
JUNE, LAST = date(2025, 6, 15), date(2026, 9, 1)


def book_of(day: date | None, *, costly: bool = False) -> Book:
    today = datetime.fromtimestamp(time(), UTC).date()
    with served(day) as mock, closing(MockTarget(mock, day, now=time)) as target:
        return run(trials(day, today=today, costly=costly), target)


def broken(book: Book) -> dict[str, str]:
    """The promises that were broken, and what was seen in the place of each."""
    sights = {
        says: [t for one in f.sights.values() for t in one] for says, f in book.failures.items()
    }
    return {says: told[0] for says, told in sights.items()}


@pytest.mark.slow
@pytest.mark.parametrize("day", [None, JUNE, LAST], ids=str)
def test_the_mock_keeps_the_contract_of_a_day(day: date | None) -> None:
    book = book_of(day)
    assert broken(book) == {}
    assert exit_code(book) == 0


@pytest.mark.slow
@pytest.mark.parametrize("day", [None, JUNE, LAST], ids=str)
def test_where_pictures_cost_something_few_are_asked_for(day: date | None) -> None:
    book = book_of(day, costly=True)
    assert broken(book) == {}

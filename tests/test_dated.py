"""Facts that hold for a time: which rows are in force on a day, and on which days that changes."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mockserver.facts
from mockserver.facts import Facts, first_day, load, period_of, periods
from mockserver.facts.dated import dates, in_force

FILES = {
    path.stem: tomllib.loads(path.read_text("utf-8"))
    for path in Path(mockserver.facts.__file__).parent.rglob("*.toml")
    if path.stem != "clients"  # whose `since` is a version
    and path.parent.name != "platform"  # what is beside images is read by the very day
}
DAYS = st.dates(date(2022, 11, 3), date(2027, 12, 31))
EARLIER, DAY, LATER = date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)


@pytest.mark.parametrize(
    ("row", "days"),
    [
        ({}, [EARLIER, DAY, LATER]),
        ({"since": DAY}, [DAY, LATER]),
        ({"until": DAY}, [EARLIER]),
        ({"shutdown": DAY}, [EARLIER]),
        ({"since": DAY, "until": LATER}, [DAY]),
        ({"until": LATER, "shutdown": DAY}, [EARLIER]),
        ({"since": DAY, "until": DAY}, []),
    ],
    ids=["always", "since", "until", "shutdown", "both ends", "two ends", "never"],
)
def test_a_row_holds_from_its_first_day_up_to_the_day_before_its_end(
    row: dict[str, Any], days: list[date]
) -> None:
    for where in ([row], {"row": row}):
        assert [d for d in (EARLIER, DAY, LATER) if in_force(where, d)] == days


def test_a_change_lies_over_its_table_and_leaves_no_trace_of_its_dates() -> None:
    table = {"a": 1, "b": 1, "change": [{"since": DAY, "b": 2, "c": 2}]}
    assert in_force(table, EARLIER) == {"a": 1, "b": 1}
    assert in_force(table, DAY) == {"a": 1, "b": 2, "c": 2}


def test_of_two_changes_the_later_lies_over_the_earlier_until_it_ends() -> None:
    brief = {"since": DAY, "until": LATER, "a": 3}
    table = {"a": 1, "change": [{"since": EARLIER, "a": 2}, brief]}
    assert [in_force(table, d)["a"] for d in (EARLIER, DAY, LATER)] == [2, 3, 2]


def test_the_end_of_a_model_stays_with_it_and_other_dates_go() -> None:
    model = {"id": "x", "since": EARLIER, "shutdown": LATER, "change": []}
    assert in_force([model], DAY) == [{"id": "x", "shutdown": LATER}]


def test_tables_in_tables_and_in_lists_change_on_their_own_days() -> None:
    deep = {"a": [{"b": {"c": 1, "change": [{"since": DAY, "c": 2}]}}, {"since": LATER}]}
    assert in_force(deep, EARLIER) == {"a": [{"b": {"c": 1}}]}
    assert in_force(deep, LATER) == {"a": [{"b": {"c": 2}}, {}]}
    assert set(dates(deep)) == {DAY, LATER}


def test_what_is_no_table_holds_always() -> None:
    for value in (1, "since", DAY, [DAY, "x"]):
        assert in_force(value, EARLIER) == value
        assert list(dates(value)) == []


def test_nothing_is_changed_in_what_was_given() -> None:
    table = {"a": 1, "change": [{"since": DAY, "a": 2}], "b": [{"until": DAY}]}
    before = repr(table)
    in_force(table, LATER)
    assert repr(table) == before


# -- the facts of this project -------------------------------------------------------------------


@given(DAYS, DAYS)
def test_inside_a_period_no_file_changes(one: date, other: date) -> None:
    if period_of(one) != period_of(other):
        other = period_of(one)
    for file in FILES.values():
        assert in_force(file, one) == in_force(file, other)


def test_each_period_differs_from_the_one_before() -> None:
    for before, day in pairwise(periods()):
        assert in_force(FILES, day - timedelta(1)) == in_force(FILES, before)
        assert in_force(FILES, day) != in_force(FILES, before), day


def changes(value: Any) -> Iterator[list[dict[str, Any]]]:
    """Every list of changes in a file."""
    match value:
        case dict():
            if "change" in value:
                yield value["change"]
            for item in value.values():
                yield from changes(item)
        case list():
            for item in value:
                yield from changes(item)


def test_changes_are_written_in_the_order_of_their_days() -> None:
    rows = [row for file in FILES.values() for row in changes(file)]
    assert rows
    for row in rows:
        days = [layer["since"] for layer in row]
        assert days == sorted(set(days))


def test_a_day_has_the_facts_of_its_period_and_its_own_name() -> None:
    def without_day(facts: Facts) -> list[Any]:
        return [getattr(facts, name) for name in Facts._fields if name != "day"]

    for day in periods():
        last = day + timedelta(3)
        if period_of(last) == day:
            assert load(last).day == last
            assert without_day(load(last)) == without_day(load(day))


@pytest.mark.parametrize("day", [date.min, first_day() - timedelta(1), first_day()])
def test_what_is_before_the_first_period_counts_as_in_it(day: date) -> None:
    assert period_of(day) == first_day() == periods()[0]


def test_the_last_period_has_no_end() -> None:
    assert period_of(date.max) == periods()[-1]

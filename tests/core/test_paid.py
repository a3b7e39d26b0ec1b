"""Which calls were paid for more than once, by a journal alone."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.core.journal import Record
from mockserver.core.judging.paid import paid_twice
from mockserver.core.judging.seen import Seen
from mockserver.core.sandbox.account import Account, Money, lost, refunded

DAY = 86_400 * 1_000_000_000


def seen(name: str, at: float, **values: Any) -> Seen:
    """A request of a fox: 1 s until the head of its answer, received unless it is said."""
    given: dict[str, Any] = {
        "fields": {"prompt": "a fox"},
        "paid": "received",
        "milliseconds": 1000,
    }
    given |= values
    made = Record(name, round(at * 1e9), "POST", "/v1/images/generations", status=200, **given)
    return Seen.of(made.as_json())


def found(*requests: Seen) -> list[list[str]]:
    return [[one.id for one in chain] for chain in paid_twice(requests)]


def test_a_lost_answer_that_is_made_again_is_paid_twice() -> None:
    assert found(seen("a", 0, paid="lost"), seen("b", 2)) == [["a", "b"]]


def test_each_attempt_until_one_comes_is_of_the_call() -> None:
    attempts = [seen(name, 2 * i, paid="lost") for i, name in enumerate("abc")]
    assert found(*attempts, seen("d", 8), seen("e", 10)) == [[*"abcd"]]


def test_two_lost_ones_that_nobody_got_in_the_end_are_paid_twice_too() -> None:
    assert found(seen("a", 0, paid="lost"), seen("b", 2, paid="lost")) == [["a", "b"]]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {}),  # equal on purpose
        ({"paid": "lost"}, {"fields": {"prompt": "another"}}),
        ({"paid": "lost"}, {"paid": ""}),  # refused
        ({"paid": ""}, {}),  # refused, then made
        ({"paid": "lost"}, {"sandbox": "other"}),
        ({"paid": "lost", "milliseconds": 5000}, {}),  # under way together
    ],
)
def test_other_pairs_are_paid_once_each(first: Any, second: Any) -> None:
    assert found(seen("a", 0, **first), seen("b", 2, **second)) == []


def test_a_retry_by_its_own_word_may_come_before_the_server_knows_that_its_client_left() -> None:
    first = seen("a", 0, paid="lost", milliseconds=5000)
    assert found(first, seen("b", 2, call="a", retries=1)) == [["a", "b"]]


def test_a_field_that_was_filled_in_is_nothing_that_was_asked() -> None:
    second = {"fields": {"prompt": "a fox", "n": 1}, "filled": ("n",)}
    assert found(seen("a", 0, paid="lost"), seen("b", 2, **second)) == [["a", "b"]]


def test_two_calls_that_are_made_again_together_are_two() -> None:
    pairs = [seen("a", 0, paid="lost"), seen("b", 0.1, paid="lost"), seen("c", 3), seen("d", 3.1)]
    assert found(*pairs) == [["a", "c"], ["b", "d"]]


def test_no_more_is_lost_than_was_spent_and_what_is_given_back_is_not_spent() -> None:
    account = Account(money=Money().paid(30, 1).paid(10, 2))
    assert lost(account, 50).money.lost == 40
    money = refunded(lost(account, 10), 10, 2 * DAY).money
    assert (money.spent, money.spent_on(1), money.spent_on(2), money.lost) == (30, 30, 0, 10)

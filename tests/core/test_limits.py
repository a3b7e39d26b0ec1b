"""The token bucket: exact, continuous, and honest about the wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.limits import MINUTE, Bucket, Verdict, admit
from mockserver.core.sandbox import Options
from mockserver.core.sandbox.account import Account, settle
from mockserver.facts.costs import IMAGES, Limit

MILLISECOND = 1_000_000
limits = st.integers(1, 10_000)
steps = st.lists(st.tuples(st.integers(0, 2 * MINUTE), st.integers(1, 10)), max_size=60)


def take(bucket: Bucket | None, limit: int, cost: int, now: int) -> tuple[Bucket, Verdict]:
    return admit(bucket, Limit(IMAGES, limit), cost, now)


@given(limits, steps)
def test_never_more_is_admitted_than_the_capacity_and_what_came_in_since(
    limit: int, calls: list[tuple[int, int]]
) -> None:
    bucket, start, now, admitted = None, 10**18, 10**18, 0
    for pause, cost in calls:
        now += pause
        bucket, verdict = take(bucket, limit, cost, now)
        admitted += cost * verdict.admitted
        assert admitted * MINUTE <= limit * MINUTE + limit * (now - start)


@given(limits, steps, st.integers(1, 10))
def test_the_wait_that_is_told_is_enough_and_a_millisecond_less_is_not(
    limit: int, calls: list[tuple[int, int]], cost: int
) -> None:
    bucket, now = None, 10**18
    for pause, taken in calls:
        now += pause // 1000
        bucket, _ = take(bucket, limit, taken, now)
    bucket, verdict = take(bucket, limit, cost, now)
    if verdict.admitted or verdict.wait_ms is None:
        return
    assert take(bucket, limit, cost, now + verdict.wait_ms * MILLISECOND)[1].admitted
    sooner = now + (verdict.wait_ms - 1) * MILLISECOND
    assert not take(bucket, limit, cost, sooner)[1].admitted


@given(limits, steps, st.integers(1, 20_000))
def test_a_refusal_takes_nothing_and_counts_more_than_the_limit(
    limit: int, calls: list[tuple[int, int]], cost: int
) -> None:
    bucket, now = None, 10**18
    for pause, taken in calls:
        now += pause
        bucket, _ = take(bucket, limit, taken, now)
    after, verdict = take(bucket, limit, cost, now)
    if not verdict.admitted:
        assert verdict.used + cost > limit
        assert take(after, limit, cost, now) == (after, verdict)


@pytest.mark.parametrize("limit", [5, 7, 500, 2500, 5000, 7500, 10_000])
def test_a_burst_gets_exactly_the_limit(limit: int) -> None:
    bucket, admitted = None, 0
    for _ in range(limit + 50):
        bucket, verdict = take(bucket, limit, 1, 10**18)
        admitted += verdict.admitted
    assert admitted == limit


def test_more_than_the_limit_at_once_never_passes_however_long_one_waits() -> None:
    assert take(None, 5, 6, 0)[1][:3] == (False, 0, None)


def test_a_limit_of_zero_admits_nothing() -> None:
    assert take(None, 0, 1, 0)[1][:3] == (False, 0, None)


def test_a_clock_that_goes_back_refills_nothing() -> None:
    bucket, _ = take(None, 5, 5, 10 * MINUTE)
    bucket, verdict = take(bucket, 5, 1, 9 * MINUTE)
    assert not verdict.admitted
    assert not take(bucket, 5, 1, 10 * MINUTE)[1].admitted


def test_who_waits_as_told_passes_although_the_clock_went_back_a_day() -> None:
    bucket, _ = take(None, 5, 5, 1440 * MINUTE)
    bucket, verdict = take(bucket, 5, 1, 0)
    assert not verdict.admitted
    assert verdict.wait_ms == 12_000
    assert take(bucket, 5, 1, MINUTE // 5)[1].admitted


def test_recorded_waits_fit_the_bucket() -> None:
    """Limit 5, used 5, requested 1: 12 s; limit 250: 240 ms (recorded 2026)."""
    for limit, wait in ((5, 12_000), (250, 240)):
        bucket, _ = take(None, limit, limit, 0)
        assert take(bucket, limit, 1, 0)[1].wait_ms == wait


@pytest.mark.parametrize(
    ("budget", "limit", "amount", "spent", "verdict"),
    [
        (None, None, 9, 9, (True, 0, 0)),
        (9, None, 9, 9, (True, 0, 0)),  # to the last
        (8, None, 9, 0, (False, 0, 0)),
        (8, 0, 9, 0, (False, 0, 0)),  # before the limit
        (9, 1, 9, 0, (False, 0, None)),
        (9, 2, 9, 9, (True, 2, 0)),
    ],
)
def test_money_is_looked_at_before_the_limit_and_taken_only_with_it(
    budget: int | None, limit: int | None, amount: int, spent: int, verdict: object
) -> None:
    limits = () if limit is None else (Limit(IMAGES, limit),)
    account, found = settle(
        Account(),
        "m",
        limits=limits,
        charge={IMAGES: 2},
        options=Options(budget=budget),
        amount=amount,
        now=0,
    )
    assert (account.spent, found[:3]) == (spent, verdict)


def test_what_is_used_is_counted_in_images_begun() -> None:
    bucket, verdict = take(None, 5, 3, 0)
    assert verdict.used == 3
    for later, used in ((0, 4), (11_999, 4), (12_000, 3), (23_999, 3), (24_000, 2)):
        assert take(bucket, 5, 1, later * MILLISECOND)[1].used == used

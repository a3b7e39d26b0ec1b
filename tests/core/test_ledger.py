"""The ledger: bills that make place become sums, and nothing of what was charged is lost."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.core.sandbox.ledger import (
    DAY,
    Bill,
    Cell,
    Sums,
    Use,
    add,
    condensed,
    use_of,
)
from mockserver.store.tables import Ledger

SECOND = 1_000_000_000
TIMES = st.integers(0, 400 * DAY).map(lambda second: second * SECOND + 7)
BILLS = st.builds(
    Bill,
    st.just("req_1"),
    TIMES,
    st.sampled_from(["dall-e-2", "gpt-image-2"]),
    st.sampled_from(["256x256", "512x512", "1x1"]),
    st.integers(1, 10),
    st.integers(1, 10**9),
    st.sampled_from(["images.generate", "images.edit"]),
    st.sampled_from([{}, {"text_input": 3}, {"image_output": 5, "text_input": 1}]),
)


def total(uses: list[Use]) -> tuple[int, int, int, list[int]]:
    """Requests, pictures, micro-dollars and tokens of all."""
    tokens = [sum(kind) for kind in zip(*(u.tokens for u in uses), strict=True)]
    requests, images, micro = (
        [getattr(u, name) for u in uses] for name in ("requests", "images", "micro")
    )
    return sum(requests), sum(images), sum(micro), tokens


def by_day(uses: list[Use]) -> Counter[int]:
    """Micro-dollars of each day."""
    found = Counter[int]()
    for use in uses:
        found[use.at // SECOND // DAY] += use.micro
    return found


@settings(max_examples=30)
@given(st.lists(BILLS, min_size=1, max_size=60), st.integers(1, 30))
def test_sums_of_any_bills_are_exact_whatever_is_put_together(bills: list[Bill], most: int) -> None:
    sums, uses = Sums(), [use_of(bill) for bill in bills]
    for bill in bills:
        sums = condensed(add(sums, bill), most)
        days = {cell.start // DAY for cell in sums}
        assert len(sums) <= max(most, len(days))
    assert total([*sums.values()]) == total(uses)
    assert by_day([*sums.values()]) == by_day(uses)


def bill(second: int, *, model: str = "m", size: str = "s") -> Bill:
    return Bill("r", second * SECOND, model, size, 1, 5, "o")


def test_the_oldest_minutes_become_hours_and_the_newest_stay() -> None:
    sums = Sums()
    for second in (0, 60, 3600, 3660, 90_000):
        sums = add(sums, bill(second))
    assert [(c.width, c.start) for c in condensed(sums, 3)] == [
        (3600, 0),
        (3600, 3600),
        (60, 90_000),
    ]


def test_days_come_before_sizes_and_sizes_before_models() -> None:
    sums = Sums()
    for size in "ab":
        for model in "mn":
            sums = add(sums, bill(0, size=size, model=model))
    assert {c[2:] for c in condensed(sums, 2)} == {("m", "", "o"), ("n", "", "o")}
    assert [*condensed(sums, 1)] == [Cell(DAY, 0, "", "", "")]


def test_a_ledger_has_its_last_thousand_bills_and_sums_of_the_others() -> None:
    ledger = Ledger()
    sizes = [ledger.append(bill(second)) for second in range(1_300)]
    assert [b.at // SECOND for b in ledger.bills] == [*range(300, 1_300)]
    assert [use.requests for use in ledger.sums.values()] == [60] * 5
    assert sum(sizes) == ledger.size


def test_a_ledger_that_needs_less_room_keeps_the_days() -> None:
    ledger = Ledger()
    before = sum(ledger.append(bill(second)) for second in range(0, 3 * DAY, 3600))
    assert before + ledger.sum_up() == ledger.size
    assert [(c.start, u.micro) for c, u in ledger.sums.items()] == [
        (0, 120),
        (DAY, 120),
        (2 * DAY, 120),
    ]
    ledger.clear()
    assert ledger.size == 0


def test_a_sum_stands_at_its_first_bill_so_that_a_standing_clock_loses_none() -> None:
    sums = add(add(Sums(), bill(70)), bill(65))
    assert [use.at for use in sums.values()] == [65 * SECOND]

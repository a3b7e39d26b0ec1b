"""Which day's rules count: what was said, or the model's own, by a clock that may have moved."""

from __future__ import annotations

from datetime import date

import pytest

from mockserver.core.days import Day, day_for

EARLY, LATE, TODAY = date(2023, 2, 1), date(2025, 3, 31), date(2026, 11, 28)


@pytest.mark.parametrize(
    ("said", "default", "moved", "expected"),
    [
        (None, LATE, 0, LATE),
        (None, LATE, 9, LATE),  # nobody said a day that could move on
        (None, "today", 0, TODAY),
        (EARLY, LATE, 0, EARLY),
        (EARLY, "today", 0, EARLY),
        (EARLY, LATE, 27, date(2023, 2, 28)),
        ("today", LATE, 9, TODAY),  # the clock that moved on tells the day already
        (date(9999, 12, 1), LATE, 3650, date.max),
    ],
)
def test_what_is_said_counts_else_the_day_of_the_model(
    said: Day | None, default: Day, moved: int, expected: date
) -> None:
    assert day_for(said, default, today=TODAY, moved=moved) == expected

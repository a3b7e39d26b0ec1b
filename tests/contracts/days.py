"""Days on which contract and mock are compared: each has rules of its own. Tests nothing."""

from __future__ import annotations

from datetime import date

import pytest

from mockserver.facts import load
from tests.conftest import up_to

DEFAULT = load().day
DAYS = (
    date(2022, 11, 10),  # one model, which cannot be named; an edit needs a mask
    date(2023, 12, 1),
    DEFAULT,
    date(2025, 6, 15),  # dialect B, but for variations
    date(2026, 3, 31),
    date(2026, 6, 1),  # GPT image models alone, and edits as JSON too
)
#: The page's sizes are a few more of the same kind: they are looked at where there is time.
of_each_size = pytest.mark.parametrize(
    "sizes", [pytest.param("page", marks=pytest.mark.slow), "api"]
)
#: Between two others that are looked at, and unlike both in little.
BETWEEN = (date(2023, 12, 1), date(2026, 3, 31))
each_day = pytest.mark.parametrize(
    "day",
    [pytest.param(day, marks=[pytest.mark.slow] * (day in BETWEEN)) for day in DAYS],
    ids=str,
)


def examples(day: date, most: int) -> int:
    """How many examples Hypothesis shall try: fewer on other days than the default one."""
    return up_to(most if day == DEFAULT else most // 4)

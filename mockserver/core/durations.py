"""Lengths of time as people write them: 250ms, 1.5s, 2m, 1h, 1d. Knows no clock."""

from __future__ import annotations

import re

SECOND, MILLISECOND = 1_000_000_000, 1_000_000  # nanoseconds
#: As a pattern that every dialect of regular expressions has, for the rules' schema too.
PATTERN = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)"
FORM = "a time such as 250ms, 1.5s, 2m or 1h"
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def seconds_in(text: str) -> float | None:
    """The seconds that a text tells; None if it tells none."""
    found = re.fullmatch(PATTERN, text)
    return float(found[1]) * _UNITS[found[2]] if found else None

"""Facts that hold for a time: which rows of a table are in force on a day. Reads no file.

A row with `since` holds from that day on, one with `until` up to the day before it; a model with
`shutdown` likewise. Rows under `change` lie over their table from their day on, later over earlier.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

_DATES = ("since", "until", "shutdown")


def in_force(value: Any, day: date) -> Any:
    """What is left of a table, or of a list of them, on `day`: without changes and their dates."""
    if isinstance(value, list):
        return [in_force(v, day) for v in value if _covers(v, day)]
    if not isinstance(value, dict):
        return value
    changes = [c for c in value.get("change", ()) if _covers(c, day)]
    for layer in changes:
        value = value | layer
    dropped = {"change", "since", "until"}
    return {k: in_force(v, day) for k, v in value.items() if k not in dropped and _covers(v, day)}


def _covers(value: Any, day: date) -> bool:
    if not isinstance(value, dict):
        return True
    start: date = value.get("since", date.min)
    ends: list[date] = [value[name] for name in ("until", "shutdown") if name in value]
    return start <= day < min(ends, default=date.max)


def dates(value: Any) -> Iterator[date]:
    """Every day on which something in `value` begins or ends to hold."""
    match value:
        case list():
            for item in value:
                yield from dates(item)
        case dict():
            yield from (value[name] for name in _DATES if name in value)
            for item in value.values():
                yield from dates(item)
        case _:
            pass

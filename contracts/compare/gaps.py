"""Differences that are known, each with its reason and its last day. Compares nothing."""

from __future__ import annotations

import tomllib
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple


class Gap(NamedTuple):
    """A difference that is known, and no failure until its end."""

    field: str  # a pattern, as "header openai-*"
    reason: str
    until: date  # the last day on which it counts
    operation: str = "*"  # a pattern
    verdict: str = "*"  # one, or any

    def has(self, operation: str, field: str, verdict: str) -> bool:
        """Whether a difference is this one."""
        told = ((operation, self.operation), (field, self.field), (verdict, self.verdict))
        return all(fnmatchcase(value, _bare(pattern)) for value, pattern in told)


def _bare(pattern: str) -> str:
    """A pattern in which "[]" is that of a list, and no set of letters."""
    return pattern.replace("[", "[[]")


def gaps_in(file: Path) -> list[Gap]:
    """The known gaps of a file: `[[gap]]` with `field`, `reason` and `until`.

    Raises:
        ValueError: a gap lacks one of these, or has what no gap has. The text says which and how.
    """
    try:
        rows = tomllib.loads(file.read_text("utf-8")).get("gap", [])
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{file} can't be read: {error}") from None
    return [_gap(row, f"{file}, gap {number}") for number, row in enumerate(rows, 1)]


def _gap(row: dict[str, Any], where: str) -> Gap:
    if strange := row.keys() - set(Gap._fields):
        raise ValueError(f"{where} has {sorted(strange)}: known are {', '.join(Gap._fields)}")
    for name in ("field", "reason"):
        if not isinstance(row.get(name), str) or not row[name].strip():
            raise ValueError(f'{where} lacks its {name}: {name} = "…"')
    if type(row.get("until")) is not date:
        raise ValueError(f"{where} lacks the day on which it ends: until = 2027-03-31")
    return Gap(**row)

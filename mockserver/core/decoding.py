"""Read decoded JSON or TOML, piece by piece: what is wrong is told with what would be right."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any, Never, TypeGuard

from mockserver.core.durations import FORM, seconds_in
from mockserver.core.texts import likely_name

MOST = 999_999_999  # of any whole number that can be set, as in `--limits N/min`
MOST_USD = 1_000_000_000  # of a budget
DAY = 86_400  # seconds


class RuleError(ValueError):
    """A rule that can't be read. The message says which part, and what would be right."""

    @property
    def sentence(self) -> str:
        """The message as a sentence."""
        return f"{self}" if str(self).endswith("?") else f"{self}."


def table_of(
    name: str, value: Any, known: Iterable[str], elsewhere: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A table with no other keys than these; RuleError if it is none.

    `elsewhere` says of keys that belong somewhere else where that is.
    """
    if not isinstance(value, dict):
        raise RuleError(f"{name} must be a table of {', '.join(known)}")
    for key in value:
        if key not in known:
            place = (elsewhere or {}).get(key)
            raise RuleError(
                f"{name} has no {key!r}; {place}" if place else unknown(name, key, known)
            )
    return value


def unknown(name: str, key: Any, known: Iterable[str]) -> str:
    """That there is no such key, and what may be meant."""
    return f"{name} has no {key!r}{guess(str(key), known)}"


def guess(name: str, known: Iterable[str]) -> str:
    """What may be meant by a name that is not known, as the end of a sentence."""
    names = list(known)
    close = names[0] if len(names) == 1 else likely_name(name, names)
    return f"; did you mean {close}?" if close else f"; it is one of {', '.join(names)}"


def whole_of(name: str, value: Any, *, least: int, most: int = MOST) -> int:
    """A whole number, which JSON may write as 2.0; RuleError if it is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise RuleError(f"{name} must be a whole number from {least} to {most}")
    return value


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether it is a number that any JSON can say: no switch, and none beyond a float."""
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return is_one and -sys.float_info.max <= value <= sys.float_info.max


def length_of(name: str, value: Any) -> float:
    """Seconds, as a number or as people write a time; RuleError if it is neither."""
    found = seconds_in(value) if isinstance(value, str) else value
    if not is_number(found) or not 0 <= found <= DAY:
        raise RuleError(f"{name} must be seconds, from 0 to a day, or {FORM}")
    return float(found)


def text_of(name: str, value: Any) -> str:
    """A text; RuleError if it is none."""
    if not isinstance(value, str):
        raise RuleError(f"{name} must be a text")
    return value


def switch_of(name: str, value: Any) -> bool:
    """True or false; RuleError if it is neither."""
    if not isinstance(value, bool):
        raise RuleError(f"{name} must be true or false")
    return value


def no_constant(name: str) -> Never:
    """Refuse, as `parse_constant`, what Python's reader takes for JSON and is none."""
    raise ValueError(f"{name} is not JSON")


def finite(text: str) -> float:
    """A number of JSON's, as `parse_float`; ValueError for one that would be read as infinite."""
    if not isfinite(found := float(text)):
        raise ValueError(f"{text[:40]} is larger than any number here")
    return found

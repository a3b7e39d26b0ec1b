"""Typed matchers of what stands in a JSON answer, at paths as "data[].id". Asks nobody."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

ABSENT: Any = object()


def at(value: Any, path: str) -> Any:
    """What stands at a path: keys with dots between them, a place by its number, `[]` for a list.

    "data[].id" is the list of all ids; what is not there is ABSENT.
    """
    for step in filter(None, path.removesuffix("[]").split(".")):
        key, is_list = step.removesuffix("[]"), step.endswith("[]")
        value = _step(value, key)
        if is_list:
            rest = path.partition("[].")[2]
            return [at(one, rest) for one in value] if isinstance(value, list) else ABSENT
    return value


def _step(value: Any, key: str) -> Any:
    match value:
        case dict():
            return value.get(key, ABSENT)
        case list() if key.isdigit() and int(key) < len(value):
            return value[int(key)]
        case _:
            return ABSENT


def mismatch(value: Any, wanted: Any) -> str:
    """What is wrong with a value; "" if it is what is wanted."""
    if not isinstance(wanted, Mapping):
        is_equal = value == wanted and isinstance(value, bool) == isinstance(wanted, bool)
        return "" if is_equal else f"it is {shown(value)} and not {shown(wanted)}"
    ((kind, told),) = wanted.items()
    says, matches = MATCHERS[kind]
    return "" if matches(value, told) else f"it is {shown(value)} and not {says.format(told)}"


def shown(value: Any) -> str:
    """A value as a report tells it, or its beginning."""
    text = "nothing" if value is ABSENT else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


_SHOWN = 200  # characters

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "text": lambda v: isinstance(v, str),
    "list": lambda v: isinstance(v, list),
    "null": lambda v: v is None,
    "boolean": lambda v: isinstance(v, bool),
    "URL": lambda v: isinstance(v, str) and re.match(r"https?://[^/]", v) is not None,
}
#: What a matcher says of itself, and whether a value is what it says.
MATCHERS: Mapping[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "is": ("one of type {}", lambda v, told: _TYPES[told](v)),
    "each": (
        "{} in each place",
        lambda v, told: isinstance(v, list) and all(one == told for one in v),
    ),
    "keys": ("one with just {}", lambda v, told: isinstance(v, dict) and {*v} == {*told}),
    "length": ("one of length {}", lambda v, told: isinstance(v, list | str) and len(v) == told),
    "holds": ("one with {}", lambda v, told: isinstance(v, list) and all(one in v for one in told)),
    "absent": ("nothing", lambda v, told: (v is ABSENT) is told),
}
TYPES = frozenset(_TYPES)

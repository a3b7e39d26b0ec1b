"""Numbers beyond reason, as people, programs and attackers write them. Tests nothing."""

from __future__ import annotations

import json
from math import inf
from typing import Any, NamedTuple, NoReturn

NO_JSON: Any = object()  # what is no JSON has no value


class Written(NamedTuple):
    """A number as JSON has it, and what it means there."""

    text: str
    value: Any


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def strict(text: str | bytes) -> Any:
    """The value of a JSON text as RFC 8259 has it: without NaN and infinities."""
    return json.loads(text, parse_constant=_refuse)


def _meant(text: str) -> Any:
    try:
        return strict(text)
    except ValueError:
        return NO_JSON


#: Digits that Python's `str.isdigit` and `\d` take for some.
OTHER_DIGITS = ("١٢", "²")
BEYOND_PYTHON = "9" * 5_000  # which int() refuses
IN_JSON = tuple(
    Written(text, _meant(text))
    for text in (
        *("NaN", "-Infinity", "1e400", "-1e400", "1e308", "5e-324", "-1", "-0.0", "1.0", "1.5"),
        *("1e3", "true", "null", "1" + "0" * 400, "-" + "9" * 60, BEYOND_PYTHON),
        *("1_000", "+1", "0x10", "01", "١٢", '"12"', '"1e3"', '"nan"', '""', '"١٢"', "[1]"),
    )
)
#: What is no JSON where no number may be infinite.
NO_NUMBERS = tuple(w.text for w in IN_JSON if w.value in (NO_JSON, inf, -inf))
#: The same where numbers come as texts: in forms, queries, settings, headers.
IN_TEXTS = (
    *("NaN", "inf", "1e400", "-1", "-0.0", "1.0", "1.5", "1e3", "true", "1" + "0" * 400, "9" * 60),
    *(BEYOND_PYTHON, "1_000", "+1", "0x10", " 1", "1\n", "1,5", "", *OTHER_DIGITS, "1١"),
)

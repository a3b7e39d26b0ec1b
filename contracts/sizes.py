"""Sizes without end: WIDTHxHEIGHT within bounds, which JSON Schema can only name. Sends nothing.

The bounds are in the name of a format, so that whoever has the document has them. JSON Schema lets
a validator pass a format that it does not know: `CHECKER` knows it, and so does a generator that
`teach` was given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

from jsonschema import FormatChecker

from mockserver.facts import FreeSizes

_NAMED = re.compile(
    r"size-of-(?P<multiple>\d+)-to-(?P<side_max>\d+)-ratio-(?P<ratio_max>\d+)"
    r"-pixels-(?P<pixels_min>\d+)-(?P<pixels_max>\d+)"
)
_SIZE = re.compile(r"([1-9]\d*)x([1-9]\d*)")
_SHOWN = 48  # sizes of each width, of which a generator takes some


def format_of(free: FreeSizes) -> str:
    """The name of a format that has these bounds."""
    return (
        f"size-of-{free.multiple}-to-{free.side_max}-ratio-{free.ratio_max}"
        f"-pixels-{free.pixels_min}-{free.pixels_max}"
    )


def _bounds(name: str) -> FreeSizes | None:
    named = _NAMED.fullmatch(name)
    return FreeSizes(**{k: int(v) for k, v in named.groupdict().items()}) if named else None


def fits(free: FreeSizes, width: int, height: int) -> bool:
    """Whether a size is within the bounds."""
    long, short = max(width, height), min(width, height)
    return (
        width % free.multiple == height % free.multiple == 0
        and long <= min(free.ratio_max * short, free.side_max)
        and free.pixels_min <= width * height <= free.pixels_max
    )


def _is_size(free: FreeSizes, value: Any) -> bool:
    if not isinstance(value, str):
        return True  # which is the type's to say
    size = _SIZE.fullmatch(value) if len(value) < 24 else None  # digits enough for any bounds
    return size is not None and fits(free, *map(int, size.groups()))


class _Checker(FormatChecker):
    """Checks these formats, whatever their bounds, and no other."""

    def conforms(self, instance: object, format: str) -> bool:
        """Whether a value is of a format."""
        free = _bounds(format)
        return free is None or _is_size(free, instance)

    def check(self, instance: object, format: str) -> None:
        """Raise FormatError if a value is not of a format."""
        if not self.conforms(instance, format):
            from jsonschema.exceptions import FormatError

            raise FormatError(f"{instance!r} is no {format}")


CHECKER = _Checker(formats=())


def formats_in(schema: Any) -> dict[str, Callable[[str], bool]]:
    """What checks each of these formats in a schema, for validators that are not jsonschema's."""
    checks: dict[str, Callable[[str], bool]] = {}
    teach(schema, lambda name, _: checks.update({name: partial(CHECKER.conforms, format=name)}))
    return checks


@cache
def examples_of(free: FreeSizes) -> list[str]:
    """Some sizes within the bounds, the ends among them."""
    sides = range(free.multiple, free.side_max + 1, free.multiple)
    every = [(w, h) for w in sides for h in sides if fits(free, w, h)]
    return [f"{w}x{h}" for w, h in (*every[:: len(every) // _SHOWN], every[-1])]


def teach(document: Any, register: Callable[[str, list[str]], None]) -> None:
    """Tell a generator examples of each of these formats in a document."""
    match document:
        case {"format": str(name)} if free := _bounds(name):
            register(name, examples_of(free))
        case Mapping():
            for value in document.values():
                teach(value, register)
        case list():
            for value in document:
                teach(value, register)

"""Sizes without end: WIDTHxHEIGHT within bounds, which JSON Schema can only name. Sends nothing.

The bounds are in the name of a format, so that whoever has the document has them.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

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


class Size(NamedTuple):
    """Texts that are a size within bounds."""

    free: FreeSizes

    def conforms(self, value: Any) -> bool:
        """Whether a text is one; what is no text is the type's to say."""
        return _is_size(self.free, value)

    def examples(self) -> list[str]:
        """Some sizes within the bounds, the ends among them."""
        return examples_of(self.free)


def named(name: str) -> Size | None:
    """What the name of a format says."""
    found = _NAMED.fullmatch(name)
    return Size(FreeSizes(**{k: int(v) for k, v in found.groupdict().items()})) if found else None


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


@cache
def examples_of(free: FreeSizes) -> list[str]:
    """Some sizes within the bounds, the ends among them."""
    sides = range(free.multiple, free.side_max + 1, free.multiple)
    every = [(w, h) for w in sides for h in sides if fits(free, w, h)]
    return [f"{w}x{h}" for w, h in (*every[:: len(every) // _SHOWN], every[-1])]

"""Where the contract departs from the vendor's published document, and the reasons for it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from contracts.document.build import build
from contracts.document.shape import Shape, compared, shape_of

HERE = Path(__file__).parent
VENDOR = HERE / "vendor.toml"
DEPARTURES = HERE / "departures.toml"


class Difference(NamedTuple):
    """What two documents say of one aspect of a place; None says nothing."""

    place: str
    aspect: str  # "there" where one of them lacks the place
    ours: Any
    theirs: Any


class Departure(NamedTuple):
    """Why some differences are meant."""

    places: Sequence[str]  # patterns
    aspects: Sequence[str]
    reason: str

    def explains(self, difference: Difference) -> bool:
        """Whether this is the reason of a difference."""
        is_there = any(fnmatchcase(difference.place, pattern) for pattern in self.places)
        return is_there and difference.aspect in self.aspects


def differences(ours: Shape, theirs: Shape) -> Iterator[Difference]:
    """Every aspect of every place of which two documents don't say the same."""
    for place in sorted({*ours, *theirs}):
        mine, other = ours.get(place), theirs.get(place)
        if mine is None or other is None:
            yield Difference(place, "there", mine, other)
            continue
        for aspect in sorted({*mine, *other}):
            if mine.get(aspect) != other.get(aspect):
                yield Difference(place, aspect, mine.get(aspect), other.get(aspect))


@cache
def departures() -> list[Departure]:
    """The reasons, in the order of the file."""
    return [Departure(**row) for row in tomllib.loads(DEPARTURES.read_text("utf-8"))["departure"]]


@cache
def _vendor() -> dict[str, Any]:
    return tomllib.loads(VENDOR.read_text("utf-8"))


def published() -> Shape:
    """The shape of the vendor's document."""
    places: Shape = _vendor()["places"]
    return places


def contract() -> Shape:
    """The shape of the contract of the day of the vendor's document, with that of DALL·E's days."""
    days = (_vendor()["date"], None)
    return shape_of(*(compared(build("api", day)) for day in days))

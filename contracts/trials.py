"""What a run is made of: trials, the promises that they are about, and verdicts. Does nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from contracts.exchange import Exchange

if TYPE_CHECKING:
    from contracts.target import Target


class Tier(IntEnum):
    """How strict a promise is: what a client needs, all that it may meet, the last byte."""

    CORE = 1
    COMPLETE = 2
    STRICT = 3


class Promise(NamedTuple):
    """A row of the report: what an operation answers in one branch."""

    operation: str  # as "images.generate"
    status: int
    branch: str  # as "dall-e-2, url" or "an unknown size"


class Outcome(StrEnum):
    """What became of a check."""

    HELD = "observed"
    BROKEN = "broken"
    UNSEEN = "not observed"


class Verdict(NamedTuple):
    """What one check says of one exchange."""

    says: str  # the promise as a sentence: the same wherever it is judged, so that causes group
    outcome: Outcome = Outcome.HELD
    told: str = ""  # what was seen in its place, or why nothing was
    exchange: Exchange | None = None
    tier: Tier = Tier.CORE
    pictures: int = 0  # that were seen whole


#: How a server answers for a path that it does not have.
NOT_THERE = frozenset((404, 405, 501))

#: Judges with what it asks the target for.
Judge = Callable[["Target"], Iterator[Verdict]]


class Trial(NamedTuple):
    """Something that a target is tried with."""

    id: str  # unique in a run, and the same in every run
    promise: Promise
    judge: Judge
    pays: bool = False  # whether what it asks for costs something where pictures cost
    tier: Tier = Tier.CORE
    needs: frozenset[str] = frozenset()  # of the target: "clock", "limits", "stand-in"
    quick: bool = True  # whether a quick run has it, too
    touches: frozenset[str] = frozenset()  # what it is about that is sent, as `touches_of` says it


#: Texts of people: no trial is about what they say.
FREE = frozenset({"prompt", "user", "safety_identifier"})
_LONGEST = 40  # characters of a value that is one of a few


def touches_of(fields: Mapping[str, Any]) -> frozenset[str]:
    """What a trial touches that is about these fields, as {"n", "size=256x256", "stream=true"}."""
    return frozenset(f"{n}={spelled(v)}" if is_choice(n, v) else n for n, v in fields.items())


def is_choice(name: str, value: Any) -> bool:
    """Whether the value of a parameter is one of a few."""
    is_short = isinstance(value, str) and len(value) <= _LONGEST
    return isinstance(value, bool) or (is_short and name not in FREE)


def spelled(value: Any) -> str:
    """A value as `touches` has it."""
    return value if isinstance(value, str) else json.dumps(value)

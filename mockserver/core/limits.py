"""An amount a minute as a token bucket that refills continuously. Pure.

Exact integer arithmetic: one of whatever is counted (a picture, a token) weighs a minute of
nanoseconds, and a bucket of so many a minute gains as many units of weight each nanosecond, so
nothing is ever rounded but the wait told.
"""

from typing import NamedTuple

from mockserver.core.durations import MILLISECOND
from mockserver.facts.costs import Limit

MINUTE = 60_000_000_000  # nanoseconds


class Bucket(NamedTuple):  # which is made in half a frozen dataclass' time, at each decision
    """What is left at one moment."""

    level: int  # in units of 1/MINUTE of what is counted
    at: int  # nanoseconds since the epoch


class Verdict(NamedTuple):
    """Whether a request may pass, and what its refusal has to say."""

    admitted: bool
    used: int  # counted in the running minute, rounded up
    wait_ms: int | None  # until the same request passes; None if it never can
    limit: Limit | None = None  # whose bucket this is about; None: no bucket was looked at
    budget: str = ""  # which one refuses: that of "all", a "day" or a "month"


def admit(bucket: Bucket | None, limit: Limit, cost: int, now: int) -> tuple[Bucket, Verdict]:
    """Take `cost` out of `bucket` if it is there.

    Args:
        bucket: as it was left; None is a full one.
        limit: what comes in each minute, and the most that can be saved up; 0 admits nothing.
        cost: what is asked for.
        now: nanoseconds since the epoch. A clock that went back refills nothing until it has made
            up for that; unless it went back by more than a minute, which nobody may have to wait.

    Returns:
        The bucket as it is left now, and the verdict. A refusal takes nothing out.
    """
    rate = limit.per_minute
    full = rate * MINUTE
    level, since = bucket or (full, now)
    at = now if now > since or since - now > MINUTE else since
    if now > since:
        level = min(full, level + rate * (now - since))
    left = level - cost * MINUTE
    if left >= 0:
        return Bucket(left, at), Verdict(True, _ceil(full - left, MINUTE), 0, limit)
    wait = None if cost > rate else _ceil(_ceil(-left, rate), MILLISECOND)
    return Bucket(level, at), Verdict(False, _ceil(full - level, MINUTE), wait, limit)


def whole_seconds(wait_ms: int) -> int:
    """A wait in the seconds of `retry-after`, which knows whole ones alone: never too short."""
    return _ceil(wait_ms, 1000)


def _ceil(number: int, divisor: int) -> int:
    return -(-number // divisor)

"""Images a minute as a token bucket that refills continuously, and money beside it. Pure.

Exact integer arithmetic: one image weighs a minute of nanoseconds, and a bucket of `limit` images a
minute gains `limit` units of weight each nanosecond, so nothing is ever rounded but the wait told.
"""

from __future__ import annotations

from typing import NamedTuple

MINUTE = 60_000_000_000  # nanoseconds
_MILLISECOND = 1_000_000  # nanoseconds


class Bucket(NamedTuple):  # which is made in half a frozen dataclass' time, at each decision
    """What is left at one moment."""

    level: int  # in units of 1/MINUTE image
    at: int  # nanoseconds since the epoch


class Verdict(NamedTuple):
    """Whether a request may pass, and what its refusal has to say."""

    admitted: bool
    used: int  # images counted in the running minute, rounded up
    wait_ms: int | None  # until the same request passes; None if it never can
    affordable: bool = True  # False: the budget refuses, and the limit was not looked at


def admit(bucket: Bucket | None, *, limit: int, cost: int, now: int) -> tuple[Bucket, Verdict]:
    """Take `cost` images out of `bucket` if they are there.

    Args:
        bucket: as it was left; None is a full one.
        limit: images a minute, and the most that can be saved up; 0 admits nothing.
        cost: images asked for.
        now: nanoseconds since the epoch. A clock that went back refills nothing.

    Returns:
        The bucket as it is left now, and the verdict. A refusal takes nothing out.
    """
    full = limit * MINUTE
    if bucket is None:
        bucket = Bucket(full, now)
    at = max(now, bucket.at)
    level = min(full, bucket.level + limit * (at - bucket.at))
    left = level - cost * MINUTE
    if left >= 0:
        return Bucket(left, at), Verdict(True, _images(full - left), 0)
    wait = None if cost > limit else _ceil(_ceil(-left, limit), _MILLISECOND)
    return Bucket(level, at), Verdict(False, _images(full - level), wait)


def settle(
    bucket: Bucket | None,
    spent: int,
    *,
    limit: int | None,
    budget: int | None,
    cost: int,
    amount: int,
    now: int,
) -> tuple[Bucket | None, int, Verdict]:
    """Take images and money together, or nothing. The budget is looked at first.

    Args:
        bucket: as in `admit`.
        spent: micro-dollars, as is the rest of the money.
        limit: as in `admit`; None is no limit.
        budget: the most that may be spent in all; None is no bound.
        cost: images asked for.
        amount: their price.
        now: as in `admit`.

    Returns:
        The bucket and what is spent now, and the verdict.
    """
    total = spent + amount
    if budget is not None and total > budget:
        return bucket, spent, Verdict(False, 0, 0, affordable=False)
    if limit is None:
        return bucket, total, Verdict(True, 0, 0)
    bucket, verdict = admit(bucket, limit=limit, cost=cost, now=now)
    return bucket, total if verdict.admitted else spent, verdict


def _images(weight: int) -> int:
    return _ceil(weight, MINUTE)


def _ceil(number: int, divisor: int) -> int:
    return -(-number // divisor)

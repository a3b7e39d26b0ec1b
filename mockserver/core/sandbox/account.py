"""What a sandbox may still ask for: what is left of each model's minute, and the money it spent."""

from collections.abc import Mapping, Sequence
from math import inf
from types import MappingProxyType
from typing import NamedTuple

from mockserver.core.limits import Bucket, Verdict, admit
from mockserver.facts.costs import Limit

Buckets = Mapping[tuple[str, str], Bucket]  # (model, unit) → what is left; none is a full one
FULL: Buckets = MappingProxyType({})
_FREE = Verdict(True, 0, 0)  # of what has no limit


class Account(NamedTuple):
    """What was taken so far."""

    spent: int = 0  # micro-dollars, as all money here
    buckets: Buckets = FULL


def settle(
    account: Account,
    model: str,
    *,
    limits: Sequence[Limit],
    charge: Mapping[str, int],
    budget: int | None,
    amount: int,
    now: int,
) -> tuple[Account, Verdict]:
    """Take a charge out of every bucket and its price out of the budget, or nothing of either.

    Args:
        account: as it was left.
        model: whose minute it is.
        limits: a bucket each; none is no limit.
        charge: what is asked for, by unit; of a unit that is not in it, nothing.
        budget: the most that may be spent in all; None is no bound. It is looked at first.
        amount: the price.
        now: nanoseconds since the epoch.

    Returns:
        The account as it is left now, and the verdict: a refusal's is that of the bucket which
        refuses the longest, so that who waits as long passes; one without a limit is the budget's.
    """
    total = account.spent + amount
    if budget is not None and total > budget:
        return account, Verdict(False, 0, 0)
    left, verdict, refusal = {**account.buckets}, None, None
    for limit in limits:
        key = (model, limit.unit)
        left[key], found = admit(left.get(key), limit, charge.get(limit.unit, 0), now)
        if found.admitted:
            verdict = verdict or found
        elif refusal is None or _wait(found) > _wait(refusal):
            refusal = found
    if refusal is None:
        return Account(total, left), verdict or _FREE
    if len(limits) > 1:
        left |= _untaken(account.buckets, model, limits, now)
    return Account(account.spent, left), refusal


def _untaken(buckets: Buckets, model: str, limits: Sequence[Limit], now: int) -> Buckets:
    """Each bucket as time has filled it."""
    keys = {(model, limit.unit): limit for limit in limits}
    return {k: admit(buckets.get(k), limit, 0, now)[0] for k, limit in keys.items()}


def _wait(refusal: Verdict) -> float:
    return inf if refusal.wait_ms is None else refusal.wait_ms

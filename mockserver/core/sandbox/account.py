"""What a sandbox may still ask for: what is left of each model's minute, and the money it spent."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import inf
from types import MappingProxyType
from typing import NamedTuple, Self

from mockserver.core.durations import SECOND
from mockserver.core.limits import Bucket, Verdict, admit
from mockserver.core.sandbox import Options
from mockserver.facts.costs import Limit

Buckets = Mapping[tuple[str, str], Bucket]  # (model, unit) → what is left; none is a full one
FULL: Buckets = MappingProxyType({})
Days = Mapping[int, int]  # days since the epoch → what was spent, in micro-dollars
NO_DAYS: Days = MappingProxyType({})
DAYS = 62  # that are remembered: any month is among them
_DAY = 86_400 * SECOND  # nanoseconds
_EPOCH = date(1970, 1, 1).toordinal()
_FREE = Verdict(True, 0, 0)  # of what has no limit
_NONE = (None, None, None)


class Money(NamedTuple):
    """What was spent, in micro-dollars as all money here; all days are UTC's."""

    spent: int = 0
    today: int = 0  # the day of the last payment, in days since the epoch
    of_today: int = 0  # what was spent on it
    before: Days = NO_DAYS  # what was spent on days before that; of more than `DAYS` the first go
    lost: int = 0  # of all, what nothing has come of

    @property
    def days(self) -> Days:
        """What was spent on each day."""
        return {**self.before, self.today: self.of_today}

    def spent_on(self, day: int) -> int:
        """What was spent on a day, of days since the epoch."""
        return self.of_today if day == self.today else self.before.get(day, 0)

    def spent_in_month_of(self, day: int) -> int:
        """What was spent in the month that a day is in."""
        month = _month(day)
        return sum(micro for other, micro in self.days.items() if _month(other) == month)

    def paid(self, amount: int, day: int) -> Self:
        """The money after a payment on a day; a negative one gives back."""
        if day == self.today:
            of_today = self.of_today + amount
            return self.__class__(self.spent + amount, day, of_today, self.before, self.lost)
        before = {other: micro for other, micro in self.days.items() if other != day and micro}
        if len(before) > DAYS:
            del before[next(iter(before))]
        of_day = self.spent_on(day) + amount
        return self.__class__(self.spent + amount, day, of_day, before, self.lost)


class Account(NamedTuple):
    """What was taken so far."""

    buckets: Buckets = FULL
    money: Money = Money()

    @property
    def spent(self) -> int:
        """Micro-dollars in all."""
        return self.money.spent


def settle(
    account: Account,
    model: str,
    *,
    limits: Sequence[Limit],
    charge: Mapping[str, int],
    options: Options,
    amount: int,
    now: int,
) -> tuple[Account, Verdict]:
    """Take a charge out of every bucket and its price out of the budget, or nothing of either.

    Args:
        account: as it was left.
        model: whose minute it is.
        limits: a bucket each; none is no limit.
        charge: what is asked for, by unit; of a unit that is not in it, nothing.
        options: what the sandbox is set to, with its budgets. They are looked at first.
        amount: the price.
        now: nanoseconds since the epoch.

    Returns:
        The account as it is left now, and the verdict: a refusal's is that of the bucket which
        refuses the longest, so that who waits as long passes; one without a limit is a budget's.
    """
    bounds = options.budget, options.budget_day, options.budget_month
    if bounds != _NONE and (over := _exceeded(account.money, options, amount, now // _DAY)):
        return account, Verdict(False, 0, 0, budget=over)
    left, verdict, refusal = {**account.buckets}, None, None
    for limit in limits:
        key = (model, limit.unit)
        left[key], found = admit(left.get(key), limit, charge.get(limit.unit, 0), now)
        if found.admitted:
            verdict = verdict or found
        elif refusal is None or _wait(found) > _wait(refusal):
            refusal = found
    if refusal is None:
        money = account.money.paid(amount, now // _DAY) if amount else account.money
        return Account(left, money), verdict or _FREE
    if len(limits) > 1:
        left |= _untaken(account.buckets, model, limits, now)
    return Account(left, account.money), refusal


def lost(account: Account, amount: int) -> Account:
    """The account where so much of what was spent has brought nothing."""
    money = account.money
    return account._replace(money=money._replace(lost=min(money.lost + amount, money.spent)))


def refunded(account: Account, amount: int, at: int) -> Account:
    """The account without a payment of then: what was taken of the minute stays taken."""
    return account._replace(money=account.money.paid(-amount, at // _DAY))


def _exceeded(money: Money, options: Options, amount: int, today: int) -> str:
    """Which budget an amount would exceed; "" if none."""
    budget, day, month = options.budget, options.budget_day, options.budget_month
    if budget is not None and money.spent + amount > budget:
        return "all"
    if day is not None and money.spent_on(today) + amount > day:
        return "day"
    if month is not None and money.spent_in_month_of(today) + amount > month:
        return "month"
    return ""


def _month(day: int) -> tuple[int, int]:
    found = date.fromordinal(_EPOCH + day)
    return found.year, found.month


def _untaken(buckets: Buckets, model: str, limits: Sequence[Limit], now: int) -> Buckets:
    """Each bucket as time has filled it."""
    keys = {(model, limit.unit): limit for limit in limits}
    return {k: admit(buckets.get(k), limit, 0, now)[0] for k, limit in keys.items()}


def _wait(refusal: Verdict) -> float:
    return inf if refusal.wait_ms is None else refusal.wait_ms

"""What a paid run would cost at the most: the same trials, against our own mock. Pays nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from contracts.exchange import Exchange, KeyKind, Request
from contracts.target import Lost, NotObserved, Target
from contracts.target.asked import buys
from contracts.target.ledger import MICRO, usd
from contracts.target.money import Purse
from contracts.trials import Trial


class Item(NamedTuple):
    """A trial that would cost something."""

    trial: str  # its id
    requests: int
    most: int  # micro-dollars


class Rehearsal:
    """A mock in the place of a target that costs money."""

    has: frozenset[str] = frozenset()

    def __init__(self, mock: Target, purse: Purse) -> None:
        self._mock, self._purse = mock, purse
        self.costs: list[int] = []  # of each request that would be paid for

    @property
    def name(self) -> str:
        return "a rehearsal"

    @property
    def base_url(self) -> str:
        return self._mock.base_url

    @property
    def day(self) -> date | None:
        return self._mock.day

    @property
    def spent(self) -> Decimal:
        return Decimal(sum(self.costs)) / MICRO

    def ask(self, request: Request, *, pays: bool = False) -> Exchange:
        """Ask the mock, and add up."""
        if pays and request.key == "good" and buys(request):
            self.costs.append(self._purse.price(request)[1])
        return self._mock.ask(request, pays=pays)

    def fetch(self, url: str) -> Exchange:
        """The mock's picture."""
        return self._mock.fetch(url)

    def move_clock(self, seconds: float, key: KeyKind = "good") -> None:  # noqa: ARG002
        """Nothing that is paid for has one."""
        raise NotObserved("its clock can't be moved")


def bill(trials: Iterable[Trial], mock: Target, purse: Purse) -> Iterator[Item]:
    """Each trial that would cost something, in order.

    Args:
        trials: of the run.
        mock: our own, that answers in the target's place.
        purse: knows the prices, and what would not be paid for.
    """
    rehearsal = Rehearsal(mock, purse)
    for trial in trials:
        rehearsal.costs = []
        with suppress(NotObserved, Lost):
            if not trial.needs:
                list(trial.judge(rehearsal))
        if costs := rehearsal.costs:
            yield Item(trial.id, len(costs), sum(costs))


def lines(items: Iterable[Item], cap: int | None) -> Iterator[str]:
    """A bill as a person reads it."""
    known = list(items)
    for trial, requests, most in known:
        yield f"{usd(most):>12}  {trial}" + (f" ({requests} requests)" if requests > 1 else "")
    whole = sum(item.most for item in known)
    yield f"{usd(whole):>12}  at the most, for {sum(item.requests for item in known)} requests"
    if cap is not None and whole > cap:
        yield f"{usd(cap):>12}  is the cap: what is beyond it would not be observed"
    yield "Nothing was sent."

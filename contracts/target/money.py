"""What a run may spend on one account: a reservation before each request, a settlement after it.

Decides and keeps accounts; sends nothing, and judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from contracts.exchange import Answer, Request
from contracts.target import ABOVE_CAP, THRIFT, NotObserved
from contracts.target.asked import Asked, Unpriced, buys, read
from contracts.target.ledger import Ledger, usd
from contracts.target.prices import ceiling, is_cheapest, of_answer, worst


class Bill(NamedTuple):
    """What was set aside for a request, and why."""

    request: Request
    asked: Asked
    most: int  # micro-dollars
    pays: bool  # whether it was meant to cost something
    entry: int | None  # of the ledger; None is nothing


@dataclass(slots=True)
class Purse:
    """An account's money, as far as a run may reach for it.

    Args:
        ledger: where it is written.
        account: whose money; see `Key.account`.
        cap: micro-dollars that may be spent and reserved, of all runs together; None: nothing is
            paid for, and what is sent is sure to be refused for free.
        how: what to tell who does not pay: the options by which a user would.
        day: whose prices count; see `worst`.
        thrifty: whether only the cheapest of each kind is paid for.
    """

    ledger: Ledger
    account: str
    cap: int | None
    how: str
    day: date | None = None
    thrifty: bool = False
    spent: int = 0  # micro-dollars of this run, or what it may have been
    _closed: str = ""  # why nothing is paid for any more
    _surprising: set[str] = field(default_factory=set)  # paths that accepted what they should not

    def opened(self, request: Request, *, pays: bool) -> Bill | None:
        """Set aside what a request may cost; None is nothing.

        Raises:
            NotObserved: it may not be sent.
            Lost: the ledger can't be used.
        """
        if not buys(request):
            return None
        if pays and request.key == "good":
            return self._paid(request)
        path = request.path.partition("?")[0]
        if path in self._surprising:
            raise NotObserved(
                f"{path} accepted a request that should have been refused for free, so no "
                "more of its kind are sent"
            )
        most = ceiling(request, self.day)
        if self.cap is not None and most > self.cap:
            raise NotObserved(ABOVE_CAP)
        return Bill(request, _readable(request), most, False, self._reserved(request, most))

    def price(self, request: Request) -> tuple[Asked, int]:
        """What a request asks for, and the most that it may cost.

        Raises:
            NotObserved: it has no price, or is dearer than what is paid for.
        """
        if self.thrifty and not self._is_cheapest(request):
            raise NotObserved(THRIFT)
        asked = read(request)
        return asked, worst(asked, self.day)

    def _is_cheapest(self, request: Request) -> bool:
        try:
            asked = read(request)
        except Unpriced:  # it names nothing that can be sure
            return False
        return is_cheapest(asked, self.day)

    def _paid(self, request: Request) -> Bill:
        if self.cap is None or self._closed:
            raise NotObserved(self._closed or f"it costs something: {self.how}")
        asked, most = self.price(request)
        if most > self.cap:
            raise NotObserved("it alone may cost more than the whole cap")
        return Bill(request, asked, most, True, self._reserved(request, most))

    def _reserved(self, request: Request, most: int) -> int | None:
        if self.cap is None:
            return None
        entry = self.ledger.reserve(self.account, most, self.cap, _told(request))
        self.spent += most
        return entry

    def settle(self, bill: Bill | None, answer: Answer | None) -> None:
        """Write down what a request did cost; None: it did not reach the server.

        Where that is not clear, what was reserved stays so: the line broke, the server failed.
        """
        if bill is None:
            return
        if answer is None or 300 <= answer.status < 500:
            self._write(bill, 0)
        elif 200 <= answer.status < 300:
            told = of_answer(bill.asked, answer, self.day)
            self._write(bill, bill.most if told is None else told)
            if not bill.pays:
                self._surprising.add(bill.request.path.partition("?")[0])

    def _write(self, bill: Bill, cost: int) -> None:
        self.spent += cost - (bill.most if bill.entry is not None else 0)
        if bill.entry is not None:
            self.ledger.settle(bill.entry, cost)
        elif cost:
            self.ledger.record(self.account, cost, _told(bill.request))
        if cost > bill.most:
            self._closed = (
                f"a picture cost {usd(cost)}, more than the {usd(bill.most)} that it could by the "
                "price lists: nothing more is paid for"
            )


def _readable(request: Request) -> Asked:
    try:
        return read(request)
    except Unpriced:
        return Asked("", {})


def _told(request: Request) -> str:
    """A request as the ledger has it: where it went, and no more."""
    return f"{request.method} {request.path.partition('?')[0]}"

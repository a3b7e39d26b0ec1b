"""Who is judged: how requests reach it, what it may cost, and what it is. Judges no answer."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Protocol

from contracts.exchange import Exchange, KeyKind, Request


class NotObserved(Exception):
    """Nothing could be learned of this; the run goes on. Its text is the reason."""


#: Why something is not sent whatever was spent before, so that no run of these terms shows it.
THRIFT = "what is paid for here is one picture of the smallest size and the lowest quality named"
NO_ADMIN = "there is no admin key to ask what was used"
ABOVE_CAP = "it might cost more than the whole cap if it were accepted"


#: Pictures in a minute of the key "limited": so few that none comes back while they are counted.
A_MINUTE = 5


class Capped(NotObserved):
    """The money that may be spent is spent; what costs nothing goes on."""


class Lost(Exception):
    """Nothing more can be learned from this target; the run ends. Its text is at most ten lines."""


class Target(Protocol):
    """A server that is judged."""

    @property
    def name(self) -> str:
        """As a report names it: an address, "the mock, in process", "recording of 2026-11-28"."""

    @property
    def base_url(self) -> str:
        """As clients write it; it ends in /v1 for most."""

    @property
    def day(self) -> date | None:
        """The day whose API it is held to; None is the default day of the facts."""

    @property
    def has(self) -> frozenset[str]:
        """What only some have.

        "clock": it can be moved. "limits": the key "limited" has `A_MINUTE`, and a 429 to it is not
        waited for. "stand-in": it promises what the real API does not: the same picture for
        the same request, and the upload's own pixels outside of a mask.
        """

    @property
    def spent(self) -> Decimal:
        """USD that this run has cost so far; where no answer told, what it may have been."""

    def ask(self, request: Request, *, pays: bool = False) -> Exchange:
        """Send a request, wait where the answer says so, and return the last exchange.

        Where the line broke before there was an answer, its status is 0.

        Args:
            request: what is sent.
            pays: whether it asks for what costs something; else it is sure to be refused, or free.

        Raises:
            NotObserved: it was not sent (a cap, an unknown price), or the answer says nothing of
                the promise: 401, 403 and 429 to a good key.
            Lost: the target is not there any more, refuses the key, or its account has no credit.
        """

    def fetch(self, url: str) -> Exchange:
        """Download a picture, wherever it lies, without the key.

        Raises:
            NotObserved: the URL leads to where this run does not go.
        """

    def move_clock(self, seconds: float, key: KeyKind = "good") -> None:
        """Move the target's time on, for one of this run's keys.

        Raises:
            NotObserved: it has no clock that can be moved.
        """

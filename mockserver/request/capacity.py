"""How many requests are worked on at once, and who waits in line for it. Asks no clock."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from mockserver.core.errors import ApiError, Reason
from mockserver.request.exchange import Exchange

LONGEST = 1000  # requests in line
ROOM = 256 << 20  # bytes of the uploads of all who are in line
_FULL = "the line of --capacity %d is full: %d requests wait in it"


@dataclass(slots=True, eq=False)
class Turn:
    """One request's: in line, then at work."""

    size: int  # bytes of its uploads
    ahead: int = 0  # who were in line before it came
    granted: asyncio.Event = field(default_factory=asyncio.Event)


class Capacity:
    """One server's places for requests at work: who came first goes first.

    Whoever has a place keeps it until it is given back, however long by whatever clock that takes.
    """

    def __init__(self, places: int) -> None:
        self.places = places
        self.at_work = 0
        self._line = deque[Turn]()
        self._size = 0  # bytes of those in line

    @property
    def waiting(self) -> int:
        """How many wait in line."""
        return len(self._line)

    def check(self, exchange: Exchange, size: int) -> None:
        """Refuse one more request with so large uploads, if the line is as long as it may be.

        Raises:
            ApiError: it is.
        """
        waiting = len(self._line)
        if waiting >= LONGEST or (waiting and self._size + size > ROOM):
            exchange.record.scripted = True
            raise ApiError(Reason.OVERLOADED, hint=_FULL % (self.places, waiting))

    def line_up(self, exchange: Exchange, size: int) -> Turn:
        """Give a request its turn: at once if there is a place, else the last one in line."""
        turn = exchange.turn = Turn(size, len(self._line))
        self._line.append(turn)
        self._size += turn.size
        self._grant()
        return turn

    def give_back(self, exchange: Exchange) -> None:
        """Take a request's place, or its turn in line, and let the next one have it."""
        turn, exchange.turn = exchange.turn, None
        if turn is None:
            return
        if turn.granted.is_set():
            self.at_work -= 1
        else:
            self._line.remove(turn)
            self._size -= turn.size
        self._grant()

    def _grant(self) -> None:
        while self._line and self.at_work < self.places:
            turn = self._line.popleft()
            self._size -= turn.size
            self.at_work += 1
            turn.granted.set()

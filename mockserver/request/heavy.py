"""Where large bodies are worked on: in a thread, one at a time, and not too many in memory."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar
from weakref import WeakSet

from anyio import CapacityLimiter, to_thread

from mockserver.core.errors import ApiError, Reason
from mockserver.core.pieces import LARGE
from mockserver.request.exchange import Exchange

T = TypeVar("T")
ROOM = 32 << 20  # bytes of all large bodies and files that are worked on
PATIENCE = 600.0  # seconds that one waits for room: as long as the SDK waits for an answer


class _Turn(NamedTuple):
    size: int  # bytes
    granted: asyncio.Event


class Slow(Protocol):
    """A body that is not there yet."""

    read: int  # bytes of it that are in memory


class Heavy:
    """One server's work on what is large: one piece of work at a time, as Python has one lock."""

    def __init__(self) -> None:
        self.room = ROOM  # bytes; what is larger goes alone
        self._limiter = CapacityLimiter(1)
        self._taken = 0
        self.slow = WeakSet[Slow]()  # bodies that come slowly, and made way
        self._waiting: deque[_Turn] = deque()

    async def run(self, work: Callable[[], T]) -> T:
        """Do a piece of work in a thread."""
        return await to_thread.run_sync(work, limiter=self._limiter)

    async def make_room(self, exchange: Exchange, size: int) -> None:
        """Wait until there is room for so many bytes more of a request; who came first goes first.

        What is not large needs none. Its client sends no more than the line's buffers hold. Nobody
        keeps what he has while he waits for more: two would wait for each other.

        Raises:
            ApiError: there was none for too long.
        """
        if size <= LARGE:
            return
        size += exchange.held
        self.give_back(exchange)
        if self._waiting or not self._has_room(size):
            await self._wait(size)
        else:
            self._taken += size
        exchange.held = size

    def give_back(self, exchange: Exchange, left: int = 0) -> None:
        """Give the room of a request to others, but for what is left of it.

        One that is held back on purpose, by a rule or latency, has none: others would wait for it.
        """
        self._give_back(exchange.held - left)
        exchange.held = left

    def _has_room(self, size: int) -> bool:
        return not self._taken or self._taken + size <= self.room

    async def _wait(self, size: int) -> None:
        turn = _Turn(size, asyncio.Event())
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(PATIENCE):
                await turn.granted.wait()
        except BaseException as ended:
            if turn.granted.is_set():
                self._give_back(size)
            else:
                self._waiting.remove(turn)
                self._give_back(0)  # who is behind may be smaller
            if isinstance(ended, TimeoutError):
                raise ApiError(Reason.NO_ROOM_FOR_BODY, most=self.room) from None
            raise

    def _give_back(self, size: int) -> None:
        self._taken -= size
        while self._waiting and self._has_room(self._waiting[0].size):
            turn = self._waiting.popleft()
            self._taken += turn.size
            turn.granted.set()

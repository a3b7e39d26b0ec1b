"""Who is kept waiting for real: until the time is over, the client leaves, or the test ends."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn

from starlette.types import Receive

from mockserver.clock import Clock
from mockserver.core.journal import Record
from mockserver.request.bodies import ClientGone, Released

if TYPE_CHECKING:
    from mockserver.request.exchange import Exchange

NEVER = 86_400.0  # seconds: longer than any test


class Bell:
    """Tells all who wait that there is news."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()

    @contextmanager
    def heard(self) -> Iterator[asyncio.Event]:
        """What the next ring sets. Each listener has his own: an event knows one loop alone."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            yield event
        finally:
            self._waiting.discard(event)

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._waiting)

    def ring(self) -> None:
        """There is news."""
        for event in self._waiting:
            event.set()


class Holds:
    """Who is kept waiting, by sandbox, so that the end of a test ends the wait."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends: dict[str, Bell] = {}
        self._held: dict[str, Exchange] = {}  # by the id of its record

    @property
    def ended(self) -> bool:
        """Whether nobody is kept waiting any more, for the server is going to stop."""
        return self._clock.ended

    def held(self, sandbox: str) -> list[Record]:
        """The requests of a sandbox that wait here, and that no journal has yet."""
        found = [one for one in self._held.values() if one.sandbox_name == sandbox]
        return [one.known() for one in found if not one.record.number]

    async def hold(self, exchange: Exchange, seconds: float, receive: Receive) -> None:
        """Wait `seconds` for real; raises as `until` does."""
        await self.until(self._clock.sleep(seconds), exchange, receive)

    async def until(
        self, due: Coroutine[Any, Any, object], exchange: Exchange, receive: Receive
    ) -> None:
        """Wait for something.

        Raises:
            ClientGone: the client left first.
            Released: the sandbox was begun anew first.
        """
        sandbox = exchange.sandbox_name
        bell = self._ends.setdefault(sandbox, Bell())
        self._held[exchange.record.id] = exchange
        try:
            with bell.heard() as end:
                if await came(end, due, receive):
                    raise Released
        finally:
            del self._held[exchange.record.id]
            if not bell.is_heard and self._ends.get(sandbox) is bell:
                del self._ends[sandbox]

    async def hold_back(self, exchange: Exchange, receive: Receive) -> None:
        """Wait as long as rules want it; raises as `until` does, or because it shall never end."""
        effect = exchange.effect
        if effect.stall:
            await self.never(exchange, receive)
        if effect.delay:
            await self.hold(exchange, effect.delay, receive)

    async def never(self, exchange: Exchange, receive: Receive) -> NoReturn:
        """Wait for the client to leave, or to be released; raises as `until` does."""
        await self.hold(exchange, NEVER, receive)
        raise Released  # the server stops

    def release(self, sandbox: str) -> None:
        """End every wait of a sandbox."""
        if end := self._ends.pop(sandbox, None):
            end.ring()


async def came(event: asyncio.Event, due: Coroutine[Any, Any, object], receive: Receive) -> bool:
    """Wait for an event, at most until something else is due; whether the event came first.

    Raises:
        ClientGone: the client left first.
    """
    is_due, gone, told = (asyncio.ensure_future(w) for w in (due, left(receive), event.wait()))
    try:
        await asyncio.wait([is_due, gone, told], return_when=asyncio.FIRST_COMPLETED)
        if not is_due.done() and not told.done():
            raise ClientGone
        return not is_due.done()
    finally:
        await cancelled(is_due, gone, told)


async def left(receive: Receive) -> None:
    """Wait until the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def cancelled(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks, and wait until they have ended."""
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

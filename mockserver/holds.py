"""Who is kept waiting for real: until the time is over, the client leaves, or the test ends."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from starlette.types import Receive

from mockserver.clock import Clock
from mockserver.wire import ClientGone

NEVER = 86_400.0  # seconds: longer than any test


class Holds:
    """Who is kept waiting, by sandbox, so that the end of a test ends the wait."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends: dict[str, asyncio.Event] = {}

    async def hold(self, sandbox: str, seconds: float, receive: Receive) -> None:
        """Wait `seconds` for real.

        Raises:
            ClientGone: the client left first, or the sandbox was begun anew.
        """
        end = self._ends.setdefault(sandbox, asyncio.Event())
        slept = asyncio.ensure_future(self._clock.sleep(seconds))
        others = [asyncio.ensure_future(_left(receive)), asyncio.ensure_future(end.wait())]
        try:
            await asyncio.wait([slept, *others], return_when=asyncio.FIRST_COMPLETED)
            if not slept.done():
                raise ClientGone
        finally:
            await _cancelled(slept, *others)

    def release(self, sandbox: str) -> None:
        """End every wait of a sandbox."""
        if end := self._ends.pop(sandbox, None):
            end.set()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _cancelled(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

"""The only place that asks the system for the time or waits for it to pass.

Its functions are bound when this is loaded, so that a test that patches `time` stops no server.
freezegun finds `time_ns` here and freezes it, as it means to; a loop's time it must not find.
"""

from __future__ import annotations

import time
from time import time_ns
from typing import TYPE_CHECKING, Protocol

from mockserver.core.durations import SECOND as SECOND

if TYPE_CHECKING:
    import asyncio


class Clock(Protocol):
    """Time as the server sees it."""

    @property
    def ended(self) -> bool:
        """Whether nothing waits any more, for the server is going to stop."""
        ...

    def now(self) -> int:
        """Nanoseconds since the epoch."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed on this clock."""
        ...


class SystemClock:
    """The machine's own time, for any number of loops and threads at once."""

    #: Seconds for an event loop; in a class, where nobody replaces it by one that stands still.
    monotonic = staticmethod(time.monotonic)

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()
        self.ended = False  # whether `wake` was called

    def now(self) -> int:
        """Nanoseconds since the epoch."""
        return time_ns()

    async def sleep(self, seconds: float) -> None:
        """Wait for real, unless `wake` ends it."""
        from asyncio import get_running_loop  # here, for the plugin loads this module early

        loop = get_running_loop()
        end = loop.create_future()
        self._waiting.add(end)  # first this, then the look: `wake` may come between any two steps
        timer = loop.call_later(0 if self.ended else seconds, _set, end)
        try:
            await end
        finally:
            timer.cancel()
            self._waiting.discard(end)

    def wake(self) -> None:
        """End every wait, now and from now on; from any thread, and from a signal's handler."""
        self.ended = True
        for end in tuple(self._waiting):
            try:
                end.get_loop().call_soon_threadsafe(_set, end)
            except RuntimeError:  # its loop was closed: nobody waits
                self._waiting.discard(end)


def _set(end: asyncio.Future[None]) -> None:
    if not end.done():
        end.set_result(None)


class ManualClock:
    """A time that stands still until it is moved, for tests."""

    ended = False

    def __init__(self, start: float = 1_743_379_200) -> None:
        self._now = round(start * 1e9)

    def now(self) -> int:
        """Nanoseconds since the epoch."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`, to the nanosecond."""
        self._now += round(seconds * 1e9)

    async def sleep(self, seconds: float) -> None:
        """Return at once, with the time moved on."""
        self.advance(seconds)

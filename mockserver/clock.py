"""The only place that asks the system for the time or waits for it to pass."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Protocol

SECOND = 1_000_000_000  # nanoseconds


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
    """The machine's own time."""

    def __init__(self) -> None:
        self._woken = asyncio.Event()

    @property
    def ended(self) -> bool:
        """Whether `wake` was called."""
        return self._woken.is_set()

    def now(self) -> int:
        """Nanoseconds since the epoch."""
        return time.time_ns()

    async def sleep(self, seconds: float) -> None:
        """Wait for real, unless `wake` ends it."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)

    def wake(self) -> None:
        """End every wait, now and from now on: the server is going to stop."""
        self._woken.set()


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

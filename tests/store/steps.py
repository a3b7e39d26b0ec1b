"""A log of steps in the memory of a test, which forgets early and fails on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mockserver.store.steps import Away, Gone, Snapshot


class FakeLog:
    """What views share. It forgets what its last snapshot but one has, as any log may."""

    def __init__(self) -> None:
        self.form = ""
        self.first = 1  # the number of the first step that is kept
        self.steps: list[bytes] = []
        self.kept = Snapshot(0, [])
        self.uploads: dict[str, bytes] = {}
        self.trips = 0  # round trips
        self.away = ""  # why nobody reaches it

    @property
    def last(self) -> int:
        """The number of the last step."""
        return self.first + len(self.steps) - 1

    def forget(self, number: int) -> None:
        """Keep no steps up to this one."""
        del self.steps[: max(0, number + 1 - self.first)]
        self.first = max(self.first, number + 1)


class FakeSteps:
    """One view's way to it: each call goes away and comes back, as over a network."""

    def __init__(self, log: FakeLog) -> None:
        self.log = log
        self.lost_answers = 0  # so many calls are carried out, and their answers are lost

    async def open(self, form: str) -> None:
        """Begin to use it."""
        self.log.form = self.log.form or form
        if self.log.form != form:
            raise Away("another form")

    async def close(self) -> None:
        """Use it no longer."""

    async def _there(self) -> FakeLog:
        self.log.trips += 1
        await asyncio.sleep(0)
        if self.log.away:
            raise Away(self.log.away)
        return self.log

    async def _back(self) -> None:
        await asyncio.sleep(0)
        if self.lost_answers:
            self.lost_answers -= 1
            raise Away("the answer was lost")

    async def take(self, steps: Sequence[bytes], after: int) -> list[bytes]:
        """Append steps; those of others behind `after`."""
        log = await self._there()
        others = _behind(log, after)
        log.steps += steps
        await self._back()
        return others

    async def since(self, after: int) -> list[bytes]:
        """What is behind a step."""
        others = _behind(await self._there(), after)
        await self._back()
        return others

    async def snapshot(self) -> Snapshot:
        """The last snapshot."""
        return (await self._there()).kept

    async def replace(self, snapshot: Snapshot) -> None:
        """Keep a snapshot."""
        log = await self._there()
        if snapshot.number > log.kept.number:
            log.forget(log.kept.number)
            log.kept = snapshot

    async def keep(self, address: str, upload: bytes, *, until: int, now: int) -> None:
        """Keep an upload."""
        (await self._there()).uploads[address] = upload

    async def kept(self, address: str) -> bytes | None:
        """The upload at an address."""
        return (await self._there()).uploads.get(address)


def _behind(log: FakeLog, after: int) -> list[bytes]:
    if not log.first - 1 <= after <= log.last:
        raise Gone
    return log.steps[after + 1 - log.first :]

"""A log of steps in the memory of a test, which forgets early and fails on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from itertools import repeat

from mockserver.store.memory import UPLOAD_BYTES, MemoryStore
from mockserver.store.steps import Away, Gone, Reached, Snapshot


class FakeLog:
    """What views share. It forgets what its last snapshot but one has, as any log may."""

    def __init__(self, upload_bytes: int = UPLOAD_BYTES) -> None:
        self.form = ""
        self.processes = 0
        self.first = 1  # the number of the first step that is kept
        self.steps: list[bytes] = []
        self.ever: list[bytes] = []  # with those that it has forgotten
        self.turns: Iterator[int] = repeat(1)  # of the loop that each way takes
        self.kept = Snapshot(0, [])
        self.uploads = MemoryStore(upload_bytes=upload_bytes)
        self.contents: dict[str, bytes] = {}
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
        self._is_in = False  # the last batch
        self.lost_answers = 0  # so many calls are carried out, and their answers are lost

    def prepare(self, form: str) -> None:
        """See that it is of this form."""
        self.log.form = self.log.form or form
        if self.log.form != form:
            raise Away("it is of another form")

    def open(self, form: str) -> int:
        """Begin to use it."""
        self.prepare(form)
        self.log.processes += 1
        return self.log.processes

    async def close(self) -> None:
        """Use it no longer."""

    async def _there(self) -> FakeLog:
        self.log.trips += 1
        await self._way()
        if self.log.away:
            raise Away(self.log.away)
        return self.log

    async def _way(self) -> None:
        for _ in range(next(self.log.turns)):
            await asyncio.sleep(0)

    async def _back(self) -> None:
        await self._way()
        if self.lost_answers:
            self.lost_answers -= 1
            raise Away("the answer was lost")

    async def take(self, steps: Sequence[bytes], after: int) -> list[bytes]:
        """Append steps; those of others behind `after`."""
        self._is_in = False
        log = await self._there()
        others = _behind(log, after)
        log.steps += steps
        self._is_in = True
        log.ever += steps
        await self._back()
        return others

    def at_once(self, steps: Sequence[bytes], after: int) -> list[bytes] | None:
        """Nothing here goes without waiting."""
        return None

    async def since(self, after: int) -> list[bytes]:
        """What is behind a step."""
        others = _behind(await self._there(), after)
        await self._back()
        return others

    async def reach(self, after: int) -> Reached:
        """Reach it again."""
        await self._there()
        return Reached(self._is_in)

    async def seed(self, snapshot: Snapshot) -> bool:
        """It never is empty."""
        return False

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
        await (await self._there()).uploads.keep(address, upload, until=until, now=now)

    async def kept(self, address: str) -> bytes | None:
        """The upload at an address."""
        return await (await self._there()).uploads.kept(address)

    async def write(self, name: str, offset: int, piece: bytes, *, now: int) -> None:
        """Write a piece of a content."""
        log = await self._there()
        assert len(log.contents.get(name, b"")) == offset
        log.contents[name] = log.contents.get(name, b"") + piece

    async def read(self, name: str, offset: int, length: int) -> bytes:
        """Some bytes of a content."""
        return (await self._there()).contents.get(name, b"")[offset : offset + length]

    async def retain(self, names: Collection[str], *, before: int) -> None:
        """Drop all other contents; here also those that are new."""
        log = await self._there()
        log.contents = {name: data for name, data in log.contents.items() if name in names}


def _behind(log: FakeLog, after: int) -> list[bytes]:
    if not log.first - 1 <= after <= log.last:
        raise Gone
    return log.steps[after + 1 - log.first :]

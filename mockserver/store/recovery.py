"""How a shared store comes back to its log: looks for it, reads it, tells it what it missed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from anyio import to_thread

from mockserver.core.durations import SECOND
from mockserver.store import codec
from mockserver.store.memory import MemoryStore
from mockserver.store.saved import SavedStore
from mockserver.store.steps import Away, Gone, Snapshot, Steps

if TYPE_CHECKING:
    from mockserver.store.shared import SharedStore

PROBE = 0.5  # seconds between two looks
_AT_ONCE = 200  # steps that are taken again before others are served


async def frozen(number: int, saved: SavedStore) -> Snapshot:
    """What a memory was behind a step as a snapshot."""
    return Snapshot(number, await to_thread.run_sync(lambda: [*codec.frozen(saved)]))


class Recovery:
    """What goes on in the background while the log is away.

    Args:
        store: whose log it is.
        steps: that log.
        empty: a new memory.
        now: nanoseconds since the epoch, by the machine's clock.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        store: SharedStore,
        steps: Steps,
        empty: Callable[[], MemoryStore],
        now: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._store, self._steps, self._empty = store, steps, empty
        self._now, self._sleep = now, sleep
        self._task: asyncio.Task[None] | None = None

    def begin(self, error: Away) -> None:
        """Begin to look, at once, unless that goes on."""
        outage, health = self._store.outage, self._store.health
        if outage.is_on:
            return
        outage.begin(self._now(), self._store.memory.begun)
        health.degraded, health.refuses = True, outage.policy == "refuse"
        health.warning = f"the shared state is away: {outage.meaning}"
        self._store.notice(f"WARNING {health.warning}. {error}")
        self._task = asyncio.get_running_loop().create_task(self._look())

    def end(self) -> None:
        """Look no more."""
        if self._task:
            self._task.cancel()

    async def _look(self) -> None:
        outage, told = self._store.outage, ""
        while outage.is_on:
            try:
                await self._return()
            except (Away, Gone):
                self._store.health.errors += 1
                await self._sleep(PROBE)
            except Exception as error:  # it may be repaired from outside
                if str(error) != told:
                    told = str(error)
                    self._store.notice(f"ERROR the shared state can't be read: {error}")
                await self._sleep(PROBE)

    async def loaded(self) -> tuple[int, MemoryStore]:
        """The number of the last snapshot's last step, and the memory that it is."""
        number, pieces = await self._steps.snapshot()
        memory = self._empty()
        if pieces:
            memory.restore(codec.thawed(pieces, self._store.fetch))
        return number, memory

    async def _return(self) -> None:
        """Go on from what the log has, and tell it what it has not.

        Raises:
            Away: the log is away again.
            Gone: another snapshot has come meanwhile.
        """
        store, outage = self._store, self._store.outage
        outage.reached(found := await self._steps.reach(store.taken_steps))
        while found.is_empty:
            await self._seed()
            outage.reached(found := await self._steps.reach(store.taken_steps))
        number, memory = await self.loaded()
        tail = await self._steps.since(number)
        known = max(0, store.taken_steps - number) if found.kept is None else len(tail)
        for start in range(0, known, _AT_ONCE):  # requests are served meanwhile
            store.replay(memory, tail[start : min(known, start + _AT_ONCE)])
            await asyncio.sleep(0)
        async with store.held():
            store.begin_from(number + len(tail[:known]), memory)
            store.follow(tail[known:])
            await self._retell()
            self._end()

    def _end(self) -> None:
        """The log is there, and has what it could be told."""
        store = self._store
        seconds = (self._now() - store.outage.began) / SECOND
        told, lost = store.outage.end()
        store.health.degraded = False
        store.notice(
            f"The shared state is back after {seconds:.1f} s. It was told {told} steps that this "
            f"process had taken alone; {lost} others are lost."
        )

    async def _seed(self) -> None:
        """Let an empty log go on from what is known here."""
        store, outage = self._store, self._store.outage
        alone, lost = outage.number, outage.lost
        if await self._steps.seed(await frozen(store.taken_steps, store.memory.saved())):
            outage.seeded(alone, lost)

    async def _retell(self) -> None:
        """Tell the log the steps that were taken alone."""
        store, outage = self._store, self._store.outage
        if missing := outage.missing(store.memory):
            at = outage.began
            await self._add([codec.written(at, None, 0, "sandbox", [n]) for n in missing])
        if told := outage.told(store.memory):
            outage.unsure()
            await self._add(told)

    async def _add(self, steps: Sequence[bytes]) -> None:
        store = self._store
        store.follow(await self._steps.take(steps, store.taken_steps))
        for number, step in enumerate(steps, store.taken_steps + 1):
            store.outage.took(number, step)
        store.follow(steps, told=False)

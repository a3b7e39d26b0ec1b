"""What is large, beside the steps: uploads and contents of files, as all processes find them.

None of it is a decision, and some takes seconds. Who waits for it looks meanwhile whether the log
is still there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from mockserver.core.errors import ApiError, Reason
from mockserver.core.sandbox.items import Item
from mockserver.store import distant
from mockserver.store.memory import MemoryStore
from mockserver.store.steps import Away, Steps

if TYPE_CHECKING:
    from mockserver.store.shared import SharedStore

T = TypeVar("T")
_LOOK = 0.02  # seconds between two looks at the log


class Large:
    """Uploads and contents.

    Args:
        store: that they are of.
        steps: its log.
        aside: has uploads that others can't be given.
        now: nanoseconds since the epoch, by the machine's clock.
    """

    def __init__(
        self, store: SharedStore, steps: Steps, aside: MemoryStore, now: Callable[[], int]
    ) -> None:
        self._store, self._steps, self._aside, self._now = store, steps, aside, now
        self._named = 0  # contents

    async def _watched(self, work: Coroutine[Any, Any, T]) -> T:
        """What something large comes to.

        Raises:
            Away: the log is away.
        """
        if self._store.health.degraded:
            work.close()
            raise Away("the log is away")
        task = asyncio.get_running_loop().create_task(work)
        while not (await asyncio.wait([task], timeout=_LOOK))[0]:
            await self._store.sync()
            if self._store.outage.is_on:
                task.cancel()
                raise Away("the log is away")
        return task.result()

    # -- uploads -------------------------------------------------------------------------------

    async def keep(self, address: str, upload: bytes, *, until: int, now: int) -> None:
        """As `Store.keep`; aside, while the log is away."""
        try:
            await self._watched(self._steps.keep(address, upload, until=until, now=now))
        except Away:
            await self._aside.keep(address, upload, until=until, now=now)

    async def kept(self, address: str) -> bytes | None:
        """As `Store.kept`."""
        with suppress(Away):
            if found := await self._watched(self._steps.kept(address)):
                return found
        return await self._aside.kept(address)

    # -- contents ------------------------------------------------------------------------------

    async def placed(self, item: Item) -> Item | None:
        """An item with its contents where all processes find them; None if the log is away."""
        if item.content is None:
            return item
        try:
            shared = distant.shared(item, self._new_name, self._write, self.fetch)
            return await self._watched(shared)
        except Away as error:
            self._store.lose(error)
        if self._store.outage.refuses("save"):
            raise ApiError(Reason.STATE_AWAY)
        return None

    def _new_name(self) -> str:
        self._named += 1
        return f"{self._store.process}-{self._named}"

    async def _write(self, name: str, offset: int, piece: bytes) -> None:
        await self._steps.write(name, offset, piece, now=self._now())

    async def fetch(self, name: str, offset: int, length: int) -> bytes:
        """Some bytes of a content."""
        try:
            found = await self._watched(self._steps.read(name, offset, length))
        except Away:
            raise ApiError(Reason.STATE_AWAY) from None
        if len(found) < length:
            raise ApiError(Reason.INTERNAL, hint=f"the content {name} is there no longer")
        return found

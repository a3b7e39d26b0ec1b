"""State that several processes share: each has all of it in memory, and takes the same steps.

A step is appended to a log outside of the processes (see `steps`). Whoever wants to know takes all
steps that the log has, in its order, each with the time that it was taken at: so all have the same
state, which is as the core decides and as a `MemoryStore` keeps it, and no step is decided twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from mockserver.core.durations import SECOND
from mockserver.core.errors import ApiError, Reason
from mockserver.core.journal import Record
from mockserver.core.limits import Verdict
from mockserver.core.rules.parser import RuleError
from mockserver.core.sandbox import Options
from mockserver.core.sandbox.items import STORED_FOR_LATER, Item, Kind
from mockserver.store import codec, distant
from mockserver.store.health import Health, Taken
from mockserver.store.large import Large
from mockserver.store.memory import MemoryStore
from mockserver.store.outage import Outage, Policy
from mockserver.store.protocol import Heard, Sandbox
from mockserver.store.recovery import Recovery, frozen
from mockserver.store.sandbox import MemorySandbox
from mockserver.store.saved import SavedStore
from mockserver.store.shared_sandbox import SharedSandbox
from mockserver.store.steps import Away, Gone, Steps
from mockserver.store.turns import Asked, Turn, at_once

SNAPSHOT_STEPS = 5_000  # after so many, at the least, a snapshot is made
SNAPSHOT_BYTES = 32 * 1024 * 1024  # or after so many bytes of them
_LOG = logging.getLogger(__name__)
_UNSAVED = 600 * SECOND  # nanoseconds from a content's last piece to the step that has it, at most


class SharedStore:
    """The state as the log's steps made it.

    Args:
        steps: the log.
        empty: a new store in memory, which has the time from its argument.
        now: nanoseconds since the epoch, by the machine's clock.
        form: what all who share it must have in common.
        policy: what is done while the log is away.
        sleep: waits for so many seconds.

    Raises:
        Away: the log can't be used.
    """

    def __init__(
        self,
        steps: Steps,
        empty: Callable[[Callable[[], int]], MemoryStore],
        now: Callable[[], int],
        form: str,
        policy: Policy = "local",
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._steps, self._empty, self._now = steps, empty, now
        self.health, self.outage = Health("shared"), Outage(policy)
        self.notice: Callable[[str], None] = lambda _: None
        self._recovery = Recovery(self, steps, partial(empty, self._time), now, sleep)
        self.heard: Heard = lambda *_: None
        self.memory = empty(self._time)
        self._at = 0  # the time of the step that is taken
        self.taken_steps = 0  # the number of the last step that was taken here
        self._fresh = self._size = 0  # steps since the last snapshot, and their bytes
        self.process = steps.open(form)
        self._large = Large(self, steps, empty(now), now)
        self.fetch = self._large.fetch
        self._asked: list[Asked] = []
        self._asking: asyncio.Task[None] | None = None
        self._turn = Turn()
        self._saving: asyncio.Task[None] | None = None

    def _time(self) -> int:
        return self._at

    async def close(self) -> None:
        """Use it no longer."""
        self._recovery.end()
        await self._steps.close()

    # -- steps ---------------------------------------------------------------------------------

    async def sync(self) -> None:
        """Take what others have appended, by asking the log itself; what is over goes."""
        if not self.outage.is_on:
            await self._waited(b"", lambda: None)
        await self._see()

    async def _see(self) -> None:
        """Take what others have appended, and were told of; what is kept no longer goes."""
        await self._answered(b"", lambda: None)
        if self.memory.has_expired(self._now()):
            await self.step(self.memory, "expire")

    def step(
        self, owner: MemoryStore | MemorySandbox, method: str, *given: Any
    ) -> Coroutine[Any, Any, Any]:
        """Take a step behind all that are in the log; its answer."""
        names, _ = codec.parameters(getattr(owner, method).__func__)
        return self._step(owner, method, given, dict(zip(names, given, strict=True)))

    async def save(self, owner: MemorySandbox, kind: Kind, item: Item) -> None:
        """Take the step of a sandbox that keeps an item."""
        kept = await self._large.placed(item)
        if kept is None:  # its contents are in no other process' reach
            if kind in STORED_FOR_LATER:
                raise ApiError(Reason.STATE_AWAY)
            self.outage.alone(b"", "save")
            self._take(self._now(), owner, "save", {"kind": kind, "item": item})
            return
        given = kind, codec.packed_item(kept)
        await self._step(owner, "save", given, {"kind": kind, "item": kept})

    async def _step(
        self,
        owner: MemoryStore | MemorySandbox,
        method: str,
        given: Sequence[Any],
        told: Mapping[str, Any],
    ) -> Any:
        """Take a step; its arguments as the log has them, and as the method is told them."""
        at, name, life = self._now(), None, 0
        if isinstance(owner, MemorySandbox):
            name, life = owner.name, owner.number

        def take() -> Any:  # the owner may be another one by then, if all began anew
            return self._take(at, self._owner(name, life) or owner, method, told)

        return await self._answered(codec.written(at, name, life, method, given), take)

    async def _answered(self, step: bytes, take: Callable[[], Any]) -> Any:
        if self._asking is None:
            if self.outage.is_on:
                return self._alone(step, take)
            if not step or self._turn.is_first():
                try:
                    others = self._at_once(step)
                except Away as error:
                    self.lose(error)
                    return self._alone(step, take)
                if others is not None:
                    self.follow(others)
                    return self._own(step, take)
        return await self._waited(step, take)

    def _at_once(self, step: bytes) -> Sequence[bytes] | None:
        try:
            return self._steps.at_once((step,) if step else (), self.taken_steps)
        except Gone:
            return None

    async def _waited(self, step: bytes, take: Callable[[], Any]) -> Any:
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        self._asked.append(Asked(answer, step, take))
        if self._asking is None:  # else whoever asks goes on with it
            self._asking = asyncio.create_task(self._ask())
        return await answer

    async def _ask(self) -> None:
        """Ask the log for all who wait, as long as there are any."""
        try:
            while self._asked:
                asked, self._asked = self._asked, []
                try:
                    await self._ask_for(asked)
                except Away as error:
                    self.lose(error)
                    self._asked[:0] = asked
                    self._answer_alone(len(asked))
                except Exception as error:
                    for one in asked:
                        if not one.answer.done():
                            one.answer.set_exception(error)
        finally:
            self._asking = None

    async def _ask_for(self, asked: Sequence[Asked]) -> None:
        own = [one.step for one in asked if one.step]
        try:
            if own:
                others = await self._steps.take(own, self.taken_steps)
            else:
                others = await self._steps.since(self.taken_steps)
        except Gone:
            await self._begin_anew()
            return await self._ask_for(asked)
        self.follow(others)
        for one in asked:
            one.tell(partial(self._own, one.step, one.take))
        return None

    def _own(self, step: bytes, take: Callable[[], Any]) -> Any:
        """Take a step of this process, and a snapshot behind it if it is time for one."""
        is_time = self._count(step) if step else False
        if step:
            self.outage.took(self.taken_steps, step)
        try:
            return take()
        finally:
            if is_time:
                self._begin_to_save()

    def follow(self, steps: Sequence[bytes], *, told: bool = True) -> None:
        """Take steps of others, or of one's own again, which nobody is told of.

        Raises:
            Away: one of them this version can't read. Nothing is asked of the log any more.
        """
        for data in steps:
            step, given = codec.read(data)
            self._count(data)
            owner = self._owner(step.sandbox, step.life)
            if owner is None:  # of a life that is over: nobody sees what it does
                continue
            if step.method == "save":
                given["item"] = codec.unpacked_item(given["kind"], given["item"], self._large.fetch)
            try:
                self._take(step.at, owner, step.method, given)
            except (ApiError, RuleError):  # a refusal, which whoever asked has got
                continue
            if told:
                self.heard(step.method, given)

    def replay(self, memory: MemoryStore, steps: Sequence[bytes]) -> None:
        """Take steps in a memory that is not used yet."""
        used = self.memory, self.taken_steps, self._fresh, self._size
        self.memory = memory
        try:
            self.follow(steps, told=False)
        finally:
            self.memory, self.taken_steps, self._fresh, self._size = used

    def _take(self, at: int, owner: MemoryStore | MemorySandbox, method: str, given: Any) -> Any:
        self._at = at
        if isinstance(owner, MemorySandbox):
            self.memory.touch(owner)
        return at_once(getattr(owner, method)(**given))

    def _owner(self, name: str | None, life: int) -> MemoryStore | MemorySandbox | None:
        if name is None:
            return self.memory
        found = self.memory.peek(name)
        return found if found and found.number == life else None

    def _count(self, step: bytes) -> bool:
        """Count a step; whether it is time for a snapshot, of which all think alike."""
        self.taken_steps += 1
        self._size += len(step)
        self._fresh += 1
        is_long = self._fresh >= SNAPSHOT_STEPS or self._size >= SNAPSHOT_BYTES
        # What a snapshot costs is spread over as many bytes of steps as it has itself, roughly.
        is_time = is_long and self._size >= self.memory.size // 4
        if is_time:
            self._fresh = self._size = 0
        return is_time

    # -- where the log is away -----------------------------------------------------------------

    def lose(self, error: Away) -> None:
        """The log is away: nobody waits for it again until it is back."""
        self.health.errors += 1
        self._recovery.begin(error)

    def _alone(self, step: bytes, take: Callable[[], Any]) -> Any:
        """Take a step which the log does not have."""
        method = codec.read(step)[0].method if step else ""
        if self.outage.refuses(method):
            raise ApiError(Reason.STATE_AWAY)
        found = take()
        if step and not (isinstance(found, Verdict) and not found.admitted):
            self.outage.alone(step, method)
        return found

    def _answer_alone(self, unsure: int = 0) -> None:
        """Answer all who wait, so many first of whom nobody knows whether the log has heard."""
        asked, self._asked = self._asked, []
        for number, one in enumerate(asked, 1):
            one.tell(partial(self._alone, one.step, one.take))
            if number == unsure:
                self.outage.unsure()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Who asks waits meanwhile; then it is for the log again, if that is still there."""
        self._asking = asyncio.current_task()
        try:
            yield
        finally:
            self._asking = None
            if self.outage.is_on:
                self._answer_alone()
            elif self._asked:
                self._asking = asyncio.get_running_loop().create_task(self._ask())

    # -- snapshots -----------------------------------------------------------------------------

    async def _begin_anew(self) -> None:
        """Take the last snapshot; what came after it is taken next."""
        self.begin_from(*await self._recovery.loaded())

    def begin_from(self, number: int, memory: MemoryStore) -> None:
        """Go on from a snapshot."""
        self.memory, self.taken_steps, self._fresh, self._size = memory, number, 0, 0

    def _begin_to_save(self) -> None:
        """Make a snapshot, behind the step that is being taken: whoever took it does."""
        if self._saving is None:
            saving = self._save(self.taken_steps, self.memory.saved())
            self._saving = asyncio.get_running_loop().create_task(saving)

    async def _save(self, number: int, saved: SavedStore) -> None:
        """Write a snapshot, so that the log may forget what it has."""
        try:
            await self._steps.replace(await frozen(number, saved))
            names = distant.names(saved)
            await self._steps.retain(names, before=self._now() - _UNSAVED)
        except Away as error:  # the next one will have all that this one had
            self.health.errors += 1
            _LOG.warning("no snapshot was written: %s", error)
        finally:
            self._saving = None

    # -- what is asked of a store --------------------------------------------------------------

    async def taken(self) -> Taken:
        """What it holds, as far as this process knows."""
        return await self.memory.taken()

    async def sandbox(self, name: str) -> Sandbox:
        """The sandbox of a name; its use is counted by its steps."""
        await self._see()
        found = self.memory.peek(name)
        if found is None:
            found = await self.step(self.memory, "sandbox", name)
        elif found.is_to_stand:
            await self.step(found, "now", self._now())
        return SharedSandbox(self, found)

    async def find(self, name: str) -> Sandbox | None:
        """The sandbox of a name if there is one."""
        await self._see()
        found = self.memory.peek(name)
        return SharedSandbox(self, found) if found else None

    async def everyone(self) -> Sandbox:
        """What holds the rules of all sandboxes."""
        await self._see()
        return SharedSandbox(self, await self.memory.everyone())

    async def renew(self, name: str, options: Options) -> Sandbox:
        """Begin a sandbox anew."""
        return SharedSandbox(self, await self.step(self.memory, "renew", name, options))

    async def sandboxes(self) -> list[Sandbox]:
        """All there are."""
        await self._see()
        return [SharedSandbox(self, s) for s in self.memory.inside()]

    async def write_down(self, record: Record, *, life: int) -> None:
        """Write a request down."""
        await self.step(self.memory, "write_down", record, life)

    async def corrected(self, record: Record) -> None:
        """Let other processes know."""
        if record.number:
            told = record.trace, record.paid, record.ended
            await self.step(self.memory, "correct", record.sandbox, record.number, *told)

    async def tell(self, what: str, sandbox: str) -> None:
        """Let other processes know."""
        await self.step(self.memory, "tell", what, sandbox)

    async def keep(self, address: str, upload: bytes, *, until: int, now: int) -> None:
        """Keep an upload, outside of all processes if they can be reached."""
        await self._large.keep(address, upload, until=until, now=now)

    async def kept(self, address: str) -> bytes | None:
        """The upload at an address, if it is still there."""
        return await self._large.kept(address)

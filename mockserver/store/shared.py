"""State that several processes share: each has all of it in memory, and takes the same steps.

A step is appended to a log outside of the processes (see `steps`). Whoever wants to know takes all
steps that the log has, in its order, each with the time that it was taken at: so all have the same
state, which is as the core decides and as a `MemoryStore` keeps it, and no step is decided twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from anyio import to_thread

from mockserver.core.journal import Record
from mockserver.core.limits import Verdict
from mockserver.core.rules.precedence import Fired
from mockserver.core.rules.rule import Rule
from mockserver.core.sandbox import Options
from mockserver.core.sandbox.account import Account
from mockserver.core.sandbox.clock import Wait
from mockserver.core.sandbox.items import Item, Kind
from mockserver.core.sandbox.ledger import Bill, Use
from mockserver.core.sandbox.rulebook import Count
from mockserver.facts.costs import Limit
from mockserver.store import codec
from mockserver.store.memory import MemoryStore
from mockserver.store.protocol import Sandbox
from mockserver.store.sandbox import MemorySandbox
from mockserver.store.steps import Gone, Snapshot, Steps

SNAPSHOT_STEPS = 5_000  # after so many a snapshot is made
SNAPSHOT_BYTES = 32 * 1024 * 1024  # or after steps of so many bytes


class _Asked(NamedTuple):
    """What somebody waits for: that the log has all that it had, and this step behind that."""

    answer: asyncio.Future[Any]
    step: bytes = b""  # none: to know what others did
    take: Callable[[], Any] = lambda: None


class SharedStore:
    """The state as the log's steps made it.

    Args:
        steps: the log.
        empty: a new store in memory, which has the time from its argument.
        now: nanoseconds since the epoch, by the machine's clock.
    """

    def __init__(
        self,
        steps: Steps,
        empty: Callable[[Callable[[], int]], MemoryStore],
        now: Callable[[], int],
    ) -> None:
        self._steps, self._empty, self._now = steps, empty, now
        #: Told of each step that another process took: its sandbox's name, method, arguments.
        self.heard: Callable[[str, str, Mapping[str, Any]], None] = lambda *_: None
        self.memory = empty(self._time)
        self._at = 0  # the time of the step that is taken
        self._taken = 0  # the number of the last step that was taken here
        self._size = 0  # bytes of steps since the last snapshot
        self._asked: list[_Asked] = []
        self._asking: asyncio.Task[None] | None = None
        self._saving: asyncio.Task[None] | None = None
        self.everyone: Sandbox = SharedSandbox(self, self.memory.everyone)

    def _time(self) -> int:
        return self._at

    # -- steps ---------------------------------------------------------------------------------

    async def sync(self) -> None:
        """Take what others have appended."""
        await self._answered(b"", lambda: None)

    async def step(self, owner: MemoryStore | MemorySandbox, method: str, *given: Any) -> Any:
        """Take a step behind all that are in the log; its answer."""
        at, name, life = self._now(), None, 0
        if isinstance(owner, MemorySandbox):
            name, life = owner.name, owner.number
        names, _ = codec.parameters(getattr(owner, method).__func__)
        step = codec.written(at, name, life, method, given)
        told = dict(zip(names, given, strict=True))
        return await self._answered(step, lambda: self._take(at, owner, method, told))

    async def _answered(self, step: bytes, take: Callable[[], Any]) -> Any:
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        self._asked.append(_Asked(answer, step, take))
        if self._asking is None:  # else whoever asks goes on with it
            self._asking = loop.create_task(self._ask())
        return await answer

    async def _ask(self) -> None:
        """Ask the log for all who wait, as long as there are any."""
        try:
            while self._asked:
                asked, self._asked = self._asked, []
                try:
                    await self._ask_for(asked)
                except Exception as error:
                    for one in asked:
                        if not one.answer.done():
                            one.answer.set_exception(error)
        finally:
            self._asking = None

    async def _ask_for(self, asked: Sequence[_Asked]) -> None:
        own = [one.step for one in asked if one.step]
        try:
            if own:
                others = await self._steps.take(own, self._taken)
            else:
                others = await self._steps.since(self._taken)
        except Gone:
            await self._begin_anew()
            return await self._ask_for(asked)
        self._follow(others)
        for one in asked:
            self._answer(one)
        return None

    def _answer(self, asked: _Asked) -> None:
        is_time = self._count(asked.step) if asked.step else False
        try:
            found = asked.take()
        except Exception as refusal:
            if not asked.answer.done():
                asked.answer.set_exception(refusal)
        else:
            if not asked.answer.done():  # else nobody waits for it any more
                asked.answer.set_result(found)
        if is_time and not self._saving:  # for whoever took the last step
            self._saving = asyncio.get_running_loop().create_task(self._save())

    def _follow(self, steps: Sequence[bytes]) -> None:
        """Take steps of others."""
        for data in steps:
            self._count(data)
            step = codec.read(data)
            owner = self._owner(step.sandbox, step.life)
            if owner is None:  # of a life that is over: nobody sees what it does
                continue
            given = codec.arguments(step)
            with suppress(Exception):  # a refusal, which whoever asked has got
                self._take(step.at, owner, step.method, given)
                self.heard(step.sandbox or "", step.method, given)

    def _take(self, at: int, owner: MemoryStore | MemorySandbox, method: str, given: Any) -> Any:
        self._at = at
        if isinstance(owner, MemorySandbox):
            self.memory.touch(owner)
        return _at_once(getattr(owner, method)(**given))

    def _owner(self, name: str | None, life: int) -> MemoryStore | MemorySandbox | None:
        if name is None:
            return self.memory
        found = self.memory.peek(name)
        return found if found and found.number == life else None

    def _count(self, step: bytes) -> bool:
        """Count a step; whether it is time for a snapshot, of which all think alike."""
        self._taken += 1
        self._size += len(step)
        is_time = self._taken % SNAPSHOT_STEPS == 0 or self._size > SNAPSHOT_BYTES
        if is_time:
            self._size = 0
        return is_time

    # -- snapshots -----------------------------------------------------------------------------

    async def _begin_anew(self) -> None:
        """Take the last snapshot; what came after it is taken next."""
        number, pieces = await self._steps.snapshot()
        self.memory = self._empty(self._time)
        if pieces:
            self.memory.restore(codec.thawed(pieces))
        self._taken, self._size = number, 0

    async def _save(self) -> None:
        """Make a snapshot, so that the log may forget what it has."""
        try:
            number, saved = self._taken, self.memory.saved()
            pieces = await to_thread.run_sync(lambda: [*codec.frozen(saved)])
            await self._steps.replace(Snapshot(number, pieces))
        finally:
            self._saving = None

    # -- what is asked of a store --------------------------------------------------------------

    async def sandbox(self, name: str) -> Sandbox:
        """The sandbox of a name; its use is counted by its steps."""
        await self.sync()
        found = self.memory.peek(name)
        if found is None:
            found = await self.step(self.memory, "sandbox", name)
        elif found.is_to_stand:
            await self.step(found, "now", self._now())
        return SharedSandbox(self, found)

    async def find(self, name: str) -> Sandbox | None:
        """The sandbox of a name if there is one."""
        await self.sync()
        found = self.memory.peek(name)
        return SharedSandbox(self, found) if found else None

    async def renew(self, name: str, options: Options) -> Sandbox:
        """Begin a sandbox anew."""
        return SharedSandbox(self, await self.step(self.memory, "renew", name, options))

    async def sandboxes(self) -> list[Sandbox]:
        """All there are."""
        await self.sync()
        return [SharedSandbox(self, s) for s in self.memory.inside()]

    async def write_down(self, record: Record, *, life: int) -> None:
        """Write a request down."""
        await self.step(self.memory, "write_down", record, life)

    async def keep(self, address: str, upload: bytes, *, until: int, now: int) -> None:
        """Keep an upload, outside of all processes."""
        await self._steps.keep(address, upload, until=until, now=now)

    async def kept(self, address: str) -> bytes | None:
        """The upload at an address, if it is still there."""
        return await self._steps.kept(address)


def _at_once(answer: Any) -> Any:
    """What a coroutine returns that never waits, as those of the memory's steps."""
    if not isinstance(answer, Coroutine):
        return answer
    try:
        answer.send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError("a step has waited")


class SharedSandbox:
    """One sandbox of a shared store. What it tells is as the last step made it that was taken here.

    Whoever has it from the store knows at least of all that was done before he asked for it.
    """

    def __init__(self, store: SharedStore, inside: MemorySandbox) -> None:
        self._store, self._found, self._of = store, inside, store.memory

    @property
    def _inside(self) -> MemorySandbox:
        store, found = self._store, self._found
        if self._of is not store.memory:  # that began anew
            self._of, now = store.memory, store.memory.peek(found.name)
            if now and now.number == found.number:
                self._found = now
        return self._found

    async def _step(self, method: str, *given: Any) -> Any:
        return await self._store.step(self._inside, method, *given)

    @property
    def name(self) -> str:
        """Its name."""
        return self._found.name

    @property
    def number(self) -> int:
        """Of its life."""
        return self._found.number

    @property
    def options(self) -> Options:
        """What it is set to."""
        return self._inside.options

    @property
    def rules(self) -> Sequence[Rule]:
        """Its own and everyone's."""
        return self._inside.rules

    @property
    def offset(self) -> int:
        """Nanoseconds by which its clock was moved."""
        return self._inside.offset

    def now(self, real: int) -> int:
        """The sandbox's time."""
        return self._inside.peek(real)

    def counted(self, rule_id: str) -> Count:
        """How often a rule was met and has fired."""
        return self._inside.counted(rule_id)

    def first_warning(self) -> bool:
        """Whether this process has told nothing of this sandbox yet."""
        return self._inside.first_warning()

    async def advance(self, nanoseconds: int) -> None:
        """Move the clock on."""
        await self._step("advance", nanoseconds)

    async def configure(self, options: Options) -> None:
        """Change what it is set to."""
        await self._step("configure", options)

    async def add(self, rule: Rule) -> Rule:
        """Add a rule."""
        found: Rule = await self._step("add", rule)
        return found

    async def remove(self, rule_id: str) -> None:
        """Remove a rule."""
        await self._step("remove", rule_id)

    async def put(self, rule: Rule) -> None:
        """Put a rule in the place of another."""
        await self._step("put", rule)

    async def claim(self, rules: Sequence[Rule]) -> list[Fired]:
        """Count a request that matches."""
        found: list[Fired] = await self._step("claim", rules)
        return found

    async def admit(
        self,
        model: str,
        *,
        limits: Sequence[Limit],
        charge: Mapping[str, int],
        now: int,
        bill: Bill | None = None,
    ) -> Verdict:
        """Take a charge and pay its bill together."""
        found: Verdict = await self._step("admit", model, limits, charge, now, bill)
        return found

    async def account(self) -> Account:
        """What was taken so far."""
        return await self._inside.account()

    async def refill(self) -> None:
        """Fill every bucket."""
        await self._step("refill")

    async def tell_wait(self, wait: Wait) -> None:
        """Remember a wait."""
        await self._step("tell_wait", wait)

    async def serve_wait(self, body: bytes, real: int) -> int:
        """Move the clock on by a wait that was served."""
        found: int = await self._step("serve_wait", body, real)
        return found

    async def repeat(self, digest: bytes) -> int:
        """Count an equal request."""
        found: int = await self._step("repeat", digest)
        return found

    async def take_back(self, digest: bytes, repeat: int) -> None:
        """Count it no longer, if it is the last."""
        await self._step("take_back", digest, repeat)

    async def requests(self) -> list[Record]:
        """What was asked."""
        return await self._inside.requests()

    async def billed(self) -> list[Bill]:
        """The last bills."""
        return await self._inside.billed()

    async def uses(self) -> list[Use]:
        """What was charged for."""
        return await self._inside.uses()

    async def downloads(self) -> list[Record]:
        """What was downloaded."""
        return await self._inside.downloads()

    async def late(self) -> list[Record]:
        """What an earlier life asked for."""
        return await self._inside.late()

    async def next_number(self) -> int:
        """Count an id that is given to an item."""
        found: int = await self._step("next_number")
        return found

    async def save(self, kind: Kind, item: Item) -> None:
        """Keep an item."""
        await self._step("save", kind, item)

    async def item(self, kind: Kind, item_id: str) -> Item | None:
        """The item of an id."""
        return await self._inside.item(kind, item_id)

    async def items(self, kind: Kind) -> list[Item]:
        """All items of a kind."""
        return await self._inside.items(kind)

    async def drop(self, kind: Kind, item_id: str) -> None:
        """Keep an item no longer."""
        await self._step("drop", kind, item_id)

    async def forget(self, *, only: Sequence[str]) -> None:
        """Empty parts of it."""
        await self._step("forget", only)

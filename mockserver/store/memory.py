"""State in the memory of one process: nothing survives it, nothing is shared.

All of it is bounded in bytes, as they are counted: a sandbox by its tables (some 16 MiB) and by
`RULE_BYTES`, all of them together by `STATE_BYTES`, uploads by a room of their own. The contents of
files are mostly on disk: a sandbox has a room for them, and all together have `FILE_ROOMS` of it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

from mockserver.core.errors import ApiError, Reason
from mockserver.core.journal import Record
from mockserver.core.rules.rule import Rule
from mockserver.core.sandbox import MIB, Options
from mockserver.core.sandbox.eviction import SANDBOXES, to_drop, to_shed
from mockserver.core.sandbox.items import KINDS, STORED, Kind
from mockserver.core.sandbox.rulebook import numbered
from mockserver.store.health import Health, Taken
from mockserver.store.protocol import EVERYONE, Heard, Sandbox
from mockserver.store.sandbox import MemorySandbox
from mockserver.store.saved import SavedStore
from mockserver.store.tables import Tally

UPLOAD_BYTES = 256 * MIB
STATE_BYTES = 256 * MIB  # as much as for uploads: both fit into the memory of a small CI runner
FILE_BYTES = 1024 * MIB
FILE_ROOMS = 4
_UPLOAD = 400  # bytes beside an upload's own


class MemoryStore:
    """Sandboxes and uploads in dictionaries, in the order of their last use.

    Args:
        sandboxes: how many there may be.
        upload_bytes: room for uploads.
        state_bytes: room for all sandboxes.
        file_bytes: room for the contents of one sandbox's files.
        rules: those that every sandbox begins with.
        now: nanoseconds since the epoch, by the machine's clock; it tells who is idle.
    """

    process = 0
    heard: Heard

    def __init__(
        self,
        *,
        sandboxes: int = SANDBOXES,
        upload_bytes: int = UPLOAD_BYTES,
        state_bytes: int = STATE_BYTES,
        file_bytes: int = FILE_BYTES,
        rules: Sequence[Rule] = (),
        now: Callable[[], int] = lambda: 0,
    ) -> None:
        self.health = Health("memory")
        self.notice: Callable[[str], None] = lambda _: None
        self._most = sandboxes
        self._rules = numbered(rules)
        self._now = now
        self._capacity = self._room = upload_bytes
        self._uploads: OrderedDict[str, tuple[bytes, int]] = OrderedDict()
        self._sandboxes: OrderedDict[str, MemorySandbox] = OrderedDict()
        self._tally = Tally(state_bytes, self._make_room)
        self._file_bytes = file_bytes
        self._files = Tally(file_bytes * FILE_ROOMS, self._make_room_for_files)
        self._numbers = 0  # of sandboxes that began
        self._written = 0  # records
        self._everyone = MemorySandbox(EVERYONE, 0, Options(), (), self._tally)

    async def everyone(self) -> MemorySandbox:
        """What holds the rules of all sandboxes."""
        return self._everyone

    @property
    def begun(self) -> int:
        """How many sandboxes have begun; the last one has this number."""
        return self._numbers

    @property
    def size(self) -> int:
        """Roughly what all sandboxes and uploads take."""
        return self._tally.taken + self._capacity - self._room

    async def taken(self) -> Taken:
        """How many sandboxes there are, and what their records take."""
        return Taken(len(self._sandboxes), sum([s.journal for s in self._sandboxes.values()]))

    async def sandbox(self, name: str) -> Sandbox:
        """The sandbox of a name."""
        return self._entered(name)

    def _entered(self, name: str) -> MemorySandbox:
        found = self._sandboxes.get(name)
        if found is None:
            return self._new(name, Options())
        self._sandboxes.move_to_end(name)
        found.used = self._now()
        return found

    async def find(self, name: str) -> Sandbox | None:
        """The sandbox of a name if there is one."""
        return self._sandboxes.get(name)

    def peek(self, name: str) -> MemorySandbox | None:
        """The sandbox of a name if there is one, which is not used by that."""
        return self._everyone if name == EVERYONE else self._sandboxes.get(name)

    def touch(self, sandbox: MemorySandbox) -> None:
        """A sandbox is used now, if it is still here."""
        if self._sandboxes.get(sandbox.name) is sandbox:
            self._entered(sandbox.name)

    async def renew(self, name: str, options: Options) -> Sandbox:
        """Begin a sandbox anew."""
        return self._new(name, options)

    def _new(self, name: str, options: Options) -> MemorySandbox:
        old = self._sandboxes.get(name)
        if old is None and len(self._sandboxes) >= self._most:
            self._drop_some()
        elif old is not None:
            old.leave()
        self._numbers += 1
        made = self._made(name, self._numbers, options)
        made.is_warned = old is not None and old.is_warned  # it is the same client
        made.used = self._now()
        self._sandboxes[name] = made
        self._sandboxes.move_to_end(name)
        return made

    def _made(self, name: str, number: int, options: Options) -> MemorySandbox:
        return MemorySandbox(
            name,
            number,
            options,
            self._rules,
            self._tally,
            self._everyone,
            self._files,
            self._file_bytes,
        )

    def saved(self) -> SavedStore:
        """All that it knows but for uploads, which changes no more."""
        sandboxes = [s.saved() for s in self._sandboxes.values()]
        return SavedStore(sandboxes, self._everyone.saved(), self._numbers, self._written)

    def restore(self, saved: SavedStore) -> None:
        """Be as one that was saved; it is new yet."""
        self._numbers, self._written = saved.begun, saved.written
        self._everyone.restore(saved.everyone)
        for one in saved.sandboxes:
            made = self._made(one.name, one.number, one.first)
            made.restore(one)
            self._sandboxes[one.name] = made

    def _drop_some(self) -> None:
        """Make room for a new one.

        Raises:
            ApiError: all are set up and in use.
        """
        summaries = (s.summary for s in self._sandboxes.values())
        for name in to_drop(summaries, self._most, self._now()):
            self._sandboxes.pop(name).leave()
        if len(self._sandboxes) >= self._most:
            raise ApiError(Reason.SANDBOXES_FULL, most=self._most)

    def _make_room(self) -> None:
        """Make room for more bytes, if there are any that nobody needs."""
        summaries = [s.summary for s in self._sandboxes.values()]
        taken, most = self._tally.taken, self._tally.most or 0
        gone, shed = to_shed(summaries, taken, most, self._now())
        for name in gone:
            self._sandboxes.pop(name).leave()
        for name in shed:
            self._sandboxes[name].shed()
        self._shed_items(self._tally, KINDS)

    def _make_room_for_files(self) -> None:
        """The files of those that were used longest ago go, but never those of the last one."""
        self._shed_items(self._files, STORED)

    def _shed_items(self, tally: Tally, kinds: Sequence[Kind]) -> None:
        for sandbox in [*self._sandboxes.values()][:-1]:
            if not tally.is_over:
                return
            sandbox.shed_items(kinds)

    async def sandboxes(self) -> list[Sandbox]:
        """All there are."""
        return [*self.inside()]

    def inside(self) -> list[MemorySandbox]:
        """All there are, as they are here."""
        return [*self._sandboxes.values()]

    async def write_down(self, record: Record, *, life: int) -> None:
        """Write a request down in the sandbox that it names."""
        found = self._entered(record.sandbox)
        self._written += 1
        record.number = self._written
        found.record(record, number=life or found.number)

    async def corrected(self, record: Record) -> None:
        """Let others know, of whom there are none."""

    async def correct(self, sandbox: str, number: int, trace: list[str]) -> None:
        """Change the trace of a record, if it is still here."""
        if found := self._sandboxes.get(sandbox):
            found.correct(number, trace)

    async def tell(self, what: str, sandbox: str) -> None:
        """Let others know, of whom there are none."""

    async def sync(self) -> None:
        """Learn what others did, of whom there are none."""

    async def close(self) -> None:
        """Use it no longer."""

    async def keep(self, address: str, upload: bytes, *, until: int, now: int) -> None:
        """Keep an upload; those whose time is over go first, then the oldest."""
        taken = len(upload) + _UPLOAD
        if taken > self._capacity:
            return
        if address not in self._uploads:
            self._room -= taken
        self._uploads[address] = (upload, until)
        self._uploads.move_to_end(address)
        while self._uploads and (self._room < 0 or self._oldest_ends() < now):
            _, (gone, _) = self._uploads.popitem(last=False)
            self._room += len(gone) + _UPLOAD

    def _oldest_ends(self) -> int:
        return next(iter(self._uploads.values()))[1]

    async def kept(self, address: str) -> bytes | None:
        """The upload at an address, if it is still here."""
        upload, _ = self._uploads.get(address, (None, 0))
        return upload

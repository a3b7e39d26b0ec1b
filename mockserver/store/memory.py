"""State in the memory of one process: nothing survives it, nothing is shared.

All of it is bounded in bytes, as they are counted: a sandbox by its tables (some 16 MiB) and by
`RULE_BYTES`, all of them together by `STATE_BYTES`, uploads by a room of their own. The contents of
files are mostly on disk: a sandbox has a room for them, and all together have `FILE_ROOMS` of it.
The sandboxes of each team have such bounds of their own, and those of no team.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from math import inf

from mockserver.core.errors import ApiError, Reason
from mockserver.core.journal import Record
from mockserver.core.rules.rule import Rule
from mockserver.core.sandbox import MIB, Options
from mockserver.core.sandbox.eviction import SANDBOXES, Quota, is_over, to_drop, to_shed
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


class Room:
    """Where the sandboxes of a team are, or those of none: nobody makes room for another's."""

    def __init__(self, team: str, most: int, tally: Tally, files: Tally) -> None:
        self.team = team
        self.most = most
        self.tally = tally
        self.files = files  # their contents
        self.number = 0  # of sandboxes


class MemoryStore:
    """Sandboxes and uploads in dictionaries, in the order of their last use.

    Args:
        sandboxes: how many there may be, of no team.
        upload_bytes: room for uploads.
        state_bytes: room for all these sandboxes.
        file_bytes: room for the contents of one sandbox's files.
        rules: those that every sandbox begins with.
        now: nanoseconds since the epoch, by the machine's clock; it tells who is idle.
        team_of: whose a sandbox is, by its name; "" is no team.
        of_team: what those of one team may be.
        keep: nanoseconds after which what nobody used goes.
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
        team_of: Callable[[str], str] = lambda _: "",
        of_team: Quota | None = None,
        keep: float = inf,
    ) -> None:
        self.health = Health("memory")
        self.notice: Callable[[str], None] = lambda _: None
        self._quotas = Quota(sandboxes, state_bytes), of_team or Quota(sandboxes, state_bytes)
        self._team_of, self._keep = team_of, keep
        self._rules = numbered(rules)
        self._now = now
        self._capacity = self._free = upload_bytes
        self._uploads: OrderedDict[str, tuple[bytes, int]] = OrderedDict()
        self._sandboxes: OrderedDict[str, MemorySandbox] = OrderedDict()
        self._file_bytes = file_bytes
        self.rooms: dict[str, Room] = {}  # by team
        self._numbers = 0  # of sandboxes that began
        self._written = 0  # records
        self._everyone = MemorySandbox(EVERYONE, 0, Options(), (), self._room("").tally)

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
        taken = sum([room.tally.taken for room in self.rooms.values()])
        return taken + self._capacity - self._free

    async def taken(self) -> Taken:
        """How many sandboxes there are, and what their records take."""
        return Taken(len(self._sandboxes), sum([s.journal for s in self._sandboxes.values()]))

    async def sandbox(self, name: str) -> Sandbox:
        """The sandbox of a name."""
        if self._keep != inf:
            self.expire()
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
        self.expire()
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
        old, room = self._sandboxes.get(name), self._room(self._team_of(name))
        if old is not None:
            old.leave()
        else:
            if room.number >= room.most:
                self._drop_some(room)
            room.number += 1
        self._numbers += 1
        made = self._made(name, self._numbers, options)
        made.is_warned = old is not None and old.is_warned  # it is the same client
        made.used = self._now()
        self._sandboxes[name] = made
        self._sandboxes.move_to_end(name)
        return made

    def _made(self, name: str, number: int, options: Options) -> MemorySandbox:
        room = self._room(self._team_of(name))
        return MemorySandbox(
            name,
            number,
            options,
            self._rules,
            room.tally,
            self._everyone,
            room.files,
            self._file_bytes,
        )

    def _room(self, team: str) -> Room:
        return self.rooms.get(team) or self.rooms.setdefault(team, self._new_room(team))

    def _new_room(self, team: str) -> Room:
        quota = self._quotas[team != ""]
        return Room(
            team,
            quota.sandboxes,
            Tally(quota.state_bytes, partial(self._make_room, team)),
            Tally(self._file_bytes * FILE_ROOMS, partial(self._make_room_for_files, team)),
        )

    def _of(self, room: Room) -> list[MemorySandbox]:
        """The sandboxes in a room, the longest idle first."""
        team = room.team
        return [s for s in self._sandboxes.values() if self._team_of(s.name) == team]

    def _leave(self, name: str) -> None:
        """Have a sandbox no longer."""
        self._sandboxes.pop(name).leave()
        self._room(self._team_of(name)).number -= 1

    def has_expired(self, now: int) -> bool:
        """Whether any sandbox is kept no longer."""
        first = next(iter(self._sandboxes.values()), None)
        return first is not None and is_over(first.used, self._keep, now)

    def expire(self) -> None:
        """Have those no longer that nobody used for so long."""
        while self.has_expired(self._now()):
            self._leave(next(iter(self._sandboxes)))

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
            self._room(self._team_of(one.name)).number += 1

    def _drop_some(self, room: Room) -> None:
        """Make room for a new one.

        Raises:
            ApiError: all are set up and in use.
        """
        summaries = (s.summary for s in self._of(room))
        for name in to_drop(summaries, room.most, self._now()):
            self._leave(name)
        if room.number >= room.most:
            whose = f" of team {room.team}" if room.team else ""
            raise ApiError(Reason.SANDBOXES_FULL, most=f"{room.most}{whose}")

    def _make_room(self, team: str) -> None:
        """Make room for more bytes, if there are any that nobody needs."""
        room = self._room(team)
        summaries = [s.summary for s in self._of(room)]
        taken, most = room.tally.taken, room.tally.most or 0
        gone, shed = to_shed(summaries, taken, most, self._now())
        for name in gone:
            self._leave(name)
        for name in shed:
            self._sandboxes[name].shed()
        self._shed_items(room, room.tally, KINDS)

    def _make_room_for_files(self, team: str) -> None:
        """The files of those that were used longest ago go, but never those of the last one."""
        room = self._room(team)
        self._shed_items(room, room.files, STORED)

    def _shed_items(self, room: Room, tally: Tally, kinds: Sequence[Kind]) -> None:
        for sandbox in self._of(room)[:-1]:
            if not tally.is_over:
                return
            sandbox.shed_items(kinds)

    async def sandboxes(self) -> list[Sandbox]:
        """All there are."""
        self.expire()
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

    async def correct(
        self, sandbox: str, number: int, trace: list[str], paid: str, ended: str
    ) -> None:
        """Change what a record tells of its end, if it is still here."""
        if found := self._sandboxes.get(sandbox):
            found.correct(number, trace, paid, ended)

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
            self._free -= taken
        self._uploads[address] = (upload, until)
        self._uploads.move_to_end(address)
        while self._uploads and (self._free < 0 or self._oldest_ends() < now):
            _, (gone, _) = self._uploads.popitem(last=False)
            self._free += len(gone) + _UPLOAD

    def _oldest_ends(self) -> int:
        return next(iter(self._uploads.values()))[1]

    async def kept(self, address: str) -> bytes | None:
        """The upload at an address, if it is still here."""
        upload, _ = self._uploads.get(address, (None, 0))
        return upload

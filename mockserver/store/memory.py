"""State in the memory of one process: nothing survives it, nothing is shared.

All of it is bounded in bytes, as they are counted: a sandbox by its tables (some 16 MiB) and by
`RULE_BYTES`, all of them together by `STATE_BYTES`, uploads by a room of their own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence

from mockserver.core.errors import ApiError, Reason
from mockserver.core.rules.rule import Rule
from mockserver.core.sandbox import Options
from mockserver.store import EVERYONE, Sandbox
from mockserver.store.sandbox import MIB, MemorySandbox, numbered
from mockserver.store.tables import Tally

UPLOAD_BYTES = 256 * MIB
STATE_BYTES = 256 * MIB  # as much as for uploads: both fit into the memory of a small CI runner
SANDBOXES = 10_000  # twice the keys that a shared CI server sees in a day
#: What somebody set up or scripted stays so long after its last use, whoever else comes.
KEPT = 3600 * 1_000_000_000  # nanoseconds
_UPLOAD = 400  # bytes beside an upload's own


class MemoryStore:
    """Sandboxes and uploads in dictionaries, in the order of their last use.

    Args:
        sandboxes: how many there may be.
        upload_bytes: room for uploads.
        state_bytes: room for all sandboxes.
        rules: those that every sandbox begins with.
        now: nanoseconds since the epoch, by the machine's clock; it tells who is idle.
    """

    def __init__(
        self,
        *,
        sandboxes: int = SANDBOXES,
        upload_bytes: int = UPLOAD_BYTES,
        state_bytes: int = STATE_BYTES,
        rules: Sequence[Rule] = (),
        now: Callable[[], int] = lambda: 0,
    ) -> None:
        self._most = sandboxes
        self._rules = numbered(rules)
        self._now = now
        self._capacity = self._room = upload_bytes
        self._uploads: OrderedDict[str, tuple[bytes, int]] = OrderedDict()
        self._sandboxes: OrderedDict[str, MemorySandbox] = OrderedDict()
        self._tally = Tally(state_bytes, self._make_room)
        self._numbers = 0
        self._everyone = MemorySandbox(EVERYONE, 0, Options(), (), self._tally)

    @property
    def everyone(self) -> Sandbox:
        """What holds the rules of all sandboxes."""
        return self._everyone

    @property
    def size(self) -> int:
        """Roughly what all sandboxes and uploads take."""
        return self._tally.taken + self._capacity - self._room

    async def sandbox(self, name: str) -> Sandbox:
        """The sandbox of a name."""
        found = self._sandboxes.get(name)
        if found is None:
            return self._new(name, Options())
        self._sandboxes.move_to_end(name)
        found.used = self._now()
        return found

    async def find(self, name: str) -> Sandbox | None:
        """The sandbox of a name if there is one."""
        return self._sandboxes.get(name)

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
        made = MemorySandbox(name, self._numbers, options, self._rules, self._tally, self._everyone)
        made.is_warned = old is not None and old.is_warned  # it is the same client
        made.used = self._now()
        self._sandboxes[name] = made
        self._sandboxes.move_to_end(name)
        return made

    def _drop_some(self) -> None:
        """Let a hundredth go, so that not every new key has to look for one.

        Raises:
            ApiError: all are set up and in use.
        """
        wanted = max(1, self._most // 100)
        for name, _ in zip([*self._idle()], range(wanted), strict=False):
            self._drop(name)
        if len(self._sandboxes) >= self._most:
            raise ApiError(Reason.SANDBOXES_FULL, most=self._most)

    def _idle(self) -> Iterator[str]:
        """Who may go, and in which order; of equals the longest idle first.

        Those with nothing in them; those that nobody used for `KEPT`, the set up ones last; those
        that were only used. What was set up and is in use stays.
        """
        long_ago = self._now() - KEPT
        found: list[list[str]] = [[], [], [], []]
        for name, sandbox in self._sandboxes.items():
            is_idle = sandbox.used < long_ago
            if not sandbox.is_set_up:
                found[0 if sandbox.is_empty else 1 if is_idle else 3].append(name)
            elif is_idle:
                found[2].append(name)
        for names in found:
            yield from names

    def _drop(self, name: str) -> None:
        self._sandboxes.pop(name).leave()

    def _make_room(self) -> None:
        """Let go until a sixteenth is free.

        First whole sandboxes that nobody uses, in the order of `_idle`; then of all others, the
        longest idle first and the last used one never, what nobody set on purpose.
        """
        goal = (self._tally.most or 0) * 15 // 16
        last, long_ago = next(reversed(self._sandboxes), None), self._now() - KEPT
        for name in [*self._idle()]:
            is_idle = self._sandboxes[name].used < long_ago
            if is_idle and name != last and self._tally.taken > goal:
                self._drop(name)
        for name, sandbox in self._sandboxes.items():
            if name != last and self._tally.taken > goal:
                sandbox.shed()

    async def sandboxes(self) -> list[Sandbox]:
        """All there are."""
        return [*self._sandboxes.values()]

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

"""A log of steps in this process, that can be away, lost, or silent. Tests nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import count

from mockserver.store.steps import Away, Gone, Lost, Reached, Snapshot


@dataclass
class Log:
    """What is outside of all processes."""

    steps: list[bytes] = field(default_factory=list)
    base: int = 0  # the number of the step before the first one
    saved: Snapshot = field(default_factory=lambda: Snapshot(0, []))
    epoch: int = 0
    of: int = -1  # the epoch before it
    left: int = 0  # what is left of that
    is_away: bool = False
    is_empty: bool = False
    loses_answers: bool = False  # takes steps, and does not say so
    contents: dict[str, bytes] = field(default_factory=dict)
    asked: int = 0  # how often anybody asked

    @property
    def last(self) -> int:
        """The number of the last step."""
        return self.base + len(self.steps)

    def lose(self) -> None:
        """Have nothing any more."""
        self.steps, self.base, self.saved = [], 0, Snapshot(0, [])
        self.is_empty, self.epoch = True, self.epoch + 1


class LocalSteps:
    """One process' view of a log."""

    _numbers = count(1)

    def __init__(self, log: Log) -> None:
        self.log, self._epoch, self._is_in = log, log.epoch, False
        self.uploads: dict[str, bytes] = {}

    def prepare(self, form: str) -> None:
        """There is nothing to prepare."""

    def open(self, form: str) -> int:
        """Begin."""
        return next(self._numbers)

    async def close(self) -> None:
        """End."""

    def _ask(self) -> None:
        self.log.asked += 1
        if self.log.is_away:
            raise Away("the log is away, says a test")

    def _behind(self, after: int) -> list[bytes]:
        self._ask()
        if self.log.is_empty or self._epoch != self.log.epoch or after > self.log.last:
            raise Lost("the log is another one, says a test")
        if after < self.log.base:
            raise Gone
        return self.log.steps[after - self.log.base :]

    async def take(self, steps: Sequence[bytes], after: int) -> list[bytes]:
        """Append."""
        self._is_in = False
        others = self._behind(after)
        self.log.steps += steps
        if self.log.loses_answers:
            self._is_in, self.log.is_away = True, True
            raise Away("the answer was lost, says a test")
        return others

    def at_once(self, steps: Sequence[bytes], after: int) -> None:
        """Nothing is there at once."""

    async def since(self, after: int) -> list[bytes]:
        """Look."""
        return self._behind(after)

    async def reach(self, after: int) -> Reached:
        """Look whether it is there."""
        self._ask()
        if self.log.is_empty:
            return Reached(is_in=False, is_empty=True)
        of, self._epoch = self._epoch, self.log.epoch
        if of == self._epoch:
            return Reached(self._is_in)
        return Reached(self._is_in, kept=self.log.left if self.log.of == of else after)

    async def seed(self, snapshot: Snapshot) -> bool:
        """Begin anew."""
        self._ask()
        if not self.log.is_empty:
            return False
        self.log.of, self.log.left, self.log.is_empty = self._epoch, snapshot.number, False
        self.log.saved, self.log.base = snapshot, snapshot.number
        self._epoch = self.log.epoch
        return True

    async def snapshot(self) -> Snapshot:
        """The last one."""
        self._ask()
        return self.log.saved

    async def replace(self, snapshot: Snapshot) -> None:
        """Keep one."""
        self._ask()
        self.log.steps = self.log.steps[self.log.saved.number - self.log.base :]
        self.log.base, self.log.saved = self.log.saved.number, snapshot

    async def keep(self, address: str, upload: bytes, *, until: int, now: int) -> None:
        """Keep an upload."""
        self._ask()
        self.uploads[address] = upload

    async def kept(self, address: str) -> bytes | None:
        """An upload."""
        self._ask()
        return self.uploads.get(address)

    async def write(self, name: str, offset: int, piece: bytes, *, now: int) -> None:
        """Write a content."""
        self._ask()
        self.log.contents[name] = self.log.contents.get(name, b"")[:offset] + piece

    async def read(self, name: str, offset: int, length: int) -> bytes:
        """Read a content."""
        self._ask()
        return self.log.contents.get(name, b"")[offset : offset + length]

    async def retain(self, names: Collection[str], *, before: int) -> None:
        """Drop contents."""

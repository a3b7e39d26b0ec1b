"""What a process knows of its own while the log is away, and what of that the log is told later."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from mockserver.store import codec
from mockserver.store.memory import MemoryStore
from mockserver.store.steps import Reached

Policy = Literal["local", "allow", "refuse"]
KEPT = 1_000  # steps
_MEANING: dict[Policy, str] = {
    "local": "limits count for this process alone, what is set may be lost",
    "allow": "nothing is limited",
    "refuse": "requests are refused",
}
_RETOLD = (
    "write_down",
    "admit",
    "lose",
    "refund",
)  # what a client has had from, which others shall know
_NO_CHANGE = ("sandbox", "now", "expire")  # what is of use for a request alone, or done by all


class Retold(NamedTuple):
    """What became of steps that were taken alone."""

    told: int
    lost: int


class Outage:
    """The steps that the log has not, as far as there is room for them.

    Args:
        policy: what a request meets meanwhile: it is counted by this process alone, all that can
            be allowed is, or it is refused.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.is_on = False
        self.began = 0  # nanoseconds since the epoch
        self._begun = 0  # sandboxes, before
        self._alone: list[bytes] = []  # steps, the oldest first
        self._unsure = 0  # so many of them, the oldest, may be in the log
        self.lost = 0  # steps that it will not be told
        self._own = deque[tuple[int, bytes]](maxlen=KEPT)  # the last that it has from here
        self._is_new = False  # the log has begun anew: it numbers sandboxes as it likes

    def begin(self, at: int, sandboxes: int) -> None:
        """Begin, with so many sandboxes that have begun before."""
        self.is_on, self.began, self._begun = True, at, sandboxes

    def end(self) -> Retold:
        """End: the log has all that it is told."""
        found = Retold(len(self._alone), self.lost)
        self.is_on = self._is_new = False
        self._alone, self._unsure, self.lost = [], 0, 0
        return found

    def refuses(self, method: str) -> bool:
        """Whether nobody may do this now; what was done is written down in any case."""
        return self.policy == "refuse" and method != "write_down"

    def took(self, number: int, step: bytes) -> None:
        """A step of this process is in the log."""
        self._own.append((number, step))

    def alone(self, step: bytes, method: str) -> None:
        """A step was taken that the log has not."""
        if method in _RETOLD and len(self._alone) < KEPT:
            self._alone.append(step)
        elif method not in _NO_CHANGE:
            self.lost += 1

    def unsure(self) -> None:
        """Nobody knows whether the log has what is known of now."""
        self._unsure = len(self._alone)

    def reached(self, found: Reached) -> None:
        """The log is there: see which steps it has, of those before too."""
        if found.is_in:
            del self._alone[: self._unsure]
        self._unsure = 0
        if found.kept is not None:
            self._is_new = True
            self._alone[:0] = [step for number, step in self._own if number > found.kept]
            self._own.clear()

    @property
    def allows(self) -> bool:
        """Whether nothing is limited now."""
        return self.is_on and self.policy == "allow"

    @property
    def meaning(self) -> str:
        """What it means to a client."""
        return _MEANING[self.policy]

    @property
    def number(self) -> int:
        """Of steps that the log is to be told."""
        return len(self._alone)

    def seeded(self, alone: int, lost: int) -> None:
        """The log has this process' memory, with so many of its own steps, the oldest."""
        del self._alone[:alone]
        self.lost -= lost
        self._own.clear()

    def missing(self, memory: MemoryStore) -> list[str]:
        """The sandboxes of such steps that aren't there."""
        names = dict.fromkeys(codec.read(step)[0].sandbox for step in self._alone)
        return [name for name in names if name and not memory.peek(name)]

    def told(self, memory: MemoryStore) -> Sequence[bytes]:
        """The steps as the log is told them, where it has these sandboxes now."""
        return [*self._told(memory)]

    def _told(self, memory: MemoryStore) -> Iterator[bytes]:
        for data in self._alone:
            step, given = codec.read(data)
            if step.method == "write_down":
                life = self._life(memory, given["record"].sandbox, given["life"])
                yield codec.written(step.at, None, 0, step.method, [given["record"], life])
            elif step.sandbox is not None:
                yield codec.again(step._replace(life=self._life(memory, step.sandbox, step.life)))
            else:
                yield data

    def _life(self, memory: MemoryStore, name: str, life: int) -> int:
        """Which life of a sandbox is meant: none that began meanwhile has this number elsewhere."""
        found = memory.peek(name)
        is_own = life > self._begun or self._is_new
        return found.number if found and is_own and life else life

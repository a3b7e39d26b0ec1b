"""A sandbox's time: moved on, or standing; and the waits that move it once they are served."""

from typing import NamedTuple

from mockserver.core.durations import MILLISECOND, SECOND
from mockserver.core.sandbox import FARTHEST

WAITS = 1_000  # told and not served; of more the oldest goes
WAIT_BYTES = 350  # of one


class Clock(NamedTuple):
    """How a sandbox's time follows from the machine's."""

    offset: int = 0  # by which it was moved on
    stands_at: int | None = None  # the machine's time when a standing clock was first looked at


def look(clock: Clock, real: int, *, standing: bool) -> tuple[Clock, int]:
    """The sandbox's time at the machine's `real`; a standing clock starts at its first look."""
    if not standing:
        return clock, real + clock.offset
    if clock.stands_at is None:
        clock = Clock(clock.offset, real)
    return clock, (clock.stands_at or 0) + clock.offset


def advance(clock: Clock, nanoseconds: int) -> Clock:
    """Move a clock on, no farther than it may be moved in all."""
    return Clock(min(clock.offset + nanoseconds, FARTHEST * SECOND), clock.stands_at)


class Wait(NamedTuple):
    """A wait that a refusal told, until the client has served it."""

    body: bytes  # digest of the request that was refused
    told_at: int  # by the machine's clock
    milliseconds: int  # as an unscaled client would wait
    until: int  # by the sandbox's clock, when that wait is over
    sent: int  # milliseconds as they were sent

    def is_served(self, real: int) -> bool:
        """Whether the wait that was sent is over."""
        return real - self.told_at >= self.sent * MILLISECOND


def serve(clock: Clock, wait: Wait, real: int, *, standing: bool) -> tuple[Clock, int]:
    """Move a clock on to the end of a wait that was served; by how many milliseconds.

    To its end and not by its length: waits that ran side by side end side by side.
    """
    clock, now = look(clock, real, standing=standing)
    missing = max(0, wait.until - now)
    return advance(clock, missing), missing // MILLISECOND


def scaled(milliseconds: int, least: int = 1) -> int:
    """A thousandth of a wait, in whole milliseconds, rounded up: clients pass over a 0.

    It is no shorter than `least`, if the wait is as long.
    """
    return max(1, -(-milliseconds // 1000), min(least, milliseconds))

"""Which sandboxes go where a store is full, and which let go of what nobody set on purpose."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

SANDBOXES = 10_000  # twice the keys that a shared CI server sees in a day
#: What somebody set up or scripted stays so long after its last use, whoever else comes.
KEPT = 3600 * 1_000_000_000  # nanoseconds


class Quota(NamedTuple):
    """What sandboxes may be in all: those of one team, or those of none."""

    sandboxes: int
    state_bytes: int


class Summary(NamedTuple):
    """What decides whether a sandbox may go."""

    name: str
    used: int  # nanoseconds since the epoch, the last time
    is_set_up: bool  # see `State`
    is_empty: bool  # whether there is nothing in it that anybody could miss
    size: int  # bytes
    spare: int  # bytes of what it could let go of


def idle(sandboxes: Iterable[Summary], now: int) -> list[Summary]:
    """Which sandboxes may go, and in which order; of equals the longest idle first.

    Those with nothing in them; those that nobody used for `KEPT`, the set up ones last; those
    that were only used. What was set up and is in use stays.

    Args:
        sandboxes: the longest idle first.
        now: nanoseconds since the epoch.
    """
    found: list[list[Summary]] = [[], [], [], []]
    for sandbox in sandboxes:
        is_old = is_idle(sandbox, now)
        if not sandbox.is_set_up:
            found[0 if sandbox.is_empty else 1 if is_old else 3].append(sandbox)
        elif is_old:
            found[2].append(sandbox)
    return [sandbox for group in found for sandbox in group]


def is_idle(sandbox: Summary, now: int) -> bool:
    """Whether nobody used a sandbox for `KEPT`."""
    return sandbox.used < now - KEPT


def is_over(used: int, keep: float, now: int) -> bool:
    """Whether a sandbox that was last used then is kept no longer, all times in nanoseconds."""
    return used < now - keep


def to_drop(sandboxes: Iterable[Summary], most: int, now: int) -> list[str]:
    """Which sandboxes go where there may be no more than `most`.

    A hundredth, so that not every new one has to look for another that goes.
    """
    return [s.name for s in idle(sandboxes, now)[: max(1, most // 100)]]


def to_shed(
    sandboxes: Sequence[Summary], taken: int, most: int, now: int
) -> tuple[set[str], list[str]]:
    """Which sandboxes go, and which shed what they can spare, until a sixteenth of `most` is free.

    First those go that nobody uses, in the order of `idle`; then all others shed, the longest idle
    first. The last used one keeps all.

    Args:
        sandboxes: the longest idle first.
        taken: bytes that all take.
        most: bytes that they may take.
        now: nanoseconds since the epoch.
    """
    others, goal = sandboxes[:-1], most * 15 // 16
    gone, shed = set[str](), list[str]()
    for sandbox in idle(others, now):
        if taken > goal and is_idle(sandbox, now):
            gone.add(sandbox.name)
            taken -= sandbox.size
    for sandbox in others:
        if taken > goal and sandbox.name not in gone:
            shed.append(sandbox.name)
            taken -= sandbox.spare
    return gone, shed

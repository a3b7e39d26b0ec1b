"""How many connections there may be at once, and which of them gives way. Accepts none itself."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

RESERVE = 8  # connections beyond the bound, for /_mock/ alone
SPARE = 24  # files that a process needs beside its connections: the loop's, the log's, pictures


class Idle(Protocol):
    """A connection that may be between two requests."""

    @property
    def idle_until(self) -> float | None:
        """When it is closed for being idle; None while it is not."""
        ...

    def close_idle(self) -> None:
        """Close it; at once it is none of the connections any more."""
        ...


class Crowd:
    """The bound on connections: a new one takes the place of the one that idles longest.

    Args:
        most: how many are served.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.turned_away = 0  # closed at once, since somebody last asked
        self._idle: list[tuple[float, Idle]] = []  # the longest idle last, as it was at some time

    def makes_room(self, connections: Collection[Idle]) -> bool:
        """Whether there is room for all of these, once one that is idle was closed."""
        if len(connections) > self.most and (longest := self._longest_idle(connections)):
            longest.close_idle()
        return len(connections) <= self.most

    def has_reserve(self, connections: Collection[Idle]) -> bool:
        """Whether the last that came is one of those for which there is a reserve."""
        return len(connections) <= self.most + RESERVE

    def _longest_idle(self, connections: Collection[Idle]) -> Idle | None:
        """Found in a list that is made when it is used up: a search for each would be dear."""
        if found := self._pop():
            return found
        known = [(until, c) for c in connections if (until := c.idle_until) is not None]
        self._idle = sorted(known, key=lambda pair: -pair[0])
        return self._pop()

    def _pop(self) -> Idle | None:
        while self._idle:
            until, connection = self._idle.pop()
            if connection.idle_until == until:
                return connection
        return None


def bound(wanted: int) -> int:
    """So many connections as are wanted, and as files that this process may open are there for."""
    try:
        from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit
    except ImportError:  # Windows has no such limit
        return wanted
    files, _ = getrlimit(RLIMIT_NOFILE)
    return wanted if files == RLIM_INFINITY else max(1, min(wanted, files - SPARE - RESERVE))

"""How long a client may take, and when it is late. Looks at no socket and no clock.

All that is slow on purpose (a rule's delay, stall or drip, latency, a stream's pauses) is the
server's own, and never the client's: while an answer is made, nothing is expected of anybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from itertools import islice
from typing import NamedTuple, Protocol

PROGRESS = 10 << 10  # bytes within a third of the body's time: a slow upload, but a steady one
LINE = 65.0  # seconds between two requests: a pooled connection outlives a pause
_AT_ONCE = 8  # late ones of one look: to answer two hundred takes as long as a hundred pictures
_SOON = 0.02  # seconds until the next ones
_OFTEN = 4  # looks in the shortest time
_USUAL, _LEAST = 1.0, 0.01  # seconds between two looks


class Stage(Enum):
    """What is expected of a client."""

    NOTHING = "nothing"  # it is the server's turn
    HEAD = "head"  # to end a head, or to say anything at all on a new connection
    BODY = "body"  # to send a body that the application waits for
    REST = "rest"  # to send what is left of a body that was answered already
    TAKE = "take"  # to take an answer
    ASK = "ask"  # to ask again, where nothing else ends the connection


class Times(NamedTuple):
    """Seconds that each stage may take; infinite is no bound."""

    head: float = 10.0
    body: float = 30.0
    send: float = 30.0

    def of(self, stage: Stage) -> float:
        """How long a stage may last without progress."""
        match stage:
            case Stage.HEAD:
                return self.head
            case Stage.BODY | Stage.REST:
                return self.body
            case Stage.TAKE:
                return self.send
            case Stage.ASK:
                return LINE
            case Stage.NOTHING:
                return float("inf")


class Seen(NamedTuple):
    """A connection at one moment."""

    stage: Stage
    request: int = 0  # its number on the connection: what tells one from the next
    amount: int = 0  # bytes: read so far; of an answer, those that wait to be taken


class Watch(NamedTuple):
    """What is known of a connection from earlier moments."""

    seen: Seen
    since: float  # when there was progress
    mark: int  # the amount when the current stretch of a body began
    begun: float  # when that was

    def is_late(self, now: float, times: Times) -> bool:
        """Whether its stage has lasted too long."""
        return now - self.since >= times.of(self.seen.stage)


def watched(watch: Watch | None, seen: Seen, now: float, times: Times) -> Watch:
    """What is known of a connection after one more look."""
    if watch is None or (seen.stage, seen.request) != watch.seen[:2]:
        return Watch(seen, now, seen.amount, now)
    if seen.stage is Stage.BODY or seen.stage is Stage.REST:
        return _stretch(watch, seen, now, times.body / 3)
    if seen.amount == watch.seen.amount:
        return watch
    if seen.stage is Stage.TAKE and seen.amount < watch.seen.amount:
        return Watch(seen, now, seen.amount, now)
    return watch._replace(seen=seen)


def _stretch(watch: Watch, seen: Seen, now: float, seconds: float) -> Watch:
    """A body's progress: enough bytes within one stretch of time."""
    is_over = now - watch.begun > seconds
    if not is_over and seen.amount - watch.mark >= PROGRESS:
        return Watch(seen, now, seen.amount, now)
    if is_over:
        return Watch(seen, watch.since, seen.amount, now)
    return watch if seen.amount == watch.seen.amount else watch._replace(seen=seen)


class Watched(Protocol):
    """A connection, as its watchman knows it."""

    watch: Watch | None

    def seen(self) -> Seen:
        """How it is just now."""
        ...

    def end(self, stage: Stage) -> None:
        """End it: its client is late."""
        ...


class Watchman:
    """Looks over all connections at intervals, and ends those whose clients are late.

    Its time is that in which it was awake: a server that stood still, stopped by a signal or a
    debugger, was late itself.
    """

    def __init__(self, times: Times) -> None:
        self._times = times
        self._tick = max(_LEAST, min(_USUAL, min(times) / _OFTEN))
        self._awake = 0.0
        self._last = 0.0

    def look(self, connections: Iterable[Watched], now: float) -> float:
        """Look once; the seconds until the next look."""
        self._awake += min(now - self._last, 2 * self._tick)
        self._last = now
        late = [c for c in connections if self._is_late(c)]
        for connection in islice(late, _AT_ONCE):
            stage = connection.watch.seen.stage if connection.watch else Stage.NOTHING
            connection.watch = None
            connection.end(stage)
        return self._tick if len(late) <= _AT_ONCE else _SOON

    def _is_late(self, connection: Watched) -> bool:
        seen = connection.seen()
        if seen.stage is Stage.NOTHING:
            connection.watch = None
            return False
        watch = connection.watch = watched(connection.watch, seen, self._awake, self._times)
        return watch.is_late(self._awake, self._times)

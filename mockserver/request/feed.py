"""What happens on a server, told to those who listen while it happens."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import NamedTuple

from starlette.types import Scope

from mockserver.clock import Clock
from mockserver.core.journal import Record
from mockserver.core.keys import MARK
from mockserver.core.telling import Telling, to_json
from mockserver.store import EVERYONE

PAUSE = 0.1  # seconds in which what happens is gathered: ten times a second is live
KEPT = 1_000  # events
KEPT_BYTES = 4 * 1024 * 1024  # of their records
_CHANGE_BYTES = 100
_TURNS = 20  # at most, in which listeners are woken


class Event:
    """Something that happened: a request or a download that was written down, or a change."""

    __slots__ = ("_frame", "_what", "name", "sandbox")

    def __init__(self, name: str, sandbox: str, what: Record | str) -> None:
        self.name = name
        self.sandbox = sandbox
        self._what = what
        self._frame = b""

    @property
    def size(self) -> int:
        """Bytes that it keeps alive, roughly."""
        return self._what.size if isinstance(self._what, Record) else _CHANGE_BYTES

    def frame(self, telling: Telling) -> bytes:
        """The event on the wire; made once, for all who listen."""
        if self._frame:
            return self._frame
        if isinstance(self._what, str):
            self._frame = framed(self.name, to_json({"what": self._what, "sandbox": self.sandbox}))
        else:
            self._frame = framed(self.name, telling.told(self._what), self._what.id)
        return self._frame


def framed(name: str, data: str, identity: str = "") -> bytes:
    """A server-sent event of JSON. One without an id leaves the listener's last one as it is."""
    head = f"id: {identity}\n" if identity else ""
    return f"{head}event: {name}\ndata: {data}\n\n".encode("ascii")


def missed(number: int | None) -> bytes:
    """The event that so many are not known any more; None: nobody knows how many."""
    return framed("missed", to_json({"events": number}))


def written(record: Record) -> Event:
    """The event of a record that is in the journal."""
    return Event("download" if record.is_download else "request", record.sandbox, record)


class Listener:
    """One who listens, and how much of what happened he was told."""

    def __init__(self, feed: Feed, sandbox: str | None) -> None:
        self.news = asyncio.Event()  # set where there is something to take
        self._told = feed.place(sandbox)
        self._feed = feed
        self._sandbox = sandbox  # None is all

    def take(self) -> bytes:
        """All that was gathered and he was not told yet, on the wire.

        First how many of them are gone.
        """
        self.news.clear()
        told, self._told = self._told, self._feed.place(self._sandbox)
        return self._feed.since(told, self._sandbox)


class Place(NamedTuple):
    """How far somebody was told."""

    number: int  # of events, all in all
    meant: int  # of those that are meant for him


class Feed:
    """What happened lately, while somebody listens; nothing is kept while nobody does.

    Of too much the oldest goes: who is slow is told that he missed it.
    """

    def __init__(self, clock: Clock) -> None:
        #: Is told of each request, with its scope, before anything is made of it.
        self.arrived: Callable[[Record, Scope], None] | None = None
        self.gathered = 0  # of all events those that listeners may take
        self._clock = clock
        self._number = 0  # of events, all in all
        #: Events of those sandboxes, and of those teams, that somebody listens to alone.
        self._counts = {EVERYONE: 0}
        self._gathered = dict(self._counts)  # of those that listeners may take
        self._listeners: list[Listener] = []
        self._waking: asyncio.Task[None] | None = None
        self._telling = Telling()
        self._joined: dict[tuple[int, str | None], bytes] = {}  # what was taken of those gathered
        self._events: deque[Event] = deque()  # the last of them
        self._size = 0  # bytes

    @contextmanager
    def heard(self, sandbox: str | None) -> Iterator[Listener]:
        """A new listener, to one sandbox or to all; a team's mark is all of the team's."""
        if sandbox is not None:
            self._counts.setdefault(sandbox, 0)
        self.gather()
        listener = Listener(self, sandbox)
        self._listeners.append(listener)
        try:
            yield listener
        finally:
            self._listeners.remove(listener)
            if not self._listeners:
                self._forget()

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def wrote(self, record: Record) -> None:
        """A record came into the journal."""
        if self._listeners:
            self._tell(written(record))

    def changed(self, what: str, sandbox: str) -> None:
        """Somebody changed a part of a sandbox, or of all of them."""
        if self._listeners:
            self._tell(Event("changed", sandbox, what))

    def gather(self) -> None:
        """Let listeners take what happened until now."""
        self.gathered = self._number
        self._gathered = dict(self._counts)
        self._joined.clear()

    def _tell(self, event: Event) -> None:
        self._number += 1
        for meant in {event.sandbox, event.sandbox[-MARK:]} & self._counts.keys():
            self._counts[meant] += 1
        self._events.append(event)
        self._size += event.size
        while len(self._events) > KEPT or (self._size > KEPT_BYTES and len(self._events) > 1):
            self._size -= self._events.popleft().size
        if self._waking is None:
            self._waking = asyncio.ensure_future(self._wake())

    async def _wake(self) -> None:
        """Wake all listeners for what happens within a while, until nothing more happens.

        They are woken by and by: the copies that some are sent are gone before the next are made.
        """
        woken = -1
        while woken != self._number:
            await self._clock.sleep(PAUSE)
            self.gather()
            woken = self.gathered
            listeners = [*self._listeners]
            for turn in range(min(_TURNS, len(listeners))):
                for listener in listeners[turn::_TURNS]:
                    listener.news.set()
                await self._clock.sleep(0)
        self._waking = None

    def _forget(self) -> None:
        self._events.clear()
        self._joined.clear()
        self._counts = {EVERYONE: 0}
        self._size = 0
        self._telling = Telling()
        if self._waking:
            self._waking.cancel()
            self._waking = None

    def frames(self, events: Iterable[Event]) -> bytes:
        """Events on the wire."""
        return b"".join([event.frame(self._telling) for event in events])

    def place(self, sandbox: str | None) -> Place:
        """How far one is who was told all that was gathered, of a sandbox or of all."""
        if sandbox is None:
            return Place(self.gathered, self.gathered)
        return Place(self.gathered, self._gathered[sandbox] + self._gathered[EVERYONE])

    def since(self, told: Place, sandbox: str | None) -> bytes:
        """What was gathered behind a place, on the wire, joined once for all who ask for it.

        First how many of that are not kept any more.
        """
        key = told.number, sandbox
        if key not in self._joined:
            self._joined[key] = self._frames(told, sandbox)
        return self._joined[key]

    def _frames(self, told: Place, sandbox: str | None) -> bytes:
        gone = self._number - len(self._events)
        begin, end = max(told.number, gone), max(self.gathered, gone)
        kept = islice(self._events, begin - gone, end - gone)
        meant = (sandbox, EVERYONE)
        events = [
            e for e in kept if sandbox is None or e.sandbox in meant or e.sandbox[-MARK:] == sandbox
        ]
        lost = self.place(sandbox).meant - told.meant - len(events)
        return missed(lost) + self.frames(events) if lost else self.frames(events)

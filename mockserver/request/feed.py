"""What happens on a server, told to those who listen while it happens."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import islice

from mockserver.core.journal import Record
from mockserver.store import EVERYONE

KEPT = 1_000  # events
KEPT_BYTES = 4 * 1024 * 1024  # of their records
_CHANGE_BYTES = 100
Whose = tuple[str | None, str]  # a sandbox's name, None is all; a team's mark, "" is any


class Event:
    """Something that happened: a request or a download that was written down, or a change."""

    def __init__(self, name: str, sandbox: str, told: Record | str) -> None:
        self.name = name
        self.sandbox = sandbox
        self._told = told

    @property
    def size(self) -> int:
        """Bytes that it keeps alive, roughly."""
        return self._told.size if isinstance(self._told, Record) else _CHANGE_BYTES

    @cached_property
    def frame(self) -> bytes:
        """The event on the wire; made once, for all who listen."""
        if isinstance(self._told, str):
            return framed(self.name, {"what": self._told, "sandbox": self.sandbox})
        return framed(self.name, self._told.as_json(), self._told.id)


def framed(name: str, told: object, identity: str = "") -> bytes:
    """A server-sent event. One without an id leaves the listener's last one as it is."""
    head = f"id: {identity}\n" if identity else ""
    return f"{head}event: {name}\ndata: {_json(told)}\n\n".encode("ascii")


_json = json.JSONEncoder(check_circular=False).encode  # of a record nothing holds itself


def written(record: Record) -> Event:
    """The event of a record that is in the journal."""
    return Event("download" if record.is_download else "request", record.sandbox, record)


class Listener:
    """One who listens, and how much of what happened he was told."""

    def __init__(self, feed: Feed, sandbox: str | None, mark: str) -> None:
        self.news = asyncio.Event()
        self.told = feed.number  # of the events, all in all
        self._feed = feed
        self._whose = (sandbox, mark)

    def take(self) -> bytes:
        """All that he was not told yet, on the wire; first how many of them are gone."""
        self.news.clear()
        told, self.told = self.told, self._feed.number
        return self._feed.since(told, self._whose, self)


class Feed:
    """What happened lately, while somebody listens; nothing is kept while nobody does.

    Of too much the oldest goes: who is slow is told that he missed it.
    """

    def __init__(self) -> None:
        self.number = 0  # of events, all in all
        self._listeners: set[Listener] = set()
        self._idle: set[Listener] = set()  # those whom the next event wakes
        self._joined: dict[tuple[int, Whose], bytes] = {}  # what was taken since the last one
        self._events: deque[Event] = deque()  # the last of them
        self._size = 0  # bytes

    @contextmanager
    def heard(self, sandbox: str | None, mark: str = "") -> Iterator[Listener]:
        """A new listener, to one sandbox or to all; of a team, to those with its mark alone."""
        listener = Listener(self, sandbox, mark)
        self._listeners.add(listener)
        self._idle.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            self._idle.discard(listener)
            if not self._listeners:
                self._events.clear()
                self._joined.clear()
                self._size = 0

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

    def _tell(self, event: Event) -> None:
        self.number += 1
        self._events.append(event)
        self._size += event.size
        while len(self._events) > KEPT or (self._size > KEPT_BYTES and len(self._events) > 1):
            self._size -= self._events.popleft().size
        self._joined.clear()
        for listener in self._idle:
            listener.news.set()
        self._idle.clear()

    def since(self, number: int, whose: Whose, listener: Listener) -> bytes:
        """What happened after so many events, on the wire, joined once for all who ask for it.

        First how many of that are not kept any more. The next event wakes this listener.
        """
        if listener in self._listeners:
            self._idle.add(listener)
        if (number, whose) not in self._joined:
            self._joined[number, whose] = self._frames(number, *whose)
        return self._joined[number, whose]

    def _frames(self, number: int, sandbox: str | None, mark: str) -> bytes:
        fresh = self.number - number
        missed = max(0, fresh - len(self._events))
        events = islice(self._events, len(self._events) - fresh + missed, None)
        told = None if mark else missed  # which tells how much others do
        frames = [framed("missed", {"events": told})] if missed else []
        meant = (sandbox, EVERYONE)
        frames += [
            e.frame
            for e in events
            if (sandbox is None or e.sandbox in meant)
            and (e.sandbox.endswith(mark) or e.sandbox == EVERYONE)
        ]
        return b"".join(frames)

"""What happens on a server, told to those who listen while it happens. Keeps nothing for later."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from mockserver.core.journal import Record
from mockserver.store import EVERYONE

QUEUED = 1_000  # events that wait for one listener
QUEUED_BYTES = 4 * 1024 * 1024  # of their records
_CHANGE_BYTES = 100


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
    return f"{head}event: {name}\ndata: {json.dumps(told)}\n\n".encode("ascii")


def written(record: Record) -> Event:
    """The event of a record that is in the journal."""
    return Event("download" if record.is_download else "request", record.sandbox, record)


class Listener:
    """What waits to be told to one who listens. Of too much the oldest is dropped, and counted."""

    def __init__(self, sandbox: str | None) -> None:
        self.news = asyncio.Event()
        self._sandbox = sandbox  # None is all
        self._waiting: deque[Event] = deque()
        self._size = 0
        self._missed = 0

    def put(self, event: Event) -> None:
        """Let an event wait, if it is of the sandbox that is listened to."""
        if self._sandbox is not None and event.sandbox not in (self._sandbox, EVERYONE):
            return
        self._waiting.append(event)
        self._size += event.size
        while len(self._waiting) > QUEUED or (self._size > QUEUED_BYTES and len(self._waiting) > 1):
            self._size -= self._waiting.popleft().size
            self._missed += 1
        self.news.set()

    def take(self) -> bytes:
        """All that waits, on the wire; first that something was missed."""
        self.news.clear()
        missed = [framed("missed", {"events": self._missed})] if self._missed else []
        frames = [event.frame for event in self._waiting]
        self._waiting.clear()
        self._size = self._missed = 0
        return b"".join(missed + frames)


class Feed:
    """Who listens. Nothing is made of what happens while nobody does."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()

    @contextmanager
    def heard(self, sandbox: str | None) -> Iterator[Listener]:
        """A new listener, to one sandbox or to all."""
        listener = Listener(sandbox)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def wrote(self, record: Record) -> None:
        """A record came into the journal."""
        if self._listeners:
            self._tell(written(record))

    def changed(self, what: str, sandbox: str) -> None:
        """Somebody changed a part of a sandbox, or of all of them."""
        if self._listeners:
            self._tell(Event("changed", sandbox, what))

    def _tell(self, event: Event) -> None:
        for listener in self._listeners:
            listener.put(event)

"""/_mock/events: what happens, told as it happens, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import NamedTuple

from starlette.types import Message, Send

from mockserver.clock import Clock
from mockserver.control.request import ControlRequest, not_found
from mockserver.core.journal import Record
from mockserver.request.bodies import ClientGone
from mockserver.request.feed import missed, written
from mockserver.request.waiting import cancelled, left
from mockserver.store import Sandbox

ALIVE = 15  # seconds after which a comment says that nothing has happened
PIECE = 64 << 10  # bytes that are sent at once: the rest waits where it is the same for all
OF_EVENTS = ("since",)
_HEAD = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
)
_NOTHING = b":\n\n"


class Stream(NamedTuple):
    """An answer that goes on until the client leaves, or the server stops."""

    request: ControlRequest
    sandbox: Sandbox | None  # that is listened to; None is all
    since: str | None  # the id of the record that the client has seen

    async def send(self, send: Send) -> None:
        """Send what happens."""
        clock, feed = self.request.world.clock, self.request.world.feed
        teams, receive = self.request.world.teams, self.request.receive
        name = self.sandbox.name if self.sandbox else None
        # Nothing waits between the last look and this: what comes is told once.
        if name is None and teams and self.request.team:
            name = teams.marks[self.request.team]
        earlier = await self._earlier()
        with feed.heard(name) as listener:
            news = listener.news
            gone, alive = (asyncio.ensure_future(w) for w in (left(receive), _alive(news, clock)))
            gone.add_done_callback(lambda _: news.set())
            try:
                await send({"type": "http.response.start", "status": 200, "headers": [*_HEAD]})
                for frame in earlier:
                    await _send(send, clock, frame)
                    await clock.sleep(0)  # there may be many
                    if gone.done():
                        raise ClientGone
                told = _NOTHING
                while not clock.ended:
                    await _send(send, clock, told)
                    await news.wait()
                    if gone.done():
                        raise ClientGone
                    told = listener.take() or _NOTHING
                feed.gather()
                await _send(send, clock, listener.take())
                await send(_piece(b"", more=False))
            finally:
                await cancelled(gone, alive)

    async def _earlier(self) -> Iterator[bytes]:
        """What was written down since, or that it is not known any more."""
        if self.since is None:
            return iter(())
        records = await _records(self.request)
        seen = _number(records, self.since)
        if seen is None:
            return iter([missed(None)])
        feed = self.request.world.feed
        return (feed.frames([written(r)]) for r in records if r.number > seen)


async def _send(send: Send, clock: Clock, told: bytes) -> None:
    """Send it in pieces: a slow listener is waited for, and keeps little for himself alone."""
    for start in range(0, len(told), PIECE):
        if start:
            await clock.sleep(0)  # what was sent is written, and if it is too much, waited for
        await send(_piece(told[start : start + PIECE]))


async def _alive(news: asyncio.Event, clock: Clock) -> None:
    """Wake a listener now and then, and when the server ends."""
    while not clock.ended:
        await clock.sleep(ALIVE)
        news.set()


def _piece(told: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": told, "more_body": more}


async def events(request: ControlRequest) -> Stream:
    """What happens: requests, downloads, changes, each as a server-sent event."""
    since = request.query.get("since")
    if since is not None and _number(await _records(request), since) is None:
        not_found(f"The journal has no {since!r} to begin at, or no longer: leave since out.")
    sandbox = None if request.is_general else await request.sandbox()
    return Stream(request, sandbox, since or request.last_event_id or None)


async def _records(request: ControlRequest) -> list[Record]:
    """All that is written down of the sandboxes that are meant, in that order."""
    found: list[Record] = []
    for sandbox in await request.sandboxes():
        for log in (sandbox.requests, sandbox.downloads, sandbox.late):
            found += await log()
    return sorted(found, key=lambda r: r.number)


def _number(records: list[Record], identity: str) -> int | None:
    return next((r.number for r in records if r.id == identity), None)

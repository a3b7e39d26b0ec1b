"""/_mock/events: what happens, told as it happens, as server-sent events."""

from __future__ import annotations

from typing import NamedTuple

from starlette.types import Send

from mockserver.control.request import ControlRequest, not_found
from mockserver.core.journal import Record
from mockserver.request.feed import framed, written
from mockserver.request.waiting import came
from mockserver.store import Sandbox

PAUSE = 0.05  # seconds in which what happens is gathered: twenty times a second is live
ALIVE = 15  # seconds after which a comment says that nothing has happened
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
        clock = self.request.world.clock
        name = self.sandbox.name if self.sandbox else None
        with self.request.world.feed.heard(name) as listener:
            told = await self._earlier()
            await send({"type": "http.response.start", "status": 200, "headers": [*_HEAD]})
            while not clock.ended:
                await send(
                    {"type": "http.response.body", "body": told or _NOTHING, "more_body": True}
                )
                if await came(listener.news, clock, ALIVE, self.request.receive):
                    await clock.sleep(PAUSE)
                told = listener.take()
            await send({"type": "http.response.body", "body": told})

    async def _earlier(self) -> bytes:
        """What was written down since, or that it is not known any more."""
        if self.since is None:
            return b""
        records = await _records(self.request)
        seen = _number(records, self.since)
        if seen is None:
            return framed("missed", {"events": None})
        return b"".join(written(r).frame for r in records if r.number > seen)


async def events(request: ControlRequest) -> Stream:
    """What happens: requests, downloads, changes, each as a server-sent event."""
    since = request.query.get("since")
    if since is not None and _number(await _records(request), since) is None:
        not_found(f"The journal has no {since!r} to begin at, or no longer: leave since out.")
    sandbox = None if request.is_general else await request.sandbox()
    return Stream(request, sandbox, since or request.last_event_id)


async def _records(request: ControlRequest) -> list[Record]:
    """All that is written down of the sandboxes that are meant, in that order."""
    found: list[Record] = []
    for sandbox in await request.sandboxes():
        for log in (sandbox.requests, sandbox.downloads, sandbox.late):
            found += await log()
    return sorted(found, key=lambda r: r.number)


def _number(records: list[Record], identity: str) -> int | None:
    return next((r.number for r in records if r.id == identity), None)

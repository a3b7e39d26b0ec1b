"""One call of an endpoint beside images: who asks, what is sent, how it is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from starlette.types import Receive, Scope, Send

from mockserver.api.images import unknown_url
from mockserver.core.errors import ApiError, Reason
from mockserver.core.ids import object_id
from mockserver.core.journal import sent_fields
from mockserver.core.keys import Caller
from mockserver.core.sandbox.items import Item, Kind
from mockserver.facts import platform
from mockserver.request.bodies import JSON, Body, json_bytes, read_body, send_bytes
from mockserver.request.exchange import Exchange
from mockserver.request.world import World
from mockserver.store import Sandbox


class Reply(NamedTuple):
    """What is answered: a value as JSON, or pieces of bytes whose length is known."""

    value: Any = None
    pieces: Iterator[bytes] | None = None
    length: int = 0  # bytes of the pieces
    content_type: str = JSON
    headers: Sequence[tuple[bytes, bytes]] = ()


@dataclass(slots=True)
class Call:
    """A call whose caller is let in."""

    world: World
    exchange: Exchange
    caller: Caller
    sandbox: Sandbox
    scope: Scope
    receive: Receive
    send: Send
    query: Sequence[tuple[str, str]] = field(init=False)  # in the order sent

    def __post_init__(self) -> None:
        text = self.scope["query_string"].decode("latin-1")
        self.query = parse_qsl(text, keep_blank_values=True)

    @property
    def now(self) -> int:
        """The sandbox's time, in nanoseconds since the epoch."""
        return self.sandbox.now(self.world.clock.now())

    @property
    def seed(self) -> str:
        """What the answers of the sandbox are drawn from."""
        return self.sandbox.options.seed or self.world.config.seed

    def named(self, parameter: str) -> str:
        """A parameter of the path, as it was meant."""
        return unquote(self.scope["path_params"][parameter])

    async def body(self) -> Any:
        """The decoded body: a JSON value, or the parts of a form by name. The journal tells it.

        Raises:
            ApiError: it is not what its content type says.
        """
        content = await read_body(self.receive)
        found = Body(self.exchange.header(b"content-type"), content).content
        self.exchange.record.fields |= sent_fields(found)
        return found

    async def new_id(self, service: str) -> str:
        """The id of something new, the same one in every run."""
        number = await self.sandbox.next_number()
        return object_id(platform.ids(service), self.seed, self.sandbox.name, number)

    async def kept(self, kind: Kind, item_id: str, missing: Reason) -> Item:
        """What is kept under an id; ApiError for this reason if there is nothing."""
        found = await self.sandbox.item(kind, item_id)
        if found is None:
            raise ApiError(missing, id=item_id)
        return found


Handler = Callable[[Call], Awaitable[Reply | None]]  # None: it has sent its answer itself


class Endpoint:
    """One method of one path, as an application."""

    def __init__(
        self, world: World, service: str, endpoint: platform.Endpoint, handler: Handler
    ) -> None:
        self._world, self._service = world, service
        self._endpoint, self._handler = endpoint, handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.record.operation = self._endpoint.id
        exchange.record.fields = {"operation": self._endpoint.id}
        self._go_to_day(exchange)
        self._check_served(scope)
        caller, sandbox = await self._world.enter(exchange)
        self._go_to_day(exchange)
        self._check_served(scope)  # the caller's sandbox may be as of another day
        call = Call(self._world, exchange, caller, sandbox, scope, receive, send)
        if reply := await self._handler(call):
            await _send(send, reply)

    def _go_to_day(self, exchange: Exchange) -> None:
        """Take the service's own day, where nobody says one."""
        if day := platform.default_day(self._service):
            exchange.era = self._world.era(exchange.sandbox, day)

    def _check_served(self, scope: Scope) -> None:
        exchange: Exchange = scope["exchange"]
        if exchange.era.service(scope["path"]) != self._service:
            raise unknown_url(scope)


async def _send(send: Send, reply: Reply) -> None:
    if reply.pieces is None:
        await send_bytes(send, 200, json_bytes(reply.value), reply.content_type, [*reply.headers])
        return
    kind = (b"content-type", reply.content_type.encode())
    length = (b"content-length", b"%d" % reply.length)
    headers = [kind, length, *reply.headers]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for piece in reply.pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})

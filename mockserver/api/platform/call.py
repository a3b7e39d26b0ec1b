"""One call of an endpoint beside images: who asks, what is sent, how it is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from itertools import chain
from math import isfinite
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

from anyio import to_thread
from starlette.types import Receive, Scope, Send

from mockserver.api.admission import Door
from mockserver.api.faults import Altered
from mockserver.api.images import attempt, unknown_url
from mockserver.core.answer_headers import Headers
from mockserver.core.errors import ApiError, Reason
from mockserver.core.files import attachment
from mockserver.core.ids import object_id
from mockserver.core.journal import sent_fields
from mockserver.core.keys import Caller
from mockserver.core.masking import Hide
from mockserver.core.parameters import Query, in_query
from mockserver.core.pieces import LARGE
from mockserver.core.rules.effects import PLAIN
from mockserver.core.sandbox.items import Item, Kind
from mockserver.facts import platform
from mockserver.request.bodies import (
    JSON,
    Body,
    hidden,
    json_bytes,
    mark_of,
    read_body,
    send_bytes,
)
from mockserver.request.exchange import Exchange
from mockserver.request.world import World
from mockserver.store import Sandbox
from mockserver.store.contents import Content

_LONG = 500  # objects of a list whose layout takes some milliseconds
_DEPTH = 200  # of lists and tables in one another, in a body (assumed): an answer tells it again


class Download(NamedTuple):
    """An answer that is a file's bytes, whatever they are."""

    content: Content
    filename: str


@dataclass
class Call:
    """A call whose caller is let in."""

    world: World
    exchange: Exchange
    caller: Caller
    sandbox: Sandbox
    scope: Scope
    receive: Receive
    send: Send
    endpoint: platform.Endpoint  # as it is on the day
    day: date  # whose rules count
    body: Any = None  # decoded: a JSON value, or the parts of a form by name; {} if there is none

    @cached_property
    def query(self) -> Query:
        """The names and texts of the query, in the order sent."""
        return parse_qsl(self.scope["query_string"].decode("latin-1"), keep_blank_values=True)

    @cached_property
    def asked(self) -> Mapping[str, Any]:
        """The values of the query's parameters, as the facts have them, or their defaults.

        Raises:
            ApiError: one of them is wrong.
        """
        return in_query(self.endpoint.query, self.query)

    @property
    def now(self) -> int:
        """The sandbox's time, in nanoseconds since the epoch."""
        return self.sandbox.now(self.world.clock.now())

    def facts(self, service: str) -> Any:
        """What is known of a service as it is on the day."""
        return platform.on(service, self.day)

    def named(self, parameter: str) -> str:
        """A parameter of the path, as it was meant."""
        return unquote(self.scope["path_params"][parameter])

    async def read(self) -> None:
        """Read the body, whole: then what waits can see whether the client leaves.

        Raises:
            ApiError: it is not what its content type says.
        """
        content, kind = await read_body(self.receive), self.exchange.header(b"content-type")
        is_large = len(content) > LARGE
        decode = partial(_decoded, self.scope, kind, content, self.exchange.hide)
        self.body, fields, mark = await self.world.heavy.run(decode) if is_large else decode()
        if not self.exchange.line:  # a line of a batch is no retry of another
            self.exchange.record.attempt = attempt(self.scope, mark)
        self.exchange.record.fields |= fields
        self.exchange.hints += getattr(self.body, "hints", ())

    async def new_id(self, service: str) -> str:
        """The id of something new, the same one in every run."""
        return await new_id(self.world, self.sandbox, service)

    async def kept(self, kind: Kind, item_id: str, missing: Reason) -> Item:
        """What is kept under an id; ApiError for this reason if there is nothing."""
        found = await self.sandbox.item(kind, item_id)
        if found is None:
            raise ApiError(missing, id=item_id)
        return found


async def new_id(world: World, sandbox: Sandbox, service: str) -> str:
    """The id of something new of a service, the same one in every run."""
    seed, number = sandbox.options.seed or world.config.seed, await sandbox.next_number()
    return object_id(platform.ids(service), seed, sandbox.name, number)


def _decoded(
    scope: Scope, kind: str | None, content: bytes, hide: Hide
) -> tuple[Any, dict[str, Any], bytes]:
    """A body's value, its fields as the journal tells them, and what attempts have in common."""
    value = Body(kind, hidden(kind, content, hide), hide).content if content else {}
    _check_told(value)
    line = f"{scope['method']} {scope['path']}?".encode("latin-1") + scope["query_string"]
    return value, sent_fields(value), mark_of(kind, content, line + b"\0")


def _check_told(value: Any) -> None:
    """Refuse a JSON value that JSON can't say again: an infinity, or one that nests too deep."""
    level = [value]
    for _ in range(_DEPTH):
        if any(isinstance(one, float) and not isfinite(one) for one in level):
            break
        tables = [one.values() if isinstance(one, dict) else one for one in level if _holds(one)]
        level = [*chain.from_iterable(tables)]
        if not level:
            return
    raise ApiError(Reason.UNPARSABLE_JSON)


def _holds(value: Any) -> bool:
    return isinstance(value, list | dict)


Answer = Mapping[str, Any] | Download | None  # JSON, or bytes; None: it is sent already
Handler = Callable[[Call], Awaitable[Answer]]


class Endpoint:
    """One method of one path, as an application.

    Its rules are those of today where nobody says a day, as those of models that are still there.
    """

    def __init__(
        self, world: World, service: str, endpoint: platform.Endpoint, handler: Handler
    ) -> None:
        self._world, self._service = world, service
        self._id, self._handler = endpoint.id, handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange: Exchange = scope["exchange"]
        exchange.record.operation = self._id
        exchange.record.fields = {"operation": self._id}
        self._check_served(scope)
        caller, sandbox = await self._world.enter(exchange)
        if self._service == "organization" and caller.reports_on is None:
            raise ApiError(Reason.MISSING_SCOPES)
        exchange.era = self._world.era(sandbox, "today")
        self._check_served(scope)  # the caller's sandbox may be as of another day
        day = self._world.day(sandbox, "today")
        endpoint = next(e for e in platform.endpoints(self._service, day) if e.id == self._id)
        call = Call(self._world, exchange, caller, sandbox, scope, receive, send, endpoint, day)
        await call.read()
        _ = call.asked  # what is wrong with a query is told before a rule is
        effect = PLAIN
        if not endpoint.draws:
            effect = await Door(self._world, exchange, sandbox, caller).passed(receive)
        if effect.reply:
            altered = Altered(effect, scope, receive, self._world.holds)
            await altered.reply(send, effect.reply)
        else:
            await _send(call, await self._handler(call))

    def _check_served(self, scope: Scope) -> None:
        exchange: Exchange = scope["exchange"]
        if exchange.era.service(scope["path"]) != self._service:
            raise unknown_url(scope)


async def _send(call: Call, answer: Answer) -> None:
    """Send an answer, as rules want it."""
    effect, send = call.exchange.effect, call.send
    altered = Altered(effect, call.scope, call.receive, call.world.holds)
    match answer:
        case Download(content, filename):
            start: Headers = [
                (b"content-type", b"application/octet-stream"),  # whatever it is, as recorded
                (b"content-length", b"%d" % content.size),
                (b"content-disposition", attachment(filename)),
            ]
            await altered.begin(send, 200, start)
            async for piece in content.sent():
                await altered.write(send, piece, more=True)
            await altered.write(send, b"")
        case Mapping() if effect is PLAIN:
            await send_bytes(send, 200, await _laid_out(answer), JSON)
        case Mapping():
            await altered.send(send, await _laid_out(answer), JSON)


async def _laid_out(answer: Mapping[str, Any]) -> bytes:
    """An answer as JSON; a long list in a thread, for others to be answered."""
    if len(answer.get("data", ())) > _LONG:
        return await to_thread.run_sync(json_bytes, answer)
    return json_bytes(answer)

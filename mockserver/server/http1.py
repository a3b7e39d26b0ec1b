"""uvicorn's HTTP/1.1 and what it can't do: decline an upgrade, hang up, lose patience, be full."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn._types import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from mockserver.core.addresses import API, in_control
from mockserver.core.errors import ApiError, Reason
from mockserver.request.bodies import ABORT, LATE, REFUSED
from mockserver.server.crowd import Crowd
from mockserver.server.deadlines import Seen, Stage, Watch
from mockserver.server.head_limit import LINGER, HeadCap, HeadTooLarge
from mockserver.server.kernel import in_kernel
from mockserver.server.other_protocols import begun_with

_DECLINED = b"x-declined-upgrade"  # what the parser, which would stop at it, reads as this
_TOO_LARGE = 413
_PATIENCE = 1.0  # seconds for the first request of a connection for which there is no room


class _Parser(HttpRequestParser):
    """httptools' parser, which stops at an offer to upgrade: uvicorn #2722, httptools #124."""

    def __init__(self, protocol: Http1) -> None:
        super().__init__(protocol)
        self._decline = protocol.decline

    def feed_data(self, data: Any) -> None:
        """Parse what arrived."""
        try:
            super().feed_data(data)
        except HttpParserUpgrade as offer:
            self._decline(bytes(data[offer.args[0] :]))


def _parser(protocol: Http1) -> _Parser:
    made = _Parser(protocol)
    made.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it
    return made


class _Joined:
    """A transport that sends together what is written before the loop comes round.

    uvicorn writes an answer's head and its body apart. A client woken by the head alone sleeps
    again until the body is there; one in a thread of this process would stop the server for that,
    too.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
        below: asyncio.Transport | None = None,
    ) -> None:
        self._transport, self._below = transport, below
        self._loop = loop
        self.is_closing = transport.is_closing
        # What TLS has passed on waits below it, where nothing but this one looks.
        self.get_write_buffer_size = self._unsent if below else transport.get_write_buffer_size
        self.lingers = False  # the next close leaves the client time to end and read
        self._held: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)

    def close(self) -> None:
        self._flush()
        if self.is_closing():
            return
        if self.lingers:
            self.lingers = False
            if self._transport.can_write_eof():  # TLS has no such end
                self._transport.write_eof()
            self._loop.call_later(LINGER, self.close)
        else:
            self._transport.close()

    def _unsent(self) -> int:
        below = self._below.get_write_buffer_size() if self._below else 0
        return below + (0 if self.is_closing() else self._transport.get_write_buffer_size())

    def abort(self) -> None:
        self._held = []
        self._transport.abort()

    def _flush(self) -> None:
        held, self._held = self._held, []
        if held and not self.is_closing():  # uvloop's complains where the line broke meanwhile
            self._transport.writelines(held)


class Http1(HeadCap):
    """Declines upgrades, lets the application break the line, and ends it where a client is late.

    Args:
        crowd: the bound on connections; none unless given.
    """

    watch: Watch | None = None
    below: asyncio.Transport | None = None  # what carries its transport, where that is TLS
    _running: RequestResponseCycle | None = None  # `cycle` is that of the last request in a row
    _is_offered = False  # an upgrade, by the request whose head has just ended
    _is_declined = False  # an offer, whose head is being parsed again
    _is_extra = False  # it is there for /_mock/ alone

    def __init__(self, *arguments: Any, crowd: Crowd | None = None, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.parser = _parser(self)
        self.scope = cast(Any, {})
        self._crowd = crowd

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to serve a client, if there is room."""
        joined = _Joined(transport, self.loop, self.below)
        super().connection_made(cast(asyncio.Transport, joined))
        crowd = self._crowd
        if crowd and not crowd.makes_room(self.connections):  # type: ignore[arg-type]
            self._is_extra = True
            self.loop.call_later(_PATIENCE, self._end_silence)
            if not crowd.has_reserve(self.connections):  # type: ignore[arg-type]
                crowd.turned_away += 1
                self._is_refused = True
                self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read on, unless the client began with another protocol, whose words a 400 is not."""
        if not self._read and (other := begun_with(data)):
            self._read += len(data)
            self.logger.warning(other.noted)
            self.transport.write(other.answer)
            self._hear_no_more()
            self.transport.close()
        else:
            super().data_received(data)

    def on_headers_complete(self) -> None:
        """Begin to serve a request, which may find in its scope how to break the line."""
        parser = self.parser
        self._is_offered = parser.should_upgrade() and parser.get_method() != b"CONNECT"
        if self._is_offered:
            return
        if self._is_declined:
            self._is_declined = False
            self.headers[:] = [
                (b"upgrade" if name == _DECLINED else name, value) for name, value in self.headers
            ]
        if self._is_extra and self._is_refused:
            raise HeadTooLarge  # nothing is served behind what was refused
        if not self.admits():
            return
        super().on_headers_complete()
        # A bound method, and no closure over the cycle: its scope would be freed by the collector
        # alone, which costs a third of a request.
        self.scope["extensions"] = {ABORT: self._break}  # type: ignore[dict-item]
        if self._is_extra:
            self._refuse_extra()

    def admits(self) -> bool:
        """Whether the request whose head has just ended is served."""
        return True

    def on_message_complete(self) -> None:
        """End a request; httptools takes the head of an offer for a whole one."""
        if not self._is_offered:
            self._is_whole = True
            super().on_message_complete()

    def decline(self, rest: bytes) -> None:
        """Parse a head again without its offer, and what follows it.

        Java's HttpClient and `curl --http2` offer h2c with each request. A server may ignore the
        offer (RFC 9110, 7.8).
        """
        if not self._is_offered:
            raise HttpParserUpgrade(0)
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        head = [b"%b %b HTTP/%b\r\n" % (method, self.url, version)]
        for name, value in self.headers:
            hidden = _DECLINED if name == b"upgrade" else name
            head.append(b"%b: %b\r\n" % (hidden, value))
        self._is_declined = True
        self.parser = _parser(self)  # the one before hears no more, if the client asked for that
        self.parser.feed_data(b"%b\r\n%b" % (b"".join(head), rest))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Serve a request; uvicorn's own does the same, but for who is served."""
        self._running = cycle
        is_usual = cycle.keep_alive and not cycle.waiting_for_100_continue
        served = app if is_usual else self._readable(cycle, app)
        task = self.loop.create_task(cycle.run_asgi(served))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def _readable(self, cycle: RequestResponseCycle, app: ASGI3Application) -> ASGI3Application:
        """Serve a client that may lose its answer, if that goes out before the body has come."""

        async def tell(message: ASGISendEvent) -> None:
            if cycle.more_body and message["type"] == "http.response.start":
                self._answer_early(cycle, message["status"])
            await cycle.send(message)

        async def serve(scope: Scope, receive: ASGIReceiveCallable, _: ASGISendCallable) -> None:
            await app(scope, receive, tell)

        return serve

    def _answer_early(self, cycle: RequestResponseCycle, status: int) -> None:
        if cycle.waiting_for_100_continue:
            # Who is refused unasked either sends its body or not, and nobody can tell; Go's client
            # then sends its next request in its place, Java 17's hangs. So it is asked, unless the
            # body is too large.
            if status == _TOO_LARGE:
                cycle.keep_alive = False
            else:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not cycle.keep_alive:
            self._hear_no_more()

    def connection_lost(self, exc: Exception | None) -> None:
        """End what is served, whatever came behind it: uvicorn tells the last request alone."""
        super().connection_lost(exc)
        if self._running and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    def _break(self) -> None:
        """Break the line; not as the transport's abort, which throws away what is not sent yet."""
        if self._running is not None:
            self._running.disconnected = True  # uvicorn would send a 500, and complain
        self.transport.close()

    # -- a client that is late

    @property
    def _scope(self) -> dict[str, Any]:
        """The last request's."""
        return cast(dict[str, Any], self.scope)

    def seen(self) -> Seen:
        """What is expected of the client just now."""
        if waiting := self.transport.get_write_buffer_size():
            return Seen(Stage.TAKE, 0, waiting + in_kernel(self.transport))
        if self.transport.is_closing():
            return Seen(Stage.NOTHING)
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            return Seen(self._between(cycle), self._heads, self._read)
        is_asked = not (
            self._is_whole
            or self._is_in_head  # of the next request
            or cycle.response_started
            or cycle.waiting_for_100_continue
            or self.flow.read_paused
            or self.pipeline
        )
        stage = Stage.BODY if is_asked else Stage.NOTHING
        return Seen(stage, self._heads, self._read)

    def _between(self, last: RequestResponseCycle | None) -> Stage:
        if last is None or self._is_in_head:
            return Stage.HEAD
        if not self._is_whole:
            return Stage.REST
        return Stage.ASK if self.timeout_keep_alive_task is None else Stage.NOTHING

    def end(self, stage: Stage) -> None:
        """Answer that it took too long where that can be said, and close the connection."""
        cycle: RequestResponseCycle | None = self.cycle
        match stage:
            case Stage.HEAD if self._is_in_head and not self._is_refused:
                self._refuse_head()
            case Stage.BODY if cycle and not cycle.disconnected:
                self._hurry(cycle)
            case Stage.TAKE | Stage.BODY:
                self._drop()
            case _:
                self.transport.close()

    def _refuse_head(self) -> None:
        """Let the application refuse what came of a head."""
        path, _, query = self.url.partition(b"?")
        path = path if path.startswith(b"/") else API.encode()
        self._scope.update(
            {
                "method": self.parser.get_method().decode("ascii") if self.url else "GET",
                "path": path.decode("latin-1"),
                "raw_path": path,
                "query_string": query,
                "extensions": {ABORT: self._break},
                REFUSED: _late("head"),
            }
        )
        self.cycle = cycle = RequestResponseCycle(
            self.scope,
            self.transport,
            self.flow,
            self.logger,
            self.access_logger,
            self.access_log,
            self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=False,
            on_response=self.on_response_complete,
        )
        cycle.more_body = False
        self._hear_no_more()
        self._start_asgi_task(cycle, self.app)

    def _hurry(self, cycle: RequestResponseCycle) -> None:
        """Tell the application that waits for a body that it is late.

        It hears that the client is gone, and finds in its scope how to answer nonetheless.
        """

        def still_there() -> ApiError:
            cycle.disconnected = self.transport.is_closing()
            return _late("body")

        self._scope["extensions"][LATE] = still_there
        cycle.disconnected, cycle.keep_alive = True, False
        cycle.message_event.set()
        self._hear_no_more()

    def _refuse_extra(self) -> None:
        """Refuse a request that came where there is no room, unless the control API answers it."""
        cycle, crowd = self.cycle, self._crowd
        if crowd is None or in_control(self.scope["path"]) or len(self.connections) <= crowd.most:
            return
        self._scope[REFUSED] = ApiError(Reason.CONNECTIONS_FULL, most=crowd.most)
        cycle.keep_alive = False
        self._hear_no_more()

    def _end_silence(self) -> None:
        if self._running is None:
            self.transport.close()

    def _hear_no_more(self) -> None:
        """Throw away what still comes, and leave the client time to read before the line ends."""
        self._is_refused = True
        cast(_Joined, self.transport).lingers = True
        self._listen()

    def _drop(self) -> None:
        """Break the line, and free what waits to be sent."""
        self.logger.warning(
            "%s %s: the client took nothing of its answer in time (--send-timeout sets it); the "
            "line is broken, and %d bytes were not sent",
            *(self._scope.get("method", ""), self._scope.get("path", "")),
            self.transport.get_write_buffer_size(),
        )
        self.transport.abort()

    # -- a connection that gives way to a new one

    @property
    def idle_until(self) -> float | None:
        """When it is closed for being idle between two requests; None while it is not."""
        timer = self.timeout_keep_alive_task
        is_idle = timer and not self._is_in_head and not self.transport.is_closing()
        return timer.when() if timer and is_idle else None

    def close_idle(self) -> None:
        """Close it, between two requests; at once it is none of the connections any more."""
        self.connections.discard(self)
        self.transport.close()


_HINTS = {
    "head": "--head-timeout sets how long a head may take",
    "body": "--body-timeout sets how long a body may make no progress",
}


def _late(part: str) -> ApiError:
    return ApiError(Reason.REQUEST_TIMEOUT, hint=_HINTS[part])

"""uvicorn's HTTP/1.1 and what it can't do: decline an upgrade, hang up, answer in one write."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from mockserver.request.bodies import ABORT
from mockserver.server.head_limit import HeadCap


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


class _Joined:
    """A transport that sends together what is written before the loop comes round.

    uvicorn writes an answer's head and its body apart. A client woken by the head alone sleeps
    again until the body is there; one in a thread of this process would stop the server for that,
    too.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self.is_closing = transport.is_closing
        self._held: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held:
            self._transport.writelines(self._held)
            self._held = []


class Http1(HeadCap):
    """Declines upgrades, and lets the application break the line."""

    _is_offered = False  # an upgrade, by the request whose head has just ended

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.parser = _Parser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to serve a client."""
        super().connection_made(cast(asyncio.Transport, _Joined(transport, self.loop)))

    def on_headers_complete(self) -> None:
        """Begin to serve a request, which may find in its scope how to break the line."""
        parser = self.parser
        self._is_offered = parser.should_upgrade() and parser.get_method() != b"CONNECT"
        if self._is_offered:
            return
        super().on_headers_complete()
        # A bound method, and no closure over the cycle: its scope would be freed by the collector
        # alone, which costs a third of a request.
        self.scope["extensions"] = {ABORT: self._break}  # type: ignore[dict-item]

    def on_message_complete(self) -> None:
        """End a request; httptools takes the head of an offer for a whole one."""
        if not self._is_offered:
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
            shown = b"x-declined-upgrade" if name == b"upgrade" else name
            head.append(b"%b: %b\r\n" % (shown, value))
        self.parser.feed_data(b"%b\r\n%b" % (b"".join(head), rest))

    def _break(self) -> None:
        """Break the line; not as the transport's abort, which throws away what is not sent yet."""
        running: RequestResponseCycle | None = self.cycle
        if running is not None:
            running.disconnected = True  # uvicorn would send a 500, and complain
        self.transport.close()

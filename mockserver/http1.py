"""uvicorn's HTTP/1.1 without what it can't do: to go on after an offer to upgrade, to hang up."""

from __future__ import annotations

import re

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from mockserver.head_cap import HeadCap
from mockserver.wire import ABORT

# Java's HttpClient and `curl --http2` offer h2c with each request. A server may ignore the offer
# (RFC 9110, 7.8), but httptools stops reading at it: uvicorn #2722, httptools #124.
_OFFER = re.compile(rb"\r\nupgrade:(?=[ \t]*h2c)", re.IGNORECASE)
_DECLINED = rb"\r\nx-declined-upgrade:"
_END = b"\r\n\r\n"


class Http1(HeadCap):
    """Declines upgrades before they are parsed, and lets the application break the line."""

    def data_received(self, data: bytes) -> None:
        """Feed what arrived to the parser. Only the head of a request is ever changed."""
        running: RequestResponseCycle | None = self.cycle
        if b"h2c" in data and (running is None or running.response_complete):
            head, end, body = data.partition(_END)
            data = _OFFER.sub(_DECLINED, head) + end + body
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """Begin to serve a request, which may find in its scope how to break the line."""
        super().on_headers_complete()
        # A bound method, and no closure over the cycle: its scope would be freed by the collector
        # alone, which costs a third of a request.
        self.scope["extensions"] = {ABORT: self._break}  # type: ignore[dict-item]

    def _break(self) -> None:
        """Break the line; not as the transport's abort, which throws away what is not sent yet."""
        running: RequestResponseCycle | None = self.cycle
        if running is not None:
            running.disconnected = True  # uvicorn would send a 500, and complain
        self.transport.close()

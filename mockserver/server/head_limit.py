"""uvicorn's HTTP/1.1 with a bound on a request's head, which httptools has not."""

from __future__ import annotations

from itertools import chain
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from mockserver.server.drips import Drips

HEAD = 64 << 10  # bytes of a URL and headers: what uvicorn allows with its other parser
LINGER = 2.0  # seconds for a client to end and read: closed at once, the answer could be lost
_SAID = b"The URL and headers of a request may have %d bytes.\n" % HEAD
_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(_SAID), _SAID)
)


class HeadTooLarge(Exception):
    """Ends the parsing of a connection."""


class HeadCap(HttpToolsProtocol):
    """Answers 431 to a head beyond `HEAD` bytes, before it is gathered or anything is served.

    And it counts what comes, whole or in drips.
    """

    _heads = 0  # that have begun
    _is_in_head = False
    _is_whole = True  # the last request: nothing of it is still to come
    _head = 0  # bytes of an unfinished head, but for what came with its beginning
    _is_refused = False
    _read = 0  # bytes that arrived

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._drips = Drips()

    def data_received(self, data: bytes) -> None:
        """Feed what arrived to the parser, until a head is too large; then throw it away."""
        if self._is_refused:
            return
        self._read += len(data)
        unfinished = self._heads if self._is_in_head else 0
        super().data_received(data)
        if self._is_in_head and self._heads == unfinished:
            self._head += len(data)
            if self._head > HEAD:
                self._refuse()
        if not self._is_whole and len(data) < Drips.SMALL:
            self._leave_to_kernel(self._drips.pause(self._heads, self._read, self.loop.time))

    def _leave_to_kernel(self, pause: float) -> None:
        """Who drips is not listened to for a moment."""
        if pause:
            self.transport.pause_reading()
            self.loop.call_later(pause, self._listen)

    def _listen(self) -> None:
        if not self.flow.read_paused:
            self.transport.resume_reading()

    def on_message_begin(self) -> None:
        """Begin to count a head."""
        super().on_message_begin()
        self._is_whole, self._is_in_head, self._head = False, True, 0
        self._heads += 1

    def on_headers_complete(self) -> None:
        """Serve the request, unless its head is too large."""
        self._is_in_head = False
        if len(self.url) + sum(map(len, chain.from_iterable(self.headers))) > HEAD:
            self._refuse()
            raise HeadTooLarge
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what can't be parsed; not what is refused already."""
        if not self._is_refused:
            super().send_400_response(msg)

    def _refuse(self) -> None:
        self._is_refused = True
        self._unset_keepalive_if_required()
        self.logger.warning("431: a request's URL and headers have more than %d bytes", HEAD)
        running: RequestResponseCycle | None = self.cycle
        if running is None or running.response_complete:
            self.transport.write(_REFUSAL)
            self.loop.call_later(LINGER, self.transport.close)
        else:
            running.keep_alive = False  # it came behind one that is being answered

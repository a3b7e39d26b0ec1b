"""Who comes by TLS, or by the proxy: what he says first leads him to HTTP, or ends his line.

A proxy's client says CONNECT and a host, or asks for a whole address. In the tunnel that follows,
and where HTTPS is served, the first byte tells TLS from plain HTTP. Nobody is connected to: whoever
is let in is served here, and all others are turned away.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from mockserver.server.crowd import Crowd
from mockserver.server.deadlines import Seen, Stage, Watch
from mockserver.server.entered import Entered, Judge
from mockserver.server.head_limit import HEAD, LINGER
from mockserver.server.kernel import in_kernel

_TLS = b"\x16"  # how every handshake begins
_CONNECT = b"CONNECT "
_TARGET = re.compile(
    rb"CONNECT +(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253}):([0-9]{1,5}) +HTTP/1\.[01]"
)
_TUNNEL = b"HTTP/1.1 200 Connection established\r\n\r\n"
_PATIENCE = 1.0  # seconds for the first word of one for whom there is no room
_NO_BOUND = 100_000_000  # seconds: the watchman ends a handshake that takes too long
_NOTIFIED = 0.3  # seconds for a client's last word, once TLS has said its own
_PIECE = 64 << 10  # bytes
_DISTRUST = ("UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "UNSUPPORTED_CERTIFICATE")


class Entrance(NamedTuple):
    """What one more listening socket is for."""

    connections: set[Any]  # of the server
    crowd: Crowd
    http: Callable[..., Entered]  # serves who was let in
    context: Callable[[str | None], ssl.SSLContext]  # of a tunnel's host, or of the server's own
    say: Callable[[str], None]  # a line of the log
    judge: Judge | None  # of a proxy: why a host is not led here, as an answer
    wrong: bytes  # the answer for who speaks plain HTTP where there is TLS


class Door(asyncio.Protocol):
    """One connection, until it is known what for; then what TLS is carried by, if it is TLS."""

    watch: Watch | None = None
    cycle = None
    idle_until = None
    transport: asyncio.Transport

    def __init__(self, entrance: Entrance, loop: asyncio.AbstractEventLoop) -> None:
        self._is, self._loop = entrance, loop
        self._host: str | None = None  # of the tunnel
        self._held = b""  # bytes of a head that is not whole yet
        self._read = self._begun = 0
        self._tls: _Tls | None = None
        self._has_ended = False

    # -- what a transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let somebody in, if there is room."""
        self.transport = cast(asyncio.Transport, transport)
        crowd, connections = self._is.crowd, self._is.connections
        connections.add(self)
        if not crowd.makes_room(connections):
            self._loop.call_later(_PATIENCE, self._end_silence)
            if not crowd.has_reserve(connections):
                crowd.turned_away += 1
                self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Hear what is said first; what follows is TLS."""
        self._read += len(data)
        if self._tls:
            self._tls.feed(data)
            return
        if self._has_ended or self.transport.is_closing():
            return
        data, self._held = self._held + data, b""
        if self._is.judge and self._host is None:
            self._hear_proxied(data, self._is.judge)
        elif data:
            self._enter(data)

    def eof_received(self) -> bool | None:
        """Hear that no more comes."""
        tls: Any = self._tls  # which does tell, whatever its types say
        keeps: bool | None = tls.eof_received() if tls else None
        return keeps

    def pause_writing(self) -> None:
        """Write no more for a while."""
        if self._tls:
            self._tls.pause_writing()

    def resume_writing(self) -> None:
        """Write on."""
        if self._tls:
            self._tls.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget who is gone."""
        self.leave()
        tls, self._tls = self._tls, None
        if tls:
            tls.connection_lost(exc)

    # -- who comes

    def _hear_proxied(self, data: bytes, judge: Judge) -> None:
        """Hear a proxy's client: CONNECT and a host, or a request for a whole address."""
        if not data.startswith(_CONNECT[: len(data)]):
            if data.startswith(_TLS):
                self._is.say(
                    "TLS was sent to the proxy's port, which speaks plain HTTP, whatever goes "
                    "through it: its address begins with http://"
                )
                self.transport.abort()
            else:
                self._hand_over(data, judge=judge)
            return
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            self._held = data
            if len(data) > HEAD:
                self.transport.abort()
            return
        target = _TARGET.fullmatch(head.partition(b"\r\n")[0])
        host, port = (target[1].decode().strip("[]"), int(target[2])) if target else ("", 0)
        if refusal := judge(host, port):
            self._say_last(refusal)
            return
        self._host, self._begun = host.lower().rstrip("."), self._begun + 1
        self.transport.write(_TUNNEL)
        if rest:
            self._enter(rest)

    def _enter(self, data: bytes) -> None:
        """Begin TLS or plain HTTP, whichever it is."""
        if data.startswith(_TLS):
            self._tls = _Tls(self, self._is, self._host)
            self._tls.feed(data)
        elif self._host is not None:
            self._hand_over(data)
        elif data[:1].isalpha():
            self._say_last(self._is.wrong)
        else:
            self._is.say("what was sent to the port of HTTPS is neither TLS nor HTTP")
            self.transport.abort()

    def _hand_over(self, data: bytes, judge: Judge | None = None) -> None:
        """Have plain HTTP served."""
        http = self._is.http(enter=self.leave, led=self._host, judge=judge)
        self.transport.set_protocol(http)
        http.connection_made(self.transport)
        http.data_received(data)

    def _say_last(self, answer: bytes) -> None:
        """Answer, and leave the client time to read before the line ends."""
        self.transport.write(answer)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._loop.call_later(LINGER, self.transport.close)
        self._has_ended = True

    def leave(self) -> None:
        """Be at the door no more."""
        self._is.connections.discard(self)

    def _end_silence(self) -> None:
        if self in self._is.connections:
            self.transport.close()

    # -- as one of the server's connections

    def seen(self) -> Seen:
        """What is expected of the client just now."""
        if waiting := self.transport.get_write_buffer_size():
            return Seen(Stage.TAKE, self._begun, waiting + in_kernel(self.transport))
        if self._has_ended or self.transport.is_closing():
            return Seen(Stage.NOTHING)
        return Seen(Stage.HEAD, self._begun, self._read)

    def end(self, _stage: Stage) -> None:
        """End who is late."""
        if self._tls:
            self._is.say(f"a client did not end its TLS handshake in time ({_SETS})")
        self.transport.abort()

    def close_idle(self) -> None:
        """End it; it is never idle."""
        self.transport.close()

    def shutdown(self) -> None:
        """End it, for the server ends."""
        self.transport.close()


_SETS = "--head-timeout sets how long it may take"


class _Tls(SSLProtocol):
    """TLS over a door's line, whatever the loop: what came before it began is part of it."""

    max_size = _PIECE

    def __init__(self, door: Door, entrance: Entrance, host: str | None) -> None:
        self._say, self._host, self._door = entrance.say, host, door
        done = door._loop.create_future()
        http = entrance.http(enter=door.leave, led=host)
        http.below = door.transport
        super().__init__(
            door._loop,
            http,
            entrance.context(host),
            done,
            server_side=True,
            ssl_handshake_timeout=_NO_BOUND,
            ssl_shutdown_timeout=cast(int, _NOTIFIED),
        )
        done.add_done_callback(self._has_begun)
        self.connection_made(cast(asyncio.Transport, _Line(door.transport)))

    def feed(self, data: bytes) -> None:
        """Take what arrived."""
        for start in range(0, len(data), _PIECE):
            piece = data[start : start + _PIECE]
            self.get_buffer(len(piece))[: len(piece)] = piece
            self.buffer_updated(len(piece))

    def _has_begun(self, done: asyncio.Future[None]) -> None:
        error = done.exception()
        if not isinstance(error, ssl.SSLError):  # it has; or the client left, which is its right
            return
        reason = error.reason or "unknown"
        host = f" for {self._host}" if self._host else ""
        if reason.endswith(_DISTRUST):
            self._say(
                f"a client refused the certificate{host} ({_words(reason)}): does it trust that of "
                "the authority? `images-mock certificate` tells how"
            )
        else:
            self._say(f"a TLS handshake{host} failed: {_words(reason)}")


def _words(reason: str) -> str:
    return reason.lower().replace("_", " ")


class _Line:
    """A transport, as TLS over it sees it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _force_close(self, error: Exception | None) -> None:
        """End it; what a client has not taken yet it may take, if TLS has said its last word."""
        if isinstance(error, TimeoutError):
            self._transport.close()
        else:
            self._transport.abort()

"""One HTTP request over a socket, in bounded time: its answer, or why there is none.

No proxy, no `~/.netrc`, no redirect, and no failure that brings along a frame with the key in it.
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from select import select
from time import monotonic
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from contracts.discretion import Key, discreet
from contracts.exchange import Answer, Headers, Request

CONNECT = 5.0  # seconds until a connection stands
MOST = 256 * 1024 * 1024  # bytes of an answer
_CHUNK = 65536
#: Tells whoever guards this process which host this thread is about to reach; "" is none any more.
_AUDIT = "images_mock.contract_target"


class Silence(NamedTuple):
    """Why there is no answer."""

    kind: Literal["unreached", "untrusted", "late", "endless", "broken"]
    why: str


class Place(NamedTuple):
    """Where a connection leads."""

    tls: bool
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """As a Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


def place_of(url: str) -> Place:
    """Where a URL leads.

    Raises:
        ValueError: it is no URL of HTTP. Its text is the reason.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it is no address as http://127.0.0.1:6780/v1")
    if parts.username is not None or parts.password is not None:
        raise ValueError("it has a user name: leave it out, the API key is sent alone")
    tls = parts.scheme == "https"
    return Place(tls, parts.hostname.rstrip("."), parts.port or (443 if tls else 80))


def trusting(file: Path | None) -> ssl.SSLContext:
    """The certificates that are trusted: this system's, `requests`', and those of a file.

    Raises:
        ValueError: the file has none. Its text is the reason.
    """
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    context = ssl.create_default_context()
    with suppress(OSError):
        context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    if file is None:
        return context
    try:
        context.load_verify_locations(file)
    except (OSError, ssl.SSLError) as error:
        why = f"{file} has no certificate in PEM that can be read: {error}"
        raise ValueError(why) from None
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # Python 3.13 wants more of a CA than others do
    return context


def addresses_of(place: Place, patience: float) -> list[str]:
    """The addresses of a host; none where there is no such host, or nobody says so in time."""
    found: list[str] = []

    def look_up() -> None:
        with suppress(OSError, UnicodeError), _named(place.host):
            rows = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
            found.extend(str(row[4][0]) for row in rows)

    if _is_address(place.host):
        return [place.host]
    thread = threading.Thread(target=look_up, daemon=True)  # nothing else ends a look-up
    thread.start()
    thread.join(patience)
    return list(dict.fromkeys(found))


def _is_address(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):
            socket.inet_pton(family, host)
            return True
    return False


@contextmanager
def _named(host: str) -> Iterator[None]:
    sys.audit(_AUDIT, host)
    try:
        yield
    finally:
        sys.audit(_AUDIT, "")


class Line:
    """Connections that are kept, one a thread and place.

    Args:
        keys: are taken out of all that comes back.
        trusted: see `trusting`.
    """

    def __init__(self, keys: Iterable[Key], trusted: Callable[[], ssl.SSLContext]) -> None:
        self.keys = tuple(keys)
        self._trusted, self._of_thread = trusted, threading.local()
        self._open: list[HTTPConnection] = []

    def close(self) -> None:
        """Close what is open."""
        while self._open:
            self._open.pop().close()

    __del__ = close  # whoever forgets it is not warned of sockets

    def send(
        self,
        place: Place,
        request: Request,
        key: Key | None,
        patience: float,
        *,
        anew: bool = False,
        addresses: Iterable[str] = (),
        most: int = MOST,
    ) -> Answer | Silence:
        """Send a request once.

        Args:
            place: where to.
            request: its path is the whole one.
            key: to send.
            patience: seconds until the last byte has come.
            anew: over a new connection, so that nobody can wonder whether it came twice.
            addresses: where the host is; looked up unless given.
            most: bytes of the answer.
        """
        ends = monotonic() + patience
        kept = self._kept()
        if anew or addresses or not _is_fresh(kept.get(place)):
            self._drop(place)
        was_kept = place in kept
        if not was_kept:
            opened = self._opened(place, min(CONNECT, patience), addresses)
            if isinstance(opened, Silence):
                return opened
            kept[place] = opened
        found = self._asked(kept[place], request, key, ends, most)
        if isinstance(found, Silence) or kept[place].sock is None:
            self._drop(place)
        if was_kept and isinstance(found, Silence) and found.kind == "broken":
            left = max(0.05, ends - monotonic())  # the server may have closed it just before
            return self.send(place, request, key, left, anew=True, most=most)
        return found

    def _kept(self) -> dict[Place, HTTPConnection]:
        found: dict[Place, HTTPConnection] | None = getattr(self._of_thread, "kept", None)
        if found is None:
            found = self._of_thread.kept = {}
        return found

    def _drop(self, place: Place) -> None:
        if connection := self._kept().pop(place, None):
            connection.close()
            with suppress(ValueError):
                self._open.remove(connection)

    def _opened(
        self, place: Place, patience: float, addresses: Iterable[str]
    ) -> HTTPConnection | Silence:
        ends = monotonic() + patience
        known = list(addresses) or addresses_of(place, patience)
        if not known:
            return Silence("unreached", f"there is no host {place.host}")
        why = Silence("unreached", "")
        for address in known:
            left = max(0.1, ends - monotonic())
            found = self._connected(place, address, left)
            if not isinstance(found, Silence):
                return found
            why = found
        return why

    def _connected(self, place: Place, address: str, patience: float) -> HTTPConnection | Silence:
        connection: Any
        if place.tls:
            connection = HTTPSConnection(place.host, place.port, context=self._trusted())
        else:
            connection = HTTPConnection(place.host, place.port)
        connection.set_debuglevel(0)  # whatever a program sets for all: it prints headers
        connection.timeout = patience
        connection._create_connection = lambda _, timeout, source: socket.create_connection(
            (address, place.port), timeout, source
        )
        failure: Silence | BaseException
        try:
            with _named(place.host):
                connection.connect()
        except BaseException as error:
            failure = self._why(error, "unreached")
        else:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.append(connection)
            kept: HTTPConnection = connection
            return kept
        connection.close()
        if isinstance(failure, BaseException):
            raise failure
        return failure

    def _asked(
        self, connection: HTTPConnection, request: Request, key: Key | None, ends: float, most: int
    ) -> Answer | Silence:
        """The answer; a failure is raised, if it must be, without the frames below this one."""
        left = max(0.05, ends - monotonic())
        line = connection.sock
        assert line is not None  # noqa: S101 - it was just opened, or looked at
        line.settimeout(left)
        watch = threading.Timer(left, _shut, (line,))  # the timeout is for each byte, not for all
        watch.daemon = True
        watch.start()
        found: Answer | Silence | BaseException
        try:
            _write(connection, request, key)
            found = self._read(connection.getresponse(), most)
        except BaseException as error:
            found = self._why(error, "broken")
        finally:
            watch.cancel()
        if isinstance(found, BaseException):
            raise found
        return Silence("late", "no whole answer in time") if monotonic() >= ends else found

    def _read(self, response: HTTPResponse, most: int) -> Answer | Silence:
        """An answer, as far as it comes."""
        body = bytearray()
        with suppress(OSError, HTTPException, ValueError):  # it breaks off, and so does the body
            while piece := response.read(_CHUNK):
                body += piece
                if len(body) > most:
                    response.close()
                    return Silence("endless", f"an answer of more than {most} bytes")
        headers = _joined(response.getheaders())
        shown = tuple((name, discreet(value, self.keys)) for name, value in headers)
        whole = discreet(_unpacked(bytes(body), headers), self.keys)
        return Answer(response.status, shown, whole)

    def _why(
        self, error: BaseException, otherwise: Literal["unreached", "broken"]
    ) -> Silence | BaseException:
        """A failure in words, without the key; what is no failure of a line, without its frames."""
        match error:
            case ssl.SSLCertVerificationError():
                told: Any = error.verify_message or error
                return Silence("untrusted", discreet(str(told), self.keys))
            case TimeoutError():
                return Silence(
                    "late" if otherwise == "broken" else "unreached", "no answer in time"
                )
            case OSError() | HTTPException() | ValueError():
                why = getattr(error, "strerror", None) or str(error) or type(error).__name__
                return Silence(otherwise, discreet(str(why), self.keys))
        error.__context__ = error.__cause__ = None
        return error.with_traceback(None)


def _is_fresh(connection: HTTPConnection | None) -> bool:
    """Whether a kept connection is still open: a server that has closed it can be read from."""
    if connection is None or connection.sock is None:
        return False
    with suppress(OSError, ValueError):
        return not select([connection.sock], [], [], 0)[0]
    return False


def _shut(line: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(line, socket.SHUT_RDWR)  # TLS as well, whoever is reading


#: What is said of the line, and not of the request.
_OF_LINE = ("host", "accept-encoding", "content-length", "transfer-encoding", "authorization")


def _write(connection: HTTPConnection, request: Request, key: Key | None) -> None:
    connection.putrequest(request.method, request.path, skip_accept_encoding=True)
    for name, value in request.headers:
        if name.lower() not in _OF_LINE or (name.lower() == "authorization" and key is None):
            connection.putheader(name, value)
    connection.putheader("Accept-Encoding", "identity")
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        connection.putheader("Content-Length", str(len(request.body)))
    if key is not None:
        key.tell(connection.putheader, "Authorization")
    connection.endheaders(request.body or None)


def _joined(headers: Iterable[tuple[str, str]]) -> Headers:
    """Each header once, its lines joined as RFC 9110 has it; cookies alone can't be."""
    found: list[tuple[str, str]] = []
    for name, value in ((name.lower(), value) for name, value in headers):
        at = next((i for i, (known, _) in enumerate(found) if known == name), None)
        if at is None or name == "set-cookie":
            found.append((name, value))
        else:
            found[at] = (name, f"{found[at][1]}, {value}")
    return tuple(found)


def _unpacked(body: bytes, headers: Headers) -> bytes:
    """A body that was packed although nobody asked for it."""
    kinds = [value.strip().lower() for name, value in headers if name == "content-encoding"]
    if kinds not in (["gzip"], ["deflate"]):
        return body
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, MOST)
    except zlib.error:
        return body

"""Connections to a server: for one exchange after the other, and for an answer without an end.

To this machine they are bound as they are loaded, below what tests replace (`http.client`, the
class `socket.socket`): a test's patches, and libraries that catch requests, don't meet them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    RemoteDisconnected,
)
from io import BufferedReader, RawIOBase
from os import getpid
from socket import AF_INET, AF_INET6, IPPROTO_TCP, SHUT_RDWR, SOCK_STREAM, TCP_NODELAY, SocketType
from time import monotonic
from typing import Any, cast
from urllib.parse import SplitResult

_PATIENCE = 30.0  # seconds that an answer may take
_LOOPBACK = {"127.0.0.1": AF_INET, "::1": AF_INET6}
_HEAD = re.compile(rb"HTTP/1\.[01] (\d{3})(?s:.*?\r\ncontent-length: *(\d+))?", re.IGNORECASE)
_CHUNK = 65536


class NearLine:
    """To this machine: no name to look up, no proxy, and answers that tell their length."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self._socket: SocketType | None = None

    @property
    def is_kept(self) -> bool:
        """Whether it is open since an earlier exchange."""
        return self._socket is not None

    def ask(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        named = headers if body is None else {**headers, "Content-Length": str(len(body))}
        head = _head(self._address, method, path, named)
        line = self._socket = self._socket or _opened(*self._address)
        line.sendall(head + (body or b""))
        return self._answer(line)

    def _answer(self, line: SocketType) -> tuple[int, bytes]:
        got = b""
        while b"\r\n\r\n" not in got:
            got += _more(line)
        head, _, content = got.partition(b"\r\n\r\n")
        found = _HEAD.match(head)
        if found is None or found[2] is None:
            raise HTTPException("what came is no answer of an images-mock")
        pieces, missing = [content], int(found[2]) - len(content)
        while missing > 0:
            pieces.append(_more(line))
            missing -= len(pieces[-1])
        return int(found[1]), b"".join(pieces)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    __del__ = close  # with its thread or its sandbox: a line that is forgotten warns


class _Plain(SocketType):
    """A socket in C, below what tests replace, which can be read as a file."""

    def makefile(self, _mode: str) -> BufferedReader:
        """What arrives, as a file."""
        return BufferedReader(_Arriving(self))


class _Arriving(RawIOBase):
    def __init__(self, line: SocketType) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        return self._line.recv_into(into)


def _opened(host: str, port: int) -> _Plain:
    line = _Plain(_LOOPBACK[host], SOCK_STREAM, IPPROTO_TCP)
    try:
        line.settimeout(_PATIENCE)
        line.connect((host, port))
        line.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    except BaseException:
        line.close()
        raise
    return line


def _head(address: tuple[str, int], method: str, path: str, headers: Mapping[str, str]) -> bytes:
    host, port = address
    named = {"Host": f"[{host}]:{port}" if ":" in host else f"{host}:{port}", **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")


def _more(line: SocketType) -> bytes:
    got = line.recv(_CHUNK)
    if not got:
        raise RemoteDisconnected("the connection was closed without a whole answer")
    return got


class FarLine:
    """To wherever a URL leads, by the standard library (which turns Nagle off)."""

    def __init__(self, split: SplitResult) -> None:
        self._line = _connection_to(split)

    @property
    def is_kept(self) -> bool:
        return self._line.sock is not None

    def ask(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        self._line.request(method, path, body, headers)
        response = self._line.getresponse()
        return response.status, response.read()

    def close(self) -> None:
        self._line.close()

    __del__ = close


Line = NearLine | FarLine


def line_to(split: SplitResult) -> Line:
    """A line, opened by its first exchange, to where a URL leads."""
    host = split.hostname or ""
    if split.scheme == "http" and host in _LOOPBACK:
        return NearLine(host, split.port or 80)
    return FarLine(split)


def _connection_to(split: SplitResult) -> HTTPConnection:
    """A connection of the standard library's; no proxy is asked."""
    kind = HTTPSConnection if split.scheme == "https" else HTTPConnection
    return kind(split.hostname or "", split.port, timeout=_PATIENCE)


class Endless:
    """An answer without an end, read line by line; of one thread after the other.

    Raises:
        OSError, HTTPException: nobody answers, or what comes is no answer.
    """

    now = staticmethod(monotonic)  # in a class, where nobody replaces it by one that stands still

    def __init__(self, split: SplitResult, path: str, headers: Mapping[str, str]) -> None:
        self._process = getpid()
        self._line, self.answer = _begun(split, path, headers)

    @property
    def is_here(self) -> bool:
        """Whether it is of this process; in a forked child it takes from the parent's."""
        return getpid() == self._process

    def read(self, seconds: float | None) -> bytes:
        """A line with its end; nothing if there are no more.

        Raises:
            TimeoutError: it did not come in time.
        """
        try:
            self._line.settimeout(seconds)
            return self.answer.readline()
        except TimeoutError:
            raise
        except (OSError, HTTPException, ValueError):  # the line broke
            return b""

    def end(self) -> None:
        """Let whoever reads find that there is no more; from any thread."""
        if self.is_here:
            with suppress(OSError):
                self._line.shutdown(SHUT_RDWR)

    def close(self) -> None:
        """Close the line, which nobody reads just now."""
        self.answer.close()
        self._line.close()


def _begun(
    split: SplitResult, path: str, headers: Mapping[str, str]
) -> tuple[SocketType, HTTPResponse]:
    """What is asked for by GET, as it begins to come, and the line that it comes by."""
    host = split.hostname or ""
    if split.scheme != "http" or host not in _LOOPBACK:
        return _begun_far(_connection_to(split), path, headers)
    line = _opened(host, split.port or 80)
    try:
        line.sendall(_head((host, split.port or 80), "GET", path, headers))
        answer = HTTPResponse(cast(Any, line), method="GET")
        answer.begin()
    except BaseException:
        line.close()
        raise
    return line, answer


def _begun_far(
    connection: HTTPConnection, path: str, headers: Mapping[str, str]
) -> tuple[SocketType, HTTPResponse]:
    try:
        connection.request("GET", path, headers=dict(headers))
        line = cast(SocketType, connection.sock)  # it is the answer's, if that ends the connection
        return line, connection.getresponse()
    except BaseException:
        connection.close()
        raise

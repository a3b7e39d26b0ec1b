"""The way to a server's control API: one kept connection a thread, no proxy. Knows no paths.

To this machine it is bound as it is loaded, below what tests replace (`http.client`, `json.loads`,
the class `socket.socket`): a test's patches, and libraries that catch requests, don't meet it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection, RemoteDisconnected
from json import dumps, loads
from socket import AF_INET, AF_INET6, IPPROTO_TCP, SOCK_STREAM, TCP_NODELAY, SocketType
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

from mockserver import __version__

_PATIENCE = 30.0  # seconds that an answer may take
_SOON_AGAIN = "Start it again (`images-mock`, or ImagesMock().start()) and begin a new sandbox."
_NO_SUCH_PATH = ("Invalid URL", "There is nothing at")  # before there was a control API, and since
_LOOPBACK = {"127.0.0.1": AF_INET, "::1": AF_INET6}
_HEAD = re.compile(rb"HTTP/1\.[01] (\d{3})(?s:.*?\r\ncontent-length: *(\d+))?", re.IGNORECASE)
_CHUNK = 65536
_OTHER_AGE = f"Run the same version of openai-images-mock there as here, which is {__version__}."


class ControlError(RuntimeError):
    """The control API did not do what was asked. The message says what was asked, and the fix."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status  # None if there was no answer at all


class Told(dict[str, Any]):
    """What the control API tells. Who asks for more than it does hears of another version."""

    __slots__ = ("lack",)

    def __init__(self, told: Mapping[str, Any], lack: Callable[[str], ControlError]) -> None:
        super().__init__(told)
        self.lack = lack

    def __missing__(self, name: str) -> Any:
        raise self.lack(name)


class Way(Protocol):
    """How one exchange is made."""

    def ask(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """Status and content of the answer; OSError or HTTPException where there is none."""
        ...


def by_socket() -> None:
    """No server of this process is meant: there is no shorter way."""


class Remote:
    """One sandbox's way to its server. May be used from any thread."""

    def __init__(
        self,
        address: str,
        api_key: str,
        control_token: str | None = None,
        way: Callable[[], Way | None] = by_socket,
    ) -> None:
        self.address = address
        self._way = way
        self._split = urlsplit(address)
        self._headers = {"Mock-Sandbox-Key": api_key, "Content-Type": "application/json"}
        if control_token:
            self._headers["Authorization"] = f"Bearer {control_token}"
        self._of_thread = threading.local()

    def ask(self, method: str, path: str, value: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What the control API answers, decoded.

        Raises:
            ControlError: it refused, it is gone, or it is none.
        """
        asked = f"{method} /_mock/{path} at {self.address}"
        body = _said(asked, value or {}) if method in ("POST", "PUT") else None
        try:
            status, content = self._exchange(method, f"{self._split.path}/_mock/{path}", body)
        except (OSError, HTTPException) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise ControlError(f"no images-mock answers {asked}: {why}. {_SOON_AGAIN}") from None
        return Told(_answer(asked, status, content), partial(self._lack, asked))

    def _lack(self, asked: str, name: str) -> ControlError:
        """Why an answer may have nothing of a name."""
        there = self._version() or "of no version that it tells"
        return ControlError(
            f"{asked} tells no {name!r}; the images-mock there is {there}. {_OTHER_AGE}"
        )

    def _version(self) -> str | None:
        """The server's version, as it tells it."""
        with suppress(OSError, HTTPException, ControlError):
            status, content = self._exchange("GET", f"{self._split.path}/_mock/ready", None)
            return _answer("", status, content).get("version")
        return None

    def _exchange(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        """One exchange; again over a new connection if the server had ended an idle one."""
        if way := self._way():
            return way.ask(method, path, body, self._headers)
        line = self._line()
        is_kept = line.is_kept
        try:
            return self._once(line, method, path, body)
        except ConnectionError:
            if not is_kept:
                raise
        return self._once(line, method, path, body)

    def _once(self, line: _Line, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        try:
            return line.ask(method, path, body, self._headers)
        except BaseException:  # half an exchange is in it: the next one opens it anew
            line.close()
            raise

    def _line(self) -> _Line:
        found: _Line | None = getattr(self._of_thread, "line", None)
        if found is None:
            found = self._of_thread.line = _line_to(self._split)
        return found


class _NearLine:
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
        host, port = self._address
        named = {"Host": f"[{host}]:{port}" if ":" in host else f"{host}:{port}", **headers}
        if body is not None:
            named["Content-Length"] = str(len(body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        head = f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")
        line = self._socket = self._socket or self._opened()
        line.sendall(head + (body or b""))
        return self._answer(line)

    def _opened(self) -> SocketType:
        line = SocketType(_LOOPBACK[self._address[0]], SOCK_STREAM, IPPROTO_TCP)
        try:
            line.settimeout(_PATIENCE)
            line.connect(self._address)
            line.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        except BaseException:
            line.close()
            raise
        return line

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


def _more(line: SocketType) -> bytes:
    got = line.recv(_CHUNK)
    if not got:
        raise RemoteDisconnected("the connection was closed without a whole answer")
    return got


class _FarLine:
    """To wherever a URL leads, by the standard library (which turns Nagle off)."""

    def __init__(self, split: SplitResult) -> None:
        kind = HTTPSConnection if split.scheme == "https" else HTTPConnection
        self._line = kind(split.hostname or "", split.port, timeout=_PATIENCE)

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


_Line = _NearLine | _FarLine


def _line_to(split: SplitResult) -> _Line:
    host = split.hostname or ""
    if split.scheme == "http" and host in _LOOPBACK:
        return _NearLine(host, split.port or 80)
    return _FarLine(split)


def _said(asked: str, value: Mapping[str, Any]) -> bytes:
    """A body as JSON; ControlError for a number that JSON has not, or Python can't write."""
    try:
        return dumps(value, allow_nan=False).encode()
    except ValueError:
        raise ControlError(
            f"{asked}: {_unsayable(value)} must be a number that JSON has."
        ) from None


def _unsayable(value: Mapping[str, Any]) -> str:
    """The name of what JSON can't say in a table, with those of the tables that it is in."""
    for name, one in value.items():
        try:
            dumps(one, allow_nan=False)
        except ValueError:
            return f"{name}.{_unsayable(one)}" if isinstance(one, dict) else name
    return "a name"


def _answer(asked: str, status: int, content: bytes) -> dict[str, Any]:
    try:
        value = loads(content)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ControlError(f"{asked} got {status}, but not from an images-mock.", status)
    if status < 400:
        return value
    error = value.get("error")
    message = error.get("message") if isinstance(error, dict) else None
    why = str(message or "no reason told").removesuffix(".")
    raise ControlError(f"{asked} got {status}: {why}.{_fix(status, why)}", status)


def _fix(status: int, why: str) -> str:
    if status == 404 and why.startswith(_NO_SUCH_PATH):
        return f" {_OTHER_AGE}"
    return " In Python: Sandbox(…, control_token=TOKEN)." if status == 401 else ""

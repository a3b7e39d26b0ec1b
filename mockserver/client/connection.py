"""The way to a server's control API: one kept connection a thread, no proxy. Knows no paths.

It is bound as it is loaded, below what tests replace (`json.loads`): their patches don't meet it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from http.client import HTTPException
from json import dumps, loads
from os import getpid
from typing import Any, Protocol
from urllib.parse import urlsplit

from mockserver import __version__
from mockserver.client.lines import Line, line_to

_SOON_AGAIN = "Start it again (`images-mock`, or ImagesMock().start()) and begin a new sandbox."
_NO_SUCH_PATH = ("Invalid URL", "There is nothing at")  # before there was a control API, and since
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
    """The way to a server, of one sandbox or, without a key, of none. For any thread."""

    def __init__(
        self,
        address: str,
        api_key: str | None,
        control_token: str | None = None,
        way: Callable[[], Way | None] = by_socket,
    ) -> None:
        self.address = address
        self._way = way
        self._split = urlsplit(address)
        self.headers = {"Content-Type": "application/json"}
        if api_key:
            self.headers["Mock-Sandbox-Key"] = api_key
        if control_token:
            self.headers["Authorization"] = f"Bearer {control_token}"
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
            raise unanswered(asked, error) from None
        return Told(decoded(asked, status, content), partial(self._lack, asked))

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
            return decoded("", status, content).get("version")
        return None

    def _exchange(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        """One exchange; again over a new connection if the server had ended an idle one."""
        if way := self._way():
            return way.ask(method, path, body, self.headers)
        line = self._line()
        is_kept = line.is_kept
        try:
            return self._once(line, method, path, body)
        except ConnectionError:
            if not is_kept:
                raise
        return self._once(line, method, path, body)

    def _once(self, line: Line, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        try:
            return line.ask(method, path, body, self.headers)
        except BaseException:  # half an exchange is in it: the next one opens it anew
            line.close()
            raise

    def _line(self) -> Line:
        process, found = getattr(self._of_thread, "line", (0, None))
        if found is None or process != getpid():  # a forked child's answers are not its parent's
            found = line_to(self._split)
            self._of_thread.line = getpid(), found
        return found


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


def unanswered(asked: str, error: Exception) -> ControlError:
    """Nobody was there to answer."""
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return ControlError(f"no images-mock answers {asked}: {why}. {_SOON_AGAIN}")


def table(content: str | bytes) -> dict[str, Any]:
    """A JSON object; ValueError if it is none."""
    value = loads(content)
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


def decoded(asked: str, status: int, content: bytes) -> dict[str, Any]:
    """What an answer of the control API tells.

    Raises:
        ControlError: it is a refusal, or of somebody else.
    """
    try:
        value = table(content)
    except ValueError:
        raise ControlError(f"{asked} got {status}, but not from an images-mock.", status) from None
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

"""The way to a server's control API: one kept connection a thread, no proxy. Knows no paths."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from mockserver import __version__

_PATIENCE = 30.0  # seconds that an answer may take
_SOON_AGAIN = "Start it again (`images-mock`, or ImagesMock().start()) and begin a new sandbox."
_NO_SUCH_PATH = ("Invalid URL", "There is nothing at")  # before there was a control API, and since
_OTHER_AGE = f"Run the same version of openai-images-mock there as here, which is {__version__}."


class ControlError(RuntimeError):
    """The control API did not do what was asked. The message says what was asked, and the fix."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status  # None if there was no answer at all


class Remote:
    """One sandbox's way to its server. May be used from any thread."""

    def __init__(self, address: str, api_key: str, control_token: str | None = None) -> None:
        self.address = address
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
        body = json.dumps(value or {}).encode() if method in ("POST", "PUT") else None
        try:
            status, content = self._exchange(method, f"{self._split.path}/_mock/{path}", body)
        except (OSError, HTTPException) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise ControlError(f"no images-mock answers {asked}: {why}. {_SOON_AGAIN}") from None
        return _answer(asked, status, content)

    def _exchange(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        """One exchange; again over a new connection if the server had ended an idle one."""
        line = self._line()
        is_kept = line.sock is not None
        try:
            return self._once(line, method, path, body)
        except ConnectionError:
            if not is_kept:
                raise
        return self._once(line, method, path, body)

    def _once(
        self, line: HTTPConnection, method: str, path: str, body: bytes | None
    ) -> tuple[int, bytes]:
        try:
            line.request(method, path, body, self._headers)
            response = line.getresponse()
            return response.status, response.read()
        except BaseException:  # half an exchange is in it: the next one opens it anew
            line.close()
            raise

    def _line(self) -> HTTPConnection:
        found: HTTPConnection | None = getattr(self._of_thread, "line", None)
        if found is None:
            kind = _SecureLine if self._split.scheme == "https" else _Line
            found = kind(self._split.hostname or "", self._split.port, timeout=_PATIENCE)
            self._of_thread.line = found
        return found


class _Line(HTTPConnection):
    """A connection (http.client turns Nagle off) that is closed with its thread or its sandbox."""

    def __del__(self) -> None:
        self.close()  # a socket that is merely forgotten warns


class _SecureLine(HTTPSConnection):
    def __del__(self) -> None:
        self.close()


def _answer(asked: str, status: int, content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ControlError(f"{asked} got {status}, but not from an images-mock.", status)
    if status < 400:
        return value
    error = value.get("error")
    told = error.get("message") if isinstance(error, dict) else None
    why = str(told or "no reason told").removesuffix(".")
    raise ControlError(f"{asked} got {status}: {why}.{_fix(status, why)}", status)


def _fix(status: int, why: str) -> str:
    if status == 404 and why.startswith(_NO_SUCH_PATH):
        return f" {_OTHER_AGE}"
    return " In Python: Sandbox(…, control_token=TOKEN)." if status == 401 else ""

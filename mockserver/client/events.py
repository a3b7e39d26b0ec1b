"""What happens on a server, as it tells it: one event after the other. Asks for nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from http.client import HTTPException, HTTPResponse
from time import monotonic
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self, get_args
from urllib.parse import urlencode, urlsplit

from mockserver.client.connection import ControlError, connection_to, decoded
from mockserver.client.requests import Request

Kind = Literal["request", "download", "changed", "missed"]
_KINDS = get_args(Kind)
_LEAST = 0.001  # seconds: a timeout of 0 would mean something else


class Event(NamedTuple):
    """One thing that happened.

    `missed` says that something before it was not told: too much happened at once.
    """

    kind: Kind
    told: Mapping[str, Any]  # as the control API tells it
    id: str = ""  # of the request, for `since`

    @property
    def request(self) -> Request | None:
        """The request or the download that was answered; None where the event is of none."""
        return Request.of(self.told) if self.kind in ("request", "download") else None

    @property
    def what(self) -> str:
        """What was changed: rules, clock, limits, ledger, requests, reset or sandbox; else ""."""
        return str(self.told["what"]) if self.kind == "changed" else ""


class Events(Iterator[Event]):
    """Events from now on, or since a request, until the server ends or `close` is called.

    Args:
        address: the server's, without `/v1`.
        headers: whose they are, and who asks.
        since: the id of a request: what was written down after it comes first.
        sandbox: a sandbox's name or its first letters, where no header says one; None is all.
        timeout: seconds in which the next one must come; None is for ever.

    Raises:
        ControlError: the server refuses, or is none.
    """

    def __init__(
        self,
        address: str,
        headers: Mapping[str, str],
        *,
        since: str | None = None,
        sandbox: str | None = None,
        timeout: float | None = None,
    ) -> None:
        split = urlsplit(address)
        query = {k: v for k, v in (("since", since), ("sandbox", sandbox)) if v is not None}
        path = f"/_mock/events{'?' if query else ''}{urlencode(query)}"
        self._timeout = timeout
        asked = f"GET {path} at {address}"
        try:
            self._line = connection_to(split)
        except OSError as error:
            raise _unanswered(asked, error) from None
        try:
            self._answer = self._begun(f"{split.path}{path}", headers, asked)
        except BaseException:
            self.close()
            raise

    def _begun(self, path: str, headers: Mapping[str, str], asked: str) -> HTTPResponse:
        try:
            self._line.request("GET", path, headers=dict(headers))
            answer = self._line.getresponse()
            if answer.status == 200:
                return answer
            decoded(asked, answer.status, answer.read())
        except (OSError, HTTPException) as error:
            raise _unanswered(asked, error) from None
        raise ControlError(f"{asked} got {answer.status}.", answer.status)

    def __next__(self) -> Event:
        """The next event.

        Raises:
            StopIteration: the server has ended, or `close` was called.
            TimeoutError: none came in time.
        """
        end = None if self._timeout is None else monotonic() + self._timeout
        fields: dict[str, str] = {}
        while line := self._read(end):
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif fields.get("event") in _KINDS:
                kind: Any = fields["event"]
                return Event(kind, json.loads(fields["data"]), fields.get("id", ""))
            else:
                fields.clear()  # a comment, or what a newer server tells
        self.close()
        raise StopIteration

    def _read(self, end: float | None) -> bytes:
        """A line with its end; nothing if there are no more."""
        line = self._line.sock
        if line is None:
            return b""
        if end is not None:
            line.settimeout(max(_LEAST, end - monotonic()))
        try:
            return self._answer.readline()
        except TimeoutError:
            self.close()
            raise TimeoutError(f"nothing happened within {self._timeout} s") from None
        except (OSError, HTTPException, ValueError):  # the server broke off, or `close` was called
            return b""

    def close(self) -> None:
        """Listen no longer."""
        self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _unanswered(asked: str, error: Exception) -> ControlError:
    why = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return ControlError(f"no images-mock answers {asked}: {why}.")

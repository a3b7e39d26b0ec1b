"""What happens on a server, as it tells it: one event after the other. Asks for nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http.client import HTTPException
from threading import Lock
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self, get_args
from urllib.parse import urlencode, urlsplit

from mockserver.client.connection import ControlError, decoded, table, unanswered
from mockserver.client.lines import Endless
from mockserver.client.requests import Request

Kind = Literal["request", "download", "changed", "missed"]
_KINDS = get_args(Kind)
_LEAST = 0.001  # seconds: a timeout of 0 would mean something else
_FORKED = (
    "These events are told to the process that began to listen, not to its forked child: listen in "
    "this one by images.events()."
)


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

    Threads may share it: each event is one thread's. A forked child can't: it listens anew.

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
        self._reading = Lock()
        self._line: Endless | None = None
        asked = f"GET {path} at {address}"
        try:
            self._line = Endless(split, f"{split.path}{path}", headers)
            _check(asked, self._line)
        except BaseException as error:
            self.close()
            if isinstance(error, (OSError, HTTPException)):
                raise unanswered(asked, error) from None
            raise

    def __next__(self) -> Event:
        """The next event.

        Raises:
            StopIteration: the server has ended, or `close` was called.
            TimeoutError: none came in time; then nobody listens any more.
            ControlError: this process was forked off the one that listens.
        """
        line = self._line
        if line is None:
            raise StopIteration
        if not line.is_here:
            raise ControlError(_FORKED)
        end = None if self._timeout is None else line.now() + self._timeout
        event = None
        with self._reading:
            try:
                event = _next(line, end)
            except TimeoutError:
                raise TimeoutError(f"nothing happened within {self._timeout} s") from None
            finally:  # what was half read is lost
                if event is None:
                    self._leave()
        if event is None:
            raise StopIteration
        return event

    def _leave(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def close(self) -> None:
        """Listen no longer; a thread that waits for the next event finds that there is none."""
        if self._line is not None:
            self._line.end()
        if self._reading.acquire(blocking=False):  # else who reads leaves
            try:
                self._leave()
            finally:
                self._reading.release()

    def __del__(self) -> None:
        if getattr(self, "_line", None) is not None:
            self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _check(asked: str, line: Endless) -> None:
    """Refuse what is no answer with events."""
    answer = line.answer
    if answer.status != 200:
        decoded(asked, answer.status, answer.read())
    if answer.status != 200 or answer.headers.get_content_type() != "text/event-stream":
        raise ControlError(
            f"{asked} got {answer.status}, but not from an images-mock.", answer.status
        )


def _next(line: Endless, end: float | None) -> Event | None:
    """The next event, until a moment of the line's; None if there are no more."""
    fields: dict[str, str] = {}
    while text := line.read(None if end is None else max(_LEAST, end - line.now())):
        name, _, value = text.decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = value
        elif fields.get("event") in _KINDS:
            kind: Any = fields["event"]
            return Event(kind, table(fields["data"]), fields.get("id", ""))
        else:
            fields.clear()  # a comment, or what a newer server tells
    return None

"""What is written down of a request: its fields, the decisions, the answer. Stores nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from math import isfinite
from typing import Any

from mockserver.core.uploads import Part, header

TEXT = 100_000  # characters of one text
ITEMS = 100  # of one list or table
DEPTH = 5  # of lists and tables in one another
_LONG = 1.0  # seconds
_RETRYABLE = frozenset((408, 409, 429))


@dataclass(frozen=True, slots=True)
class Attempt:
    """What tells whether a request is one more attempt of a call."""

    body: bytes  # digest of method, path and body
    connection: str  # the client's address
    number: int | None  # x-stainless-retry-count, where the client sends it


@dataclass(slots=True, eq=False)
class Record:
    """One request under /v1, or one download, and what became of it."""

    id: str  # x-request-id
    at: int  # nanoseconds since the epoch, by the machine's clock
    method: str
    path: str
    operation: str = ""  # as in the facts; "" if it is none on images
    fields: dict[str, Any] = field(default_factory=dict)  # as sent, then what was filled in
    filled: tuple[str, ...] = ()  # the names of those that the client did not send
    status: int = 0
    error: dict[str, Any] | None = None  # reason, message, code
    usd: float = 0.0
    milliseconds: int = 0
    trace: list[str] = field(default_factory=list)  # each decision, in order
    scripted: bool = False  # the refusal came from a rule, a limit, a budget or a magic value
    rule: str = ""  # the id of the one that fired
    attempt: Attempt | None = None
    call: str = ""  # the id of the call's first attempt
    retries: int = 0  # attempts of the same call before this one
    sandbox: str = ""
    key: str = ""  # a hint at it, see `keys.hinted`
    size: int = field(init=False, default=0)  # roughly the bytes that it takes

    def __post_init__(self) -> None:
        said = self.error["message"] if self.error else ""
        self.size = 600 + len(self.path) + _weight(self.fields) + _weight(said)

    @property
    def asks_again(self) -> bool:
        """Whether clients try again after such an answer, or the lack of one."""
        return asks_again(self.status)

    def told(self) -> dict[str, Any]:
        """The record as JSON has it."""
        return {
            "id": self.id,
            "time": self.at / 1e9,
            "sandbox": self.sandbox,
            "method": self.method,
            "path": self.path,
            "operation": self.operation,
            "fields": self.fields,
            "filled": list(self.filled),
            "status": self.status,
            "error": self.error,
            "usd": self.usd,
            "milliseconds": self.milliseconds,
            "trace": self.trace,
            "scripted": self.scripted,
            "rule": self.rule,
            "call": self.call,
            "retries": self.retries,
        }


def asks_again(status: int) -> bool:
    """Whether clients try again after an answer of this status; 0 is none at all."""
    return status in _RETRYABLE or status >= 500 or status == 0


def waited(records: Iterable[Record]) -> float:
    """Real seconds that callers let pass between such an answer and their next attempt.

    Attempts have the same body. Less than a second is no wait that anybody would mind.
    """
    total = 0.0
    last: dict[bytes, Record] = {}
    for record in records:
        if record.attempt is None:
            continue
        before = last.get(record.attempt.body)
        if before and before.asks_again:
            gap = (record.at - before.at) / 1e9 - before.milliseconds / 1e3
            total += gap if gap >= _LONG else 0.0
        last[record.attempt.body] = record
    return total


def sent_fields(value: Any) -> dict[str, Any]:
    """The fields of a decoded body: texts as they are, files as digest, format, bytes, pixels."""
    if not isinstance(value, dict):
        return {}
    return {
        cut(k): _told_part(v) if isinstance(v, Part) else _told(v, DEPTH)
        for k, v in islice(value.items(), ITEMS)
    }


def _told(value: Any, depth: int) -> Any:
    """A JSON value within bounds, and such that JSON can say it again: no infinity."""
    match value:
        case str():
            return cut(value)
        case list() | dict() if not depth:
            return "…"
        case list():
            return [_told(v, depth - 1) for v in value[:ITEMS]]
        case dict():
            return {cut(k): _told(v, depth - 1) for k, v in islice(value.items(), ITEMS)}
        case float() if not isfinite(value):
            return str(value)
        case _:
            return value


def cut(text: str) -> str:
    """A text within bounds."""
    return text if len(text) <= TEXT else f"{text[:TEXT]}…"


def _weight(value: Any) -> int:
    match value:
        case str():
            return len(value) if value.isascii() else 4 * len(value)
        case list():
            return sum(map(_weight, value), 8 * len(value))
        case dict():
            total = 0
            for k, v in value.items():
                is_text = isinstance(v, str) and v.isascii()  # by far the most frequent
                total += len(k) + 8 + (len(v) if is_text else _weight(v))
            return total
        case _:
            return 0


def _told_part(part: Part) -> Any:
    if not part.is_file:
        return cut(part.data.decode("utf-8", "replace"))
    found = header(part.data)
    told: dict[str, Any] = {"sha256": sha256(part.data).hexdigest(), "bytes": len(part.data)}
    if found:
        told |= {"format": "PNG", "mode": found.mode, "width": found.width, "height": found.height}
    return told


def is_retry(attempt: Attempt, earlier: Record) -> bool:
    """Whether a request is a further attempt of the call that `earlier` belongs to.

    A client that counts is believed. Of others, the same body over the same connection after an
    answer that asks to try again is a retry; two equal calls are not.
    """
    before = earlier.attempt
    if before is None or before.body != attempt.body:
        return False
    if attempt.number is not None:
        return attempt.number == (before.number or 0) + 1
    return earlier.asks_again and before.connection == attempt.connection

"""What is written down of a request: its fields, the decisions, the answer. Stores nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from math import isfinite
from typing import Any, NamedTuple

from mockserver.core.addresses import PICTURES, is_outside
from mockserver.core.picture import Picture
from mockserver.core.raw_request import Raw
from mockserver.core.texts import beginning
from mockserver.core.uploads import Part, header
from mockserver.core.weight import WIDEST, weight

TEXT = 100_000  # characters of one text
FIELDS = 1024 * 1024  # bytes of all fields: the longest texts there are, and many more
ITEMS = 100  # of one list or table
DEPTH = 5  # of lists and tables in one another
HINT = "hint: "  # begins a line of a trace that tells what was perhaps meant
_LONG = 1.0  # seconds
_RETRYABLE = frozenset((408, 409, 429))
_RECORD = 900  # bytes of one without the fields, the error, and what path and trace say
_PLANNED = 350  # of what all pictures of a request are drawn from
_DRAWN = 240  # of what one of them has beside that
GONE = 499  # the status of what nobody waited for: only ever logged
RECEIVED, LOST = "received", "lost"
#: What the control API tells of a record, in this order.
AS_JSON = (
    *("id", "time", "sandbox", "method", "path", "operation", "fields", "filled", "status"),
    *("error", "usd", "milliseconds", "trace", "scripted", "rule", "rules", "call", "retries"),
)


#: What it tells beside that, where there is such a thing.
_SOMETIMES = (
    *("traceparent", "client", "effects", "noticed", "standing", "pictures", "urls_for"),
    *("paid", "ended", "same_connection"),
)


class Attempt(NamedTuple):
    """What tells whether a request is one more attempt of a call."""

    body: bytes  # digest of operation and body, whatever the boundary of a form's parts
    connection: str  # the client's address
    number: int | None  # x-stainless-retry-count, where the client sends it


@dataclass(slots=True, eq=False)
class Record:
    """One request under /v1, or meant to be, or one download; and what became of it.

    Written while it is served, by whoever knows or decides; then closed, and put into the journal.
    """

    id: str  # x-request-id
    at: int  # nanoseconds since the epoch, by the machine's clock
    method: str
    path: str
    operation: str = ""  # as in the facts; "" if it is none
    fields: dict[str, Any] = field(default_factory=dict)  # as sent, then what was filled in
    weight: int | None = None  # bytes of the fields, where they were weighed already
    filled: tuple[str, ...] = ()  # the names of those that the client did not send
    status: int = 0
    error: dict[str, Any] | None = None  # reason, message, code
    usd: float = 0.0
    milliseconds: int = 0
    trace: list[str] = field(default_factory=list)  # each decision, in order
    scripted: bool = False  # the refusal came from a rule, a limit, a budget or a magic value
    rules: tuple[str, ...] = ()  # those that fired, by id or magic word, the first in order first
    attempt: Attempt | None = None
    call: str = ""  # the id of the call's first attempt
    retries: int = 0  # attempts of the same call before this one
    sandbox: str = ""
    key: str = ""  # a hint at it, see `keys.hinted`
    raw: Raw | None = None  # as it came
    batch: str = ""  # the id of that which it is a line of
    custom_id: str = ""  # of that line
    pictures: tuple[str, ...] = ()  # the names in the URLs that were answered
    drawn: Sequence[Picture] = ()  # what its pictures can be drawn from again
    size: int = 0  # roughly the bytes that it takes, once it is closed
    number: int = 0  # in the order in which a server's records were written down, from 1
    traceparent: str = ""  # the trace that it is part of, where the client told one
    client: str = ""  # the beginning of its User-Agent
    wait: tuple[int, int] | None = None  # ms that the answer told to wait: elsewhere, and here
    effects: tuple[str, ...] = ()  # what rules did to the answer, see `effects.told_names`
    noticed: tuple[str, ...] = ()  # what is wrong with it beside what it was refused for
    moved: int = 0  # nanoseconds by which the sandbox's clock had been moved on
    standing: bool = False  # whether that clock stood
    urls_for: int = 0  # seconds after which the URLs of the answer end
    length: int | None = None  # bytes of the body, as a download's answer told them
    paid: str = ""  # RECEIVED, or LOST where the client got nothing of what was paid for
    ended: str = ""  # "cut" by a rule, "left" by the client, "released" with its sandbox; or whole
    same_connection: bool = False  # whether the last one with this body came over it, too

    def close(self) -> None:
        """Bring it within bounds, and weigh it: nothing is written into it any more."""
        said = len(self.path) + len(self.traceparent) + len(self.client) + sum(map(len, self.trace))
        if said > TEXT:
            self.path, self.trace = cut(self.path), [*map(cut, self.trace)]
            said = len(self.path) + sum(map(len, self.trace))
        refused = weight(self.error) if self.error else 0
        raw = self.raw.size if self.raw else 0
        linked = weight(self.pictures) if self.pictures else 0
        fields = weight(self.fields) if self.weight is None else self.weight
        drawn = _PLANNED + _DRAWN * len(self.drawn) if self.drawn else 0
        self.size = _RECORD + WIDEST * said + fields + refused + raw + linked + drawn

    @property
    def time(self) -> float:
        """Seconds since the epoch."""
        return self.at / 1e9

    @property
    def rule(self) -> str:
        """The first rule that fired; "" is none."""
        return self.rules[0] if self.rules else ""

    @property
    def is_outside(self) -> bool:
        """Whether it came to a path beside the API: it was meant for it, and not served."""
        return is_outside(self.path)

    @property
    def asks_again(self) -> bool:
        """Whether clients try again after such an answer, or the lack of one."""
        return asks_again(self.status)

    @property
    def is_download(self) -> bool:
        """Whether it asked for a picture's file."""
        return self.path.startswith(PICTURES)

    @property
    def picture(self) -> str:
        """The name of the picture that a download is of, as `picture_in` has it."""
        return picture_in(self.path)

    def refuse(self, reason: str, message: str, code: str | None) -> None:
        """Write down why it was refused: the mock's name for it, and what the client is told."""
        self.error = {"reason": reason, "message": cut(message), "code": code}

    def as_json(self) -> dict[str, Any]:
        """The record as the control API tells it."""
        return {name: getattr(self, name) for name in AS_JSON} | self.some

    @property
    def some(self) -> dict[str, Any]:
        """What it tells beside that, where there is such a thing."""
        found: dict[str, Any] = {}
        if self.batch:
            found |= {"batch": self.batch, "custom_id": self.custom_id}
        found |= {name: value for name in _SOMETIMES if (value := getattr(self, name))}
        if self.wait:
            found["wait"] = {"told_ms": self.wait[0], "sent_ms": self.wait[1]}
        if self.moved:
            found["moved"] = self.moved / 1e9
        if self.length is not None:
            found["length"] = self.length
        return found


def picture_in(path: str) -> str:
    """The name of the picture in a URL's path, which is the same in no other picture's."""
    return path.rpartition("/")[2]


def asks_again(status: int) -> bool:
    """Whether clients try again after an answer of this status; 0 is none at all."""
    return status in _RETRYABLE or status >= 500 or status == 0


def is_for_pictures(operation: str, fields: Mapping[str, Any]) -> bool:
    """Whether a request asks for pictures, at whatever endpoint; "" is no operation."""
    return operation.startswith("images.") or (operation != "" and "prompt" in fields)


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
    told = {cut(k): _told(v, DEPTH) for k, v in islice(value.items(), ITEMS)}
    return told if weight(told) <= FIELDS else _fitting(told)


def _fitting(told: dict[str, Any]) -> dict[str, Any]:
    """As much of these fields as there is room for: values make place for `…`, then fields end."""
    found: dict[str, Any] = {}
    left = FIELDS
    for name, value in told.items():
        kept = value if weight({name: value}) <= left else "…"
        left -= weight({name: kept})
        if left < 0:
            break
        found[name] = kept
    return found


def _told(value: Any, depth: int) -> Any:
    """A JSON value within bounds, and such that JSON can say it again: no infinity."""
    match value:
        case str():
            return cut(value)
        case Part():
            return _told_part(value)
        case list() | dict() if not depth:
            return "…"
        case list():
            return [_told(v, depth - 1) for v in value[:ITEMS]]
        case {"image_url": str(url)} if url.startswith("data:"):  # it is told once it is decoded
            return {"image_url": beginning(url, 200)}
        case dict():
            return {cut(k): _told(v, depth - 1) for k, v in islice(value.items(), ITEMS)}
        case float() if not isfinite(value):
            return str(value)
        case _:
            return value


def cut(text: str) -> str:
    """A text within bounds."""
    return text if len(text) <= TEXT else f"{text[:TEXT]}…"


def _told_part(part: Part) -> Any:
    """A text or a file; of several files a list."""
    if not part.is_file:
        return cut(part.data.decode("utf-8", "replace"))
    files = [told_file(one.data) for one in part.all if one.is_file]
    return files if part.others else files[0]


def told_file(data: bytes) -> dict[str, Any]:
    """Digest and length of a file, and of a picture its format, mode and sides."""
    found = header(data)
    told: dict[str, Any] = {"sha256": sha256(data).hexdigest(), "bytes": len(data)}
    if found:
        told |= {
            "format": found.format,
            "mode": found.mode,
            "width": found.width,
            "height": found.height,
        }
    return told

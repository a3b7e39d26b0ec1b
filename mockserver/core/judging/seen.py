"""A journal as it is judged: read from what the control API, or a saved file, tells of it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

from mockserver.core.addresses import is_outside
from mockserver.core.journal import asks_again, is_for_pictures, picture_in


class Seen(NamedTuple):
    """One request or download, and what became of it."""

    id: str
    at: float  # seconds since the epoch, by the machine's clock
    method: str
    path: str
    operation: str  # as in the facts; "" if it is none
    fields: Mapping[str, Any]  # as sent, and what was filled in; files as digest, bytes, pixels
    filled: Sequence[str]  # the names of those that the client did not send
    status: int  # 0 is no answer, 499 none that anybody waited for
    reason: str  # why it was refused, in the mock's name for it; "" if it was not
    message: str  # what the client was told then
    code: str | None
    usd: float
    milliseconds: int  # until the head of the answer
    trace: Sequence[str]  # each decision, in order
    scripted: bool  # a rule, a limit, a budget or a magic value had a hand in it
    rules: Sequence[str]  # those that fired
    call: str  # the id of the call's first attempt
    retries: int  # attempts of the same call before this one
    sandbox: str
    client: str  # the beginning of its User-Agent
    wait_ms: int | None  # that the answer told to wait
    sent_wait_ms: int | None  # the same as it was sent: of a standing clock a thousandth
    effects: Sequence[str]  # what rules did to the answer: `stall`, `picture.truncated`
    noticed: Sequence[str]  # `key_in_text`, `key_looks_real`
    moved: float  # seconds by which the sandbox's clock had been moved on
    standing: bool  # whether that clock stood
    pictures: Sequence[str]  # the names in the URLs that were answered
    urls_for: int  # seconds after which those end
    length: int | None  # bytes of a download's body
    paid: str  # "received", or "lost" where the client got nothing of what was paid for; or ""
    ended: str  # "cut" by a rule, "left" by the client, "released" as its sandbox ended; else whole
    batch: str = ""  # the id of that which it is a line of; "" of one that a client sent
    same_connection: bool = False  # whether the last one with this body came over it, too

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """The request of a record, as `/_mock/requests` tells it."""
        error, wait, told = record.get("error") or {}, record.get("wait") or {}, record.get
        return cls(
            id=record["id"],
            at=record["time"],
            method=record["method"],
            path=record["path"],
            operation=record["operation"],
            fields=record["fields"],
            filled=record["filled"],
            status=record["status"],
            reason=str(error.get("reason", "")),
            message=str(error.get("message", "")),
            code=error.get("code"),
            usd=record["usd"],
            milliseconds=record["milliseconds"],
            trace=record["trace"],
            scripted=record["scripted"],
            rules=record["rules"],
            call=record["call"] or record["id"],
            retries=record["retries"],
            sandbox=record["sandbox"],
            client=told("client", ""),
            wait_ms=wait.get("told_ms"),
            sent_wait_ms=wait.get("sent_ms"),
            effects=told("effects", ()),
            noticed=told("noticed", ()),
            moved=told("moved", 0.0),
            standing=told("standing", False),
            pictures=told("pictures", ()),
            urls_for=told("urls_for", 0),
            length=told("length"),
            paid=told("paid", ""),
            batch=told("batch", ""),
            same_connection=told("same_connection", False),
            ended=told("ended", ""),
        )

    @property
    def now(self) -> float:
        """Seconds by the sandbox's clock; of one that stands, since it began to."""
        return self.moved if self.standing else self.at + self.moved

    @property
    def until(self) -> float:
        """When its answer began, by the machine's clock."""
        return self.at + self.milliseconds / 1000

    @property
    def is_outside(self) -> bool:
        """Whether it came to a path beside the API: it was meant for it, and not served."""
        return is_outside(self.path)

    @property
    def asks_again(self) -> bool:
        """Whether clients try again after such an answer, or the lack of one."""
        return asks_again(self.status)

    @property
    def is_for_pictures(self) -> bool:
        """Whether it asked for pictures, at whatever endpoint."""
        return is_for_pictures(self.operation, self.fields)

    @property
    def model(self) -> str:
        """The model, asked for or filled in; "" if there was none."""
        value = self.fields.get("model")
        return value if isinstance(value, str) else ""

    @property
    def sent(self) -> dict[str, Any]:
        """The fields that the client sent."""
        return {k: v for k, v in self.fields.items() if k not in (*self.filled, "operation")}

    @property
    def picture(self) -> str:
        """The name of the picture that a download is of."""
        return picture_in(self.path)


class Journal(NamedTuple):
    """What was asked and downloaded, each the oldest first."""

    requests: Sequence[Seen]
    downloads: Sequence[Seen] = ()
    open: Sequence[Seen] = ()  # what is still held back, and nobody has answered

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """The journal of a table with lists of records: `requests`, `downloads`, `open`."""
        return cls(*([*map(Seen.of, told.get(name, ()))] for name in cls._fields))

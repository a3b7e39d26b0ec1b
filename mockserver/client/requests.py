"""A request as a test sees it, read from the journal's records. Asks no server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from hashlib import sha256
from typing import Any, Self

from mockserver.core.addresses import is_outside
from mockserver.core.journal import HINT, LOST, asks_again, is_for_pictures
from mockserver.core.texts import shortened

SHOWN = 60  # characters of a prompt, a path or a message


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request was refused: the mock's name for it, and what the client was told."""

    reason: str
    message: str
    code: str | None


@dataclass(frozen=True, slots=True, repr=False)
class Upload:
    """A file that was sent. Two are equal if they have the same content."""

    sha256: str
    length: int  # bytes
    format: str | None = field(default=None, compare=False)  # None if it is no PNG, JPEG, WebP, GIF
    mode: str | None = field(default=None, compare=False)
    width: int | None = field(default=None, compare=False)
    height: int | None = field(default=None, compare=False)

    @classmethod
    def holding(cls, content: bytes) -> Self:
        """The upload of this content."""
        return cls(sha256(content).hexdigest(), len(content))

    def __repr__(self) -> str:
        picture = f"{self.width}x{self.height} {self.mode} {self.format}, " if self.format else ""
        return f"{picture}{self.length} bytes, sha256 {self.sha256[:12]}…"


@dataclass(frozen=True, slots=True)
class Request:
    """One request under `/v1`, or meant to be, or one download; and what became of it."""

    id: str
    time: float  # seconds since the epoch
    method: str
    path: str
    operation: str  # as images.edit, or files.create; "" if it is none
    status: int
    error: Refusal | None
    usd: float
    milliseconds: int
    trace: tuple[str, ...]  # each decision, in order
    call: str  # the id of the call's first request: a retry has that of what it repeats
    retries: int  # requests of the same call before this one
    scripted: bool  # a rule, a limit, a budget or a magic value had a hand in it
    fields: Mapping[str, Any] = field(hash=False)  # as sent, and what was filled in
    filled: tuple[str, ...] = ()  # the names of those that the client did not send
    downloads: tuple[str, ...] = ()  # the ids of the downloads of its pictures
    batch: str = ""  # the id of that which it was a line of
    custom_id: str = ""  # of that line
    made_by: str = ""  # of a download: the id of the request that made the picture, if it is known
    traceparent: str = ""  # the trace that it is part of, where the client told one (W3C)
    paid: str = ""  # "received", or "lost" where the client got nothing of what was paid for
    ended: str = ""  # "cut" by a rule, "left" by the client, "released" with its sandbox; or whole

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """The request of a record of the control API."""
        told = {f.name: record[f.name] for f in fields(cls) if f.name in record}
        told |= {name: tuple(value) for name, value in told.items() if isinstance(value, list)}
        told["error"] = Refusal(**record["error"]) if record["error"] else None
        told["call"] = record["call"] or record["id"]
        return cls(**told)

    @property
    def is_outside(self) -> bool:
        """Whether it came to a path beside `/v1`: it was meant for the API, and not served."""
        return is_outside(self.path)

    @property
    def is_for_pictures(self) -> bool:
        """Whether it asked for pictures, at whatever endpoint."""
        return is_for_pictures(self.operation, self.fields)

    @property
    def hints(self) -> list[str]:
        """What the server guessed that was meant instead."""
        return [line.removeprefix(HINT) for line in self.trace if line.startswith(HINT)]

    @property
    def sent(self) -> dict[str, Any]:
        """The fields that the client sent, without what was filled in."""
        return {k: v for k, v in self.fields.items() if k not in (*self.filled, "operation")}

    @property
    def asks_again(self) -> bool:
        """Whether clients try again after such an answer, or the lack of one."""
        return asks_again(self.status)

    @property
    def prompt(self) -> str | None:
        """The prompt, if there was one."""
        return self._text("prompt")

    @property
    def model(self) -> str | None:
        """The model, asked for or filled in."""
        return self._text("model")

    @property
    def size(self) -> str | None:
        """The size, asked for or filled in."""
        return self._text("size")

    @property
    def n(self) -> int | None:
        """How many pictures, asked for or filled in."""
        value = self.fields.get("n")
        return value if isinstance(value, int) else None

    @property
    def quality(self) -> str | None:
        """The quality, where the model knows one."""
        return self._text("quality")

    @property
    def style(self) -> str | None:
        """The style, where the model knows one."""
        return self._text("style")

    @property
    def response_format(self) -> str | None:
        """How the pictures were to come, asked for or filled in."""
        return self._text("response_format")

    @property
    def user(self) -> str | None:
        """The end user that the client named."""
        return self._text("user")

    @property
    def image(self) -> Upload | None:
        """The file that was sent as `image`; of several the first."""
        return next(iter(self.images), None)

    @property
    def images(self) -> tuple[Upload, ...]:
        """The pictures that were sent, as files or in a JSON body, in their order."""
        value = self.fields.get("images", self.fields.get("image"))
        found = map(upload_of, value if isinstance(value, list) else [value])
        return tuple(upload for upload in found if upload)

    @property
    def mask(self) -> Upload | None:
        """The file that was sent as `mask`."""
        return upload_of(self.fields.get("mask"))

    def _text(self, name: str) -> str | None:
        value = self.fields.get(name)
        return value if isinstance(value, str) else None

    def __str__(self) -> str:
        words = [str(self.status), self.operation or f"{self.method} {shortened(self.path, SHOWN)}"]
        shown = {"model": self.model, "size": self.size}
        shown |= {"n": f"n={self.n}"} if self.n is not None else {}
        words += [f"({w})" if k in self.filled else w for k, w in shown.items() if w]
        words += [repr(shortened(self.prompt, SHOWN))] if self.prompt is not None else []
        words += [dollars(self.usd)] if self.usd else []
        words += [LOST] if self.paid == LOST else []
        words += [f"{self.milliseconds} ms"]
        words += [f"retry {self.retries}"] if self.retries else []
        if self.error:
            words.append(f"{self.error.reason}: {shortened(self.error.message, SHOWN)}")
        words += ["(scripted)"] if self.scripted else []
        words += [f"trace={self.traceparent.split('-')[1]}"] if self.traceparent else []
        return " ".join(words)


def calls_of(requests: Iterable[Request], *, own_retries: bool = False) -> list[list[Request]]:
    """The requests of each call, in the order of the calls: the first one, then its retries.

    With `own_retries` an equal call after one that was told to try again belongs to it, too.
    """
    calls: dict[str, list[Request]] = {}
    for request in requests:
        calls.setdefault(request.call, []).append(request)
    return _joined(calls.values()) if own_retries else list(calls.values())


def _joined(calls: Iterable[list[Request]]) -> list[list[Request]]:
    joined: list[list[Request]] = []
    last: dict[str, list[Request]] = {}  # by what was asked
    for call in calls:
        asked = repr((call[0].path, sorted(call[0].fields.items())))
        before = last.get(asked)
        if before and before[-1].asks_again:
            before += call
        else:
            last[asked] = [*call]
            joined.append(last[asked])
    return joined


def upload_of(value: Any) -> Upload | None:
    """The upload in a record's field; None if it is none."""
    if not isinstance(value, Mapping) or "sha256" not in value:
        return None
    of_picture = (value.get(k) for k in ("format", "mode", "width", "height"))
    return Upload(value["sha256"], value["bytes"], *of_picture)


def dollars(usd: float) -> str:
    """An amount, with two digits behind the point or as many more as it needs."""
    whole, _, part = f"{usd:.6f}".rstrip("0").partition(".")
    return f"${whole}.{part:0<2}"

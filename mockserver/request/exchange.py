"""One request and its answer, as all layers of the server see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mockserver.core.journal import HINT, Attempt, Record
from mockserver.core.keys import Caller
from mockserver.core.raw_request import BODY, Raw, head_of
from mockserver.core.rules.precedence import Fired, whole
from mockserver.core.rules.rule import PLAIN, Effect, Rule
from mockserver.core.texts import shortened
from mockserver.core.validation import ImageRequest
from mockserver.request.era import Era
from mockserver.store import Sandbox

PROMPT_LOGGED = 60  # characters
KEY_HEADERS = (b"authorization", b"api-key")  # the API's, and Azure's
_DIGITS = 19  # of a length
NAME_LOGGED = 1_000  # characters of what the client named: a path, a parameter


@dataclass(slots=True)
class Exchange:
    """What is known of a request while it is served; lives in `scope["exchange"]`."""

    request_id: str
    method: str
    path: str
    headers: dict[bytes, bytes]  # lower-case names; the last of a name wins
    started: int  # nanoseconds since the epoch
    era: Era  # whose rules and words count
    caller: Caller | None = None
    key: str = ""  # a hint at the caller's key
    request: ImageRequest | None = None
    usd: float = 0.0  # what the pictures would have cost
    status: int = 0
    milliseconds: int = 0
    refused: str = ""  # why, in the name of the reason and the parameter
    quiet: bool = False  # not worth a log line
    sandbox: Sandbox | None = None  # the caller's
    life: int = 0  # of that sandbox, when the request came
    operation: str = ""  # as in the facts
    sent: dict[str, Any] = field(default_factory=dict)  # the body's fields
    attempt: Attempt | None = None
    error: dict[str, Any] | None = None  # the refusal, as the journal tells it
    trace: list[str] = field(default_factory=list)  # each decision, in order
    warnings: list[str] = field(default_factory=list)  # what the client should know of an answer
    hints: list[str] = field(default_factory=list)  # what it may have meant instead
    scripted: bool = False  # a refusal by rule, limit, budget or magic value
    fired: Sequence[Fired] = ()  # rules and magic words that had a part, the first in order first
    effect: Effect = PLAIN  # of all of them
    missed: Sequence[Rule] = ()  # a sandbox's own rules, where none of them matched
    recorded: bool = False
    line: bytes = b""  # the request line
    lines: Iterable[tuple[bytes, bytes]] = ()  # the headers, as they came
    body: bytes = b""  # its beginning
    read: int = 0  # bytes of the body
    pictures: tuple[str, ...] = ()  # the names in the URLs of the answer

    def header(self, name: bytes) -> str | None:
        """A request header's value, or None."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def length(self) -> int:
        """Bytes of the body, as the client told them; 0 if it did not."""
        told = self.headers.get(b"content-length", b"")[:_DIGITS]
        return int(told) if told.isdigit() else 0

    def note(self, body: bytes) -> None:
        """Note what was read of the body."""
        self.read += len(body)
        if len(self.body) < BODY:
            self.body += body[: BODY - len(self.body)]

    @property
    def sandbox_name(self) -> str:
        """The caller's sandbox; "" is none."""
        return self.sandbox.name if self.sandbox else ""

    def note_rules(self, fired: Sequence[Fired]) -> None:
        """Write down the rules that had a part in the answer, and what each did."""
        self.scripted, self.fired, self.effect = True, fired, whole(fired)
        self.trace += map(str, fired)

    def told_fields(self) -> dict[str, Any]:
        """The body's fields, under what was filled in for those that were left out."""
        if self.request is None:
            return {"operation": self.operation, **self.sent} if self.operation else self.sent
        asked = self.request
        filled = {
            "operation": asked.operation,
            "model": asked.model,
            "n": asked.n,
            "size": asked.size,
            "quality": asked.quality,
            "style": asked.style,
            "response_format": asked.response_format,
        }
        sent = {k: v for k, v in self.sent.items() if v is not None or k not in filled}
        return {k: v for k, v in filled.items() if v is not None} | sent | {"n": asked.n}

    def filled(self, told: Mapping[str, Any]) -> tuple[str, ...]:
        """The names of those of `told_fields` that the client left out, or sent as null."""
        sent = self.sent
        return tuple(
            n for n, v in told.items() if v is not None and sent.get(n) is None and n != "operation"
        )

    def now(self, real: int) -> int:
        """The time as the caller's sandbox has it, in nanoseconds since the epoch."""
        return self.sandbox.now(real) if self.sandbox else real

    def remarks(self) -> list[str]:
        """What this server has to say of the request, beside what the API says."""
        return [
            *(f"warning: {text}" for text in self.warnings),
            *(f"{HINT}{text}" for text in self.hints),
        ]

    def record(self) -> Record:
        """What the journal keeps."""
        fields = self.told_fields()
        return Record(
            id=self.request_id,
            at=self.started,
            method=self.method,
            path=self.path,
            operation=self.operation,
            fields=fields,
            filled=self.filled(fields),
            status=self.status,
            error=self.error,
            usd=self.usd,
            milliseconds=self.milliseconds,
            trace=[*self.trace, *self.remarks()],
            scripted=self.scripted,
            rules=tuple(one.called for one in self.fired),
            attempt=self.attempt,
            sandbox=self.sandbox_name,
            key=self.key,
            raw=Raw.of(head_of(self.line, self.lines), self.body, max(self.read, self.length)),
            pictures=self.pictures,
        )

    def fields(self) -> dict[str, str | int | float]:
        """What the log tells: never a key, and a prompt only in part."""
        told: dict[str, str | int | float] = {
            "status": self.status,
            "method": self.method,
            "path": shortened(self.path, NAME_LOGGED),
            "ms": self.milliseconds,
            "id": self.request_id,
        }
        if self.refused:
            told["refused"] = shortened(self.refused, NAME_LOGGED)
        if self.fired:
            told["rule"] = ", ".join(one.logged for one in self.fired)
        if self.caller:
            told["sandbox"] = self.caller.sandbox[:6]
        if self.request:
            told |= {"model": self.request.model, "size": self.request.size, "n": self.request.n}
            told |= {"usd": self.usd, "prompt": shortened(self.request.prompt, PROMPT_LOGGED)}
        return told

"""One request and its answer, as all layers of the server see it, and the line that logs it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mockserver.core.journal import Attempt, Record
from mockserver.core.keys import Caller
from mockserver.core.nearness import nearest_rules
from mockserver.core.rules import Rule
from mockserver.core.validation import ImageRequest
from mockserver.era import Era
from mockserver.store import Sandbox

PROMPT_LOGGED = 60  # characters


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
    rule: str = ""  # the id of the one that fired
    missed: Sequence[Rule] = ()  # a sandbox's own rules, where none of them matched
    recorded: bool = False

    def header(self, name: bytes) -> str | None:
        """A request header's value, or None."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

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
            *(f"hint: {text}" for text in self.hints),
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
            rule=self.rule,
            attempt=self.attempt,
            sandbox=self.sandbox.name if self.sandbox else "",
            key=self.key,
        )

    def fields(self) -> dict[str, str | int | float]:
        """What the log tells: never a key, and a prompt only in part."""
        told: dict[str, str | int | float] = {
            "status": self.status,
            "method": self.method,
            "path": self.path,
            "ms": self.milliseconds,
            "id": self.request_id,
        }
        if self.refused:
            told["refused"] = self.refused
        if self.caller:
            told["sandbox"] = self.caller.sandbox[:6]
        if self.request:
            told |= {"model": self.request.model, "size": self.request.size, "n": self.request.n}
            told |= {"usd": self.usd, "prompt": _shortened(self.request.prompt)}
        return told


Log = Callable[[Exchange], None]


def log_of(form: str) -> Log:
    """The access log in one form: text, json or none."""
    return {"text": log_text, "json": log_json, "none": log_nothing}[form]


def log_text(exchange: Exchange) -> None:
    """One line on stderr for people."""
    told = exchange.fields()
    words = [_clock(exchange), told["status"], told["method"], told["path"]]
    if exchange.request:
        words += [told["model"], told["size"], f"n={told['n']}", f"${told['usd']:g}"]
    words.append(f"{told['ms']}ms")
    if exchange.refused:
        words.append(f"refused={exchange.refused}")
    if exchange.caller:
        words.append(f"sandbox={told['sandbox']}")
    if exchange.request:
        words.append(f'"{told["prompt"]}"')
    write_line(" ".join(map(str, words)))
    for hint in exchange.hints:
        write_line(f"         hint: {hint}")
    if exchange.missed:
        write_line(f"         no rule matched; the closest: {_closest(exchange)}")


def log_json(exchange: Exchange) -> None:
    """One JSON object a line on stderr for programs."""
    told = {"time": exchange.started / 1e9, **exchange.fields()}
    if exchange.hints:
        told["hint"] = "; ".join(exchange.hints)
    if exchange.missed:
        told["closest_rule"] = _closest(exchange)
    print(json.dumps(told), file=sys.stderr)


def log_nothing(exchange: Exchange) -> None:
    """No access log."""


def notice_of(form: str) -> Callable[[str], None]:
    """Where warnings and errors go, in the form of the log. They are never left out."""
    return notice_json if form == "json" else write_line


def notice_json(text: str) -> None:
    """A warning or an error as a JSON object on one line."""
    print(json.dumps({"message": text}), file=sys.stderr)


def write_line(text: str) -> None:
    """One line on stderr, whatever is in it: control characters are escaped."""
    print(escaped(text), file=sys.stderr)


def escaped(text: str) -> str:
    """`text` with every character escaped that could move a cursor or break a line."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _clock(exchange: Exchange) -> str:
    return datetime.fromtimestamp(exchange.started / 1e9, UTC).strftime("%H:%M:%S")


def _closest(exchange: Exchange) -> str:
    told = exchange.told_fields()
    return nearest_rules(exchange.missed, told, exchange.filled(told), most=1)[0]


def _shortened(prompt: str) -> str:
    return prompt if len(prompt) <= PROMPT_LOGGED else prompt[: PROMPT_LOGGED - 1] + "…"

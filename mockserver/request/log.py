"""The lines of the log: one a request, and what else there is to say. Writes nothing itself."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from mockserver.clock import SECOND
from mockserver.core.near_misses import nearest_rules
from mockserver.core.texts import escaped, shortened
from mockserver.request.exchange import Exchange
from mockserver.request.log_writer import WRITER, say

Log = Callable[[Exchange], None]
PROMPT_LOGGED = 60  # characters
NAME_LOGGED = 1_000  # characters of what the client named: a path, a parameter
#: What a line for people tells, in this order, and how.
_WORDS = (
    *(("status", "%s"), ("method", "%s"), ("path", "%s")),
    *(("model", "%s"), ("size", "%s"), ("n", "n=%s"), ("usd", "$%g"), ("ms", "%sms")),
    *(("refused", "refused=%s"), ("rule", "rule=%s"), ("sandbox", "sandbox=%s")),
    ("trace_id", "trace=%s"),
    ("prompt", '"%s"'),
)


def log_of(form: str) -> Log:
    """The access log in one form: text, json or none."""
    return {"text": log_text, "json": log_json, "none": log_nothing}[form]


def log_text(exchange: Exchange) -> None:
    """One line on stderr for people."""
    told = _told(exchange)
    words = [form % told[name] for name, form in _WORDS if name in told]
    write_line(f"{_clock(exchange.record.at // SECOND)} {' '.join(words)}")
    for hint in exchange.hints:
        write_line(f"         hint: {hint}")
    if exchange.missed:
        write_line(f"         no rule matched; the closest: {_closest(exchange)}")


def log_json(exchange: Exchange) -> None:
    """One JSON object a line on stderr for programs."""
    told = {"time": exchange.record.time, **_told(exchange)}
    if exchange.hints:
        told["hint"] = "; ".join(exchange.hints)
    if exchange.missed:
        told["closest_rule"] = _closest(exchange)
    WRITER.put(json.dumps(told), _as_json)


def log_nothing(exchange: Exchange) -> None:
    """No access log."""


def _told(exchange: Exchange) -> dict[str, Any]:
    """What a line tells: never a key, and a prompt only in part."""
    record, request = exchange.record, exchange.request
    told: dict[str, Any] = {
        "status": record.status,
        "method": record.method,
        "path": shortened(record.path, NAME_LOGGED),
        "ms": record.milliseconds,
        "id": record.id,
    }
    if exchange.refused:
        told["refused"] = shortened(exchange.refused, NAME_LOGGED)
    if exchange.fired:
        told["rule"] = ", ".join(one.logged for one in exchange.fired)
    if exchange.caller:
        told["sandbox"] = exchange.caller.sandbox[:6]
    if record.traceparent:
        _, told["trace_id"], told["span_id"], _ = record.traceparent.split("-")
    if request:
        told |= {"model": request.model, "size": request.size, "n": request.n}
        told |= {"usd": record.usd, "prompt": shortened(request.prompt, PROMPT_LOGGED)}
    return told


def notice_of(form: str) -> Callable[[str], None]:
    """Where warnings and errors go, in the form of the log. They are never left out."""
    return notice_json if form == "json" else write_line


def notice_json(text: str) -> None:
    """A warning or an error as a JSON object on one line."""
    WRITER.put(_as_json(text), _as_json)


def write_line(text: str) -> None:
    """One line on stderr, whatever is in it: control characters are escaped."""
    WRITER.put(escaped(text))


def announce(form: str, text: str) -> None:
    """A line of the start or of a failed end: written at once, in the form of the log."""
    say(sys.stderr, _as_json(text) if form == "json" else text)


def _as_json(text: str) -> str:
    return json.dumps({"message": text})


@lru_cache(maxsize=1)
def _clock(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%H:%M:%S")


def _closest(exchange: Exchange) -> str:
    record = exchange.record
    return nearest_rules(exchange.missed, record.fields, record.filled, most=1)[0]


def told_with_place(error: Exception) -> str:
    """An exception as one line, with the file and line that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {error}{place}"

"""The lines of the log: one a request, and what else there is to say. Writes nothing itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from mockserver.core.rules.nearness import nearest_rules
from mockserver.core.texts import escaped
from mockserver.request.exchange import Exchange
from mockserver.request.log_writer import WRITER, say

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
        words.append(f"refused={told['refused']}")
    if exchange.fired:
        words.append(f"rule={told['rule']}")
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
    WRITER.put(json.dumps(told), _as_json)


def log_nothing(exchange: Exchange) -> None:
    """No access log."""


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


def _clock(exchange: Exchange) -> str:
    return datetime.fromtimestamp(exchange.started / 1e9, UTC).strftime("%H:%M:%S")


def _closest(exchange: Exchange) -> str:
    told = exchange.told_fields()
    return nearest_rules(exchange.missed, told, exchange.filled(told), most=1)[0]

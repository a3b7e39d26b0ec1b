"""Read and write rules: one shape for the configuration file, HTTP and Python. Counts nothing."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from mockserver.core import patterns
from mockserver.core.errors import Reason
from mockserver.core.rules import (
    BODILESS,
    FORMATS,
    PICTURES,
    PICTURES_MAX,
    WEIGHTS,
    Effect,
    Lines,
    Reply,
    Rule,
    Text,
    When,
    changed,
)

MOST = 999_999_999  # of any whole number that can be set, as in `--limits N/min`
_NAME = 1_000  # characters of a rule's name
_HOW = ("contains", "regex")


class RuleError(ValueError):
    """A rule that can't be read. The message says which part, and what would be right."""

    @property
    def sentence(self) -> str:
        """The message as a sentence."""
        return f"{self}" if str(self).endswith("?") else f"{self}."


def rule_of(value: Any, origin: str = "call") -> Rule:
    """The rule in a decoded JSON or TOML value.

    Raises:
        RuleError: it is none.
    """
    table = table_of("a rule", value, ("when", "then", "times", "name", "next"))
    first = _boolean("next", table.get("next", False))
    times = table.get("times", 1 if first else None)
    if times is not None:
        times = whole_of("times", times, least=1)
    return Rule(
        when=_when(table.get("when", {})),
        then=effect_of(table.get("then", {})),
        times=times,
        name=_name(table.get("name", "")),
        next=first,
        origin=origin,
    )


def _when(value: Any) -> When:
    known = (*WEIGHTS, "call")
    table = table_of("when", value, known)
    call = table.get("call")
    return When(
        wanted=tuple((k, _wanted(k, v)) for k, v in table.items() if k != "call"),
        call=None if call is None else whole_of("when.call", call, least=1),
    )


def when_of(value: Any) -> When:
    """The condition in a `when` table, for a look back at requests: without `call`."""
    return _when(table_of("when", value, WEIGHTS))


def _wanted(name: str, value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    how, what = next(iter(table_of(f"when.{name}", value, _HOW).items()), ("", None))
    if len(value) != 1 or not isinstance(what, str):
        raise RuleError(f"when.{name} must be a value, or a table with contains or regex alone")
    if how == "regex":
        try:
            patterns.check(what)
        except ValueError as error:
            raise RuleError(f"when.{name}.regex {error}") from None
    return Text(how, what)


def effect_of(value: Any) -> Effect:
    """The effect in a `then` table; RuleError if it is none."""
    table = table_of("then", value, tuple(_EFFECTS))
    if not table:
        raise RuleError(f"then must say what happens: one of {', '.join(_EFFECTS)}")
    effect = Effect()
    for name, told in table.items():
        changes = _EFFECTS[name](told)
        if changes.keys() & {"error", "reply"} and (effect.error or effect.reply):
            raise RuleError("then can't give two answers at once")
        effect = replace(effect, **changes)
    return effect


def _error(value: Any) -> dict[str, Any]:
    names = [r.value for r in Reason]
    if value not in names:
        raise RuleError(f"then.error {value!r} is not known{_guess(str(value), names)}")
    return {"error": Reason(value)}


def _rate_limit(value: Any) -> dict[str, Any]:
    table = {} if value is True else table_of("then.rate_limit", value, _WAIT)
    return {"error": Reason.RATE_LIMITED} | _wait("rate_limit", table)


_WAIT = ("retry_after", "as_date")


def _wait(name: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """The wait that an answer tells, in seconds or as a date."""
    found: dict[str, Any] = {}
    if "retry_after" in table:
        found["retry_after"] = _seconds(f"{name}.retry_after", table["retry_after"])
    if "as_date" in table:
        found["as_date"] = _boolean(f"then.{name}.as_date", table["as_date"])
    return found


def _reply(name: str, usual: int) -> Callable[[Any], dict[str, Any]]:
    def parse(value: Any) -> dict[str, Any]:
        match value:
            case True if name == "gateway":
                table: dict[str, Any] = {}
            case int():
                table = {"status": value}
            case _:
                table = table_of(f"then.{name}", value, (*_REPLY, *_WAIT))
        wait = _wait(name, table)
        if wait.get("as_date") and "retry_after" not in wait:
            raise RuleError(f"then.{name}.as_date wants a retry_after beside it")
        reply = Reply(
            status=_status(f"then.{name}.status", table.get("status", usual)),
            headers=_headers(f"then.{name}.headers", table.get("headers", {})),
            gateway=name == "gateway",
        )
        if "body" in table:
            body, is_json = _body(f"then.{name}.body", table["body"])
            reply = replace(reply, body=body, is_json=is_json)
        if reply.body and reply.status in BODILESS:
            raise RuleError(f"then.{name}.body must be empty: {reply.status} has none")
        return {"reply": reply} | wait

    return parse


_REPLY = ("status", "headers", "body")


def _status(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 200 <= value <= 599:
        raise RuleError(f"{name} must be a whole number from 200 to 599")
    return value


def _body(name: str, value: Any) -> tuple[str, bool]:
    """A body as it is sent, and whether it is JSON: a text is sent as it is."""
    if isinstance(value, str):
        return value, False
    try:
        return json.dumps(value, allow_nan=False), True
    except (TypeError, ValueError, RecursionError):
        raise RuleError(f"{name} must be a text, or a value that JSON has") from None


_FRAMING = ("connection", "content-length", "transfer-encoding")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _headers(name: str, value: Any) -> Lines:
    if not isinstance(value, dict):
        raise RuleError(f"{name} must be a table of header names and texts")
    found: dict[str, str] = {}
    for header, text in value.items():
        if not _TOKEN.fullmatch(header):
            raise RuleError(f"{name} has {header[:100]!r}, which is no name of a header")
        if header.lower() in _FRAMING:
            raise RuleError(f"{name} has {header!r}, which is the server's own to send")
        found[header.lower()] = _header(f"{name}.{header}", text)
    return tuple(found.items())


def _more_headers(value: Any) -> dict[str, Any]:
    if not (headers := _headers("then.headers", value)):
        raise RuleError("then.headers must have a header")
    return {"headers": headers}


_REFUSALS = {
    "prompt": Reason.REFUSED,
    "description": Reason.DESCRIPTION_REFUSED,
    "picture": Reason.PICTURE_REFUSED,
}


def _refuse(value: Any) -> dict[str, Any]:
    stage = "prompt" if value is True else value
    if not isinstance(stage, str) or stage not in _REFUSALS:
        raise RuleError(f"then.refuse must be true or one of {', '.join(_REFUSALS)}")
    return {"error": _REFUSALS[stage]}


def _flag(name: str, field: str, on: Any = True) -> Callable[[Any], dict[str, Any]]:
    def parse(value: Any) -> dict[str, Any]:
        if value is not True:
            raise RuleError(f"then.{name} must be true")
        return {field: on}

    return parse


def _one_of(name: str, known: tuple[str, ...]) -> Callable[[Any], dict[str, Any]]:
    def parse(value: Any) -> dict[str, Any]:
        if value not in known:
            raise RuleError(f"then.{name} must be one of {', '.join(known)}")
        return {name: value}

    return parse


def _pictures(value: Any) -> dict[str, Any]:
    count = whole_of("then.pictures", value, least=0)
    if count > PICTURES_MAX:
        raise RuleError(f"then.pictures must be a whole number from 0 to {PICTURES_MAX}")
    return {"pictures": count}


#: The words of a `then` table, and what each means.
_EFFECTS: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "error": _error,
    "rate_limit": _rate_limit,
    "refuse": _refuse,
    "quota": _flag("quota", "error", Reason.NO_CREDIT),
    "respond": _reply("respond", 200),
    "gateway": _reply("gateway", 502),
    "headers": _more_headers,
    "pictures": _pictures,
    "response_format": _one_of("response_format", FORMATS),
    "delay": lambda v: {"delay": _seconds("delay", v)},
    "stall": _flag("stall", "stall"),
    "disconnect": lambda v: {"disconnect": whole_of("then.disconnect", v, least=0)},
    "drip": lambda v: {"drip": whole_of("then.drip", v, least=1)},
    "bad_json": _flag("bad_json", "bad_json"),
    "content_type": lambda v: {"content_type": _header("then.content_type", v)},
    "picture": _one_of("picture", PICTURES),
    "expired_url": _flag("expired_url", "expired_url"),
    "image": lambda v: {"image": _file(v)},
}


def told(rule: Rule) -> dict[str, Any]:
    """The rule as `rule_of` reads it, with its id; an image is left out, for its size."""
    when: dict[str, Any] = {
        name: {wanted.how: wanted.what} if isinstance(wanted, Text) else wanted
        for name, wanted in rule.when.wanted
    }
    if rule.when.call is not None:
        when["call"] = rule.when.call
    found: dict[str, Any] = {"id": rule.id, "when": when, "then": _told_effect(rule.then)}
    found |= {"times": rule.times} if rule.times is not None else {}
    found |= {"name": rule.name} if rule.name else {}
    return found | ({"next": True} if rule.next else {})


def _told_effect(effect: Effect) -> dict[str, Any]:
    found = changed(effect)
    found.pop("image", None)
    wait = {name: found.pop(name) for name in _WAIT if name in found}
    if effect.error is Reason.RATE_LIMITED:
        del found["error"]
        found["rate_limit"] = wait or True
    if reply := found.pop("reply", None):
        told = _told_reply(reply) | wait
        name = "gateway" if reply.gateway else "respond"
        found[name] = reply.status if told.keys() == {"status"} else told
    if effect.headers:
        found["headers"] = dict(effect.headers)
    return found


def _told_reply(reply: Reply) -> dict[str, Any]:
    told: dict[str, Any] = {"status": reply.status}
    told |= {"headers": dict(reply.headers)} if reply.headers else {}
    if reply.body is None:
        return told
    return told | {"body": json.loads(reply.body) if reply.is_json else reply.body}


def table_of(name: str, value: Any, known: Iterable[str]) -> dict[str, Any]:
    """A table with no other keys than these; RuleError if it is none."""
    if not isinstance(value, dict):
        raise RuleError(f"{name} must be a table of {', '.join(known)}")
    for key in value:
        if key not in known:
            raise RuleError(f"{name} has no {key!r}{_guess(key, known)}")
    return value


def _guess(name: str, known: Iterable[str]) -> str:
    names = list(known)
    close = names if len(names) == 1 else get_close_matches(name[:100], names, n=1)
    return f"; did you mean {close[0]}?" if close else f"; it is one of {', '.join(names)}"


def whole_of(name: str, value: Any, *, least: int) -> int:
    """A whole number; RuleError if it is none."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MOST:
        raise RuleError(f"{name} must be a whole number from {least} to {MOST}")
    return value


def _seconds(name: str, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 86_400:
        raise RuleError(f"then.{name} must be seconds, from 0 to a day")
    return float(value)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise RuleError(f"{name} must be a text")
    return value


def _name(value: Any) -> str:
    name = _text("name", value)
    if len(name) > _NAME:  # each request that it fires for has it in its trace
        raise RuleError(f"name must have at most {_NAME} characters")
    return name


def _file(value: Any) -> str:
    text = _text("then.image", value)
    try:
        content = b64decode(text, validate=True)
    except ValueError:
        content = b""
    if not content:
        raise RuleError("then.image must be a file in base64")
    return text


def _header(name: str, value: Any) -> str:
    text = _text(name, value)
    if not text.isascii() or not text.isprintable():
        raise RuleError(f"{name} must be printable ASCII")
    return text


def _boolean(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise RuleError(f"{name} must be true or false")
    return value

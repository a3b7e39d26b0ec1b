"""Read the `then` of a rule: every effect by its word. Does nothing to an answer."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from mockserver.core.decoding import (
    RuleError,
    guess,
    length_of,
    switch_of,
    table_of,
    text_of,
    whole_of,
)
from mockserver.core.errors import Reason
from mockserver.core.rules.rule import (
    BODILESS,
    FORMATS,
    PICTURES,
    PICTURES_MAX,
    PLAIN,
    WEIGHTS,
    Download,
    Effect,
    Lines,
    Reply,
)

Changes = dict[str, Any]
Parser = Callable[[str, Any], Changes]  # from the effect's whole name and what is written there


def effect_of(value: Any) -> Effect:
    """The effect in a `then` table; RuleError if it is none."""
    return _effect("then", table_of("then", value, tuple(EFFECTS), _ELSEWHERE), EFFECTS)


def _effect(where: str, table: Mapping[str, Any], words: Mapping[str, Parser]) -> Effect:
    given = {k: v for k, v in table.items() if not (v is False and k in SWITCHES)}
    if not given:
        raise RuleError(f"{where} must say what happens: one of {', '.join(words)}")
    effect = PLAIN
    for name, told in given.items():
        changes = words[name](f"{where}.{name}", told)
        if changes.keys() & {"error", "reply"} and (effect.error or effect.reply):
            raise RuleError(f"{where} can't give two answers at once")
        effect = replace(effect, **changes)
    return effect


# -- answers -----------------------------------------------------------------------------------


def _error(name: str, value: Any) -> Changes:
    names = [r.value for r in Reason]
    if value not in names:
        raise RuleError(f"{name} {value!r} is not known{guess(str(value), names)}")
    return {"error": Reason(value)}


WAIT = ("retry_after", "as_date")


def _rate_limit(name: str, value: Any) -> Changes:
    table = {} if value is True else table_of(name, value, WAIT)
    return {"error": Reason.RATE_LIMITED} | _wait(name, table)


def _wait(name: str, table: Mapping[str, Any]) -> Changes:
    """The wait that an answer tells, in seconds or as a date."""
    found: Changes = {}
    if "retry_after" in table:
        found["retry_after"] = length_of(f"{name}.retry_after", table["retry_after"])
    if "as_date" in table:
        found["as_date"] = switch_of(f"{name}.as_date", table["as_date"])
    return found


def _reply(*, usual: int, waits: tuple[str, ...] = WAIT) -> Parser:
    """An answer in place of the API's own; a gateway's, where it has a status of its own."""
    is_gateway = usual != 200

    def parse(name: str, value: Any) -> Changes:
        match value:
            case True if is_gateway:
                table: dict[str, Any] = {}
            case int() | float():
                table = {"status": value}
            case _:
                table = table_of(name, value, ("status", "headers", "body", *waits))
        wait = _wait(name, table)
        if wait.get("as_date") and "retry_after" not in wait:
            raise RuleError(f"{name}.as_date wants a retry_after beside it")
        reply = Reply(
            status=whole_of(f"{name}.status", table.get("status", usual), least=200, most=599),
            headers=_headers(f"{name}.headers", table.get("headers", {})),
            gateway=is_gateway,
        )
        if "body" in table:
            body, is_json = _body(f"{name}.body", table["body"])
            reply = replace(reply, body=body, is_json=is_json)
        if reply.body and reply.status in BODILESS:
            raise RuleError(f"{name}.body must be empty: {reply.status} has none")
        return {"reply": reply} | wait

    return parse


def _body(name: str, value: Any) -> tuple[str, bool]:
    """A body as it is sent, and whether it is JSON: a text is sent as it is."""
    if isinstance(value, str):
        return value, False
    try:
        return json.dumps(value, allow_nan=False), True
    except (TypeError, ValueError, RecursionError):
        raise RuleError(f"{name} must be a text, or a value that JSON has") from None


_REFUSALS = {
    "prompt": Reason.REFUSED,
    "description": Reason.DESCRIPTION_REFUSED,
    "picture": Reason.PICTURE_REFUSED,
}


def _refuse(name: str, value: Any) -> Changes:
    stage = "prompt" if value is True else value
    if not isinstance(stage, str) or stage not in _REFUSALS:
        raise RuleError(f"{name} must be true or one of {', '.join(_REFUSALS)}")
    return {"error": _REFUSALS[stage]}


# -- headers -----------------------------------------------------------------------------------

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


def _more_headers(name: str, value: Any) -> Changes:
    if not (headers := _headers(name, value)):
        raise RuleError(f"{name} must have a header")
    return {"headers": headers}


def _header(name: str, value: Any) -> str:
    text = text_of(name, value)
    if not text.isascii() or not text.isprintable():
        raise RuleError(f"{name} must be printable ASCII")
    return text


# -- the rest ----------------------------------------------------------------------------------


def _flag(field: str, on: Any = True) -> Parser:
    def parse(name: str, value: Any) -> Changes:
        if value is not True:
            raise RuleError(f"{name} must be true")
        return {field: on}

    return parse


def _one_of(field: str, known: tuple[str, ...]) -> Parser:
    def parse(name: str, value: Any) -> Changes:
        if value not in known:
            raise RuleError(f"{name} must be one of {', '.join(known)}")
        return {field: value}

    return parse


def _number(field: str, least: int, **most: int) -> Parser:
    return lambda name, value: {field: whole_of(name, value, least=least, **most)}


def _delay(name: str, value: Any) -> Changes:
    return {"delay": length_of(name, value)}


def _content_type(name: str, value: Any) -> Changes:
    return {"content_type": _header(name, value)}


def _image(name: str, value: Any) -> Changes:
    if isinstance(value, dict) and "sha256" in value:
        raise RuleError(
            f"{name} must be a file in base64: sha256 and bytes only tell which one a rule has; "
            "a PUT of that rule keeps it"
        )
    text = text_of(name, value)
    try:
        content = b64decode(text, validate=True)
    except ValueError:
        content = b""
    if not content:
        raise RuleError(f"{name} must be a file in base64")
    return {"image": text}


def _download(name: str, value: Any) -> Changes:
    is_status = isinstance(value, int | float) and not isinstance(value, bool)
    table = {"respond": value} if is_status else table_of(name, value, (*OF_DOWNLOADS, "first"))
    effect = _effect(name, {k: v for k, v in table.items() if k != "first"}, OF_DOWNLOADS)
    if "first" not in table:
        return {"download": Download(effect)}
    return {"download": Download(effect, whole_of(f"{name}.first", table["first"], least=1))}


#: The effects of which false is as good as not there.
SWITCHES = ("rate_limit", "refuse", "quota", "gateway", "stall", "bad_json", "expired_url")
#: What can happen to an answer, whoever gives it.
_ON_THE_LINE: Mapping[str, Parser] = {
    "headers": _more_headers,
    "delay": _delay,
    "stall": _flag("stall"),
    "disconnect": _number("disconnect", 0),
    "drip": _number("drip", 1),
    "content_type": _content_type,
}
#: The words of a `then.download` table.
OF_DOWNLOADS: Mapping[str, Parser] = {
    "respond": _reply(usual=200, waits=()),
    "gateway": _reply(usual=502, waits=()),
    **_ON_THE_LINE,
}
#: The words of a `then` table, and what each means.
EFFECTS: Mapping[str, Parser] = {
    "error": _error,
    "rate_limit": _rate_limit,
    "refuse": _refuse,
    "quota": _flag("error", Reason.NO_CREDIT),
    "respond": _reply(usual=200),
    "gateway": _reply(usual=502),
    **_ON_THE_LINE,
    "bad_json": _flag("bad_json"),
    "pictures": _number("pictures", 0, most=PICTURES_MAX),
    "response_format": _one_of("response_format", FORMATS),
    "picture": _one_of("picture", PICTURES),
    "expired_url": _flag("expired_url"),
    "image": _image,
    "download": _download,
}
_ELSEWHERE: Mapping[str, str] = {
    **{name: "it stands in when" for name in WEIGHTS if name not in EFFECTS},
    **dict.fromkeys(("when", "times", "name", "next"), "it stands beside then, not in it"),
    **dict.fromkeys(WAIT, "it stands in rate_limit, respond or gateway"),
    **dict.fromkeys(("status", "body"), "it stands in respond or gateway"),
}

"""The JSON schema of rules, and the parts that it shares with others. Serves nothing.

What it can't say the reader says (`core.scripts`): whether an expression or a `*` fits any value
that there is, and that a time as people write it ends at a day.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

from mockserver.core.decoding import DAY, MOST
from mockserver.core.durations import FORM, PATTERN
from mockserver.core.errors import Reason
from mockserver.core.rules.conditions import FIELDS
from mockserver.core.rules.effects import SWITCHES, WAIT
from mockserver.core.rules.parser import NAME
from mockserver.core.rules.rule import BODILESS, FORMATS, PICTURES, PICTURES_MAX, WEIGHTS
from mockserver.facts import ever

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
WHOLE: Schema = {"type": "integer", "minimum": 0, "maximum": MOST}
POSITIVE: Schema = {"type": "integer", "minimum": 1, "maximum": MOST}
SECONDS: Schema = {"type": "number", "minimum": 0, "maximum": DAY}
_END = r"$(?![\s\S])"  # not before a last line feed either, which Python's $ takes for the end
_BASE64 = f"^([A-Za-z0-9+/]{{4}})*([A-Za-z0-9+/]{{2}}==|[A-Za-z0-9+/]{{3}}=)?{_END}"
_LENGTH: Schema = {
    "description": f"Seconds, or {FORM}",
    "anyOf": [SECONDS, TEXT | {"pattern": f"^{PATTERN}{_END}"}],
}


def asked(**properties: Schema) -> Schema:
    """An object that may have each of these properties, and no others."""
    return {"type": "object", "properties": properties, "additionalProperties": False}


# -- when --------------------------------------------------------------------------------------

_FOUND: list[Schema] = [
    asked(contains=TEXT) | {"required": ["contains"]},
    asked(regex=TEXT | {"format": "regex"}) | {"required": ["regex"]},
]
MATCHER: Schema = {
    "description": "The value itself; or how a text must be. Null is one that was left out.",
    "anyOf": [{"not": {"type": "object"}}, *_FOUND],
}


def _listed(name: str) -> Schema:
    return {"anyOf": [{"enum": list(ever()[name])}, *_FOUND]}


_OPERATION = _listed("operation")
#: What a look back asks for: whatever was sent.
WHEN = asked(**{n: {"$ref": "#/components/schemas/Matcher"} for n in WEIGHTS}) | {
    "description": "Which requests are meant: all of these must be so."
}
WHEN["properties"]["operation"] = _OPERATION
_OF_A_RULE: dict[str, Schema] = {
    "model": {
        "description": "One of these, or with * for anything.",
        "anyOf": [*_listed("model")["anyOf"], TEXT | {"pattern": r"[*?\[]"}],
    },
    "prompt": {"anyOf": [TEXT, *_FOUND]},
    "n": {"type": "integer", "minimum": 1, "maximum": PICTURES_MAX},
    "user": {"anyOf": [{"type": ["string", "number", "boolean"]}, *_FOUND]},
}
#: What a rule asks for: what a valid request could have on some day.
_WHEN_OF_RULE = asked(**{n: _OF_A_RULE.get(n) or _listed(n) for n in FIELDS}, call=POSITIVE)

# -- then --------------------------------------------------------------------------------------

_WAIT = dict(zip(WAIT, (_LENGTH, FLAG), strict=True))
#: A date of no wait.
_UNDATED: Schema = {
    "required": ["as_date"],
    "properties": {"as_date": {"const": True}, "retry_after": False},
}
_STATUS: Schema = {"type": "integer", "minimum": 200, "maximum": 599}
_PRINTABLE = TEXT | {"pattern": f"^[ -~]*{_END}"}
_HEADERS: Schema = {
    "type": "object",
    "propertyNames": {
        "pattern": f"^[!#$%&'*+.^_`|~0-9A-Za-z-]+{_END}",
        "not": {
            "pattern": "^([Cc][Oo][Nn][Nn][Ee][Cc][Tt][Ii][Oo][Nn]"
            "|[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-[Ll][Ee][Nn][Gg][Tt][Hh]"
            "|[Tt][Rr][Aa][Nn][Ss][Ff][Ee][Rr]-[Ee][Nn][Cc][Oo][Dd][Ii][Nn][Gg])$"
        },
    },
    "additionalProperties": _PRINTABLE,
}
_BODY: Schema = {"description": "A text goes as it is, any other value as JSON."}
_BODIED: Schema = {
    "required": ["status", "body"],
    "properties": {"status": {"enum": list(BODILESS)}, "body": {"not": {"const": ""}}},
}


def _reply(description: str, *short: Schema, waits: bool = True) -> Schema:
    table = asked(status=_STATUS, headers=_HEADERS, body=_BODY, **(_WAIT if waits else {}))
    never = {"not": {"anyOf": [_BODIED, *([_UNDATED] if waits else [])]}}
    return {"description": description, "anyOf": [_STATUS, *short, table | never]}


_RESPOND = "An answer in place of the API's own, with its headers."
_GATEWAY = "One from before the API, without its headers; an HTML page of itself."
_ON_THE_LINE: dict[str, Schema] = {
    "headers": _HEADERS | {"minProperties": 1},
    "delay": _LENGTH,
    "stall": FLAG,
    "disconnect": WHOLE,
    "drip": POSITIVE,
    "content_type": _PRINTABLE,
}


def _effects(words: dict[str, Schema], answers: tuple[str, ...], *further: str) -> Schema:
    """A table of effects: of the answers no two, and not only what is false or `further`."""
    off: Schema = {"const": False}
    nothing: Schema = {"properties": dict.fromkeys(further, True), "additionalProperties": off}
    two: list[Schema] = [
        {"required": [a, b], "properties": {n: {"not": off} for n in (a, b) if n in SWITCHES}}
        for a, b in combinations(answers, 2)
    ]
    return asked(**words) | {"not": {"anyOf": [nothing, *two]}}


_DOWNLOADS: dict[str, Schema] = {
    "respond": _reply("An answer in place of the picture, with the store's headers.", waits=False),
    "gateway": _reply("One without them; an HTML page of itself.", FLAG, waits=False),
    **_ON_THE_LINE,
    "first": POSITIVE | {"description": "So many downloads of each picture alone"},
}
_EFFECTS: dict[str, Schema] = {
    "error": {"enum": [r.value for r in Reason]},
    "rate_limit": {"anyOf": [FLAG, asked(**_WAIT)]},
    "refuse": {"anyOf": [FLAG, {"enum": ["prompt", "description", "picture"]}]},
    "quota": FLAG,
    "respond": _reply(_RESPOND),
    "gateway": _reply(_GATEWAY, FLAG),
    **_ON_THE_LINE,
    "bad_json": FLAG,
    "pictures": WHOLE | {"maximum": PICTURES_MAX},
    "response_format": {"enum": list(FORMATS)},
    "picture": {"enum": list(PICTURES)},
    "expired_url": FLAG,
    "image": TEXT | {"contentEncoding": "base64", "pattern": _BASE64, "minLength": 1},
    "download": {
        "description": "What happens to downloads of the pictures; a status is an answer",
        "anyOf": [_STATUS, _effects(_DOWNLOADS, ("respond", "gateway"), "first")],
    },
}
_ANSWERS = ("error", "rate_limit", "refuse", "quota", "respond", "gateway")
EFFECT = _effects(_EFFECTS, _ANSWERS) | {"description": "False is as good as not there."}
_IMAGE = asked(sha256=TEXT, bytes=WHOLE) | {"required": ["sha256", "bytes"]}
_TOLD = _EFFECTS | {"image": _IMAGE}
#: An effect as it is told: of an image only which file it is.
EFFECT_TOLD = asked(**_TOLD)


def _rule(then: Schema) -> Schema:
    parts: dict[str, Schema] = {
        "when": _WHEN_OF_RULE,
        "then": then,
        "times": POSITIVE,
        "name": TEXT | {"maxLength": NAME},
        "next": FLAG | {"description": "Waits in the queue that goes before all other rules"},
    }
    return asked(**parts) | {"required": ["then"]}


RULE = _rule({"$ref": "#/components/schemas/Effect"})
#: What may take a rule's place: its image may be told as it was told.
RULE_PUT = _rule({"anyOf": [{"$ref": "#/components/schemas/Effect"}, _effects(_TOLD, _ANSWERS)]})

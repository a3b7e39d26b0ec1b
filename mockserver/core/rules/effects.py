"""What a rule can do to a request: each effect once, with all that is known of it. Does nothing.

A new effect is a field of `Effect`, with its shape: by that it is a word of `then` which is read,
told, described as JSON Schema, and adds up with others.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import combinations
from typing import Any, Literal, NamedTuple

from mockserver.core import shapes
from mockserver.core.decoding import RuleError, guess, table_of
from mockserver.core.errors import Reason
from mockserver.core.rules.bodies import body_told
from mockserver.core.rules.files import ADDRESSES, FILE, Addresses
from mockserver.core.rules.streams import COMPLETED, STREAM, Stream
from mockserver.core.shapes import FLAG, LENGTH, ON, PRINTABLE, Schema, Shape, one_of, whole

PICTURES = ("truncated", "wrong_size", "wrong_format", "large")
PICTURES_MAX = 10  # no request asks for more
#: Where an answer is lost whose pictures were made and paid for: before anything of it is seen
#: (nothing, a gateway's 504, nothing ever), or behind its head.
UNSEEN = ("before_head", "gateway_timeout", "timeout")
AFTER_HEAD, IN_PICTURE = "after_head", "in_picture"
BODILESS = (204, 304)  # statuses whose answers have no body
Lines = tuple[tuple[str, str], ...]  # header names in lower case, and values
Changes = dict[str, Any]  # some fields of an effect

# -- headers ---------------------------------------------------------------------------------

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FRAMING = ("connection", "content-length", "transfer-encoding")


def _headers(least: int = 0) -> Shape[Lines]:
    def read(name: str, value: Any) -> Lines:
        if not isinstance(value, dict):
            raise RuleError(f"{name} must be a table of header names and texts")
        found: dict[str, str] = {}
        for header, text in value.items():
            if not _TOKEN.fullmatch(header):
                raise RuleError(f"{name} has {header[:100]!r}, which is no name of a header")
            if header.lower() in _FRAMING:
                raise RuleError(f"{name} has {header!r}, which is the server's own to send")
            found[header.lower()] = PRINTABLE.read(f"{name}.{header}", text)
        if len(found) < least:
            raise RuleError(f"{name} must have a header")
        return tuple(found.items())

    framing = re.sub("[a-z]", lambda c: f"[{c[0].upper()}{c[0]}]", "|".join(_FRAMING))
    names = {"pattern": f"^{_TOKEN.pattern}{shapes.END}", "not": {"pattern": f"^({framing})$"}}
    schema = {"type": "object", "propertyNames": names, "additionalProperties": PRINTABLE.schema}
    return Shape(read, schema | ({"minProperties": least} if least else {}), dict)


# -- effects -----------------------------------------------------------------------------------

#: What an effect is to those of other rules: an answer in place of the API's own, which one rule
#: gives; an addition to any answer, of `headers` each name for itself; a change of the API's own;
#: or one that says what the picture's file is, which one rule does.
Kind = Literal["answer", "addition", "change", "file"]
#: What can have an effect: any answer, a download's too; any of the API's; or those with pictures.
Reach = Literal["any", "api", "pictures"]


def _effect(
    kind: Kind, shape: Shape[Any] | None = None, reach: Reach = "pictures", usual: Any = None
) -> Any:
    """A field of `Effect`; with a shape it is a word of `then` that has its name."""
    return field(default=usual, metadata={"kind": kind, "shape": shape, "reach": reach})


@dataclass(frozen=True, slots=True)
class Effect:
    """What happens to a request: another answer, or one that is late, changed or broken."""

    error: Reason | None = _effect("answer")
    reply: "Reply | None" = _effect("answer")
    retry_after: float | None = _effect("answer")  # seconds that a rate limit or a reply tells
    as_date: bool = _effect("answer", usual=False)  # tells them as an HTTP date
    headers: Lines = _effect("addition", _headers(least=1), "any", ())
    pictures: int | None = _effect("change", whole(0, PICTURES_MAX))  # at most, whatever was asked
    response_format: str | None = _effect("change", one_of("url", "b64_json"))  # the same
    delay: float | None = _effect("addition", LENGTH, "any")  # seconds, for real, before all else
    stall: bool = _effect("answer", ON, "any", False)  # no answer ever
    disconnect: int | None = _effect("change", whole(0), "any")  # bytes of the body that are sent
    lose: str | None = _effect("change", one_of(*UNSEEN, AFTER_HEAD, IN_PICTURE))
    drip: int | None = _effect("addition", whole(1), "any")  # bytes of the body a second
    bad_json: bool = _effect("change", ON, "api", False)  # it breaks off, its length does not
    content_type: str | None = _effect("change", PRINTABLE, "any")
    stream: Stream | None = _effect("change", STREAM)  # of one that was asked for
    picture: str | None = _effect("file", one_of(*PICTURES))
    expired_url: bool = _effect("change", ON, usual=False)
    image: str | None = _effect("file", FILE)  # base64 of a file to answer with
    addresses: Addresses = _effect("addition", ADDRESSES, usual=())  # what an edit refers to
    download: "Download | None" = _effect("change")  # of the pictures, where they come by URL

    @property
    def loses(self) -> bool:
        """Whether a client gets nothing of what it pays for, however long it listens."""
        events = self.stream.events if self.stream else None
        has_none = self.pictures == 0 or (events is not None and COMPLETED not in events)
        return has_none or self.bad_json or self.lose is not None


class Reply(NamedTuple):
    """An answer in place of the API's own; or a gateway's, which stands before the API."""

    status: int = 200
    headers: Lines = ()
    body: str | None = None  # None is none; from a gateway its page
    is_json: bool = False  # whether the body was given as a JSON value
    gateway: bool = False

    def __str__(self) -> str:
        return f"{'gateway' if self.gateway else 'respond'} {self.status}"


class Download(NamedTuple):
    """What happens to downloads of a picture."""

    effect: Effect
    first: int | None = None  # so many downloads of each picture alone; None is all

    def __str__(self) -> str:
        return f"download {effect_name(self.effect)}"


PLAIN = Effect()
_USUAL = tuple((f.name, f.default) for f in fields(Effect))
_SHAPES: dict[str, Shape[Any]] = {
    f.name: shape for f in fields(Effect) if (shape := f.metadata["shape"])
}


def of_kind(kind: Kind) -> frozenset[str]:
    """The names of these effects."""
    return frozenset(f.name for f in fields(Effect) if f.metadata["kind"] == kind)


def changed(effect: Effect) -> dict[str, Any]:
    """What an effect changes, by name."""
    return {n: value for n, usual in _USUAL if (value := getattr(effect, n)) != usual}


def effect_name(effect: Effect) -> str:
    """What an effect does, in a few words."""
    told = (effect.error, effect.reply, effect.download)
    found = [str(part) for part in told if part]
    found += [name for name in changed(effect) if name in _SHAPES]
    return ", ".join(found) or "nothing"


def told_names(effect: Effect) -> tuple[str, ...]:
    """What an effect changes as the journal has it: `stall`, `picture.truncated`, `gateway.502`."""
    found = []
    for name, value in changed(effect).items():
        match value:
            case Reply():
                found.append(f"{'gateway' if value.gateway else 'respond'}.{value.status}")
                found += [f"body.{word}" for word in _body_told(value)]
            case Download():
                found += [f"download.{one}" for one in told_names(value.effect)]
            case Stream():
                found += [f"stream.{one}" for one in value.changes]
            case str() | int() if name in _NAMED:
                found.append(f"{name}.{value}")
            case _:
                found.append(name)
    return tuple(found)


# Their values are words of few.
_NAMED = ("error", "lose", "picture", "pictures", "response_format")


def _body_told(reply: Reply) -> tuple[str, ...]:
    """What is wrong with the body of an answer that clients take for a success, in a word."""
    if reply.status >= 300 or (reply.gateway and reply.body is None):
        return ()
    word = body_told(reply.body)
    return (word,) if word else ()


# -- words of answers --------------------------------------------------------------------------

_REASONS = [r.value for r in Reason]
_REFUSALS = {
    "prompt": Reason.REFUSED,
    "description": Reason.DESCRIPTION_REFUSED,
    "picture": Reason.PICTURE_REFUSED,
}
#: The wait that an answer tells.
WAIT: Mapping[str, Shape[Any]] = {"retry_after": LENGTH, "as_date": shapes.SWITCH}


def _error(name: str, value: Any) -> Changes:
    if value not in _REASONS:
        raise RuleError(f"{name} {value!r} is not known{guess(str(value), _REASONS)}")
    return {"error": Reason(value)}


def _refuse(name: str, value: Any) -> Changes:
    stage = "prompt" if value is True else value
    if not isinstance(stage, str) or stage not in _REFUSALS:
        raise RuleError(f"{name} must be true or one of {', '.join(_REFUSALS)}")
    return {"error": _REFUSALS[stage]}


def _rate_limit(name: str, value: Any) -> Changes:
    table = {} if value is True else table_of(name, value, WAIT)
    return {"error": Reason.RATE_LIMITED} | _read(name, table, WAIT)


def _read(name: str, table: Mapping[str, Any], known: Mapping[str, Shape[Any]]) -> Changes:
    """What a table has of what is known, in the order of the latter."""
    return {k: shape.read(f"{name}.{k}", table[k]) for k, shape in known.items() if k in table}


def _body(name: str, value: Any) -> Changes:
    """A body as it is sent, and whether it is JSON: a text is sent as it is."""
    if isinstance(value, str):
        return {"body": value}
    try:
        return {"body": json.dumps(value, allow_nan=False), "is_json": True}
    except (TypeError, ValueError, RecursionError):
        raise RuleError(f"{name} must be a text, or a value that JSON has") from None


#: What the table of an answer has, beside the wait.
OF_REPLY: Mapping[str, Shape[Any]] = {
    "status": whole(200, 599),
    "headers": _headers(),
    "body": Shape(_body, {"description": "A text goes as it is, any other value as JSON."}),
}
_BODY_OF_NONE: Schema = {
    "required": ["status", "body"],
    "properties": {"status": {"enum": list(BODILESS)}, "body": {"not": {"const": ""}}},
}
_DATE_OF_NONE: Schema = {
    "required": ["as_date"],
    "properties": {"as_date": {"const": True}, "retry_after": False},
}


def _reply(
    description: str, *, gateway: bool = False, wait: Mapping[str, Shape[Any]] = WAIT
) -> Shape[Changes]:
    """An answer in place of the API's own; a gateway's may be `true`."""
    usual, known = 502 if gateway else 200, {**OF_REPLY, **wait}

    def read(name: str, value: Any) -> Changes:
        match value:
            case True if gateway:
                table: dict[str, Any] = {}
            case int() | float():
                table = {"status": value}
            case _:
                table = table_of(name, value, known)
        waits = _read(name, table, wait)
        if waits.get("as_date") and "retry_after" not in waits:
            raise RuleError(f"{name}.as_date wants a retry_after beside it")
        found: Changes = {"status": usual} | _read(name, table, OF_REPLY)
        body = found.pop("body", {})
        reply = Reply(**found, **body, gateway=gateway)
        if reply.body and reply.status in BODILESS:
            raise RuleError(f"{name}.body must be empty: {reply.status} has none")
        return {"reply": reply} | waits

    never = {"not": {"anyOf": [_BODY_OF_NONE, *([_DATE_OF_NONE] if wait else [])]}}
    table = shapes.asked(**shapes.schemas(known)) | never
    short = [OF_REPLY["status"].schema, *([FLAG] if gateway else [])]
    return Shape(read, {"description": description, "anyOf": [*short, table]})


_ANSWERS: Mapping[str, Shape[Changes]] = {
    "error": Shape(_error, {"enum": _REASONS}),
    "rate_limit": Shape(_rate_limit, {"anyOf": [FLAG, shapes.asked(**shapes.schemas(WAIT))]}),
    "refuse": Shape(_refuse, {"anyOf": [FLAG, {"enum": list(_REFUSALS)}]}),
    "quota": ON.into(lambda _: {"error": Reason.NO_CREDIT}),
    "respond": _reply("An answer in place of the API's own, with its headers."),
    "gateway": _reply(
        "One from before the API, without its headers; an HTML page of itself.", gateway=True
    ),
}

# -- all words ---------------------------------------------------------------------------------


def _words(reach: Reach) -> dict[str, Shape[Changes]]:
    """Those that have the names of their effects."""
    names = [f.name for f in fields(Effect) if f.metadata["reach"] == reach]
    return {name: _change(name, _SHAPES[name]) for name in names if name in _SHAPES}


def _change(name: str, shape: Shape[Any]) -> Shape[Changes]:
    return shape.into(lambda found: {name: found})


def effect_in(name: str, table: Mapping[str, Any], words: Mapping[str, Shape[Changes]]) -> Effect:
    """The effect that a table of known words tells; RuleError if it is none."""
    given = {k: v for k, v in table.items() if not (v is False and _is_switch(words[k].schema))}
    if not given:
        raise RuleError(f"{name} must say what happens: one of {', '.join(words)}")
    effect = PLAIN
    for word, told in given.items():
        changes = words[word].read(f"{name}.{word}", told)
        if changes.keys() & {"error", "reply"} and (effect.error or effect.reply):
            raise RuleError(f"{name} can't give two answers at once")
        effect = replace(effect, **changes)
    return effect


def effects_schema(words: Mapping[str, Schema], *further: str) -> Schema:
    """A table of effects: of the answers no two, and not only what is false or `further`."""
    off: Schema = {"const": False}
    nothing: Schema = {"properties": dict.fromkeys(further, True), "additionalProperties": off}
    two: list[Schema] = [
        {
            "required": [a, b],
            "properties": {n: {"not": off} for n in (a, b) if _is_switch(words[n])},
        }
        for a, b in combinations([word for word in words if word in _ANSWERS], 2)
    ]
    return shapes.asked(**words) | {"not": {"anyOf": [nothing, *two]}}


def _is_switch(word: Schema) -> bool:
    """Whether false is as good as not there."""
    return FLAG in word.get("anyOf", [word])


#: The words of a `then.download` table, beside `first`.
OF_DOWNLOADS: Mapping[str, Shape[Changes]] = {
    "respond": _reply("An answer in place of the picture, with the store's headers.", wait={}),
    "gateway": _reply("One without them; an HTML page of itself.", gateway=True, wait={}),
    **_words("any"),
}
_FIRST = Shape(
    whole(1).read, shapes.POSITIVE | {"description": "So many downloads of each picture alone"}
)
_DOWNLOAD = shapes.schemas({**OF_DOWNLOADS, "first": _FIRST})


def _download(name: str, value: Any) -> Changes:
    is_status = isinstance(value, int | float) and not isinstance(value, bool)
    table = {"respond": value} if is_status else table_of(name, value, _DOWNLOAD)
    effect = effect_in(name, {k: v for k, v in table.items() if k != "first"}, OF_DOWNLOADS)
    return {"download": Download(effect, **_read(name, table, {"first": _FIRST}))}


#: The words of a `then` table, and what each means.
EFFECTS: Mapping[str, Shape[Changes]] = {
    **_ANSWERS,
    **_words("any"),
    **_words("api"),
    **_words("pictures"),
    "download": Shape(
        _download,
        {
            "description": "What happens to downloads of the pictures; a status is an answer",
            "anyOf": [OF_REPLY["status"].schema, effects_schema(_DOWNLOAD, "first")],
        },
    ),
}


def told_effect(effect: Effect) -> dict[str, Any]:
    """An effect in words, but for an image: of that only which one it is."""
    found = {k: _SHAPES[k].tell(v) if k in _SHAPES else v for k, v in changed(effect).items()}
    wait = {name: found.pop(name) for name in WAIT if name in found}
    if effect.error is Reason.RATE_LIMITED:
        del found["error"]
        found["rate_limit"] = wait or True
    if reply := found.pop("reply", None):
        told = _told_reply(reply) | wait
        word = "gateway" if reply.gateway else "respond"
        found[word] = reply.status if told.keys() == {"status"} else told
    if download := effect.download:
        first = {} if download.first is None else {"first": download.first}
        found["download"] = told_effect(download.effect) | first
    return found


def _told_reply(reply: Reply) -> dict[str, Any]:
    told: dict[str, Any] = {"status": reply.status}
    told |= {"headers": dict(reply.headers)} if reply.headers else {}
    if reply.body is None:
        return told
    return told | {"body": json.loads(reply.body) if reply.is_json else reply.body}

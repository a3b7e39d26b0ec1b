"""From a refusal to its bytes: which table of words speaks, and how a template is filled in.

`timeline.toml` and `words/dates.toml` say which tables are in force on a day, for each service.
"""

import json
import re
from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Any, NamedTuple

from mockserver.core.errors import Answer, ApiError, Reason
from mockserver.core.texts import beginning
from mockserver.facts import Parameter
from mockserver.facts.words import TABLES, Words
from mockserver.facts.words.wording import Wording

#: Characters of a value that an error repeats. Recorded errors repeat a prompt in full; where the
#: API itself would cut one is not known, so the bound is this server's own.
ECHOED = 65_536


def words_of(tables: Iterable[str]) -> Words:
    """The words of these tables, where a later one lies over those before it."""
    found: dict[Reason, Wording] = {}
    for name in tables:
        found |= TABLES[name]
    return found


def answer(error: ApiError, words: Words, request_id: str = "") -> Answer:
    """The status, bytes and extra headers of `error` in these words."""
    wording = words[error.reason]
    values = _told(error, request_id)
    headers = tuple((name, _filled(value, values)) for name, value in wording.headers)
    return Answer(wording.status, _body(wording, values), headers)


def message(error: ApiError, words: Words, request_id: str = "") -> str:
    """What `error` says in these words, or its name where they leave the body empty."""
    values = _told(error, request_id)
    return _filled(words[error.reason].message, values) or str(error.reason)


class _Cut(NamedTuple):
    """A value whose text is longer than an error repeats."""

    value: Any
    text: str

    def __repr__(self) -> str:
        return beginning(self.text, ECHOED)


def _told(error: ApiError, request_id: str) -> dict[str, Any]:
    """What the templates can mention, each at a length that can be sent."""
    values = {name: _echoed(value) for name, value in error.values.items()}
    return {"request_id": request_id, **values}


def _echoed(value: Any) -> Any:
    if isinstance(value, str):
        return beginning(value, ECHOED)
    if isinstance(value, list | dict | bytes) and len(text := repr(value)) > ECHOED:
        return _Cut(value, text)
    return value


def _body(wording: Wording, values: Mapping[str, Any]) -> bytes:
    form = wording.form
    if not form.keys:
        return b""
    fields = {
        "code": wording.code,
        "message": _filled(wording.message, values),
        "param": None if wording.param is None else _filled(wording.param, values),
        "type": wording.type,
    }
    further = {key: json.loads(value) for key, value in wording.further}
    body = {"error": {key: fields[key] for key in form.keys} | further}
    return (json.dumps(body, indent=form.indent) + "\n" * form.newline).encode("ascii")


class _Template(Formatter):
    """`str.format` with conversions: !a(nd), !n(ames), !v(alues), !e(xpected), !g(ot)."""

    def convert_field(self, value: Any, conversion: Any) -> Any:
        match conversion:
            case "a":
                return _listed(value, "and")
            case "n":
                return _listed(value, "and", quote="")
            case "v":
                kind = "Value must be" if len(value) == 1 else "Supported values are:"
                return f"{kind} {_listed(value, 'and')}."
            case "e":
                return _expected(value)
            case "g":
                return _got(value)
            case _:
                return super().convert_field(value, conversion)


_TEMPLATE = _Template()
_OWN = re.compile(r"![aegnv]\}")


def _filled(template: str, values: Mapping[str, Any]) -> str:
    if _OWN.search(template):
        return _TEMPLATE.vformat(template, (), values)
    return template.format_map(values)  # a fifth of the time


def _listed(values: Iterable[str], word: str, quote: str = "'") -> str:
    """Names as a sentence lists them: with a comma before the last of three and more."""
    *others, last = [f"{quote}{v}{quote}" for v in values]
    match others:
        case []:
            return last
        case [first]:
            return f"{first} {word} {last}"
        case _:
            return f"{', '.join(others)}, {word} {last}"


def _expected(parameter: Parameter) -> str:
    if parameter.values and not parameter.behind:
        return f"one of {_listed(parameter.values, 'or')}"
    return _EXPECTED[parameter.type]


_EXPECTED = {
    "string": "a string",
    "integer": "an integer",
    "number": "a decimal number",
    "boolean": "a boolean",
    "list": "an array",
    "object": "an object",
    "file": "a file",
    "files": "one of an array of files or file",
}


def _got(value: Any) -> str:
    """The type of a JSON value, as recorded in 2026-08."""
    match value:
        case _Cut():
            return _got(value.value)
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a decimal number"
        case str() | bytes():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"

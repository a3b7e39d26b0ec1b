"""How a template of words is filled in with what a request had. Knows no words."""

import re
from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Any, NamedTuple

from mockserver.facts.values import Parameter


class Cut(NamedTuple):
    """A value whose text is longer than an error repeats, and as much of it as that does."""

    value: Any
    text: str

    def __repr__(self) -> str:
        return self.text


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


def filled(template: str, values: Mapping[str, Any]) -> str:
    """A message, a parameter's name or a header of a `Wording` as it is sent."""
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
        case Cut():
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

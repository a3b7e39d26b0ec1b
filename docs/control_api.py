"""Writes docs/control-api.md: the control API's OpenAPI document, for people.

Run as `python docs/control_api.py`. Nothing of it is written by hand but the first lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from mockserver.control.openapi import document
from mockserver.core.durations import PATTERN as DURATION

PAGE = Path(__file__).with_name("control-api.md")
_KINDS = {"string": "text", "integer": "whole number", "boolean": "true or false"}
_FORMS = {f"^{DURATION}$": "as `250ms`", "^[ -~]*$": "of printable ASCII"}
_END = r"(?![\s\S])"  # what a pattern says where $ would let a newline through
_FEW = 8  # of a list of values that are told
_HEAD = """\
# The control API

Every path under `/_mock/`, what it takes and what it answers, as `GET /_mock/openapi.json` of a
running server has it (OpenAPI {openapi}). [Over HTTP, from any language](http.md) has the same with
examples and the reasons. Made by `python docs/control_api.py`: not to be edited by hand.

{description}

Beyond loopback a server wants its `--control-token` as `Authorization: Bearer TOKEN`. A refusal is
an [Error](#error), with the status of its kind. Everything takes these two,
except `live` and `ready`:

"""
_Schema = Mapping[str, Any]
Row = tuple[str, ...]


def page() -> str:
    """The page of this version."""
    told = document()
    components = told["components"]
    common = [components["parameters"][name] for name in ("Sandbox", "Key")]
    text = _HEAD.format(openapi=told["openapi"], description=told["info"]["description"])
    text += "\n".join(_table(("in", "name", "what", ""), map(_parameter, common))) + "\n"
    for part, paths in groupby(told["paths"].items(), lambda item: item[0].split("/")[2]):
        text += f"\n## `/_mock/{part}`\n"
        for path, operations in paths:
            for method, operation in operations.items():
                text += "\n" + "\n".join(_operation(method, path, operation, components))
    text += "\n## Shapes\n"
    for name, schema in components["schemas"].items():
        text += f"\n### {name}\n\n" + "\n".join(_shape(schema)) + "\n"
    return text.replace("\n\n\n", "\n\n")


def _operation(method: str, path: str, told: _Schema, components: _Schema) -> Iterator[str]:
    yield from (f"### `{method.upper()} {path}`", "")
    if "summary" in told:
        yield from (f"{_cell(told['summary'])}.", "")
    own = [_resolved(p, components) for p in told.get("parameters", ())]
    own = [p for p in own if p["name"] not in ("sandbox", "Mock-Sandbox-Key")]
    if own:
        yield from (*_table(("in", "name", "what", ""), map(_parameter, own)), "")
    if body := told.get("requestBody"):
        yield from ("Body:", "", *_shape(_content(body)[1]), "")
    status, answer = next(iter(told["responses"].items()))
    media, schema = _content(answer)
    as_what = "" if media == "application/json" else f", as `{media}`"
    yield from (f"Answers {status}{as_what}:", "", *_shape(schema), "")


def _resolved(told: _Schema, components: _Schema) -> _Schema:
    if "$ref" not in told:
        return told
    _, _, kind, name = told["$ref"].split("/")
    return components[kind][name]  # type: ignore[no-any-return]


def _content(told: _Schema) -> tuple[str, _Schema]:
    [(media, content)] = told["content"].items()
    return media, content["schema"]


def _parameter(told: _Schema) -> Row:
    return told["in"], f"`{told['name']}`", _what(told["schema"]), told.get("description", "")


def _shape(schema: _Schema) -> Iterator[str]:
    """A shape in lines: a table of its parts, or a sentence where it has none."""
    rows = [row for row in _rows("", schema) if row[0]]
    if description := schema.get("description"):
        yield from (_cell(description), "")
    if rows:
        yield from _table(("part", "what", ""), rows)
    else:
        yield f"{_cell(_what(schema))}."


def _rows(name: str, schema: _Schema) -> Iterator[Row]:
    told = f"`{name}`" if name else ""
    if parts := schema.get("properties"):
        if name:
            yield told, "a table", schema.get("description", "")
        wanted = schema.get("required", ())
        for part, inner in parts.items():
            here = f"{name}.{part}" if name else part
            for row in _rows(here, inner):
                asked = "" if row[0] != f"`{here}`" or part in wanted else "; may be missing"
                yield row[0], row[1] + asked, row[2]
    elif schema.get("type") == "array" and _has_parts(schema["items"]):
        yield told, "a list of tables", schema.get("description", "")
        for row in _rows(f"{name}[]", schema["items"]):
            if row[0] != f"`{name}[]`":
                yield row
    else:
        yield told, _what(schema), schema.get("description", "")


def _has_parts(schema: _Schema) -> bool:
    return "properties" in schema


def _what(schema: _Schema, inside: bool = False) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return _value(schema["const"])
    if "enum" in schema:
        values = schema["enum"]
        few = ", ".join(map(_value, values[:_FEW]))
        return few if len(values) <= _FEW else f"{few}, … ({len(values)} of them)"
    for keyword, between in (("anyOf", " or "), ("allOf", " with ")):
        if keyword in schema:
            return between.join(dict.fromkeys(_what(one, inside) for one in schema[keyword]))
    if schema.get("type") == "array":
        return f"a list of: {_what(schema['items'], inside)}"
    if parts := schema.get("properties"):
        return "a table" if inside else "a table of " + ", ".join(map(_part, parts, parts.values()))
    return _plain(schema)


def _part(name: str, schema: _Schema) -> str:
    what = _what(schema, inside=True)
    return f"`{name}`" if what == "text" else f"`{name}` ({what})"


def _plain(schema: _Schema) -> str:
    kind = schema.get("type")
    if kind == "object":
        inner = schema.get("additionalProperties")
        empty = schema.get("maxProperties") == 0
        by_name = f", each {_what(inner)}" if isinstance(inner, dict) else ""
        return "an empty table" if empty else f"a table{by_name}"
    if not kind:
        return "anything but a table" if "not" in schema else "anything"
    if isinstance(kind, list):
        return " or ".join(_plain({**schema, "type": each}) for each in kind)
    bounds = [
        f"{word} {schema[keyword]}"
        for keyword, word in (("minimum", "from"), ("maximum", "to"))
        if keyword in schema
    ]
    pattern = schema.get("pattern", "").removesuffix(_END) if kind == "string" else ""
    form = _FORMS.get(pattern, pattern and f"like `{pattern}`")
    return " ".join(filter(None, (_KINDS.get(kind, kind), *bounds, form)))


def _value(value: object) -> str:
    return f"`{value}`" if isinstance(value, str) and value else f"`{json.dumps(value)}`"


def _table(head: Row, rows: Iterator[Row] | list[Row]) -> Iterator[str]:
    yield _line(head)
    yield _line(tuple("---" for _ in head))
    yield from map(_line, rows)


def _line(cells: Row) -> str:
    return "| " + " | ".join(cell if cell == "---" else _cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")

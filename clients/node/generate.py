"""Writes what the client for Node takes from the control API's document: `lib/generated.*`.

    python clients/node/generate.py

A new effect, condition, option or field of a record is in the client once this has run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

from mockserver.client.rules import Script
from mockserver.control.openapi import document
from mockserver.facts import fields

Schema = Mapping[str, Any]
FOLDER = Path(__file__).parent / "lib"
HEAD = "// Made of the control API's document by generate.py: run that, and change nothing here.\n"
_OWN = ("times", "name")  # of every effect's options
_SCALARS = {"string": "string", "number": "number", "integer": "number", "boolean": "boolean"}
#: What is told, by the name that the client has for it.
_TOLD = {
    "Record": "RequestRecord",
    "Raw": "Raw",
    "RuleTold": "RuleRecord",
    "Clock": "ClockRecord",
    "Ledger": "Ledger",
    "Limits": "Limits",
    "Finding": "Finding",
    "Failure": "Failure",
}
_ANSWERS = {
    "Verdict": "/_mock/verdict",
    "Coverage": "/_mock/coverage",
    "Ready": "/_mock/ready",
}


def files() -> dict[str, str]:
    """The content of each generated file, by its name."""
    told = document()
    return {"generated.cjs": _values(told), "generated.d.cts": _types(told)}


def camel(name: str) -> str:
    """A name of the mock's as JavaScript spells it."""
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


def _alternatives(schema: Schema) -> list[Schema]:
    return list(schema.get("anyOf", [schema]))


def _is_map(schema: Schema) -> bool:
    return isinstance(schema.get("additionalProperties"), Mapping)


def _effects(told: Schema) -> Mapping[str, Schema]:
    effects: Mapping[str, Schema] = told["components"]["schemas"]["Effect"]["properties"]
    return effects


def _body(told: Schema, path: str, method: str = "post") -> Mapping[str, Schema]:
    content = told["paths"][path][method]["requestBody"]["content"]
    properties: Mapping[str, Schema] = content["application/json"]["schema"]["properties"]
    return properties


# -- what the client needs to know as it runs --------------------------------------------------


def _kind(schema: Schema) -> dict[str, Any]:
    """How an effect's value can be told: as a flag, as a table with fields, as a map, as a file."""
    found: dict[str, Any] = {}
    for one in _alternatives(schema):
        if one.get("type") == "boolean":
            found["flag"] = True
        if "properties" in one:
            found.setdefault("fields", []).extend(one["properties"])
        if _is_map(one):
            found["map"] = True
    values = schema.get("additionalProperties") if _is_map(schema) else None
    if any("contentEncoding" in one for one in _alternatives(schema)):
        found["file"] = True
    if values and any("contentEncoding" in one for one in _alternatives(values)):
        found["files"] = True
    if clash := set(_OWN) & {*found.get("fields", ())}:
        raise ValueError(f"an effect's field is called as an option of all effects: {clash}")
    return found


def _defaults(effects: Mapping[str, Schema]) -> dict[str, Any]:
    """What stands for a value that is left out, where no flag does: as in Python."""
    found: dict[str, Any] = {}
    for name, schema in effects.items():
        method = getattr(Script, name, None)
        if method is None or "flag" in _kind(schema):
            continue
        _, value, *_ = signature(method).parameters.values()
        if value.kind == value.POSITIONAL_OR_KEYWORD and isinstance(value.default, str | int):
            found[name] = value.default
    return found


def _opaque(name: str, schema: Any) -> Iterator[str]:
    """The names of what is not the mock's to spell: headers, bodies, events of one's own."""
    if not isinstance(schema, Mapping):
        return
    for one in _alternatives(schema):
        keeps = one.keys() - {"description"}
        if not keeps or _is_map(one) or one.get("type") == "array":
            yield name
        for key, inner in one.get("properties", {}).items():
            yield from _opaque(key, inner)


def _values(told: Schema) -> str:
    effects = _effects(told)
    asked = {name for key, schema in effects.items() for name in _opaque(key, schema)}
    values = {
        "EFFECTS": {name: _kind(schema) for name, schema in effects.items()},
        "DEFAULTS": _defaults(effects),
        "CONDITIONS": list(_conditions(told)),
        "OPAQUE": sorted(asked),
        "SENDABLE": [*fields().order, "seed"],  # as in Python's assertions
    }
    lines = [f"exports.{name} = {_written(value)};" for name, value in values.items()]
    return "\n".join([HEAD + '"use strict";', *lines, ""])


def _written(value: Any) -> str:
    """JSON, a line for each of the first level."""
    if isinstance(value, dict):
        rows = [f"  {name}: {json.dumps(one)}," for name, one in value.items()]
        return "\n".join(["{", *rows, "}"])
    return "\n".join(["[", *(f"  {json.dumps(one)}," for one in value), "]"])


# -- types -------------------------------------------------------------------------------------


def _conditions(told: Schema) -> Mapping[str, Schema]:
    when = told["components"]["schemas"]["Rule"]["properties"]["when"]
    found: Mapping[str, Schema] = when["properties"]
    return found


class _Types:
    """Types of schemas: the mock's names in camelCase, the API's as the API spells them."""

    def __init__(self, told: Schema) -> None:
        self._reasons = list(_effects(told)["error"]["enum"])

    def of(self, schema: Any, indent: str = "", *, is_reason: bool = False) -> str:
        """The type, on as many lines as its tables have fields."""
        if not isinstance(schema, Mapping):  # true: anything
            return "unknown"
        if "$ref" in schema:
            name = str(schema["$ref"]).rpartition("/")[2]
            return _TOLD.get(name, name)
        if "anyOf" in schema:
            return _union(self.of(one, indent) for one in schema["anyOf"])
        if "enum" in schema:
            return self._literals(schema["enum"], is_reason=is_reason)
        if "const" in schema:
            return json.dumps(schema["const"])
        return _special(schema) or self._by_type(schema, indent)

    def _by_type(self, schema: Schema, indent: str) -> str:
        kind = schema.get("type")
        if isinstance(kind, list):
            return _union(_SCALARS[one] for one in kind)
        if kind == "array":
            inner = self.of(schema.get("items", {}), indent)
            return f"({inner})[]" if re.search(r"[|&{]", inner) else f"{inner}[]"
        if kind == "null":
            return "null"
        if kind in _SCALARS:
            return _SCALARS[kind]
        if "properties" in schema:
            return self.table(schema, indent)
        if kind == "object":
            values = schema.get("additionalProperties")
            return f"Record<string, {self.of(values, indent) if _is_map(schema) else 'unknown'}>"
        return "unknown"

    def table(self, schema: Schema, indent: str = "", *, is_api: bool = False) -> str:
        """A table, each field with what the document says of it."""
        required = schema.get("required", ())
        lines = ["{"]
        for name, inner in schema["properties"].items():
            about = inner.get("description") if isinstance(inner, Mapping) else None
            lines += [f"{indent}  /** {about} */"] if about else []
            mark = "" if name in required else "?"
            spelt = name if is_api else camel(name)
            lines.append(f"{indent}  {spelt}{mark}: {self.of(inner, indent + '  ')};")
        return "\n".join([*lines, f"{indent}}}"])

    def _literals(self, values: list[Any], *, is_reason: bool) -> str:
        reasons = [] if is_reason or not {*self._reasons} <= {*values} else ["ErrorName"]
        rest = [v for v in values if not (reasons and v in self._reasons)]
        return _union([*reasons, *map(json.dumps, rest)])


def _special(schema: Schema) -> str | None:
    """The type of what JSON Schema says in another way."""
    if schema.get("not") == {"type": "object"}:
        return "string | number | boolean | null"
    if "contentEncoding" in schema:
        return "File"
    return "Found" if schema.get("required") in (["contains"], ["regex"]) else None


def _union(types: Iterable[str]) -> str:
    found = list(dict.fromkeys(types))
    if any(one.startswith('"') for one in found):  # an editor goes on proposing them
        found = ["(string & {})" if one == "string" else one for one in found]
    return " | ".join(found)


def _method(name: str, schema: Schema, types: _Types) -> list[str]:
    """What a script can be followed by, in each way that it can be written."""
    kind, options = _kind(schema), "options?: RuleOptions"
    defaults = _defaults({name: schema})
    lines = [f"  /** {schema['description']} */"] if "description" in schema else []
    called = camel(name)
    tables = [one for one in _alternatives(schema) if "properties" in one]
    others = [one for one in _alternatives(schema) if "properties" not in one]
    shown = [one for one in others if one.get("type") != "boolean"]
    if shown:
        value = _union(types.of(one, "  ") for one in shown)
        lines.append(f"  {called}(value: {value}, {options}): Rule;")
    lines += [f"  {called}(value: {types.table(one, '  ')} & RuleOptions): Rule;" for one in tables]
    if "flag" in kind or name in defaults:
        lines.append(f"  {called}({options}): Rule;")
    return lines


def _types(told: Schema) -> str:
    types, schemas = _Types(told), told["components"]["schemas"]
    effects = {"properties": _effects(told)}
    options = {k: v for k, v in _body(told, "/_mock/sandbox").items() if k != "standing"}
    parts = _body(told, "/_mock/reset")["only"]["items"]
    condition = types.table({"properties": _conditions(told)}, is_api=True)
    reasons = types.of(_effects(told)["error"], is_reason=True)
    lines = [
        HEAD,
        'import type { Rule, RuleOptions } from "../index.cjs";\n',
        "/** A file's content, or a path to it. */",
        "export type File = Uint8Array | string;\n",
        "/** How a text must be; an expression as a text is Python's. */",
        "export type Found = { contains: string } | { regex: RegExp | string };\n",
        f"export type ErrorName = {reasons};\n",
        f"export type Part = {types.of(parts)};\n",
        f"export interface Condition {condition}\n",
        f"export interface Effects {types.table(effects)}\n",
        "/** Each is a rule of its own. */",
        "export interface EffectMethods {",
        *(line for name, schema in _effects(told).items() for line in _method(name, schema, types)),
        "}\n",
        f"export interface SandboxOptions {types.table({'properties': options})}\n",
    ]
    for name, called in _TOLD.items():
        lines.append(f"export interface {called} {types.table(schemas[name])}\n")
    for called, path in _ANSWERS.items():
        answer = told["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        lines.append(f"export type {called} = {types.of(answer['schema'])};\n")
    return "\n".join(lines).rstrip("\n") + "\n"


if __name__ == "__main__":
    for name, content in files().items():
        (FOLDER / name).write_text(content, "utf-8")

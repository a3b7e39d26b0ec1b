"""What an OpenAPI document says, without its prose: operations, fields, their types and values.

Two documents with one shape say the same, however their schemas are cut. Compares nothing itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
#: What is said of one place, as "createImage 200 data[].url", by aspect: "types", "values" …
Shape = dict[str, dict[str, Any]]
_BOUNDS = {"minimum": min, "maximum": max, "minLength": min, "maxLength": max}
_SAID = (*_BOUNDS, "default")
#: The paths that are compared: those that `vendor.toml` has of the vendor's document.
_PATHS = ("/images", "/models", "/files", "/organization")
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def compared(document: Schema) -> Schema:
    """A document with the paths of this project that the vendor's is known of."""
    paths = {path: said for path, said in document["paths"].items() if path.startswith(_PATHS)}
    return {**document, "paths": paths}


def shape_of(*documents: Schema) -> Shape:
    """The shape of documents taken together: what one of them takes, the whole takes."""
    found: Shape = {}
    for document in documents:
        for path, methods in document["paths"].items():
            for method in _METHODS:
                if method in methods:
                    _operation(found, document, f"{method.upper()} {path}", methods[method])
    return {place: _tidy(said) for place, said in sorted(found.items())}


def _operation(found: Shape, document: Schema, at: str, definition: Schema) -> None:
    name = definition["operationId"]
    said = _merged(found, name)
    said["at"] = {re.sub(r"\{\w+\}", "{}", at)}  # what a path calls its parameters says nothing
    bodies = definition.get("requestBody", {}).get("content", {})
    said.setdefault("takes", set()).update(bodies)
    said.setdefault("answers", set()).update(definition["responses"])
    for parameter in definition.get("parameters", ()):
        if parameter["in"] == "query":
            place = f"{name} query {parameter['name']}"
            _field(found, document, place, parameter["schema"])
            if not parameter.get("required"):
                _merged(found, place)["optional"] = True
    for media in bodies.values():
        _fields(found, document, f"{name} body", media["schema"])
    for status, answer in definition["responses"].items():
        for kind, media in _resolved(document, answer).get("content", {}).items():
            streamed = "event-stream" in kind
            schema = media.get("itemSchema" if streamed else "schema") or media["schema"]
            events = _events(document, schema) if streamed else [("", schema)]
            for event, told in events:
                _fields(found, document, f"{name} {status}{event}", told)


def _events(document: Schema, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """The data of each event, by the name of its type."""
    schema = _resolved(document, schema)
    data = schema.get("properties", {}).get("data", {}).get("contentSchema", schema)
    for branch in _branches(document, data):
        kind = branch["properties"]["type"]
        yield f" {kind.get('const') or kind['enum'][0]}", branch


def _resolved(document: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        target: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        schema = target
    return schema


def _branches(document: Schema, schema: Schema) -> Iterator[Schema]:
    """The schemas of which one is to be kept, each by itself."""
    schema = _resolved(document, schema)
    chosen = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
    if not chosen or "properties" in schema:
        yield schema
    for branch in chosen if "properties" not in schema else ():
        yield from _branches(document, branch)


def _fields(found: Shape, document: Schema, place: str, schema: Schema) -> None:
    for branch in _branches(document, schema):
        needed = branch.get("required", ())
        for name, rules in branch.get("properties", {}).items():
            _field(found, document, f"{place} {name}".replace("[] ", "[]."), rules)
            if name not in needed:
                _merged(found, f"{place} {name}".replace("[] ", "[]."))["optional"] = True


def _field(found: Shape, document: Schema, place: str, rules: Schema) -> None:
    said = _merged(found, place)
    if "default" in rules:
        said.setdefault("default", set()).add(rules["default"])
    for branch in _branches(document, rules):
        _say(said, branch)
        if "properties" in branch:
            _fields(found, document, f"{place}.", branch)
        if "items" in branch:
            _field(found, document, f"{place}[]", branch["items"])


def _say(said: dict[str, Any], branch: Schema) -> None:
    values = branch.get("enum", [branch["const"]] if "const" in branch else [])
    kinds = branch.get("type", [_type(value) for value in values])
    told = {kinds} if isinstance(kinds, str) else set(kinds)
    if branch.get("nullable"):
        told.add("null")
    said.setdefault("types", set()).update(told or {"any"})
    said.setdefault("values", set()).update(value for value in values if value is not None)
    if not values and "string" in told:
        said["free"] = True  # any text is taken
    for bound, wider in _BOUNDS.items():
        if bound in branch:
            said[bound] = wider(said.get(bound, branch[bound]), branch[bound])


def _type(value: object) -> str:
    return {str: "string", bool: "boolean", int: "integer", type(None): "null"}[type(value)]


def _merged(found: Shape, place: str) -> dict[str, Any]:
    return found.setdefault(place.replace(". ", "."), {})


def _tidy(said: dict[str, Any]) -> dict[str, Any]:
    """In an order, and without what is empty."""
    told = {name: _in_order(value) for name, value in sorted(said.items())}
    return {name: value for name, value in told.items() if value not in ([], None)}


def _in_order(value: Any) -> Any:
    return sorted(value, key=str) if isinstance(value, set) else value


def as_toml(shape: Shape) -> Iterator[str]:
    """The shape as a table of TOML, line by line."""
    yield "[places]\n"
    for place, said in shape.items():
        told = ", ".join(f"{aspect} = {json.dumps(value)}" for aspect, value in said.items())
        yield f'"{place}" = {{ {told} }}\n'

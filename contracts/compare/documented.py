"""What an OpenAPI document knows of images, in the words of a package. Compares nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from contracts.document.reading import read_yaml

Schema = Mapping[str, Any]
ANSWER = "answer"
#: The method of the `openai` package that asks for a path.
METHODS = {
    "/images/generations": "images.generate",
    "/images/edits": "images.edit",
    "/images/variations": "images.create_variation",
}
_PARTS = ("allOf", "anyOf", "oneOf")
_DEEP = 8  # references, parts and objects in one another: some hold themselves


class Known(NamedTuple):
    """One thing that is known: as `mockserver.evidence.sdk.Thing` has it."""

    where: str  # a method, ANSWER, or an event
    name: str = ""  # of a parameter or field, as "usage.input_tokens"
    value: str = ""


class NoDocument(Exception):
    """There is no document that can be read. The message says what to do."""


def read(file: Path) -> Schema:
    """A document out of a file, JSON or YAML.

    Raises:
        NoDocument: it is none, or knows nothing of images.
    """
    try:
        document = read_yaml(file.read_bytes())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise NoDocument(f"{file} can't be read: {type(error).__name__}") from None
    if not isinstance(document, dict) or not _operations(document):
        raise NoDocument(f"{file} has none of the paths {', '.join(METHODS)}")
    return document


def known(document: Schema) -> list[Known]:
    """Methods, parameters and their values, fields of answers and events, each once."""
    found: dict[Known, None] = {}
    for method, operation in _operations(document).items():
        found[Known(method)] = None
        body = _meant(operation.get("requestBody", {}), document)
        for media in body.get("content", {}).values():
            found |= dict.fromkeys(_fields(media.get("schema", {}), method, document))
        answers = _meant(operation.get("responses", {}).get("200", {}), document)
        for kind, media in answers.get("content", {}).items():
            schema = media.get("itemSchema") or media.get("schema") or {}
            told = _events(schema, document) if "event" in kind else _answered(schema, document)
            found |= dict.fromkeys(told)
    return list(found)


def _operations(document: Schema) -> dict[str, Schema]:
    paths: Schema = document.get("paths") or {}
    return {
        method: methods["post"]
        for path, methods in paths.items()
        for end, method in METHODS.items()
        if path.endswith(end) and "post" in methods
    }


def _meant(schema: Any, document: Schema) -> Schema:
    """What a reference stands for."""
    for _ in range(_DEEP):
        if not (isinstance(schema, Mapping) and isinstance(schema.get("$ref"), str)):
            break
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found.get(part, {}) if isinstance(found, Mapping) else {}
        schema = found
    return schema if isinstance(schema, Mapping) else {}


def _parts(schema: Any, document: Schema, depth: int = 0) -> Iterator[Schema]:
    """A schema, and all that it is made of; of a list what its items are."""
    here = _meant(schema, document)
    yield here
    inner = [*(part for word in _PARTS for part in here.get(word, ())), here.get("items")]
    for part in inner if depth < _DEEP else ():
        if part is not None:
            yield from _parts(part, document, depth + 1)


def _properties(schema: Any, document: Schema) -> dict[str, list[Schema]]:
    """The fields that an object of a schema can have, each with all that is said of it."""
    found: dict[str, list[Schema]] = {}
    for part in _parts(schema, document):
        for name, inner in part.get("properties", {}).items():
            found.setdefault(name, []).append(inner)
    return found


def _literals(schemas: list[Schema], document: Schema) -> Iterator[str]:
    for schema in schemas:
        for part in _parts(schema, document):
            values = [*part.get("enum", ()), *([part["const"]] if "const" in part else ())]
            yield from (value for value in values if isinstance(value, str))


def _fields(schema: Any, where: str, document: Schema, before: str = "") -> Iterator[Known]:
    """Fields with their values, and those of the objects that they are."""
    if before.count(".") > _DEEP:
        return
    for name, schemas in _properties(schema, document).items():
        yield Known(where, f"{before}{name}")
        yield from (Known(where, f"{before}{name}", v) for v in _literals(schemas, document))
        for inner in schemas:
            yield from _fields(inner, where, document, f"{before}{name}.")


def _answered(schema: Any, document: Schema) -> Iterator[Known]:
    return (one for one in _fields(schema, ANSWER, document) if not one.value)


def _events(schema: Any, document: Schema) -> Iterator[Known]:
    """The events that a stream can have, wherever a schema speaks of them."""
    for part in _parts(schema, document):
        properties = part.get("properties", {})
        for name in _literals([properties.get("type", {})], document):
            yield Known(name)
            yield from (k for k in _fields(part, name, document) if not k.value)
        for inner in (part.get("contentSchema"), properties.get("data")):
            if inner:
                yield from _events(inner, document)

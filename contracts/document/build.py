"""Builds the OpenAPI document from the facts and the skeleton. Sends nothing and judges nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from contracts.document.beside import add_beside
from contracts.document.bodies import Schema as Schema
from contracts.document.bodies import Sizes as Sizes
from contracts.document.bodies import bodies, encoding, in_json, kept_examples, models_of
from contracts.document.bodies import taken as taken
from contracts.document.reading import read_yaml
from contracts.document.streams import EVENTS, events
from mockserver.facts import Facts, Model, Operation, default_days, first_day, load

HERE = Path(__file__).parent
SKELETON = HERE / "skeleton.yaml"
DOCUMENT = HERE.parent / "openapi.yaml"
#: The tables of words that empty some refusals, as facts/words/dates.toml names them.
BARE_404 = frozenset({"A, bare 404", "B, bare 404"})
#: The first version with `itemSchema`, which says what one event of a stream is.
_WITH_STREAMS = "3.2.0"
#: Answers that no operation refers to: they are for methods that are not declared.
_UNREFERENCED = {"MethodNotAllowed", "Bare"}
_HEADER = """\
# Built from mockserver/facts and the skeleton beside build.py by `python -m contracts.document`.
# Change those, not this.

"""


def build(sizes: Sizes = "page", day: date | None = None) -> Schema:
    """The contract as an OpenAPI document: 3.1, or 3.2 where there are streams, whose word it is.

    Args:
        sizes: "page" takes the sizes of the model page too, as the mock does unless told otherwise;
            "api" takes those that the real API took.
        day: whose rules count; the default day's unless given, beside images those of today.
    """
    facts = load(day)
    document = deepcopy(_skeleton())
    document["info"] |= {"version": str(facts.day), "x-rules": _rules(facts, sizes)}
    add_beside(document, day)
    _drop_headers(document, facts)
    _fill_headers(document["components"]["headers"], facts)
    _fill_operations(document, facts, sizes)
    _fill_models(document, facts)
    if not (facts.shutdown_told or (day is None and default_days())):
        del document["components"]["schemas"]["Model"]["properties"]["shutdown_date"]
    _fill_pictures(document, facts)
    _keep_refusals(document["components"]["responses"], facts)
    for name in ("x-shared", "x-wording", "x-wording-when"):
        del document[name]
    _prune(document)
    return document


@cache
def _skeleton() -> Schema:
    skeleton: Schema = read_yaml(SKELETON.read_text("utf-8"))
    return skeleton


def _rules(facts: Facts, sizes: Sizes) -> Schema:
    dialects = {operation.id: operation.dialect for operation in facts.operations.values()}
    return {"day": str(facts.day), "dialects": dialects, "sizes": sizes}


def facts_of(document: Mapping[str, Any]) -> Facts:
    """The facts from which a contract was built."""
    return load(date.fromisoformat(document["info"]["x-rules"]["day"]))


def bare_404(facts: Facts, service: str) -> bool:
    """Whether a service refuses methods that are not there with an empty 404."""
    return not BARE_404.isdisjoint(facts.words[service])


# Headers


def _drop_headers(document: Schema, facts: Facts) -> None:
    """Take away what no answer of this day has."""
    absent = set()
    if not facts.headers.nosniff:
        absent.add("x-content-type-options")
    if not facts.headers.project:
        absent.add("openai-project")
    # The answers hold these very tables: YAML's aliases are one object.
    for headers in (*document["x-shared"].values(), document["components"]["headers"]):
        for name in absent & headers.keys():
            del headers[name]


def _fill_headers(headers: Schema, facts: Facts) -> None:
    headers["x-request-id"]["schema"]["pattern"] = (
        f"^{facts.headers.request_id_prefix}[0-9a-f]{{32}}$"
    )
    headers["openai-version"]["schema"]["const"] = facts.headers.openai_version


# Operations


def _fill_operations(document: Schema, facts: Facts, sizes: Sizes) -> None:
    for operation_id in document["x-wording"].keys() - facts.operations.keys():
        _drop_operation(document, operation_id)
    for operation in facts.operations.values():
        schemas = document["components"]["schemas"]
        schemas |= bodies(facts, operation, document, sizes)
        if operation.json_too:
            schemas |= in_json(facts, operation, document, sizes)
        definition = document["paths"][path_of(operation, document)][operation.method.lower()]
        _fill_body(definition["requestBody"]["content"], facts, operation)
        if not models_of(facts, operation):
            del definition["responses"]["200"]
        elif media := events(facts, operation):
            document["openapi"] = _WITH_STREAMS
            answer = definition["responses"]["200"]
            if "$ref" in answer:  # another operation's, too
                answer = deepcopy(document["components"]["responses"]["Made"])
            definition["responses"]["200"] = answer | {
                "content": answer["content"] | {EVENTS: media}
            }


def _drop_operation(document: Schema, operation_id: str) -> None:
    for path, methods in list(document["paths"].items()):
        if any(definition["x-operation"] == operation_id for definition in methods.values()):
            del document["paths"][path]


def _fill_body(content: Schema, facts: Facts, operation: Operation) -> None:
    kind, *more = content
    if not operation.json_too:
        for other in more:
            del content[other]
    media = content[kind]
    if files := encoding(facts, operation):
        media["encoding"] = files
    media["examples"] = kept_examples(facts, operation, media["examples"])
    if not media["examples"]:
        del media["examples"]


def path_of(operation: Operation, document: Mapping[str, Any]) -> str:
    """The operation's path as the document has it: under the base path of its server."""
    return operation.path.removeprefix(urlsplit(document["servers"][0]["url"]).path)


# Answers


def _keep_refusals(responses: Schema, facts: Facts) -> None:
    """Of the two ways to refuse a method those that some service of the day has."""
    bare = {bare_404(facts, service) for service in ("models", *facts.operations)}
    if True not in bare:
        del responses["Bare"]
    if False not in bare:
        del responses["MethodNotAllowed"]


def _fill_models(document: Schema, facts: Facts) -> None:
    """Name the models that are listed, or one that is not where none is."""
    listed = [model.id for model in facts.models.values() if model.listed]
    one = document["paths"]["/models/{model}"]["get"]
    (parameter,) = one["parameters"]
    if listed:
        parameter["examples"] = {name: {"value": name} for name in listed}
    _keep_models(one["responses"]["200"], facts)
    _keep_models(document["paths"]["/models"]["get"]["responses"]["200"], facts)


def _shown(model: Model) -> Schema:
    """A model as an answer tells it, before answers said when one ends."""
    return {
        "id": model.id,
        "object": "model",
        "created": model.created,
        "owned_by": model.owned_by,
    }


def _keep_models(answer: Schema, facts: Facts) -> None:
    listed = {model.id: _shown(model) for model in facts.models.values() if model.listed}
    media = answer["content"]["application/json"]
    for name, shown in list(media["examples"].items()):
        value = shown["value"]
        if "data" in value:
            value["data"] = [*listed.values()]
        elif value["id"] not in listed:
            del media["examples"][name]
    if not media["examples"]:
        del media["examples"]


def _fill_pictures(document: Schema, facts: Facts) -> None:
    """Bound the pictures of an answer by what any model of the day makes."""
    offers = [o for model in facts.models.values() for o in model.offers.values()]
    schemas = document["components"]["schemas"]
    schemas["Images"]["properties"]["data"]["maxItems"] = max(
        (int(o.parameter["n"].maximum or 1) for o in offers), default=0
    )
    told = {name for offer in offers for name in offer.told.fields}
    for name in schemas["Images"]["properties"].keys() - told - {"created", "data"}:
        del schemas["Images"]["properties"][name]
    if any(offer.revises_prompt for offer in offers):
        return
    for name in ("LinkedImage", "EmbeddedImage"):
        del schemas[name]["properties"]["revised_prompt"]
    for methods in document["paths"].values():
        for definition in methods.values():
            answer = definition["responses"].get("200", {}).get("content", {})
            answer.get("application/json", {}).get("examples", {}).pop("revised_prompt", None)


def _prune(document: Schema) -> None:
    """Take away the schemas and answers that nothing refers to on this day."""
    components = document["components"]
    while True:
        used = set(references(document))
        orphans = [
            (kind, name)
            for kind in ("schemas", "responses")
            for name in components[kind]
            if name not in _UNREFERENCED and f"#/components/{kind}/{name}" not in used
        ]
        if not orphans:
            return
        for kind, name in orphans:
            del components[kind][name]


def references(value: Any) -> Iterator[str]:
    """Every `$ref` in a part of a document."""
    match value:
        case {"$ref": str(name)}:
            yield name
        case dict():
            for inner in value.values():
                yield from references(inner)
        case list():
            for inner in value:
                yield from references(inner)


# The text


class _Plain(yaml.SafeDumper):
    """Writes out what stands in two places twice, as anchors are hard to read."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def rendered(document: Mapping[str, Any]) -> str:
    """The document as the text of openapi.yaml."""
    body = yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100)
    return _HEADER + body


def day_in(text: str) -> date:
    """The day that a text names, as 2025-06-15.

    Raises:
        ValueError: it names none, or one before the API was there.
    """
    day = date.fromisoformat(text)
    if day < first_day():
        raise ValueError(f"{text} is before {first_day()}, the first day of the API")
    return day

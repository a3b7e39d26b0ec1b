"""What the document of a day says of the services beside images. Knows nothing of pictures.

Methods, paths and parameters are the facts'; what they don't hold is in `services/`, a file each:

    tag         what its operations are filed under
    named       what a parameter of their paths is, by its name
    operations  by the id of an endpoint. `query` and `body` say what a parameter is beside its
                facts, `needs` which others are needed, `rules` what parts of a body go together,
                `sent` are examples of one; `answer` is the good one, which may come in events
                (`streams`), `refused` the statuses of others beside those of all, `responses`
                others that are not as all are
    schemas, securitySchemes    components
    examples    only there to be referred to

`{$fact: [limit, maximum]}` stands for a value of the service's facts on the day, or of another's,
as `[batches, bounds, lines]`. A schema with `$keys: [told, fields]` has just the properties that
the facts list there, and needs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from contracts.document.bodies import Schema, value_of
from contracts.document.reading import read_yaml
from contracts.document.streams import EVENTS
from contracts.forms import FORM
from mockserver.facts import Parameter, load, looked_up
from mockserver.facts.platform import SERVICES, Endpoint, endpoints, on

HERE = Path(__file__).parent / "services"
_REFUSALS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    413: "TooLarge",
    429: "TooManyRequests",
    500: "ServerError",
}
_OF_EACH = (401, 429, 500)


def services_on(day: date) -> list[str]:
    """The services beside images that are there on a day."""
    return [s for s in SERVICES if s in load(day).words and endpoints(s, day)]


def service_of(path: str) -> str:
    """The service beside images that a path below the base URL is one of; "" for none."""
    first = path.partition("?")[0].split("/")[1:2]
    return first[0] if first and first[0] in SERVICES else ""


def add_beside(document: Schema, day: date | None) -> None:
    """Add all that a day has beside images; without one that of the day of the facts.

    Where nobody says a day, these services are as they are today.
    """
    day = day or looked_up()
    document["info"]["x-rules"]["beside"] = str(day)
    base = document["servers"][0]["url"].rpartition("/")[2]
    facts = {service: on(service, day) for service in services_on(day)}
    for service in facts:
        said: Schema = _filled(_file(service), {**facts, **facts[service]})
        document["tags"].append({"name": said["tag"]})
        for kind in ("schemas", "securitySchemes"):
            document["components"][kind] |= said.get(kind, {})
        for endpoint in endpoints(service, day):
            path = endpoint.path.removeprefix(f"/{base}")
            methods = document["paths"].setdefault(path, {})
            methods[endpoint.method.lower()] = _operation(endpoint, said, document)


@cache
def _file(service: str) -> Any:
    return read_yaml((HERE / f"{service}.yaml").read_text("utf-8"))


def _filled(value: Any, facts: Any) -> Any:
    match value:
        case {"$fact": path}:
            return _fact(path, facts)
        case {"$keys": path, **schema}:
            keys, filled = [*_fact(path, facts)], _filled(schema, facts)
            only = {name: filled["properties"].get(name, {}) for name in keys}
            return {**filled, "required": keys, "properties": only}
        case dict():
            return {name: _filled(inner, facts) for name, inner in value.items()}
        case list():
            return [_filled(inner, facts) for inner in value]
        case _:
            return value


def _fact(path: Any, facts: Any) -> Any:
    for step in path:
        facts = facts[step]
    return facts


def _operation(endpoint: Endpoint, said: Schema, document: Schema) -> Schema:
    told = said["operations"][endpoint.id]
    refused = sorted({*told.get("refused", ()), *_OF_EACH})
    named = [_named(name, said) for name in re.findall(r"\{(\w+)\}", endpoint.path)]
    parameters = [*named, *_query(endpoint, told), *told.get("parameters", ())]
    body = _body(endpoint, told, document) if endpoint.body else {}
    return {
        "operationId": told["operationId"],
        "x-operation": endpoint.id,
        "tags": [said["tag"]],
        **{name: told[name] for name in ("summary", "description", "security") if name in told},
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": body} if body else {}),
        "responses": {
            **({"200": _answer(told["answer"], document)} if "answer" in told else {}),
            **{str(s): {"$ref": f"#/components/responses/{_REFUSALS[s]}"} for s in refused},
            **told.get("responses", {}),
        },
    }


def _named(name: str, said: Schema) -> Schema:
    about = said["named"][name]
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "description": about, "schema": schema}


def _query(endpoint: Endpoint, told: Schema) -> Iterator[Schema]:
    for parameter in endpoint.query:
        schema = value_of(parameter) | told.get("query", {}).get(parameter.name, {})
        about = {name: schema.pop(name) for name in ("description",) if name in schema}
        needed = {"required": True} if parameter.required else {}
        yield {
            "name": parameter.name,
            "in": "query",
            **needed,
            **about,
            "schema": schema,
        }


def _body(endpoint: Endpoint, told: Schema, document: Schema) -> Schema:
    known: Mapping[str, Parameter] = {p.name: p for p in endpoint.body}
    document["components"]["schemas"][endpoint.id] = {
        "type": "object",
        "required": [n for n, p in known.items() if p.required or n in told.get("needs", ())],
        "additionalProperties": False,
        "properties": {n: value_of(p) | told.get("body", {}).get(n, {}) for n, p in known.items()},
        **_rules_of(told.get("rules", {}), known),
    }
    media: Schema = {"schema": {"$ref": f"#/components/schemas/{endpoint.id}"}}
    if sent := told.get("sent"):
        media["examples"] = sent
    kind = FORM if any(p.type == "file" for p in known.values()) else "application/json"
    return {"required": True, "content": {kind: media}}


def _rules_of(rules: Schema, known: Mapping[str, Parameter]) -> Schema:
    """What goes together, as far as the day has it."""
    pairs = rules.get("dependentRequired", {})
    kept = {name: needed for name, needed in pairs.items() if name in known}
    return {"dependentRequired": kept} if kept else {}


def _answer(told: Schema, document: Schema) -> Schema:
    media: Schema = {"schema": {}}
    if "schema" in told:
        name = told["schema"]
        known = document["components"]["schemas"][name].get("properties", {})
        shown = {example: {"value": _kept(v, known)} for example, v in told["examples"].items()}
        media = {"schema": {"$ref": f"#/components/schemas/{name}"}}
        media |= {"examples": shown} if shown else {}
    return {
        "description": told["description"],
        "headers": document["x-shared"]["authenticated"],
        "content": {
            told.get("media", "application/json"): media,
            **({EVENTS: {"schema": {}}} if told.get("streams") else {}),
        },
    }


def _kept(value: Any, known: Schema) -> Any:
    """An example without the fields that a day did not have."""
    return {n: v for n, v in value.items() if n in known} if known else value

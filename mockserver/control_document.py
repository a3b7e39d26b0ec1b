"""The OpenAPI document of the control API, as /_mock/openapi.json answers it. Serves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from mockserver import __version__
from mockserver.core.sandbox import FARTHEST
from mockserver.inquiry import SHORTEST
from mockserver.rule_document import (
    EFFECT,
    EFFECT_TOLD,
    FLAG,
    MATCHER,
    POSITIVE,
    RULE,
    RULE_PUT,
    SECONDS,
    TEXT,
    WHEN,
    WHOLE,
    Schema,
    asked,
)
from mockserver.steering import PARTS
from mockserver.witness import LONGEST

USD: Schema = {"type": "number", "minimum": 0}
NOTHING: Schema = {"type": "object", "maxProperties": 0}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _listed(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _table(properties: Mapping[str, Schema], *optional: str) -> Schema:
    """An object of these properties, which are all there but for the optional ones."""
    found: Schema = {"type": "object", "properties": dict(properties)}
    required = [name for name in properties if name not in optional]
    return found | ({"required": required} if required else {})


def _named(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_RECORD = _table(
    {
        "id": TEXT,
        "time": {"type": "number"},
        "sandbox": TEXT,
        "method": TEXT,
        "path": TEXT,
        "operation": TEXT,
        "fields": {"type": "object"},
        "filled": _listed(TEXT),
        "status": {"type": "integer"},
        "error": _or_null(_table({"reason": TEXT, "message": TEXT, "code": _or_null(TEXT)})),
        "usd": USD,
        "milliseconds": WHOLE,
        "trace": _listed(TEXT),
        "scripted": FLAG,
        "rule": TEXT,
        "rules": _listed(TEXT),
        "call": TEXT,
        "retries": WHOLE,
    }
)
_SCHEMAS: dict[str, Schema] = {
    "Error": _table(
        {
            "error": _table(
                {"message": TEXT, "type": TEXT, "param": _or_null(TEXT), "code": _or_null(TEXT)}
            )
        }
    ),
    "Nothing": NOTHING,
    "Matcher": MATCHER,
    "When": WHEN,
    "Effect": EFFECT,
    "Rule": RULE,
    "RulePut": RULE_PUT,
    "RuleTold": _table(
        {
            "id": TEXT,
            "when": {"type": "object"},
            "then": EFFECT_TOLD,
            "times": POSITIVE,
            "name": TEXT,
            "next": FLAG,
            "fired": WHOLE,
            "origin": {"enum": ["file", "call", "all"]},
            "sandbox": TEXT,
        },
        *("times", "name", "next"),
    ),
    "Record": _RECORD,
    "Explained": {
        "allOf": [_named("Record"), _table({"near": _listed(TEXT)})],
    },
    "Clock": _table({"now": {"type": "number"}, "moved": {"type": "number"}, "standing": FLAG}),
    "Limits": _table(
        {"limits": _listed(_table({"model": TEXT, "per_minute": _or_null(WHOLE), "used": WHOLE}))}
    ),
    "Ledger": _table(
        {
            "spent_usd": USD,
            "budget_usd": _or_null(USD),
            "prices": TEXT,
            "requests": _listed(
                _table({"id": TEXT, "model": TEXT, "size": TEXT, "n": POSITIVE, "usd": USD})
            ),
        }
    ),
}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _reference(kind: str, name: str) -> Schema:
    return {"$ref": f"#/components/{kind}/{name}"}


_WHICH = [_reference("parameters", "Sandbox"), _reference("parameters", "Key")]


def _does(
    name: str,
    summary: str,
    answer: Schema,
    *,
    body: Schema | None = None,
    parameters: list[Schema] | None = None,
    status: int = 200,
) -> Schema:
    """One operation, which answers `answer` or an error."""
    told: Schema = {
        "operationId": name,
        "summary": summary,
        "parameters": [*(parameters or []), *_WHICH],
        "responses": {
            str(status): {"description": summary, "content": _json(answer)},
            "default": _reference("responses", "Error"),
        },
    }
    return told | ({"requestBody": {"content": _json(body)}} if body else {})


def _query(name: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _id(pattern: str) -> Schema:
    return {"name": "id", "in": "path", "required": True, "schema": TEXT | {"pattern": pattern}}


_REQUEST, _RULE = _id("^[A-Za-z0-9_-]+$"), _id("^[afr][1-9][0-9]*$")  # of all, the file, or since
_FILTERS = [
    _query("status", WHOLE, "of the answer"),
    _query("operation", TEXT, "as images.generate"),
    _query("path", TEXT, "as the client sent it"),
    _query("model", TEXT, "as sent, or filled in"),
    _query("limit", WHOLE, "the last so many"),
    _query("since", TEXT, "what came after the request of this id"),
]
_OF_LOOK: dict[str, Schema] = {"when": _named("When")}
_RECORDS = _listed(_named("Record"))


def _journal() -> Schema:
    return {
        "/_mock/requests": {
            "get": _does(
                "requests.list",
                "What was asked under /v1, or meant to be, the oldest first; and what came late",
                _table({"requests": _RECORDS, "late": _RECORDS, "waited": SECONDS}),
                parameters=_FILTERS,
            ),
            "delete": _does("requests.clear", "Empty the journal alone", _named("Nothing")),
        },
        "/_mock/requests/last": {
            "get": _does("requests.last", "The last request, explained", _named("Explained"))
        },
        "/_mock/requests/count": {
            "post": _does(
                "requests.count",
                "How many requests were so",
                _table({"count": WHOLE}),
                body=asked(**_OF_LOOK),
            )
        },
        "/_mock/requests/wait": {
            "post": _does(
                "requests.wait",
                "The same, once there are enough; or when the time is over, which is real",
                _table({"count": WHOLE, "reached": FLAG}),
                body=asked(
                    **_OF_LOOK,
                    count=WHOLE,
                    timeout={"type": "number", "minimum": 0, "maximum": LONGEST},
                ),
            )
        },
        "/_mock/requests/elsewhere": {
            "get": _does(
                "requests.elsewhere",
                "The sandboxes of other keys that were asked since this one began",
                _table(
                    {"sandboxes": _listed(_table({"name": TEXT, "key": TEXT, "requests": WHOLE}))}
                ),
            )
        },
        "/_mock/requests/{id}": {
            "get": _does(
                "requests.get", "One request, explained", _named("Explained"), parameters=[_REQUEST]
            )
        },
        "/_mock/downloads": {
            "get": _does(
                "downloads.list",
                "What was downloaded, the oldest first",
                _table({"downloads": _RECORDS}),
            )
        },
    }


def _rules() -> Schema:
    rule, told = _named("Rule"), _named("RuleTold")
    return {
        "/_mock/rules": {
            "get": _does(
                "rules.list",
                "The rules, in the order in which they are tried",
                _table({"rules": _listed(told)}),
            ),
            "post": _does("rules.add", "A further rule", told, body=rule, status=201),
            "delete": _does(
                "rules.clear", "Take away all but the configuration file's", _named("Nothing")
            ),
        },
        "/_mock/rules/{id}": {
            "get": _does("rules.get", "One rule", told, parameters=[_RULE]),
            "put": _does(
                "rules.put",
                "Another rule in its place",
                told,
                body=_named("RulePut"),
                parameters=[_RULE],
            ),
            "delete": _does(
                "rules.remove", "Take one rule away", _named("Nothing"), parameters=[_RULE]
            ),
        },
    }


def _state() -> Schema:
    limit, text = _or_null(WHOLE), _or_null(TEXT)
    seconds: Schema = {"type": "number", "minimum": 0, "maximum": FARTHEST}
    advance = asked(seconds=seconds) | {"required": ["seconds"]}
    clock, limits, ledger = _named("Clock"), _named("Limits"), _named("Ledger")
    put_limits, put_budget = asked(per_minute=limit, tier=text), asked(budget_usd=_or_null(USD))
    return {
        "/_mock/clock": {"get": _does("clock.get", "The time", clock)},
        "/_mock/clock/advance": {
            "post": _does("clock.advance", "Move the clock on", clock, body=advance)
        },
        "/_mock/limits": {
            "get": _does("limits.get", "Images a minute", limits),
            "put": _does(
                "limits.put", "Another limit or tier, with a full minute", limits, body=put_limits
            ),
        },
        "/_mock/limits/refill": {"post": _does("limits.refill", "Let the minute be over", limits)},
        "/_mock/ledger": {
            "get": _does("ledger.get", "What was spent", ledger),
            "put": _does("ledger.put", "Another budget", ledger, body=put_budget),
        },
    }


def _sandboxes() -> Schema:
    text = _or_null(TEXT)
    summary = _table({"name": TEXT, "requests": WHOLE, "rules": WHOLE, "spent_usd": USD})
    return {
        "/_mock/reset": {
            "post": _does(
                "reset",
                "Empty a sandbox or parts of it; all sandboxes where none is named",
                _named("Nothing"),
                body=asked(only=_listed({"enum": list(PARTS)})),
            )
        },
        "/_mock/sandbox": {
            "post": _does(
                "sandbox.begin",
                "Begin a sandbox anew; `late` is what its life that ends saw late",
                _table({"sandbox": TEXT, "late": WHOLE}),
                body=asked(
                    tier=text,
                    as_of=text,
                    seed=text,
                    sizes=text,
                    prices=text,
                    latency=text,
                    per_minute=_or_null(WHOLE),
                    budget_usd=_or_null(USD),
                    standing=FLAG,
                ),
            )
        },
        "/_mock/sandboxes": {
            "get": _does(
                "sandboxes.list",
                "All sandboxes, the longest idle first",
                _table({"sandboxes": _listed(summary)}),
            )
        },
        "/_mock/config": {
            "get": _does(
                "config.get",
                "The settings; what is secret is hidden",
                _table({"settings": {"type": "object", "additionalProperties": text}}),
            )
        },
        "/_mock/openapi.json": {"get": _does("document.get", "This", {"type": "object"})},
    }


def _health() -> Schema:
    def told(status: str) -> Schema:
        answer = _table(
            {
                "status": {"const": status},
                "server": {"const": "images-mock"},
                "version": TEXT,
                "start_id": _or_null(TEXT),
                "since": {"type": "number"},
            }
        )
        responses = {"200": {"description": status, "content": _json(answer)}}
        return {"get": {"operationId": status, "security": [], "responses": responses}}

    return {f"/_mock/{status}": told(status) for status in ("live", "ready")}


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The document."""
    header = {"name": "Mock-Sandbox-Key", "in": "header", "schema": TEXT}
    which = (
        f"A name of /_mock/sandboxes, or its first {SHORTEST} letters or more; * for rules of all"
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Control API of images-mock",
            "version": __version__,
            "description": "Which sandbox is meant, a key or a name says; reads without span all. "
            "* gives every sandbox a rule, those to come too: counted for all together.",
        },
        "security": [{}, {"token": []}],  # wanted off loopback
        "paths": {**_health(), **_journal(), **_rules(), **_state(), **_sandboxes()},
        "components": {
            "schemas": _SCHEMAS,
            "parameters": {
                "Sandbox": _query("sandbox", TEXT, which),
                "Key": header
                | {"description": "An API key; its sandbox is made if it is new. Or *"},
            },
            "responses": {
                "Error": {"description": "A refusal", "content": _json(_named("Error"))},
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }

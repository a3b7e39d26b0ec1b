"""The OpenAPI document of the control API, as /_mock/openapi.json answers it. Serves nothing."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from mockserver import __version__
from mockserver.control.openapi_journal import RAW, RECORD, journal
from mockserver.control.openapi_parts import (
    NOTHING,
    TIER,
    USD,
    does,
    id_of,
    json_of,
    named,
    query,
    table,
    time_of,
)
from mockserver.control.openapi_rules import (
    EFFECT,
    EFFECT_TOLD,
    MATCHER,
    RULE,
    RULE_PUT,
    WHEN,
)
from mockserver.control.request import SHORTEST
from mockserver.control.state import PARTS, UNITS
from mockserver.core.sandbox import FARTHEST
from mockserver.core.shapes import FLAG, POSITIVE, TEXT, WHOLE, Schema, asked, listed, or_null

_SCHEMAS: dict[str, Schema] = {
    "Error": table(
        {
            "error": table(
                {"message": TEXT, "type": TEXT, "param": or_null(TEXT), "code": or_null(TEXT)}
            )
        }
    ),
    "Nothing": NOTHING,
    "Matcher": MATCHER,
    "When": WHEN,
    "Effect": EFFECT,
    "Rule": RULE,
    "RulePut": RULE_PUT,
    "RuleTold": table(
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
    "Record": RECORD,
    "Raw": RAW,
    "Explained": {
        "allOf": [named("Record"), table({"near": listed(TEXT)})],
    },
    "Clock": table({"now": {"type": "number"}, "moved": {"type": "number"}, "standing": FLAG}),
    "Limits": table(
        {"limits": listed(table({"model": TEXT, "per_minute": or_null(WHOLE), "used": WHOLE}))}
    ),
    "Ledger": table(
        {
            "spent_usd": USD,
            "budget_usd": or_null(USD),
            "prices": TEXT,
            "requests": listed(
                table({"id": TEXT, "model": TEXT, "size": TEXT, "n": POSITIVE, "usd": USD})
            ),
        }
    ),
}


_RULE = id_of("^[afr][1-9][0-9]*$")  # of all, the file, or since


def _rules() -> Schema:
    rule, told = named("Rule"), named("RuleTold")
    return {
        "/_mock/rules": {
            "get": does(
                "rules.list",
                "The rules, in the order in which they are tried",
                table({"rules": listed(told)}),
            ),
            "post": does("rules.add", "A further rule", told, body=rule, status=201),
            "delete": does(
                "rules.clear", "Take away all but the configuration file's", named("Nothing")
            ),
        },
        "/_mock/rules/{id}": {
            "get": does("rules.get", "One rule", told, parameters=[_RULE]),
            "put": does(
                "rules.put",
                "Another rule in its place",
                told,
                body=named("RulePut"),
                parameters=[_RULE],
            ),
            "delete": does(
                "rules.remove", "Take one rule away", named("Nothing"), parameters=[_RULE]
            ),
        },
    }


def _state() -> Schema:
    limit = or_null(WHOLE)
    units = {name: {"type": "number", "minimum": 0, "maximum": FARTHEST} for name in UNITS}
    advance = asked(**units | {"seconds": time_of(FARTHEST)}) | {"minProperties": 1}
    clock, limits, ledger = named("Clock"), named("Limits"), named("Ledger")
    put_limits, put_budget = asked(per_minute=limit, tier=TIER), asked(budget_usd=or_null(USD))
    return {
        "/_mock/clock": {"get": does("clock.get", "The time", clock)},
        "/_mock/clock/advance": {
            "post": does("clock.advance", "Move the clock on", clock, body=advance)
        },
        "/_mock/limits": {
            "get": does("limits.get", "Images a minute", limits),
            "put": does(
                "limits.put", "Another limit or tier, with a full minute", limits, body=put_limits
            ),
        },
        "/_mock/limits/refill": {"post": does("limits.refill", "Let the minute be over", limits)},
        "/_mock/ledger": {
            "get": does("ledger.get", "What was spent", ledger),
            "put": does("ledger.put", "Another budget", ledger, body=put_budget),
        },
    }


def _sandboxes() -> Schema:
    text = or_null(TEXT)
    summary = table({"name": TEXT, "requests": WHOLE, "rules": WHOLE, "spent_usd": USD})
    return {
        "/_mock/reset": {
            "post": does(
                "reset",
                "Empty a sandbox or parts of it; all sandboxes where none is named",
                named("Nothing"),
                body=asked(only=listed({"enum": list(PARTS)})),
            )
        },
        "/_mock/sandbox": {
            "post": does(
                "sandbox.begin",
                "Begin a sandbox anew; `late` is what its life that ends saw late",
                table({"sandbox": TEXT, "late": WHOLE}),
                body=asked(
                    tier=TIER,
                    as_of=text,
                    seed=or_null({"type": ["string", "number"]}),
                    sizes=text,
                    prices=text,
                    latency=text,
                    repeats={"enum": ["same", "vary", None]},
                    per_minute=or_null(WHOLE),
                    budget_usd=or_null(USD),
                    standing=FLAG,
                ),
            )
        },
        "/_mock/sandboxes": {
            "get": does(
                "sandboxes.list",
                "All sandboxes, the longest idle first",
                table({"sandboxes": listed(summary)}),
            )
        },
        "/_mock/config": {
            "get": does(
                "config.get",
                "The settings; what is secret is hidden",
                table({"settings": {"type": "object", "additionalProperties": text}}),
            )
        },
        "/_mock/openapi.json": {"get": does("document.get", "This", {"type": "object"})},
    }


def _health() -> Schema:
    def told(status: str) -> Schema:
        answer = table(
            {
                "status": {"const": status},
                "server": {"const": "images-mock"},
                "version": TEXT,
                "start_id": or_null(TEXT),
                "since": {"type": "number"},
            }
        )
        responses = {"200": {"description": status, "content": json_of(answer)}}
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
        "paths": {**_health(), **journal(), **_rules(), **_state(), **_sandboxes()},
        "components": {
            "schemas": _SCHEMAS,
            "parameters": {
                "Sandbox": query("sandbox", TEXT, which),
                "Key": header
                | {"description": "An API key; its sandbox is made if it is new. Or *"},
            },
            "responses": {
                "Error": {"description": "A refusal", "content": json_of(named("Error"))},
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }

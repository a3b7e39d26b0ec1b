"""The OpenAPI document of the control API, as /_mock/openapi.json answers it. Serves nothing.

Paths, queries and bodies are those of the tables that answer by them; a handler's first line is its
summary.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from mockserver import __version__
from mockserver.control import events, journal, routes, state
from mockserver.control.openapi_judging import COVERAGE, FAILURE
from mockserver.control.openapi_migration import MIGRATION
from mockserver.control.openapi_records import (
    NUMBER,
    OBJECT,
    RECORD,
    SOMETIMES,
    SOMETIMES_TOLD,
    TEXTS,
    mapping,
    named,
    table,
)
from mockserver.control.openapi_rules import EFFECT, EFFECT_TOLD, MATCHER, RULE, RULE_PUT, WHEN
from mockserver.control.openapi_verdict import FINDING, IGNORE, VERDICT
from mockserver.control.request import SHORTEST
from mockserver.core.durations import PATTERN
from mockserver.core.journal import LOST, RECEIVED
from mockserver.core.raw_request import BODY
from mockserver.core.rules.parser import PARTS
from mockserver.core.sandbox import FARTHEST
from mockserver.core.shapes import (
    FLAG,
    POSITIVE,
    TEXT,
    USD,
    WHOLE,
    Schema,
    asked,
    listed,
    or_null,
    schemas,
    seconds_up_to,
)
from mockserver.facts.platform import called


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _query(name: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _seconds(most: int) -> Schema:
    """Seconds, or a text with a unit."""
    return {"anyOf": [seconds_up_to(most), TEXT | {"pattern": f"^{PATTERN}$"}]}


# -- what is told ------------------------------------------------------------------------------

_ERROR = table(message=TEXT, type=TEXT, param=or_null(TEXT), code=or_null(TEXT))
_LIMIT = table(model=TEXT, per_minute=or_null(WHOLE), used=WHOLE)
#: What a ledger tells where there is such a budget.
_OF_TIMES = ("spent_day_usd", "budget_day_usd", "spent_month_usd", "budget_month_usd")
_BILL = table(id=TEXT, model=TEXT, size=TEXT, n=POSITIVE, usd=USD, paid={"enum": [RECEIVED, LOST]})
_SCHEMAS: dict[str, Schema] = {
    "Error": table(error=_ERROR),
    "Nothing": OBJECT | {"maxProperties": 0},
    "Matcher": MATCHER,
    "When": WHEN,
    "Effect": EFFECT,
    "Rule": RULE,
    "RulePut": RULE_PUT,
    "RuleTold": table(
        *PARTS,
        id=TEXT,
        when=OBJECT,
        then=EFFECT_TOLD,
        **schemas(PARTS) | {"name": TEXT},
        fired=WHOLE,
        origin={"enum": ["file", "call", "all"]},
        sandbox=TEXT,
    ),
    "Record": table(*SOMETIMES, **RECORD),
    "Raw": table(
        line=TEXT,
        headers=mapping(TEXT),
        body=TEXT | {"description": f"its first {BODY} bytes"},
        encoding={"enum": ["utf-8", "base64"]},
        bytes=WHOLE | {"description": "of the whole body"},
        cut=FLAG,
    )
    | {"description": "As it came over the wire; what may be a key is ***."},
    "Finding": FINDING,
    "Failure": FAILURE,
    "Explained": {"allOf": [named("Record"), table(near=TEXTS)]},
    "Clock": table(now=NUMBER, moved=NUMBER, standing=FLAG),
    "Limits": table(limits=listed(_LIMIT)),
    "Ledger": table(
        *_OF_TIMES,
        spent_usd=USD,
        received_usd=USD,
        lost_usd=USD,
        budget_usd=or_null(USD),
        **dict.fromkeys(_OF_TIMES, USD),
        prices=TEXT,
        requests=listed(_BILL),
    ),
}
_RECORDS = listed(named("Record"))
_GROUPS = dict.fromkeys(("by_status", "by_operation", "by_model", "by_rule"), mapping(POSITIVE))
_ELSEWHERE = table(name=TEXT, key=TEXT, requests=WHOLE)
_ENDED = table(spent_usd=USD, late=_RECORDS, waited=USD)
_SUMMARY = table(name=TEXT, requests=WHOLE, rules=WHOLE, spent_usd=USD)

# -- what is asked -----------------------------------------------------------------------------

_QUERIES: Mapping[str, tuple[Schema, str]] = {
    "status": (
        {"anyOf": [{"const": 0}, {"type": "integer", "minimum": 100, "maximum": 599}]},
        "of the answer; 0 is none",
    ),
    "operation": ({"enum": ["", *called()]}, 'or "" for what is none'),
    "path": (TEXT | {"pattern": "^/[^?]*$"}, "as the client sent it, without its query"),
    "model": (TEXT, "as sent, or filled in"),
    "rule": (TEXT, 'id or name of the rule that fired, or ""; 404 if there is none'),
    "call": (TEXT, "id of the call's first request; 404 if it is not there"),
    "since": (TEXT, "what came after the one of this id; 404 if it is not there"),
    "made_by": (TEXT, "id of the pictures' request; 404 if it is not there"),
    "limit": (WHOLE, "the last so many"),
    "raw": (FLAG, "each as it came over the wire, too"),
    "to": (TEXT, "the other model; without it that of --lint-against"),
    "as_of": (
        TEXT,
        "the day by whose rules the model is judged; without it the server's, or its own",
    ),
    "request": (TEXT, "id of the one request that is meant; 404 if it is not there"),
    "ignore": IGNORE,
}
#: The id in a path; of a rule it begins with where that is from: all, the file, or a call.
_IDS = {"rules/*": "^[afr][1-9][0-9]*$", "requests/*": "^[A-Za-z0-9_-]+$"}
_LOOK = {"when": named("When")}
_UNITS = {name: seconds_up_to(FARTHEST) for name in state.UNITS} | {"seconds": _seconds(FARTHEST)}
_OPTIONS = schemas(state.OPTIONS)


class _Operation(NamedTuple):
    name: str
    answer: Schema
    body: Schema | None = None
    media: str = "application/json"
    headers: tuple[str, ...] = ()  # names of parameters


def _asked(*options: str) -> Schema:
    return asked(**{name: _OPTIONS[name] for name in options})


def _event(*names: str, identity: bool = False, **data: Schema) -> Schema:
    """An event of one of these names, whose data is a table as JSON."""
    told = TEXT | {
        "contentMediaType": "application/json",
        "contentSchema": table(*SOMETIMES_TOLD, **data),
    }
    return table(event={"enum": [*names]}, data=told, **({"id": TEXT} if identity else {}))


_UNTOLD = ("downloads", "made_by", "raw")  # of a record, by an event
_EVENT: Schema = {
    "anyOf": [
        _event(
            *("request", "download"),
            identity=True,
            **{name: schema for name, schema in RECORD.items() if name not in _UNTOLD},
        ),
        _event("changed", what=TEXT, sandbox=TEXT),
        _event("missed", events=or_null(WHOLE)),
    ]
}
_EVENTS = (
    "Each server-sent event: `request` and `download` have a Record without its links as data, and "
    "its id as id; `changed` what was changed in which sandbox; `missed` how many were dropped "
    "because the listener is slow, or null where the id that it has seen is not there any more. "
    f"A comment every {events.ALIVE} s says that nothing has happened."
)

_OPERATIONS: Mapping[routes.Handler, _Operation] = {
    journal.requests: _Operation(
        "requests.list", table(requests=_RECORDS, late=_RECORDS, open=_RECORDS, waited=USD)
    ),
    journal.forget_requests: _Operation("requests.clear", named("Nothing")),
    journal.last_request: _Operation("requests.last", named("Explained")),
    journal.summary: _Operation("requests.summary", table(requests=WHOLE, **_GROUPS)),
    journal.count: _Operation("requests.count", table(count=WHOLE), asked(**_LOOK)),
    journal.wait: _Operation(
        "requests.wait",
        table(count=WHOLE, reached=FLAG),
        asked(**_LOOK, count=WHOLE, timeout=_seconds(journal.LONGEST)),
    ),
    journal.elsewhere: _Operation("requests.elsewhere", table(sandboxes=listed(_ELSEWHERE))),
    journal.by_id: _Operation("requests.get", named("Explained")),
    journal.downloads: _Operation("downloads.list", table(downloads=_RECORDS)),
    routes.coverage: _Operation("coverage.get", COVERAGE),
    state.rules: _Operation("rules.list", table(rules=listed(named("RuleTold")))),
    state.add_rule: _Operation("rules.add", named("RuleTold"), named("Rule")),
    state.remove_rules: _Operation("rules.clear", named("Nothing")),
    state.rule: _Operation("rules.get", named("RuleTold")),
    state.put_rule: _Operation("rules.put", named("RuleTold"), named("RulePut")),
    state.remove_rule: _Operation("rules.remove", named("Nothing")),
    state.clock: _Operation("clock.get", named("Clock")),
    state.advance: _Operation(
        "clock.advance", named("Clock"), asked(**_UNITS) | {"minProperties": 1}
    ),
    state.limits: _Operation("limits.get", named("Limits")),
    state.put_limits: _Operation("limits.put", named("Limits"), _asked("per_minute", "tier")),
    state.refill: _Operation("limits.refill", named("Limits")),
    state.ledger: _Operation("ledger.get", named("Ledger")),
    state.put_ledger: _Operation("ledger.put", named("Ledger"), _asked(*state.BUDGETS)),
    state.reset: _Operation(
        "reset", named("Nothing"), asked(only=listed({"enum": list(state.PARTS)}))
    ),
    state.renew: _Operation(
        "sandbox.begin", table(sandbox=TEXT, late=WHOLE, ended=_ENDED), _asked(*_OPTIONS)
    ),
    state.sandboxes: _Operation("sandboxes.list", table(sandboxes=listed(_SUMMARY))),
    state.config: _Operation("config.get", table(settings=mapping(or_null(TEXT)))),
    events.events: _Operation(
        "events.follow",
        _EVENT | {"description": _EVENTS},
        media="text/event-stream",
        headers=("Seen",),
    ),
    routes.proxy: _Operation(
        "proxy.get",
        table(
            **dict.fromkeys(("https", "proxy", "authority"), or_null(TEXT)),
            hosts=TEXTS,
            refused=listed(table(host=TEXT, times=POSITIVE, last=NUMBER)),
        ),
    ),
    routes.forget_refused: _Operation("proxy.clear", named("Nothing")),
    routes.metrics: _Operation(
        "metrics.get",
        TEXT | {"description": "Prometheus' text format, 0.0.4"},
        media="text/plain; version=0.0.4; charset=utf-8",
    ),
    routes.migration: _Operation("migration.get", MIGRATION),
    routes.verdict: _Operation("verdict.get", VERDICT),
    routes.document: _Operation("document.get", OBJECT),
}


def _operation(path: str, handler: routes.Handler) -> Schema:
    """One operation, which answers as it says or with an error."""
    name, answer, body, media, headers = _OPERATIONS[handler]
    summary = (handler.__doc__ or "").partition(".\n")[0].removesuffix(".")
    parameters = [_query(n, *_QUERIES[n]) for n in routes.QUERIES.get(handler, ())]
    if path in _IDS:
        schema = TEXT | {"pattern": _IDS[path]}
        parameters.append({"name": "id", "in": "path", "required": True, "schema": schema})
    told: Schema = {
        "operationId": name,
        "summary": summary,
        "parameters": parameters
        + [named(which, "parameters") for which in ("Sandbox", "Key", *headers)],
        "responses": {
            str(routes.STATUSES.get(handler, 200)): {
                "description": summary,
                "content": {media: {"schema": answer}},
            },
            "default": named("Error", "responses"),
        },
    }
    return told | ({"requestBody": {"content": _json(body)}} if body else {})


def _health(status: str) -> Schema:
    answer = table(
        status={"const": status},
        server={"const": "images-mock"},
        version=TEXT,
        start_id=or_null(TEXT),
        since=NUMBER,
    )
    responses = {"200": {"description": status, "content": _json(answer)}}
    return {"get": {"operationId": status, "security": [], "responses": responses}}


def _paths() -> Schema:
    return {f"/_mock/{status}": _health(status) for status in ("live", "ready")} | {
        f"/_mock/{path.replace('*', '{id}')}": {
            method.lower(): _operation(path, handler) for method, handler in methods.items()
        }
        for path, methods in routes.PATHS.items()
    }


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The document."""
    header = {
        "name": "Mock-Sandbox-Key",
        "in": "header",
        "schema": TEXT,
        "description": "An API key; its sandbox is made if it is new. Or *",
    }
    seen = {
        "name": "Last-Event-ID",
        "in": "header",
        "schema": TEXT,
        "description": "The id of the last event that was seen: those after it come first. One "
        "that is not there any more is told as `missed`. `since` counts before it",
    }
    which = (
        f"A name of /_mock/sandboxes, or its first {SHORTEST} letters or more; * for rules of all"
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Control API of images-mock",
            "version": __version__,
            "description": "Which sandbox is meant, a key or a name says; reads without span all. "
            "* gives every sandbox a rule, those to come too: counted for all together. A token of "
            "a team has the team's sandboxes alone; what is of all is refused to it (403).",
        },
        "security": [{}, {"token": []}],  # wanted off loopback
        "paths": _paths(),
        "components": {
            "schemas": _SCHEMAS,
            "parameters": {
                "Sandbox": _query("sandbox", TEXT, which),
                "Key": header,
                "Seen": seen,
            },
            "responses": {
                "Error": {"description": "A refusal", "content": _json(named("Error"))},
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }

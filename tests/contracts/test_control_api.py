"""The control API keeps its own document, and Schemathesis finds no 5xx in it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mockserver.app import create_app
from mockserver.client.events import Events
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.control import routes as control
from mockserver.control.openapi import document
from mockserver.core.rules.effects import EFFECTS
from mockserver.facts import fields
from mockserver.testing import ImagesMock
from tests.in_process import client_of
from tests.test_events import ask

APP = create_app(
    configured(log_format="none", rules=[{"then": {"quota": True}, "times": 1}]),
    clock=ManualClock(),
)
SCHEMA = schemathesis.openapi.from_asgi("/_mock/openapi.json", APP)
EVENTS = "/_mock/events"
WHOLE = document()
KEY = {"Mock-Sandbox-Key": "sk-mock-schema"}
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]


class Leaving:
    """An application whose clients leave once they have a first piece of an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # Schemathesis begins an application's life before it asks
            await self.app(scope, receive, send)
            return
        gone = asyncio.Event()

        async def receive_that_it_left() -> Message:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send_first(message: Message) -> None:
            if not gone.is_set():
                await send({**message, "more_body": False} if "body" in message else message)
            if "body" in message:
                gone.set()

        await self.app(scope, receive_that_it_left, send_first)


#: For an answer that goes on until its client leaves; and while it lasts, time passes.
LISTENED = Leaving(create_app(configured(log_format="none")))


def judge(case: Case[Any]) -> None:
    if case.path != "/_mock/sandboxes":  # else nearly every one names a sandbox that is not there
        case.query.pop("sandbox", None)
        case.headers.update(KEY)
    case.call_and_validate(checks=CHECKS, app=LISTENED if case.path == EVENTS else APP)


def judge_some(path: str, method: str, examples: int) -> None:
    operation = SCHEMA[path][method]
    sent = operation.as_strategy()
    if "parameters" in operation.definition.raw or "requestBody" in operation.definition.raw:
        sent |= operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    chosen = settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    chosen(given(case=sent)(judge))()


OPERATIONS = [(p, method) for p, methods in WHOLE["paths"].items() for method in methods]
#: With the body of another, which takes Schemathesis as long as all the rest.
AS_ANOTHER = {("/_mock/rules/{id}", "put")}


@pytest.mark.parametrize(("path", "method"), [o for o in OPERATIONS if o not in AS_ANOTHER])
def test_an_answer_to_any_request_keeps_the_document(path: str, method: str) -> None:
    judge_some(path, method, 5)


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_so_does_one_to_each_request_that_breaks_a_keyword(path: str, method: str) -> None:
    operation = SCHEMA[path][method]
    how = SCHEMA.config.generation_for(operation=operation, phase="coverage")
    # Made here, where one process makes them, and not where each collects its tests.
    made = operation.schema.iter_coverage_cases(
        operation, generation_modes=how.modes, generation_config=how
    )
    cases = [*made]
    assert cases
    for case in cases:
        judge(case)
    judge_some(path, method, 25)


def test_the_document_is_valid_and_tells_every_path() -> None:
    assert SCHEMA.raw_schema == WHOLE
    SCHEMA.validate()
    for schema in WHOLE["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)
    told = {
        (path.removeprefix("/_mock/").replace("{id}", "*"), method.upper())
        for path, methods in WHOLE["paths"].items()
        for method in methods
    }
    routed = {(path, method) for path, methods in control.PATHS.items() for method in methods}
    assert told == routed | {("live", "GET"), ("ready", "GET")}


def test_the_document_knows_each_field_and_each_effect() -> None:
    schemas = WHOLE["components"]["schemas"]
    assert list(schemas["When"]["properties"]) == list(fields().order)
    assert list(schemas["Effect"]["properties"]) == list(EFFECTS)


@pytest.mark.parametrize(
    ("asked", "headers", "status", "told"),
    [
        ("", {}, 200, b":\n\n"),
        ("", {"Last-Event-ID": "req_gone"}, 200, b'event: missed\ndata: {"events": null}\n\n'),
        ("", {"Last-Event-ID": ""}, 200, b":\n\n"),
        ("?sandbox=*", {}, 200, b":\n\n"),
        ("?sandbox=nobody", {}, 404, b"There is no sandbox with a name"),
        ("?since=req_gone", {}, 404, b"The journal has no 'req_gone' to begin at"),
        ("?sandbox=sk-mock-a", {}, 400, b"takes a sandbox's name"),
        ("?limit=1", {}, 400, b"There is no parameter 'limit' here"),
        ("", {"Host": "example.com"}, 421, b"does not answer for the host 'example.com'"),
        ("", {"Origin": "https://example.com"}, 403, b"No web page of another origin"),
        ("", {"Authorization": "Bearer wrong"}, 401, b"is not this server's control token"),
        ("", {"Authorization": "Bearer right"}, 200, b":\n\n"),
    ],
)
def test_who_listens_is_told_at_once_that_he_does_or_why_not(
    asked: str, headers: dict[str, str], status: int, told: bytes
) -> None:
    app = Leaving(create_app(configured(log_format="none", control_token="right")))
    answer = client_of(app).get(f"{EVENTS}{asked}", headers=headers)
    assert (answer.status_code, told in answer.content) == (status, True), answer.content
    kind = "text/event-stream; charset=utf-8" if status == 200 else "application/json"
    assert answer.headers["content-type"] == kind
    assert status == 421 or answer.headers["cache-control"] == "no-store"


def test_events_of_each_kind_keep_the_document() -> None:
    (media,) = WHOLE["paths"][EVENTS]["get"]["responses"]["200"]["content"].values()
    with ImagesMock() as mock:
        images = mock.sandbox("sk-mock-a")
        with images.events(timeout=30) as events:
            images.next.refuse()
            ask(mock)
            httpx2.get(str(ask(mock).json()["data"][0]["url"]))
            told = [next(events) for _ in range(4)]
        assert [e.kind for e in told] == ["changed", "request", "request", "download"]
        seen = {"Last-Event-ID": "req_gone"}
        with Events(mock.address, seen, timeout=30) as events:
            told.append(next(events))
    for event in told:
        as_sent = {"event": event.kind, **({"id": event.id} if event.id else {}), "data": "{}"}
        Draft202012Validator(media["schema"]).validate(as_sent)
        (kind,) = (
            k for k in media["schema"]["anyOf"] if event.kind in k["properties"]["event"]["enum"]
        )
        schema = kind["properties"]["data"]["contentSchema"] | {"additionalProperties": False}
        Draft202012Validator(schema).validate(event.told)


def test_beyond_loopback_nobody_listens_without_the_token() -> None:
    app = Leaving(create_app(configured(log_format="none", host="0.0.0.0", control_token="right")))
    assert client_of(app).get(EVENTS).status_code == 401
    right = {"Authorization": "Bearer right"}
    assert client_of(app).get(EVENTS, headers=right).status_code == 200


@pytest.mark.parametrize(
    "rule",
    [
        {"when": {"prompt": {"regex": "x"}, "call": 1}, "then": {"rate_limit": {"retry_after": 2}}},
        {"then": {"picture": "truncated", "delay": 0.5, "expired_url": True}, "times": 1},
        {"then": {"refuse": "picture"}, "next": True, "name": "a"},
        {"then": {"gateway": True, "headers": {"x-should-retry": "true"}, "pictures": 0}},
        {"then": {"respond": {"status": 307, "headers": {"location": "/"}, "body": [1]}}},
        {"then": {"gateway": {"retry_after": 1, "as_date": True}, "response_format": "url"}},
    ],
    ids=str,
)
def test_rules_and_their_answers_keep_the_document(rule: dict[str, Any]) -> None:
    components = {"components": WHOLE["components"]}

    def check(name: str, value: Any) -> None:
        Draft202012Validator({"$ref": f"#/components/schemas/{name}"} | components).validate(value)

    client = client_of(APP)
    check("Rule", rule)
    check("RuleTold", client.post("/_mock/rules", json=rule, headers=KEY).json())
    headers = {"Authorization": "Bearer sk-mock-schema"}
    client.post("/v1/images/generations", json={"prompt": "x"}, headers=headers)
    check("Explained", client.get("/_mock/requests/last", headers=KEY).json())
    check("Ledger", client.get("/_mock/ledger", headers=KEY).json())

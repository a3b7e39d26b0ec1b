"""The control API keeps its own document, and Schemathesis finds no 5xx in it."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.control import routes as control
from mockserver.control.openapi import document
from mockserver.core.rules.effects import EFFECTS
from mockserver.facts import fields
from tests.in_process import client_of

APP = create_app(
    configured(log_format="none", rules=[{"then": {"quota": True}, "times": 1}]),
    clock=ManualClock(),
)
SCHEMA = schemathesis.openapi.from_asgi("/_mock/openapi.json", APP)
ENDLESS = "/_mock/events"  # an answer that ends with the server: see tests/test_events.py
WHOLE = document()
KEY = {"Mock-Sandbox-Key": "sk-mock-schema"}
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


def judge(case: Case[Any]) -> None:
    if case.path != "/_mock/sandboxes":  # else nearly every one names a sandbox that is not there
        case.query.pop("sandbox", None)
        case.headers.update(KEY)
    case.call_and_validate(checks=CHECKS)


@pytest.mark.parametrize(
    ("path", "method"),
    [(p, method) for p, methods in WHOLE["paths"].items() for method in methods if p != ENDLESS],
)
def test_an_answer_to_any_request_keeps_the_document(path: str, method: str) -> None:
    operation = SCHEMA[path][method]
    sent = operation.as_strategy()
    if "parameters" in operation.definition.raw or "requestBody" in operation.definition.raw:
        sent |= operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    settings(max_examples=8, suppress_health_check=list(HealthCheck))(given(case=sent)(judge))()


@pytest.mark.slow  # Schemathesis breaks each keyword of the document once: some thousand requests
@SCHEMA.exclude(path=ENDLESS).parametrize()
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_every_answer_keeps_the_document(case: Case[Any]) -> None:
    judge(case)


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

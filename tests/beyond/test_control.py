"""Numbers beyond reason in every number of the control API and of rules: refused by name.

The rows are the numbers of its OpenAPI document, which is made of what reads them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from httpx2 import Response
from jsonschema_rs import Draft202012Validator
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.control.openapi import document
from tests.beyond import IN_JSON, IN_TEXTS, NO_NUMBERS, strict
from tests.conftest import error, generate
from tests.in_process import client_of

AS_JSON = {"Content-Type": "application/json"}
LOOKS = ("requests?raw=true&limit=40", "rules", "clock", "limits", "ledger", "sandboxes", "config")
ADDRESS = "https://pictures.test/a.png"
#: What must stand beside a number for it to be looked at, and nobody to wait.
BESIDE: dict[str, dict[str, Any]] = {
    "when": {"then": {"quota": True}},
    "times": {"then": {"quota": True}},
    "first": {"then": {"download": {"delay": 0}}},
    "count": {"timeout": 0},
    "timeout": {"count": 0},
}


class Row(NamedTuple):
    """A number of a body, by its path in there."""

    method: str
    path: str
    place: tuple[str | int, ...]

    def __str__(self) -> str:
        return f"{self.method}-{self.path.removeprefix('/_mock/')}-{'.'.join(map(str, self.place))}"


DOCUMENT = document()


def _numbers(schema: Any, place: tuple[Any, ...] = (), seen: tuple[str, ...] = ()) -> Iterator[Any]:
    """The places of all numbers in what a schema describes."""
    name = schema.get("$ref", "").rpartition("/")[2]
    if name and name not in seen:
        yield from _numbers(DOCUMENT["components"]["schemas"][name], place, (*seen, name))
    types = schema.get("type", "")
    is_number = not {"integer", "number"}.isdisjoint([types] if isinstance(types, str) else types)
    if is_number or any(isinstance(v, int) for v in schema.get("enum", ())):
        yield place
    for key, one in schema.get("properties", {}).items():
        if isinstance(one, dict):
            yield from _numbers(one, (*place, key), seen)
    for key, further in ((0, schema.get("items")), (ADDRESS, schema.get("additionalProperties"))):
        if isinstance(further, dict):
            yield from _numbers(further, (*place, key), seen)
    for one in (s for word in ("anyOf", "oneOf", "allOf") for s in schema.get(word, ())):
        yield from _numbers(one, place, seen)


def _operations() -> Iterator[tuple[str, str, Any]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _bodies() -> list[Row]:
    found = [
        Row(method, path, place)
        for method, path, operation in _operations()
        for content in operation.get("requestBody", {}).get("content", {}).values()
        for place in _numbers(content["schema"])
    ]
    of_post = {row.place for row in found if row.method == "POST"}
    return [*dict.fromkeys(r for r in found if "{id}" not in r.path or r.place not in of_post)]


def _queries() -> list[Row]:
    return [
        Row(method, path, (parameter["name"],))
        for method, path, operation in _operations()
        for parameter in operation.get("parameters", ())
        if [*_numbers(parameter.get("schema", {}))]
    ]


@pytest.fixture(scope="module")
def client() -> TestClient:
    """A client with a key, in all it asks."""
    app = create_app(configured(log_format="none"), clock=ManualClock())
    key = "sk-mock-me"
    return client_of(app, {"Authorization": f"Bearer {key}", "Mock-Sandbox-Key": key})


def _body(row: Row, value: Any) -> Any:
    """A body that has this value in its place, and beside it what is needed."""
    beside = next((BESIDE[name] for name in row.place if name in BESIDE), {})
    found: Any = value
    for depth in range(len(row.place) - 1, -1, -1):
        name, others = row.place[depth], beside
        for key in row.place[:depth]:
            others = others.get(str(key), {})
        found = [found] if isinstance(name, int) else {**others, name: found}
    return found


def _ask(client: TestClient, row: Row, text: str) -> Response:
    body = json.dumps(_body(row, "HERE")).replace('"HERE"', text)
    path = row.path.replace("{id}", "r1")
    return client.request(row.method, path, content=body, headers=AS_JSON)


@cache
def _validator(path: str, method: str) -> Draft202012Validator:
    content = DOCUMENT["paths"][path][method]["requestBody"]["content"]
    schema = content["application/json"]["schema"] | {"components": DOCUMENT["components"]}
    return Draft202012Validator(schema)


@pytest.mark.parametrize("row", _bodies(), ids=str)
def test_a_number_of_a_body_is_taken_as_the_document_says_or_refused_by_name(
    client: TestClient, row: Row
) -> None:
    client.post("/_mock/sandbox", json={})
    client.post("/_mock/rules", json={"then": {"pictures": 0}})
    validator = _validator(row.path, row.method.lower())
    for text, value in (w for w in IN_JSON if w.text not in NO_NUMBERS):
        answer = _ask(client, row, text)
        told = strict(answer.text)
        is_taken = answer.status_code in (200, 201)
        is_sayable = not isinstance(value, int | float) or abs(value) <= sys.float_info.max
        assert is_taken == (is_sayable and validator.is_valid(_body(row, value))), (text, told)
        if not is_taken:
            assert answer.status_code == 400
            assert any(str(name) in error(answer)["message"] for name in row.place), told
    _is_unspoilt(client)


def test_a_body_of_numbers_that_json_has_not_is_none_of_json(client: TestClient) -> None:
    for text in NO_NUMBERS:
        answer = _ask(client, Row("PUT", "/_mock/ledger", ("budget_usd",)), text)
        assert (answer.status_code, answer.text.count("The body is no JSON: ")) == (400, 1), text


@pytest.mark.parametrize("row", _queries(), ids=str)
def test_a_number_of_a_query_is_written_in_digits_alone(client: TestClient, row: Row) -> None:
    for text in IN_TEXTS:
        answer = client.get(f"{row.path}?{row.place[0]}={quote(text)}")
        assert answer.status_code == 400, (text, answer.text)
        assert str(row.place[0]) in error(answer)["message"], text
    _is_unspoilt(client)


def _is_unspoilt(client: TestClient) -> None:
    """Whether all that there is to look at is JSON, and a picture can be had, with no rule."""
    for path in LOOKS:
        strict(client.get(f"/_mock/{path}").text)
    client.post("/_mock/sandbox", json={})
    assert generate(client).status_code == 200

"""Numbers beyond reason in every number of the API: its own error, and nothing is spoilt by it.

The rows are the facts' parameters, so that none that comes is forgotten.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.facts import Operation, Parameter, load
from tests.beyond import IN_JSON, IN_TEXTS, NO_JSON, strict
from tests.edits import encoded, in_data, scene
from tests.in_process import client_of

ME = {"Authorization": "Bearer sk-mock-me", "Mock-Sandbox-Key": "sk-mock-me"}
AS_JSON = {"Content-Type": "application/json"}
DAYS = ("2025-03-31", "2026-11-28")  # DALL·E in the words of dialect A; GPT image models
NUMERIC = ("integer", "number")
PATHS = {"images.generate": "generations", "images.edit": "edits", "images.vary": "variations"}
ROOM = encoded(scene(16, 16, mode="RGBA"))
UNPARSABLE = "We could not parse the JSON body of your request."
WRONG_TYPE = "Invalid type for '{1}': expected an integer, but got {0} instead."
NO_INTEGER = (
    "Invalid type for '{1}': expected an integer, but got a string value that could not be "
    "converted into an integer."
)
KINDS = {
    type(None): "null",
    bool: "a boolean",
    float: "a decimal number",
    str: "a string",
    list: "an array",
    dict: "an object",
}
LOOKS = (
    "requests?raw=true&limit=40",
    "requests/last",
    "requests/summary",
    "ledger",
    "limits",
    "rules",
)


class Row(NamedTuple):
    """A number of an operation on pictures, where one model has it so."""

    day: str
    operation: str
    dialect: str
    model: str
    in_form: bool
    parameter: Parameter

    def __str__(self) -> str:
        way = "form" if self.in_form else "json"
        return f"{self.day[:4]}-{self.operation}-{self.model}-{way}-{self.parameter.name}"


def _rows() -> list[Row]:
    found: dict[Any, Row] = {}
    for day in DAYS:
        facts = load(date.fromisoformat(day))
        for operation in facts.operations.values():
            for model in facts.models.values():
                offer = model.offers.get(operation.id)
                ways = ((operation.form, offer.parameter), (False, offer.json)) if offer else ()
                for in_form, parameters in ways:
                    for p in _of(operation, parameters):
                        if p.type in NUMERIC:
                            mark = (day, operation.id, in_form, p.name)
                            row = Row(day, operation.id, operation.dialect, model.id, in_form, p)
                            found.setdefault(mark, row)
    return [*found.values()]


def _of(operation: Operation, parameters: Mapping[str, Parameter]) -> list[Parameter]:
    """A model's parameters as they are checked: those of the operation first, in dialect A."""
    first = {p.name: p for p in operation.parameters} if operation.dialect == "A" else {}
    return [first.get(name, p) for name, p in parameters.items()]


@pytest.fixture(scope="module")
def clients() -> dict[str, TestClient]:
    """A client of a server of each day that draws nothing, with a key in all it asks."""
    found = {day: _client(as_of=day) for day in DAYS}
    for client in found.values():
        client.post("/_mock/rules", json={"then": {"pictures": 0}})
    return found


def _client(**chosen: Any) -> TestClient:
    app = create_app(configured(log_format="none", tier="off", **chosen), clock=ManualClock())
    return client_of(app, ME)


@pytest.mark.parametrize("row", _rows(), ids=str)
def test_a_number_of_pictures_is_taken_or_refused_as_the_day_does(
    clients: dict[str, TestClient], row: Row
) -> None:
    client = clients[row.day]
    written = [(t, _of_form(t)) for t in IN_TEXTS] if row.in_form else IN_JSON
    for text, value in written:
        answer, expected = _ask(client, row, text), _expected(row, value)
        if expected is None:
            assert answer.status_code == 200, (text, answer.text)
        else:
            assert answer.status_code == 400, (text, answer.text)
            assert strict(answer.text)["error"]["message"].startswith(expected), text
    _is_unspoilt(client)


def _ask(client: TestClient, row: Row, text: str) -> Response:
    """Ask with this as the parameter's value, as it is written."""
    name, is_dalle = row.parameter.name, row.model.startswith("dall-e")
    told: dict[str, Any] = {"prompt": "x"} if row.operation != "images.vary" else {}
    told |= {} if is_dalle else {"quality": "low", "size": "1024x1024"}
    told |= {"model": row.model} if row.model != "dall-e-2" else {"size": "256x256"}
    told |= row.parameter.only_with or {}
    told |= {"output_format": "jpeg"} if name == "output_compression" else {}
    path = f"/v1/images/{PATHS[row.operation]}"
    if row.in_form:
        files = {"image": ("a.png", ROOM, "image/png")}
        return client.post(path, files=files, data=told | {name: text})
    told |= {"stream": True} if name == "partial_images" else {}
    told |= {"images": [in_data(ROOM)]} if row.operation == "images.edit" else {}
    body = f"{json.dumps(told)[:-1]}, {json.dumps(name)}: {text}}}"
    return client.post(path, content=body, headers=AS_JSON)


def _of_form(text: str) -> Any:
    """The number that a form's text is, or the text: there are no floats, signs and spaces."""
    return int(text) if re.fullmatch("-?[0-9]{1,4000}", text) else text


def _expected(row: Row, value: Any) -> str | None:
    """What the API says of a value first; None: it takes it."""
    p, in_b = row.parameter, row.dialect == "B"
    if value is NO_JSON:
        return UNPARSABLE
    if value is None and p.nullable:
        return None
    if row.in_form and isinstance(value, str) and in_b:
        return NO_INTEGER.format(value, p.name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1:
        wrong = WRONG_TYPE if in_b else "{0!r} is not of type 'integer' - '{1}'"
        return wrong.format(KINDS[type(value)] if in_b else value, p.name)
    for bound, sign, said_a, said_b in (
        (p.minimum, -1, "less than the minimum of", "below minimum value"),
        (p.maximum, 1, "greater than the maximum of", "above maximum value"),
    ):
        if bound is not None and (value > bound if sign > 0 else value < bound):
            in_a = f"{value!r} is {said_a} {bound} - '{p.name}'"
            return f"Invalid '{p.name}': integer {said_b}." if in_b else in_a
    return None


def _is_unspoilt(client: TestClient) -> None:
    """Whether all that there is to look at is JSON, and the next one is served."""
    for path in LOOKS:
        strict(client.get(f"/_mock/{path}").text)
    assert client.get("/v1/models").status_code == 200

"""Numbers beyond reason beside pictures, at Azure's, in lines of batches and in tools of responses.

The rows are the facts' parameters, so that none that comes is forgotten.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from math import inf
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.facts import Parameter, load, platform
from tests.azure import deployed
from tests.batches import created, jsonl, line, lines_of, looks, upload
from tests.beyond import IN_JSON, IN_TEXTS, NO_JSON, NO_NUMBERS, strict
from tests.conftest import GENERATIONS
from tests.in_process import client_of

DAY = date(2026, 11, 28)
KEY = "sk-mock-me"
LOOKS = ("requests?raw=true&limit=40", "requests/summary", "ledger", "downloads")
NUMERIC = ("integer", "number")
#: What else a question has to have.
BESIDE = {"organization.usage.images": "start_time=0&", "organization.costs": "start_time=0&"}
TOOL = {"type": "image_generation", "model": "gpt-image-2", "size": "1024x640", "quality": "low"}


class Row(NamedTuple):
    """A number of an endpoint's query or form."""

    endpoint: platform.Endpoint
    parameter: Parameter

    def __str__(self) -> str:
        return f"{self.endpoint.id}-{self.parameter.name}"


def _rows(part: str) -> list[Row]:
    return [
        Row(endpoint, parameter)
        for service in platform.SERVICES
        for endpoint in platform.endpoints(service, DAY)
        for parameter in getattr(endpoint, part)
        if parameter.type in NUMERIC
    ]


def _named(value: Any) -> Iterator[str]:
    """The names of all numbers in a table of the facts, where they are parameters."""
    if isinstance(value, dict):
        if value.get("type") in NUMERIC:
            yield value.get("name", "")
        for one in value.values():
            yield from _named(one)
    elif isinstance(value, list):
        for one in value:
            yield from _named(one)


@pytest.fixture(scope="module")
def client() -> TestClient:
    """A client of a server of that day that draws nothing, with a key in all it asks."""
    made = create_app(
        configured(log_format="none", tier="off", as_of=str(DAY)), clock=ManualClock(1_795_000_000)
    )
    headers = {"Authorization": f"Bearer {KEY}", "Mock-Sandbox-Key": KEY, "api-key": KEY}
    found = client_of(made, headers)
    found.post("/_mock/rules", json={"then": {"pictures": 0}})
    return found


def test_no_number_beside_pictures_is_left_out() -> None:
    rows = {row.parameter.name for part in ("query", "body") for row in _rows(part)}
    others = {"output_expires_after.seconds", ""}  # below; and the tool's, which has no name
    named = {n for service in platform.SERVICES for n in _named(platform.table(service))}
    assert named == rows | others


def _check(answer: Response, name: str, value: Any, bounds: tuple[Any, Any]) -> None:
    """Hold an answer to what a value is: taken, or refused by name with the bound that it broke."""
    told = strict(answer.text)
    is_whole = isinstance(value, int | float) and not isinstance(value, bool) and not value % 1
    least, most = bounds
    if is_whole and least <= value <= most:
        assert answer.status_code == 200, (value, told)
        return
    assert answer.status_code == 400, (value, told)
    said = told["error"]["message"]
    is_no_json = said.startswith("We could not parse the JSON body")
    if value is NO_JSON or (value in (inf, -inf) and is_no_json):  # some tell of the type
        assert is_no_json, said
        return
    assert name in said, said
    if is_whole:
        assert any(w in said for w in (("above", "greater") if value > most else ("below", "less")))


@pytest.mark.parametrize("row", _rows("query"), ids=str)
def test_a_number_of_a_query_is_taken_in_digits_alone(client: TestClient, row: Row) -> None:
    parameter, beside = row.parameter, BESIDE.get(row.endpoint.id, "")
    beside = "" if parameter.name in beside else beside
    path, key = row.endpoint.path, "sk-mock-me"
    if "{response}" in path:
        told = client.post("/v1/responses", json={"model": "gpt-5", "input": "hi"}).json()
        path = path.replace("{response}", told["id"])
    if "organization" in path:
        key = "sk-mock-admin-me"
    for text in IN_TEXTS:
        asked = f"{path}?{beside}{parameter.name}={quote(text)}"
        answer = client.get(asked, headers={"Authorization": f"Bearer {key}"})
        bounds = (parameter.minimum, parameter.maximum or 1_440)
        _check(answer, parameter.name, _digits(text), bounds)
    _is_unspoilt(client)


def _digits(text: str) -> Any:
    """The number that a text is, or the text: there are no floats, signs and spaces."""
    return int(text) if re.fullmatch("-?[0-9]{1,4000}", text) else text


@pytest.mark.parametrize("row", _rows("body"), ids=str)
def test_a_number_of_a_form_is_taken_in_digits_alone(client: TestClient, row: Row) -> None:
    parameter = row.parameter
    for text in IN_TEXTS:
        told = {"purpose": "user_data", "expires_after[anchor]": "created_at", parameter.name: text}
        answer = client.post(row.endpoint.path, files={"file": ("a.txt", b"hi")}, data=told)
        bounds = (parameter.minimum, parameter.maximum)
        _check(answer, parameter.name, _digits(text), bounds)
    _is_unspoilt(client)


def test_a_number_of_a_batch_is_taken_or_refused_as_any(client: TestClient) -> None:
    file = upload(client, jsonl(line()))
    told = {"input_file_id": file, "endpoint": GENERATIONS, "completion_window": "24h"}
    for text, value in IN_JSON:
        answer = _sent(client, "/v1/batches", told, '"output_expires_after"', _EXPIRY % text)
        _check(answer, "output_expires_after.seconds", value, (3_600, 2_592_000))
    _is_unspoilt(client)


_EXPIRY = '{"anchor": "created_at", "seconds": %s}'


def _sent(client: TestClient, path: str, told: Any, name: str, text: str) -> Response:
    body = f"{json.dumps(told)[:-1]}, {name}: {text}}}"
    return client.post(path, content=body, headers={"Content-Type": "application/json"})


#: The numbers of the tool for images: of the model's parameters, and the tool's own.
_OF_MODEL = load(DAY).models["gpt-image-2"].offers["images.generate"].parameter
OF_TOOL = [p for n, p in _OF_MODEL.items() if p.type in NUMERIC and n != "partial_images"]


@pytest.mark.parametrize("parameter", OF_TOOL, ids=lambda p: p.name)
def test_a_number_of_a_tool_or_a_deployment_is_taken_or_refused_as_any(
    client: TestClient, parameter: Parameter
) -> None:
    name, bounds = parameter.name, (parameter.minimum, parameter.maximum)
    told = {"prompt": "x", "quality": "low", "size": "1024x640", "output_format": "jpeg"}
    tool = TOOL | {"output_format": "jpeg"}
    deployed_here = deployed("gpt-image-2")
    for text, value in IN_JSON:
        if value is None:
            continue  # it is nullable
        tools = f'[{json.dumps(tool)[:-1]}, "{name}": {text}}}]'
        said = {"model": "gpt-5", "input": "a fox"}
        _check(_sent(client, "/v1/responses", said, '"tools"', tools), name, value, bounds)
        _check(_sent(client, deployed_here, told, f'"{name}"', text), name, value, bounds)
    _is_unspoilt(client)


def test_a_number_of_a_line_is_refused_in_its_answer_alone(client: TestClient) -> None:
    written = [w for w in IN_JSON if w.text not in NO_NUMBERS and w.value is not None]
    lines = [
        json.dumps(line(f"{place}"))[:-2] + f', "n": {text}}}}}'
        for place, (text, _) in enumerate(written)
    ]
    batch = created(client, *lines)
    *_, told = looks(client, batch, "completed")
    found = {
        one["custom_id"]: one["response"]
        for name in ("output", "error")
        for one in lines_of(client, told, name)
    }
    for place, (_, value) in enumerate(written):
        response = found[f"{place}"]
        answer = Response(response["status_code"], json=response["body"])
        _check(answer, "n", value, (1, 10))
    _is_unspoilt(client)


def _is_unspoilt(client: TestClient) -> None:
    """Whether all that there is to look at is JSON, and the next one is served."""
    for path in LOOKS:
        strict(client.get(f"/_mock/{path}").text)
    assert client.get("/v1/models").status_code == 200

"""Requests about batches, and what a test asks of the answers. Tests nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from tests.conftest import GENERATIONS

MODEL = "gpt-image-2"
NOW = 1_788_220_800
HERE = {"Mock-Sandbox-Key": "sk-mock-me"}
Line = dict[str, Any]


def line(custom_id: str = "a", **body: Any) -> Line:
    """A line that asks for a small picture."""
    asked = {"model": MODEL, "prompt": "a fox", "quality": "low"} | body
    return {"custom_id": custom_id, "method": "POST", "url": GENERATIONS, "body": asked}


def jsonl(*lines: Line | str) -> bytes:
    """A file of these lines."""
    return "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines).encode()


def upload(client: TestClient, content: bytes, purpose: str = "batch") -> str:
    """The id of an uploaded file."""
    files = {"file": ("batch.jsonl", content)}
    answer = client.post("/v1/files", files=files, data={"purpose": purpose})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def create(client: TestClient, *lines: Line | str, **more: Any) -> Response:
    """The answer to a batch of these lines."""
    told = {"endpoint": GENERATIONS, "completion_window": "24h"} | more
    if "input_file_id" not in told:
        told["input_file_id"] = upload(client, jsonl(*lines))
    return client.post("/v1/batches", json=told)


def created(client: TestClient, *lines: Line | str, **more: Any) -> str:
    """The id of a batch of these lines."""
    return str(create(client, *lines, **more).json()["id"])


def look(client: TestClient, batch: str) -> dict[str, Any]:
    """What is told of a batch."""
    found: dict[str, Any] = client.get(f"/v1/batches/{batch}").json()
    return found


def patience() -> Iterator[None]:
    """Turns, for a minute: how many a batch's work takes depends on the machine and the state."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        yield


def looks(client: TestClient, batch: str, status: str) -> Iterator[dict[str, Any]]:
    """What is told of a batch, until it has a status."""
    for _ in patience():
        yield (told := look(client, batch))
        if told["status"] == status:
            return
    raise AssertionError(f"it is not {status}, but {told}")


def cancel(client: TestClient, batch: str) -> Response:
    """The answer to its end."""
    return client.post(f"/v1/batches/{batch}/cancel")


def lines_of(client: TestClient, batch: dict[str, Any], name: str) -> list[Line]:
    """The lines of its output or error file."""
    if batch[f"{name}_file_id"] is None:
        return []
    content = client.get(f"/v1/files/{batch[f'{name}_file_id']}/content").text
    return [json.loads(one) for one in content.splitlines()]


def ids(lines: list[Line]) -> list[str]:
    """Whose answers these lines are."""
    return [one["custom_id"] for one in lines]


def begin(client: TestClient, **options: Any) -> None:
    """Begin the sandbox anew, with a clock that stands."""
    answer = client.post("/_mock/sandbox", headers=HERE, json={"standing": True} | options)
    assert answer.status_code == 200, answer.text


def advance(client: TestClient, **how_far: float) -> None:
    """Move its clock on."""
    client.post("/_mock/clock/advance", headers=HERE, json=how_far)


def rule(client: TestClient, when: dict[str, Any], then: dict[str, Any]) -> None:
    """Script something."""
    answer = client.post("/_mock/rules", headers=HERE, json={"when": when, "then": then})
    assert answer.status_code == 201, answer.text


def journal(client: TestClient) -> list[dict[str, Any]]:
    """The records of all lines of batches."""
    records = client.get("/_mock/requests", headers=HERE).json()["requests"]
    return [record for record in records if record.get("batch")]

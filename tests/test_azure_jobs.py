"""Azure's form of 2023: a job is begun, and looked at until its pictures are there."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from mockserver.clock import ManualClock
from tests.azure import HERE, NOT_FOUND, Azure, asks, last
from tests.conftest import error

SUBMIT = "/openai/images/generations:submit?api-version=2023-06-01-preview"


def test_a_job_is_done_at_the_first_look(azure: Azure) -> None:
    client = azure(as_of="2023-08-01")
    begun = asks(client, SUBMIT, n=2, size="256x256")
    assert begun.status_code == 202
    job = begun.json()["id"]
    assert begun.json() == {"id": job, "status": "notRunning"}
    place = f"http://localhost:6780/openai/operations/images/{job}?api-version=2023-06-01-preview"
    assert begun.headers["operation-location"] == place
    assert int(begun.headers["retry-after"]) > 0
    told = client.get(place)
    assert list(told.json()) == ["created", "expires", "id", "result", "status"]
    assert told.json()["status"] == "succeeded"
    assert told.json()["expires"] == told.json()["created"] + 86_400
    urls = [item["url"] for item in told.json()["result"]["data"]]
    assert [Image.open(io.BytesIO(client.get(url).content)).size for url in urls] == [
        (256, 256)
    ] * 2
    told = client.get("/_mock/requests", headers=HERE).json()["requests"]
    calls = [r for r in told if r["operation"].startswith("images.")]
    assert [(r["operation"], r["fields"]["model"], r["status"]) for r in calls] == [
        ("images.generate", "dall-e-2", 202)
    ]


def test_the_same_jobs_have_the_same_ids_in_every_run(azure: Azure) -> None:
    first, again = (asks(azure(as_of="2023-08-01"), SUBMIT).json() for _ in range(2))
    assert first == again


def test_a_job_takes_the_latency_that_is_set(azure: Azure, clock: ManualClock) -> None:
    client = azure(as_of="2023-08-01", latency="10s")
    place = asks(client, SUBMIT).headers["operation-location"]
    seen = []
    for seconds in (0, 4, 1, 4, 1):
        clock.advance(seconds)
        seen.append(client.get(place).json()["status"])
    assert seen == ["notRunning", "notRunning", "running", "running", "succeeded"]


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("prompt", "Your task failed as a result of our safety system."),
        ("picture", "Generated image was filtered as a result of our safety system."),
    ],
)
def test_a_refused_job_fails(azure: Azure, what: str, said: str) -> None:
    client = azure(as_of="2023-08-01", rules=[{"then": {"refuse": what}}])
    begun = asks(client, SUBMIT)
    assert begun.status_code == 202
    told = client.get(begun.headers["operation-location"]).json()
    assert list(told) == ["created", "error", "id", "status"]
    assert told["error"] == {"code": "contentFilter", "message": said}
    assert told["status"] == "failed"


def test_what_is_wrong_with_it_is_said_at_once(azure: Azure) -> None:
    client = azure(as_of="2023-08-01")
    assert asks(client, SUBMIT, n=11).status_code == 400
    for _ in range(6):
        assert asks(client, SUBMIT).status_code == 202
    refused = asks(client, SUBMIT)
    assert (refused.status_code, error(refused)["code"]) == (429, "RateLimitReached")


def test_a_job_can_be_deleted_expires_and_is_its_owner_s(azure: Azure, clock: ManualClock) -> None:
    client = azure(as_of="2023-08-01")
    first, second = (asks(client, SUBMIT).headers["operation-location"] for _ in range(2))
    assert client.get(first, headers={"api-key": "sk-mock-other"}).text == NOT_FOUND
    assert client.delete(first).status_code == 204
    assert client.get(first).text == NOT_FOUND
    clock.advance(86_399)
    assert client.get(second).status_code == 200
    clock.advance(1)
    assert client.get(second).text == NOT_FOUND
    assert last(client)["operation"] == "azure.operation"


@pytest.mark.parametrize("reply", [(502, "no"), (200, "{}"), (200, '{"id":"j","status":"failed"}')])
def test_a_rule_s_own_answer_to_it_is_given(azure: Azure, reply: tuple[int, str]) -> None:
    gateway = {"status": reply[0], "body": reply[1]}
    answer = asks(azure(as_of="2023-08-01", rules=[{"then": {"gateway": gateway}}]), SUBMIT)
    assert (answer.status_code, answer.text) == reply

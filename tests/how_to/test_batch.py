import json

import openai
import pytest
from openai.types import Batch

from mockserver.handle import Sandbox

PROMPTS = {"hero": "a red fox", "icon": "a blue bird", "cover": "mock:refuse a wolf"}


def submitted(client: openai.OpenAI) -> Batch:
    lines = [
        {
            "custom_id": name,
            "method": "POST",
            "url": "/v1/images/generations",
            "body": {"model": "gpt-image-2", "prompt": prompt, "quality": "low"},
        }
        for name, prompt in PROMPTS.items()
    ]
    content = "\n".join(map(json.dumps, lines)).encode()
    file = client.files.create(file=("batch.jsonl", content), purpose="batch")
    return client.batches.create(
        input_file_id=file.id, endpoint="/v1/images/generations", completion_window="24h"
    )


def answers(client: openai.OpenAI, file: str | None) -> dict[str, int]:
    text = client.files.content(file).text if file else ""
    lines = [json.loads(line) for line in text.splitlines()]
    return {line["custom_id"]: line["response"]["status_code"] for line in lines}


def test_a_batch_is_done_at_the_first_look(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    batch = submitted(images_client)
    assert batch.status == "validating"
    batch = images_client.batches.retrieve(batch.id)
    assert batch.status == "completed"
    assert answers(images_client, batch.output_file_id) == {"hero": 200, "icon": 200}
    assert answers(images_client, batch.error_file_id) == {"cover": 400}
    lines = [r for r in images_mock.requests if r.batch == batch.id]
    assert [(r.custom_id, r.status) for r in lines][-1] == ("cover", 400)
    images_mock.assert_spent_at_most(0.01)  # half the price of the same pictures, one by one


@pytest.mark.images_mock(batch_time="3h")
def test_or_as_its_time_goes_by(images_mock: Sandbox, images_client: openai.OpenAI) -> None:
    batch, done = submitted(images_client), []
    while batch.status in ("validating", "in_progress"):
        batch = images_client.batches.retrieve(batch.id)
        done.append(batch.request_counts.completed if batch.request_counts else 0)
        images_mock.clock.sleep(3600)  # in the place of time.sleep in your own loop
    assert (batch.status, done) == ("completed", [0, 1, 2, 2])


@pytest.mark.images_mock(batch_time="2d")
def test_what_takes_longer_than_its_window_expires(
    images_mock: Sandbox, images_client: openai.OpenAI
) -> None:
    batch = submitted(images_client)
    images_mock.clock.advance(days=1)
    batch = images_client.batches.retrieve(batch.id)
    assert batch.status == "expired"
    assert answers(images_client, batch.output_file_id) == {"hero": 200}


def test_a_file_with_a_fault_fails_the_batch(images_client: openai.OpenAI) -> None:
    content = b'{"custom_id": "hero", "method": "POST", "url": "/v1/images/generations"}'
    file = images_client.files.create(file=("batch.jsonl", content), purpose="batch")
    batch = images_client.batches.create(
        input_file_id=file.id, endpoint="/v1/images/generations", completion_window="24h"
    )
    batch = images_client.batches.retrieve(batch.id)
    assert batch.status == "failed"
    assert batch.errors
    assert batch.errors.data
    assert batch.errors.data[0].message == "Missing required parameter: 'body'."

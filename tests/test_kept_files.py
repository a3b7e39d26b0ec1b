"""/v1/files: uploads that are kept under an id, as the official SDK and raw requests see them."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import openai
import pytest
from starlette.testclient import TestClient

from mockserver.handle import Sandbox
from tests.conftest import Api
from tests.edits import encoded, scene

JSONL = b'{"custom_id": "1"}\n'
NOW = "2026-06-15"  # a day by whose rules all parameters are there


def upload(client: TestClient, data: bytes = JSONL, name: str = "a.jsonl", **form: Any) -> Any:
    return client.post("/v1/files", data={"purpose": "vision"} | form, files={"file": (name, data)})


def kept(client: TestClient, *data: bytes, **form: Any) -> list[str]:
    return [upload(client, one, **form).json()["id"] for one in data]


@pytest.fixture
def files(api: Api) -> TestClient:
    return api(as_of=NOW)


# -- with the SDK over a socket ------------------------------------------------------------------


def test_the_sdk_uploads_lists_reads_and_deletes(sdk: openai.OpenAI) -> None:
    made = sdk.files.create(file=("fox.png", encoded(scene())), purpose="vision")
    assert (made.filename, made.bytes, made.purpose) == ("fox.png", len(encoded(scene())), "vision")
    assert sdk.files.retrieve(made.id) == made
    assert [file.id for file in sdk.files.list()] == [made.id]
    assert sdk.files.content(made.id).read() == encoded(scene())
    assert sdk.files.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError, match="No such File object"):
        sdk.files.retrieve(made.id)


def test_the_sdk_turns_the_pages(sdk: openai.OpenAI) -> None:
    made = [sdk.files.create(file=io.BytesIO(b"x"), purpose="batch").id for _ in range(5)]
    assert [file.id for file in sdk.files.list(limit=2)] == made[::-1]
    assert [file.id for file in sdk.files.list(limit=2, order="asc")] == made
    assert [file.id for file in sdk.files.list(purpose="vision")] == []


def test_an_asynchronous_client_shares_them(box: Sandbox, sdk: openai.OpenAI) -> None:
    made = sdk.files.create(file=("a.jsonl", JSONL), purpose="batch")

    async def read() -> bytes:
        async with openai.AsyncOpenAI(base_url=box.url, api_key=box.api_key) as client:
            assert [file.id async for file in client.files.list()] == [made.id]
            return (await client.files.content(made.id)).read()

    assert asyncio.run(read()) == JSONL


def test_an_edit_names_a_file_that_was_uploaded(box: Sandbox, sdk: openai.OpenAI) -> None:
    file = encoded(scene(40, 30))
    made = sdk.files.create(file=("room.png", file), purpose="vision")
    body = {"model": "gpt-image-2", "prompt": "x", "images": [{"file_id": made.id}]}
    answer = sdk.post("/images/edits", body=body, cast_to=openai.types.ImagesResponse)
    assert answer.data
    box.assert_called(image=file)


def test_a_rule_that_names_the_operation_meets_it(box: Sandbox, sdk: openai.OpenAI) -> None:
    box.on(operation="files.create").error("internal", times=1)
    with pytest.raises(openai.InternalServerError):
        sdk.files.create(file=("a.jsonl", JSONL), purpose="batch")
    assert sdk.files.create(file=("a.jsonl", JSONL), purpose="batch").id
    assert [r.status for r in box.requests] == [500, 200]


def test_a_retry_waits_as_it_is_told(box: Sandbox) -> None:
    box.on(operation="files.list").rate_limit(retry_after=20, times=2)
    with openai.OpenAI(base_url=box.url, api_key=box.api_key) as client:
        assert client.files.list().data == []
    assert [r.status for r in box.requests] == [429, 429, 200]
    assert len(box.calls) == 1

"""Long answers beside images leave the loop to others while they are made."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import patch

import pytest
from starlette.testclient import TestClient

from mockserver.api.platform import call, organization
from mockserver.core.usage import Answer
from tests.conftest import Api, generate
from tests.in_process import LOOP

COSTS = "/v1/organization/costs"
ADMIN = {"Authorization": "Bearer sk-mock-admin-me"}


def turns_of(client: TestClient, path: str, **more: Any) -> int:
    """How many turns others have while a request is answered."""
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = LOOP.create_task(others())
    answer = client.get(path, **more)
    task.cancel()
    LOOP.run_until_complete(asyncio.wait({task}))
    assert answer.status_code == 200, answer.text
    return turns


def test_a_long_page_of_files_is_laid_out_beside_the_loop(api: Api) -> None:
    client = api()
    for name in "abc":
        given = {"file": (name, b"x")}
        client.post("/v1/files", data={"purpose": "vision"}, files=given)
    usual = turns_of(client, "/v1/files")
    with patch.object(call, "_LONG", 2):
        assert turns_of(client, "/v1/files") > usual


def test_many_bills_are_read_some_at_a_time(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    client = api(tier="off")
    for _ in range(5):
        generate(client, model="dall-e-2")
    read, add = list[int](), Answer.add

    def noted(answer: Answer, of: Any, uses: Any, prices: Any) -> None:
        read.append(len(uses))
        add(answer, of, uses, prices)

    monkeypatch.setattr(Answer, "add", noted)
    monkeypatch.setattr(organization, "_AT_ONCE", 2)
    assert turns_of(client, COSTS, params={"start_time": 0}, headers=ADMIN) >= 3
    assert read == [2, 2, 1]

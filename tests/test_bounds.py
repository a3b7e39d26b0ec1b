"""What a full server, a long text, a budget and the server's end may not spoil."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from http.client import HTTPException
from sys import getsizeof
from typing import Any

import httpx2
import pytest

from mockserver.app import create_app
from mockserver.config import configured
from mockserver.core.journal import Attempt, Record
from mockserver.core.picture import Picture
from mockserver.core.sandbox import Options
from mockserver.core.sandbox.logs import RECORD_BYTES
from mockserver.store.memory import MemoryStore
from mockserver.store.sandbox import MemorySandbox
from mockserver.testing import ImagesMock
from tests.conftest import Api, error, generate
from tests.in_process import client_of
from tests.test_control import ask


def attempt(number: int, body: int, status: int, count: int | None, port: str = "a") -> Record:
    told = Attempt(body=bytes([body]), connection=port, number=count)
    record = Record(id=f"{number}", at=0, method="POST", path="/v1/x", status=status, attempt=told)
    record.operation = "images.generate"
    record.close()
    return record


def calls(*records: Record) -> dict[str, list[int]]:
    async def write() -> list[Record]:
        sandbox = MemorySandbox("x", 1, Options(), [])
        for record in records:
            sandbox.record(record, number=1)
        return await sandbox.requests()

    found: dict[str, list[int]] = {}
    for record in asyncio.run(write()):
        found.setdefault(record.call, []).append(record.status)
    return found


def test_retries_find_their_calls_however_many_others_came_between() -> None:
    first = [attempt(n, n, 429, 0) for n in range(64)]
    again = [attempt(100 + n, n, 200, 1) for n in reversed(range(64))]
    assert calls(*first, *again) == {str(n): [429, 200] for n in range(64)}


def test_a_retry_of_equal_calls_belongs_to_one_that_was_refused() -> None:
    told = calls(attempt(1, 7, 429, 0), attempt(2, 7, 200, 0), attempt(3, 7, 200, 1))
    assert told == {"1": [429, 200], "2": [200]}


def test_a_long_text_in_a_refusal_does_not_fill_the_journal(api: Api) -> None:
    client = api()
    for _ in range(60):
        assert generate(client, size="x" * 1_000_000).status_code == 400
    kept = ask(client, "GET", "requests")["requests"]
    weight = sum(len(record["error"]["message"]) for record in kept)
    assert 0 < weight <= RECORD_BYTES
    assert generate(client).status_code == 200


def test_what_the_budget_refuses_takes_no_image_and_what_the_limit_refuses_no_money(
    api: Api,
) -> None:
    client = api()
    ask(client, "POST", "sandbox", json={"per_minute": 5, "budget_usd": 0.1})
    assert error(generate(client, n=7, size="256x256"))["code"] == "billing_hard_limit_reached"
    assert generate(client, n=5, size="256x256").status_code == 200
    assert generate(client, n=1, size="256x256").status_code == 429
    assert ask(client, "GET", "ledger")["spent_usd"] == 0.08


def test_a_price_is_exact_to_the_millionth(api: Api) -> None:
    client = api()
    generate(client, n=3, size="512x512")
    assert ask(client, "GET", "requests/last")["usd"] == 0.054


def test_an_empty_file_is_no_image_to_answer_with(api: Api) -> None:
    body: dict[str, Any] = {"then": {"image": ""}}
    headers = {"Mock-Sandbox-Key": "sk-mock-me"}
    assert api().post("/_mock/rules", json=body, headers=headers).status_code == 400


@pytest.mark.parametrize("then", [{"stall": True}, {"drip": 100}], ids=["stall", "drip"])
def test_the_end_of_the_server_is_no_answer_to_what_stalls_and_the_end_of_what_drips(
    then: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    came: list[int] = []

    def call() -> None:
        key = {"Authorization": "Bearer sk-mock-me"}
        try:
            answer = httpx2.post(f"{mock.url}/images/generations", json=asked, headers=key)
            came.append(answer.status_code)
        except (httpx2.HTTPError, HTTPException):
            came.append(0)

    asked = {"prompt": "x"}
    with ImagesMock() as mock:
        sandbox = mock.sandbox()
        build = sandbox.next
        rule = build.stall() if "stall" in then else build.drip(100)
        thread = threading.Thread(target=call)
        thread.start()
        while not rule.fired:
            pass
    thread.join(60)
    assert came == [200 if "drip" in then else 0]
    assert "ERROR" not in capfd.readouterr().err


def held(drawn: Sequence[Picture]) -> int:
    """The bytes of what pictures are drawn from, beside the texts that the facts have."""
    shared = {id(part): part for p in drawn for part in (p.prompt, p.options, *p.options)}
    own = sum(getsizeof(p) + getsizeof(p.digest) for p in drawn)
    return getsizeof(drawn) + own + sum(map(getsizeof, shared.values()))


@pytest.mark.parametrize("n", [1, 2, 10])
@pytest.mark.parametrize("prompt", ["a fox", "a long fox " * 80])
def test_a_record_weighs_what_its_pictures_are_drawn_from_and_not_twice_that(
    n: int, prompt: str
) -> None:
    store = MemoryStore()
    client = client_of(create_app(configured(log_format="none"), store=store))
    assert generate(client, prompt=prompt, n=n, response_format="b64_json").status_code == 200
    [found] = asyncio.run(requests_of(store))
    with_them = found.size
    drawn, found.drawn = found.drawn, ()
    found.close()
    assert 0.7 * held(drawn) <= with_them - found.size <= 2 * held(drawn)


async def requests_of(store: MemoryStore) -> Sequence[Record]:
    return [r for sandbox in await store.sandboxes() for r in await sandbox.requests()]

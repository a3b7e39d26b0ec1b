"""The server's time: waits on any loop, in any order, and a `time` that a test has patched."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from typing import Any
from unittest import mock

import httpx2
import openai
import pytest
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import SystemClock
from mockserver.config import configured
from mockserver.server.listening import event_loop
from mockserver.testing import ImagesMock
from tests.conftest import generate
from tests.late import assert_only_the_late_are_ended

DAY = 86_400.0
KEY = {"Authorization": "Bearer sk-mock-me"}


@pytest.mark.parametrize(
    ("settings", "prompt"), [({}, "mock:slow=1ms"), ({"latency": "1ms"}, "x"), ({}, "mock:429x1")]
)
def test_one_application_serves_on_one_loop_after_the_other(
    settings: dict[str, Any], prompt: str
) -> None:
    app = create_app(configured(log_format="none", **settings))
    for number in range(3):
        with TestClient(app, base_url="http://localhost") as client:
            status = generate(client, prompt=prompt).status_code
            assert status == (429 if "429" in prompt and not number else 200)


def test_loops_in_many_threads_wait_on_one_clock_until_it_is_woken() -> None:
    clock, all_wait = SystemClock(), threading.Barrier(5)

    async def wait() -> None:
        asyncio.get_running_loop().call_soon(all_wait.wait)
        await asyncio.gather(*(clock.sleep(DAY) for _ in range(3)))

    threads = [threading.Thread(target=asyncio.run, args=(wait(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    all_wait.wait(60)
    clock.wake()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    asyncio.run(clock.sleep(DAY))  # it stays awake
    assert clock.ended


def test_a_wait_that_is_given_up_leaves_nothing_behind() -> None:
    clock = SystemClock()

    async def give_up() -> None:
        task = asyncio.ensure_future(clock.sleep(DAY))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(give_up())
    assert not clock._waiting
    asyncio.run(clock.sleep(0))
    assert not clock._waiting


PATCHED = [
    *("time.time_ns", "time.time", "time.monotonic", "time.monotonic_ns", "time.perf_counter"),
    *("time.sleep", "asyncio.sleep"),
]


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@pytest.mark.parametrize("patched", PATCHED)
def test_a_server_in_a_thread_does_not_mind_what_a_test_patches(
    patched: str, loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if loop == "asyncio":
        monkeypatch.setattr(
            "mockserver.server.listening.auto_loop_factory", lambda: asyncio.SelectorEventLoop
        )
    with ImagesMock() as server:
        images = server.sandbox().begin()
        images.on(contains="slow").delay(seconds=0.001)
        line = HTTPConnection(server.address.removeprefix("http://"), timeout=60)
        with closing(line), mock.patch(patched):
            for prompt in ("x", "slow"):
                line.request("POST", "/v1/images/generations", json.dumps({"prompt": prompt}), KEY)
                with line.getresponse() as answer:
                    assert (answer.status, answer.read()[:1]) == (200, b"{")
        assert images.begin().requests == []


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@pytest.mark.parametrize("to", [0.0, 9e9])
def test_deadlines_follow_no_time_that_a_test_patches(
    to: float, loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if loop == "asyncio":
        monkeypatch.setattr(
            "mockserver.server.listening.auto_loop_factory", lambda: asyncio.SelectorEventLoop
        )

    def patched() -> ExitStack:
        patches = ExitStack()
        for name in PATCHED:
            value = round(to) if name.endswith("_ns") else to
            patches.enter_context(mock.patch(name, return_value=value))
        return patches

    assert_only_the_late_are_ended(patched)


def test_a_client_that_leaves_during_the_latency_is_recorded_as_gone(slow: ImagesMock) -> None:
    images = slow.sandbox("sk-mock-leaves").begin()
    key = images.api_key
    with (
        openai.OpenAI(base_url=slow.url, api_key=key, timeout=0.1, max_retries=0) as client,
        pytest.raises(openai.APITimeoutError),
    ):
        client.images.generate(prompt="x", model="dall-e-2")
    while not images.requests:
        pass
    assert [r.status for r in images.requests] == [499]


def test_a_sandbox_that_begins_anew_ends_the_latency_too(slow: ImagesMock) -> None:
    images = slow.sandbox("sk-mock-anew").begin()
    with (
        openai.OpenAI(base_url=slow.url, api_key=images.api_key, max_retries=0) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        asked = pool.submit(client.images.generate, prompt="x", model="dall-e-2")
        while not images.spent:  # it was admitted, and waits
            pass
        images.begin()
        with pytest.raises(openai.APIConnectionError):
            asked.result(60)
    while not images.late:
        pass
    assert images.requests == []


@pytest.fixture
def slow() -> Iterator[ImagesMock]:
    with ImagesMock(latency="3600s") as running:
        yield running


def test_the_loop_s_own_time_is_bound_at_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "mockserver.server.listening.auto_loop_factory", lambda: asyncio.SelectorEventLoop
    )
    loop = event_loop()
    with mock.patch("time.monotonic", return_value=0.0):
        assert loop.time() > 0
    loop.close()


def test_stopping_a_server_takes_no_tick() -> None:
    server = ImagesMock().start()
    httpx2.get(f"{server.address}/_mock/live")
    thread = server._thread._thread
    with mock.patch("asyncio.sleep", side_effect=AssertionError):
        server.stop()
    assert not thread.is_alive()

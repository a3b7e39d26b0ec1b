"""Who listens in Python, wherever he is: threads, forked children, tests that replace things."""

from __future__ import annotations

import asyncio
import gc
import http.client
import json
import os
import socket
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Never

import httpx2
import pytest

from mockserver.client import lines
from mockserver.client.connection import ControlError
from mockserver.client.events import Event, Events
from mockserver.core.sandbox import logs
from mockserver.handle import Sandbox
from mockserver.testing import ImagesMock
from tests.test_events import SOON, ask
from tests.test_remote import answering
from tests.test_remote import http as plain
from tests.test_slow_clients import state_of, waited_for


@pytest.fixture(scope="module")
def mock() -> Iterator[ImagesMock]:
    with ImagesMock() as server:
        yield server


@pytest.fixture
def images(mock: ImagesMock) -> Sandbox:
    return mock.sandbox("sk-mock-a").begin()


def prompt_of(event: Event) -> str | None:
    return event.request.prompt if event.request else None


# -- processes and threads


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_listens_anew_and_takes_nothing_from_its_parent(
    mock: ImagesMock, images: Sandbox
) -> None:
    told, telling = os.pipe()
    with images.events(timeout=SOON) as events:
        if not (child := os.fork()):  # pragma: no cover
            try:
                with pytest.raises(ControlError, match=r"listen in this one by images\.events"):
                    next(events)
                events.close()
                with images.events(timeout=SOON) as own:
                    os.write(telling, b".")
                    os._exit(prompt_of(next(own)) != "a fox")
            finally:
                os._exit(2)
        assert os.read(told, 1) == b"."
        ask(mock)
        assert prompt_of(next(events)) == "a fox"
        assert os.waitpid(child, 0)[1] == 0
        ask(mock, prompt="later")
        assert prompt_of(next(events)) == "later"
    os.close(told)
    os.close(telling)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_asks_over_a_line_of_its_own(mock: ImagesMock) -> None:
    images = Sandbox(mock.address, "sk-mock-a").begin()
    kept = images._remote._line()
    if not (child := os.fork()):  # pragma: no cover
        try:
            os._exit(images.requests != [] or images._remote._line() is kept)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert images.requests == []
    assert images._remote._line() is kept


def test_threads_that_share_a_listener_share_its_events(mock: ImagesMock, images: Sandbox) -> None:
    prompts = [f"fox {number}" for number in range(6)]
    with images.events(timeout=SOON) as events, ThreadPoolExecutor(3) as pool:
        found = [pool.submit(next, events) for _ in prompts]
        for prompt in prompts:
            ask(mock, prompt=prompt)
        assert {prompt_of(one.result(SOON)) for one in found} == set(prompts)


def test_another_thread_may_end_the_wait(images: Sandbox) -> None:
    events = images.events()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(list, events)
        assert waited_for(events._reading.locked)
        events.close()
        assert waiting.result(SOON) == []
    assert list(events) == []


def test_two_listen_to_the_same(mock: ImagesMock, images: Sandbox) -> None:
    with images.events(timeout=SOON) as outer:
        ask(mock, prompt="first")
        with images.events(timeout=SOON) as inner:
            ask(mock, prompt="second")
            assert prompt_of(next(inner)) == "second"
        assert [prompt_of(next(outer)) for _ in range(2)] == ["first", "second"]


# -- those who leave early


@pytest.mark.parametrize("way", ["break", "exception", "forgotten", "forgotten in a circle"])
def test_who_leaves_early_leaves_nothing_behind(
    images: Sandbox, mock: ImagesMock, way: str
) -> None:
    state = state_of(mock)
    assert waited_for(lambda: not state.tasks)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        seen = _left(images, mock, way)
        gc.collect()
    assert seen == ["a fox"]
    assert waited_for(lambda: not state.tasks)  # the server has let go of it, too
    assert not warned


def _left(images: Sandbox, mock: ImagesMock, way: str) -> list[str | None]:
    events: Any = images.events(timeout=SOON)
    ask(mock)
    seen = []
    try:
        for event in events:
            seen.append(prompt_of(event))
            if way == "exception":
                raise LookupError
            break
    except LookupError:
        pass
    if way == "forgotten in a circle":
        events.itself = events
    return seen


def test_an_interrupt_amid_an_event_ends_the_listening(
    images: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> Never:
        raise KeyboardInterrupt

    events = images.events(timeout=SOON)
    monkeypatch.setattr(lines.Endless, "read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        next(events)
    monkeypatch.undo()
    assert list(events) == []


# -- what tests replace


def test_neither_a_blocked_network_nor_a_patched_library_is_met(
    mock: ImagesMock, images: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def boom(*_: object, **__: object) -> Never:
        raise AssertionError("the test's own")

    ask(mock, prompt="first")
    ask(mock, prompt="second")
    first = images.requests[0].id
    monkeypatch.setattr(socket, "socket", boom)  # as pytest-socket does
    monkeypatch.setattr(socket, "create_connection", boom)
    monkeypatch.setattr(http.client.HTTPConnection, "request", boom)  # as pook does
    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", boom)
    monkeypatch.setattr(json, "loads", boom)
    monkeypatch.setattr(os, "getpid", boom)
    with images.events(since=first, timeout=SOON) as events:
        assert prompt_of(next(events)) == "second"


@pytest.mark.parametrize("stands", [True, False])
def test_neither_a_time_that_stands_nor_one_that_leaps_is_waited_by(
    images: Sandbox, mock: ImagesMock, monkeypatch: pytest.MonkeyPatch, *, stands: bool
) -> None:
    times = iter(range(0, 10**9, 10**6))
    monkeypatch.setattr(time, "monotonic", lambda: 0 if stands else next(times))
    monkeypatch.setattr(lines, "monotonic", time.monotonic)  # so do freezegun and time-machine
    with images.events(timeout=SOON) as events:
        ask(mock)
        assert prompt_of(next(events)) == "a fox"
    with pytest.raises(TimeoutError):
        next(images.events(timeout=0.01))


def test_a_patched_sleep_is_the_test_s_and_not_the_server_s(
    images: Sandbox, mock: ImagesMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        many = [stack.enter_context(images.events(timeout=SOON)) for _ in range(9)]
        monkeypatch.setattr(asyncio, "sleep", None)
        ask(mock)
        assert {prompt_of(next(events)) for events in many} == {"a fox"}


def test_no_proxy_is_asked(
    images: Sandbox, mock: ImagesMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(mock, prompt="first")
    ask(mock, prompt="second")
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    first = images.requests[0].id
    for address in (mock.address, mock.address.replace("127.0.0.1", "localhost")):
        headers = {"Mock-Sandbox-Key": "sk-mock-a"}
        with Events(address, headers, since=first, timeout=SOON) as events:
            assert prompt_of(next(events)) == "second"


def test_without_a_timeout_a_long_silence_is_none(
    images: Sandbox, mock: ImagesMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "_PATIENCE", 0.05)  # the server gathers for longer
    with images.events() as events:
        ask(mock)
        assert prompt_of(next(events)) == "a fox"


# -- what is at the other end


def test_a_sandbox_that_is_begun_anew_is_listened_to_still(
    images: Sandbox, mock: ImagesMock
) -> None:
    with images.events(timeout=SOON) as events:
        images.begin()
        ask(mock)
        renewed, asked = next(events), next(events)
    assert (renewed.kind, renewed.what) == ("changed", "sandbox")
    assert prompt_of(asked) == "a fox"


STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
EVENT = b'event: changed\ndata: {"what": "rules", "sandbox": "*"}\n\n'


def test_a_server_that_breaks_off_amid_an_event_ends_the_listening() -> None:
    half = EVENT + EVENT[:30]
    chunked = STREAM + b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(half), half)
    with answering([chunked]) as (address, _), Events(address, {}, timeout=SOON) as events:
        assert [event.what for event in events] == ["rules"]


def test_a_gateway_that_ends_the_connection_with_the_answer_is_listened_to() -> None:
    closing = STREAM + b"connection: close\r\n\r\n" + EVENT
    with answering([closing]) as (address, _):
        far = address.replace("127.0.0.1", "localhost")
        with Events(far, {}, timeout=SOON) as events:
            assert [event.what for event in events] == ["rules"]


@pytest.mark.parametrize("answer", [plain(200, b"<html>"), plain(200, b"{}"), plain(302, b"{}")])
def test_another_server_is_no_quiet_one(answer: bytes) -> None:
    with (
        answering([answer]) as (address, _),
        pytest.raises(ControlError, match="GET /_mock/events at .*, but not from an images-mock"),
    ):
        Events(address, {})


def test_the_fix_is_told_where_no_server_is() -> None:
    with pytest.raises(ControlError, match="Connection refused. Start it again"):
        Sandbox("http://127.0.0.1:1", "sk-mock-a").events()


# -- what is told


def test_whatever_is_asked_is_told_in_the_order_in_which_it_was_written_down(
    mock: ImagesMock, images: Sandbox
) -> None:
    line: dict[str, Any] = {"custom_id": "a", "method": "POST", "url": "/v1/images/generations"}
    line |= {"body": {"model": "gpt-image-2", "prompt": "x", "quality": "low"}}
    file = {"file": ("lines.jsonl", json.dumps(line).encode())}
    tool = {"type": "image_generation", "quality": "low", "model": "gpt-image-2"}
    headers = {"Authorization": "Bearer sk-mock-a"}
    with (
        httpx2.Client(base_url=mock.address, headers=headers) as client,
        images.events(timeout=SOON) as events,
    ):
        deployed = (
            "/openai/deployments/gpt-image-2/images/generations?api-version=2025-04-01-preview"
        )
        client.post(deployed, json={"prompt": "x"}, headers={"api-key": "sk-mock-a"})
        client.post("/v1/responses", json={"model": "gpt-5", "input": "x", "tools": [tool]})
        kept = client.post("/v1/files", files=file, data={"purpose": "batch"}).json()["id"]
        asked = {"input_file_id": kept, "endpoint": line["url"], "completion_window": "24h"}
        batch = client.post("/v1/batches", json=asked).json()["id"]
        client.get(f"/v1/batches/{batch}")
        client.get(ask(mock).json()["data"][0]["url"])
        images.reset("ledger")
        told: list[Event] = []
        while not told or told[-1].kind != "changed":
            told.append(next(events))
    answered = [event.request for event in told if event.request]
    assert {r.status for r in answered} == {200}
    journal = [*images.requests, *images.downloads]
    assert {r.id for r in answered} == {r.id for r in journal}
    assert len(answered) == len(journal)
    operations = [r.operation for r in answered if not r.batch]
    assert operations == [
        *("images.generate", "responses.create", "files.create", "batches.create"),
        *("batches.retrieve", "images.generate", ""),
    ]
    (of_batch,) = [r for r in answered if r.batch]
    assert (of_batch.batch, of_batch.custom_id, of_batch.prompt) == (batch, "a", "x")
    assert [event.kind for event in told[-2:]] == ["download", "changed"]


def test_an_id_that_the_journal_has_dropped_is_no_beginning_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logs, "RECORDS", 2)
    with ImagesMock() as mock:
        images = mock.sandbox("sk-mock-a").begin()
        ask(mock, prompt="1")
        first = images.requests[0].id
        ask(mock, prompt="2")
        with images.events(since=first, timeout=SOON) as events:
            assert prompt_of(next(events)) == "2"
        ask(mock, prompt="3")
        with pytest.raises(ControlError, match="leave since out"):
            images.events(since=first)
        seen = {"Mock-Sandbox-Key": "sk-mock-a", "Last-Event-ID": first}
        with Events(mock.address, seen, timeout=SOON) as events:
            assert next(events) == Event("missed", {"events": None})
            ask(mock, prompt="4")
            assert prompt_of(next(events)) == "4"


@pytest.mark.parametrize("as_of", ["2023-06-01", "2025-05-01", "2026-11-28"])
def test_an_id_of_any_day_is_a_place_to_go_on_from(mock: ImagesMock, as_of: str) -> None:
    images = mock.sandbox(f"sk-mock-{as_of}").begin(as_of=as_of)
    with images.events(timeout=SOON) as events:
        ask(mock, images.api_key, "first")
        first = next(events)
    ask(mock, images.api_key, "second")
    assert first.id == images.requests[0].id
    with images.events(since=first.id, timeout=SOON) as events:
        assert prompt_of(next(events)) == "second"


def test_times_are_the_machine_s_whatever_a_sandbox_s_clock_shows(
    mock: ImagesMock, images: Sandbox
) -> None:
    before = time.time()
    images.clock.advance(days=40)
    with images.events(timeout=SOON) as events:
        ask(mock)
        event = next(events)
    assert event.request
    assert before - 1 < event.request.time < before + 2 * SOON
    assert event.request == images.requests[-1]
    assert images.clock.now > before + 39 * 86_400

"""What happens, told as it happens: over HTTP, in Python, in a terminal."""

from __future__ import annotations

import asyncio
import atexit
import json
import signal
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx2
import pytest

from mockserver.client.connection import ControlError
from mockserver.client.events import Event, Events
from mockserver.clock import ManualClock
from mockserver.core.journal import Record
from mockserver.request.feed import KEPT, Feed, Listener, missed
from mockserver.testing import ImagesMock
from tests.test_cli import IMAGES_MOCK, environment, run

SOON = 30  # seconds: nothing here takes as long


@pytest.fixture
def mock() -> Iterator[ImagesMock]:
    with ImagesMock() as server:
        yield server


@cache
def client() -> httpx2.Client:
    """One for all: to make another each time takes longer than to ask."""
    found = httpx2.Client()
    atexit.register(found.close)
    return found


def ask(mock: ImagesMock, key: str = "sk-mock-a", prompt: str = "a fox") -> httpx2.Response:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return client().post(
        f"{mock.url}/images/generations", content=json.dumps({"prompt": prompt}), headers=headers
    )


def test_requests_downloads_and_changes_are_told_as_they_happen(mock: ImagesMock) -> None:
    images = mock.sandbox("sk-mock-a").begin()
    with images.events(timeout=SOON) as events:
        url = ask(mock).json()["data"][0]["url"]
        httpx2.get(url)
        images.clock.advance(1)
        asked, downloaded, moved = (next(events) for _ in range(3))
    assert asked.request
    assert downloaded.request
    assert (asked.kind, asked.request.prompt, asked.request.status) == ("request", "a fox", 200)
    assert asked.request == images.requests[0].__class__.of(asked.told)
    assert (downloaded.kind, downloaded.request.status) == ("download", 200)
    assert (moved.kind, moved.what, moved.request) == ("changed", "clock", None)


def test_a_listener_of_one_sandbox_hears_of_no_other(mock: ImagesMock) -> None:
    images = mock.sandbox("sk-mock-a").begin()
    with images.events(timeout=SOON) as events, Events(mock.address, {}, timeout=SOON) as of_all:
        ask(mock, "sk-mock-b", "another")
        ask(mock)
        heard = [event.told["fields"]["prompt"] for event in (next(of_all), next(of_all))]
        assert heard == ["another", "a fox"]
        assert next(events).told["fields"]["prompt"] == "a fox"


def test_who_comes_back_is_told_what_came_meanwhile(mock: ImagesMock) -> None:
    images = mock.sandbox("sk-mock-a").begin()
    ask(mock, prompt="first")
    seen = images.requests[0].id
    ask(mock, prompt="second")
    with images.events(since=seen, timeout=SOON) as events:
        assert next(events).told["fields"]["prompt"] == "second"
    headers = {"Mock-Sandbox-Key": "sk-mock-a", "Last-Event-ID": seen}
    with Events(mock.address, headers, timeout=SOON) as events:
        assert next(events).told["fields"]["prompt"] == "second"
    with Events(mock.address, headers | {"Last-Event-ID": "req_gone"}, timeout=SOON) as events:
        assert next(events) == Event("missed", {"events": None})
    with pytest.raises(ControlError, match="no 'req_gone' to begin at"):
        images.events(since="req_gone")


def test_nothing_in_time_is_a_timeout_and_the_server_s_end_is_the_end(mock: ImagesMock) -> None:
    images = mock.sandbox("sk-mock-a")
    with pytest.raises(TimeoutError, match=r"nothing happened within 0\.01 s"):
        next(images.events(timeout=0.01))
    events = images.events(timeout=SOON)
    mock.stop()
    assert list(events) == []
    with pytest.raises(ControlError, match="no images-mock answers GET /_mock/events"):
        images.events()


async def heard(feed: Feed, listener: Listener, *records: Record) -> bytes:
    """What a listener is told once these requests were written down."""
    for written in records:
        feed.wrote(written)
    await listener.news.wait()
    return listener.take()


def record(number: int, **fields: Any) -> Record:
    return Record(id=f"req_{number}", at=0, method="POST", path="/v1/x", **fields)


def test_of_too_much_the_oldest_is_dropped_and_counted() -> None:
    async def told() -> tuple[bytes, bytes]:
        with feed.heard(None) as listener:
            return await heard(feed, listener, *map(record, range(KEPT + 2))), listener.take()

    feed = Feed(ManualClock())
    first, second = asyncio.run(told())
    assert first.startswith(missed(2) + b"id: req_2\n")
    assert first.count(b"event: request\n") == KEPT
    assert second == b""
    assert not feed.is_heard


def test_large_records_wait_in_small_numbers() -> None:
    async def told() -> bytes:
        with feed.heard(None) as listener:
            return await heard(feed, listener, *(record(n, size=1 << 20) for n in range(10)))

    feed = Feed(ManualClock())
    found = asyncio.run(told())
    assert found.count(b"event: request\n") == 4
    assert found.startswith(missed(6))


def test_each_listener_is_told_each_event_once_whoever_comes_between() -> None:
    async def told() -> tuple[bytes, bytes]:
        with feed.heard(None) as one, feed.heard(None) as other:
            first = await heard(feed, one, record(1))
            feed.wrote(record(2))
            with feed.heard(None) as late:
                assert late.take() == b""
            both = await heard(feed, other)
            return first + await heard(feed, one, record(3)), both + await heard(feed, other)

    feed = Feed(ManualClock())
    for found in asyncio.run(told()):
        assert [found.count(b"id: req_%d\n" % number) for number in (1, 2, 3)] == [1, 1, 1]


def test_the_journal_is_printed_and_followed(mock: ImagesMock) -> None:
    ask(mock, prompt="a red\nfox")
    printed = run("log", "--url", mock.address)
    assert printed.returncode == 0
    assert r"200 images.generate (dall-e-2) (1024x1024) (n=1) 'a red\nfox'" in printed.stdout
    following = subprocess.Popen(
        [*IMAGES_MOCK, "log", "--follow", "--json", "--url", mock.address, "--key", "sk-mock-b"],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job may ignore it
    )
    assert following.stdout
    with following.stdout:
        ask(mock, "sk-mock-b", "the first")
        while not mock.sandbox("sk-mock-b").requests:
            pass
        assert '"the first"' in following.stdout.readline()
        ask(mock, "sk-mock-b", "the second")
        assert '"the second"' in following.stdout.readline()
        following.send_signal(signal.SIGINT)
        assert following.wait(SOON) == 0


def test_a_journal_that_is_not_there_is_said_in_one_line() -> None:
    nobody = run("log", "--url", "http://127.0.0.1:1")
    assert nobody.returncode == 4
    assert nobody.stderr.startswith("images-mock: no images-mock answers GET /_mock/requests")

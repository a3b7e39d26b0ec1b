"""Listeners that read slowly, or not at all, or are many: what they cost, and what ends them."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from typing import cast

import pytest
from starlette.types import Message

from mockserver.clock import SystemClock
from mockserver.config import configured
from mockserver.control.events import PIECE, Stream
from mockserver.control.request import ControlRequest
from mockserver.core.journal import Record
from mockserver.request.feed import KEPT, KEPT_BYTES
from mockserver.request.world import World
from mockserver.server import listening as listening_module
from mockserver.server.http1 import Http1
from mockserver.testing import ImagesMock
from tests.test_events import SOON, ask
from tests.test_slow_clients import LIVE, asking, connected, heard, state_of, waited_for

LISTENS = b"GET /_mock/events HTTP/1.1\r\nHost: localhost\r\n%b\r\n"
MANY = 20


def listening(mock: ImagesMock, header: bytes = b"", *, room: int = 0) -> socket.socket:
    """A listener that has its answer's beginning, and reads no further."""
    host, port = mock.address.removeprefix("http://").split(":")
    connection = socket.socket()
    connection.settimeout(SOON)
    if room:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    connection.connect((host, int(port)))
    connection.sendall(LISTENS % header)
    got = b""
    while b":\n\n" not in got:
        got += connection.recv(1)
    assert got.startswith(b"HTTP/1.1 200 OK\r\n")
    return connection


def loud(mock: ImagesMock) -> None:
    """Requests whose records are large."""
    for _ in range(20):
        ask(mock, prompt="x" * 99_000)


def unsent(mock: ImagesMock) -> int:
    """Bytes that wait to be sent."""
    found = [cast(Http1, c) for c in [*state_of(mock).connections]]
    return sum(c.transport.get_write_buffer_size() for c in found)


# -- one who does not take what he is told, without a socket


class Reluctant:
    """A client that takes so many messages, and then none until it is let."""

    def __init__(self, takes: int) -> None:
        self.takes = takes
        self.taken: list[Message] = []
        self.goes_on = asyncio.Event()
        self.waits = asyncio.Event()
        self.began, self.missed = asyncio.Event(), asyncio.Event()

    async def send(self, message: Message) -> None:
        if len(self.taken) == self.takes:
            self.waits.set()
            await self.goes_on.wait()
        self.taken.append(message)
        if len(self.taken) == 2:
            self.began.set()
        if b"event: missed" in self.told:
            self.missed.set()

    async def receive(self) -> Message:
        return await asyncio.Future()

    @property
    def told(self) -> bytes:
        return b"".join(m.get("body", b"") for m in self.taken)


def test_a_slow_listener_keeps_a_piece_for_himself_and_is_told_how_much_he_missed() -> None:
    missed, large = 7, 300_000

    def record(number: int, size: int) -> Record:
        found = Record(id=f"req_{number}", at=0, method="POST", path=f"/v1/{'x' * size}")
        found.close()
        return found

    async def tried() -> bytes:
        clock = SystemClock()
        world = World(configured(log_format="none"), clock)
        client = Reluctant(takes=3)  # the head, the first comment, a piece
        request = ControlRequest(world, client.receive, None, {})
        stream = asyncio.ensure_future(Stream(request, None, None).send(client.send))
        await client.began.wait()
        world.feed.wrote(record(0, large))
        await client.waits.wait()
        for number in range(1, KEPT + missed + 1):
            world.feed.wrote(record(number, 10))
        assert len(world.feed._events) == KEPT
        assert world.feed._size < KEPT_BYTES
        client.goes_on.set()
        await client.missed.wait()
        clock.wake()
        await stream
        assert max(len(m.get("body", b"")) for m in client.taken) <= PIECE
        return client.told

    told = asyncio.run(tried())
    assert told.count(b"event: request\n") == 1 + KEPT
    assert told.count(b"event: missed\n") == 1
    assert b'event: missed\ndata: {"events": %d}\n\nid: req_%d\n' % (missed, missed + 1) in told


# -- over sockets


@pytest.fixture(scope="module")
def short() -> Iterator[ImagesMock]:
    """A server without patience."""
    times = dict.fromkeys(("head_timeout", "body_timeout", "send_timeout"), "200ms")
    with ImagesMock(tier="off", **times) as mock:
        yield mock


def test_who_does_not_read_is_closed_and_who_has_nothing_to_read_is_not(
    short: ImagesMock, caplog: pytest.LogCaptureFixture
) -> None:
    state = state_of(short)
    with (
        closing(listening(short, b"Mock-Sandbox-Key: sk-mock-quiet\r\n")) as quiet,
        closing(listening(short, room=4096)),
    ):
        while not any("took nothing" in r.getMessage() for r in caplog.records):
            loud(short)
        assert waited_for(lambda: len(state.tasks) == 1)
        ask(short, "sk-mock-quiet", "at last")
        got = b""
        while b'"prompt": "at last"' not in got:
            got += quiet.recv(65536)
        assert b"event: missed" not in got  # what others asked is nothing to it
    (line,) = [r.getMessage() for r in caplog.records if "took nothing" in r.getMessage()]
    assert line.startswith("GET /_mock/events: ")
    assert waited_for(lambda: not state.tasks)


def test_a_listener_is_not_idle_and_gives_way_to_nobody() -> None:
    with ImagesMock(max_connections=1) as mock:
        with closing(listening(mock)) as listener:
            assert heard(connected(mock, asking())).startswith(b"HTTP/1.1 503 ")
            with closing(connected(mock, LIVE)) as control:
                assert control.recv(99).startswith(b"HTTP/1.1 200")
            got = b""
            while b'"connections_full"' not in got:
                got += listener.recv(65536)
        assert waited_for(lambda: not state_of(mock).tasks)
        with closing(connected(mock, asking())) as other:
            assert other.recv(99).startswith(b"HTTP/1.1 200")


def test_a_server_with_many_listeners_ends_within_its_grace(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening_module, "GRACE", 2 * SOON)  # far from what a slow machine takes
    with ImagesMock() as mock:
        listeners = [listening(mock) for _ in range(MANY)]
        began = time.monotonic()
    assert time.monotonic() - began < SOON
    assert [heard(one).endswith(b"0\r\n\r\n") for one in listeners] == [True] * MANY
    assert not caplog.records


def test_one_who_does_not_read_keeps_no_server_from_its_end(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening_module, "GRACE", 0.2)
    with ImagesMock(tier="off") as mock, closing(listening(mock, room=4096)):
        state = state_of(mock)
        while not (waiting := unsent(mock)):
            loud(mock)
        assert waiting < 3 * PIECE  # of some megabytes
        began = time.monotonic()
        mock.stop()
        assert time.monotonic() - began < SOON
        assert not state.tasks
    assert not [r for r in caplog.records if r.exc_info]
    assert caplog.records[0].getMessage() == "Cancel 1 running task(s)"

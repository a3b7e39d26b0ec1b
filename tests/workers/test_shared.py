"""What workers hear of each other over a shared file: who waits at one is told of what another did."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import GENERATIONS, PATIENCE
from tests.life import (
    KEY,
    OF_SANDBOX,
    Serving,
    answer,
    generation,
    request,
    rule,
    serving,
)
from tests.workers import SLOW, WHO, has_replaced, soon, workers_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux spreads connections"),
]
SOON = 30.0  # seconds: far less than anything waits by itself


class Line:
    """A connection to one worker, which is kept."""

    def __init__(self, server: Serving) -> None:
        self.socket = server.connect()
        self.worker = int(self.ask(WHO)[1])

    def send(self, data: bytes) -> None:
        self.socket.sendall(data.replace(b"Connection: close\r\n", b""))

    def ask(self, data: bytes) -> tuple[int, bytes]:
        """The status and content of the answer, which has a length."""
        self.send(data)
        return self.read()

    def read(self) -> tuple[int, bytes]:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.socket.recv(1)
            assert byte, head
            head += byte
        told = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        body = b""
        while len(body) < int(told[b"content-length"]):
            body += self.socket.recv(1 << 16)
        return int(head[9:12]), body


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    state = f"sqlite:{tmp_path_factory.mktemp('state') / 'mock.db'}"
    with serving("--workers", "2", "--state", state, before=SLOW) as running:
        yield running


@pytest.fixture
def lines(server: Serving) -> Iterator[tuple[Line, Line]]:
    """A line to each of the two workers, and a sandbox that is new."""
    found: dict[int, Line] = {}
    for _ in range(200):
        line = Line(server)
        if found.setdefault(line.worker, line) is not line:
            line.socket.close()
        if len(found) == 2:
            break
    one, other = found.values()
    assert one.ask(_control("POST", "/_mock/sandbox", {}))[0] == 200
    yield one, other
    for line in found.values():
        line.socket.close()


def _control(method: str, path: str, told: Any = None) -> bytes:
    body = b"" if told is None else json.dumps(told).encode()
    return request(method, path, body, header=OF_SANDBOX)


def test_a_request_at_one_is_in_the_journal_of_the_other_under_an_id_of_its_own(
    lines: tuple[Line, Line],
) -> None:
    for line in (*lines, *lines):
        assert line.ask(generation())[0] == 200
    told = [json.loads(line.ask(_control("GET", "/_mock/requests"))[1]) for line in lines]
    assert told[0] == told[1]
    assert len({one["id"] for one in told[0]["requests"]}) == 4


def test_who_waits_for_a_request_at_one_hears_of_it_from_the_other(
    lines: tuple[Line, Line],
) -> None:
    one, other = lines
    one.socket.settimeout(SOON)
    one.send(_control("POST", "/_mock/requests/wait", {"count": 1, "timeout": 60}))
    assert other.ask(generation())[0] == 200
    assert json.loads(one.read()[1]) == {"count": 1, "reached": True}


def test_who_listens_at_one_hears_of_requests_and_changes_at_the_other(
    lines: tuple[Line, Line],
) -> None:
    one, other = lines
    one.socket.settimeout(SOON)
    one.send(_control("GET", "/_mock/events"))
    heard = one.socket.recv(1 << 16)
    assert b" 200 " in heard
    assert other.ask(generation(prompt="a fox from afar"))[0] == 200
    while b"a fox from afar" not in heard:
        heard += one.socket.recv(1 << 16)
    assert other.ask(rule({"delay": 0.01}))[0] == 201
    while b"event: changed" not in heard:
        heard += one.socket.recv(1 << 16)
    assert b'"what": "rules"' in heard


def test_a_new_beginning_at_one_lets_go_who_is_kept_waiting_at_the_other(
    lines: tuple[Line, Line],
) -> None:
    one, other = lines
    assert other.ask(rule({"stall": True}))[0] == 201
    one.socket.settimeout(SOON)
    one.send(generation())
    assert other.ask(_control("GET", "/_mock/live"))[0] == 200
    with pytest.raises(TimeoutError):
        _within(one.socket, 0.2)
    assert other.ask(_control("POST", "/_mock/sandbox", {}))[0] == 200
    assert answer(one.socket) == b""


def test_a_rule_for_two_requests_fires_twice_wherever_they_come(lines: tuple[Line, Line]) -> None:
    one, other = lines
    told = {"then": {"rate_limit": {}}, "times": 2}
    assert one.ask(_control("POST", "/_mock/rules", told))[0] == 201
    found = [line.ask(generation())[0] for line in (other, one, other, one)]
    assert found == [429, 429, 200, 200]


def test_a_picture_that_one_has_drawn_another_one_sends_to_the_byte(
    lines: tuple[Line, Line],
) -> None:
    one, other = lines
    body = json.dumps({"prompt": "a fox", "size": "256x256"}).encode()
    url = json.loads(one.ask(request("POST", GENERATIONS, body, header=KEY))[1])["data"][0]["url"]
    get = request("GET", "/private/" + url.partition("/private/")[2], header="Accept: */*")
    assert one.ask(get) == other.ask(get)


def _within(connection: socket.socket, seconds: float) -> bytes:
    """What comes in a time; TimeoutError if nothing does."""
    connection.settimeout(seconds)
    try:
        return connection.recv(1)
    finally:
        connection.settimeout(PATIENCE)


def test_one_that_replaces_a_killed_one_knows_all_that_was_answered(tmp_path: Path) -> None:
    with serving("--workers", "2", "--state", f"sqlite:{tmp_path / 'mock.db'}") as server:
        for number in range(1, 6):
            assert server.ask(generation(prompt=f"fox {number}"))[0] == 200
            worker = workers_of(server)[0]
            os.kill(worker, signal.SIGKILL)
            soon(partial(has_replaced, server, worker))
            asked = _control("POST", "/_mock/requests/count", {})
            assert server.ask(asked)[1] == {"count": number}
        server.end()

"""Clients that are late, over sockets: what they hear, what the journal has, and what is left."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any
from unittest.mock import Mock

import pytest
from uvicorn.server import ServerState

from mockserver.server.drips import Drips
from mockserver.server.http1 import Http1
from mockserver.server.kernel import in_kernel
from mockserver.testing import ImagesMock
from tests.test_http1 import CONFIG, HEAD

ASKS = (
    b"POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\n"
    b"Authorization: Bearer sk-mock-me\r\nContent-Type: application/json\r\n"
)
LIVE = b"GET /_mock/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
TIMED_OUT = b'"message": "Timed out while the request was read."'
#: By name: what a client sends before it falls silent.
SAID = {
    "nothing": b"",
    "an empty line": b"\r\n",
    "half a method": b"PO",
    "half a path": b"POST /v1/ima",
    "half a head": ASKS + b"X-Half: ",
    "half a head of HEAD": b"HEAD /v1/models HTTP/1.0\r\nAuthorization: Bearer sk-mock-me\r\nX",
    "half a second head": LIVE + ASKS,
    "no body": ASKS + b"Content-Length: 16\r\n\r\n",
    "half a body": ASKS + b"Content-Length: 16\r\n\r\n{",
    "half a chunk": ASKS + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{",
    "no last chunk": ASKS + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "no body that is asked for": ASKS + b"Expect: 100-continue\r\nContent-Length: 16\r\n\r\n",
    "half a body behind an offer of h2c": HEAD + b"{",
    "half a body of a control request": (
        b"POST /_mock/rules HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 16\r\n\r\n{"
    ),
    "half a body where nobody wants one": (
        b"GET /_mock/live HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16\r\n\r\n{"
    ),
}
WITHOUT_A_WORD = ("nothing", "an empty line")
ANSWERED_ALREADY = ("half a body where nobody wants one",)


def connected(mock: ImagesMock, said: bytes = b"") -> socket.socket:
    host, port = mock.address.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(said)
    return connection


def heard(connection: socket.socket) -> bytes:
    """All that comes until the line ends."""
    with connection, connection.makefile("rb") as file:
        return file.read()


def asking(**fields: Any) -> bytes:
    body = json.dumps({"prompt": "x", "size": "256x256"} | fields).encode()
    return ASKS + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def state_of(mock: ImagesMock) -> ServerState:
    return mock._thread._server.server_state


def waited_for(is_so: Callable[[], bool]) -> bool:
    """Whether it becomes so within some seconds."""
    last = time.monotonic() + 30
    while not is_so() and time.monotonic() < last:
        time.sleep(0.005)
    return is_so()


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def short(request: pytest.FixtureRequest) -> Iterator[ImagesMock]:
    """A server without patience, on each kind of loop."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "asyncio":
            patch.setitem(sys.modules, "uvloop", None)
        else:
            pytest.importorskip("uvloop")
        times = dict.fromkeys(("head_timeout", "body_timeout", "send_timeout"), "200ms")
        with ImagesMock(tier="off", **times) as mock:
            yield mock


@pytest.fixture(scope="module")
def ends(short: ImagesMock) -> dict[str, bytes]:
    """What each of those clients hears, all at once."""
    connections = [connected(short, said) for said in SAID.values()]
    with ThreadPoolExecutor(len(SAID)) as pool:
        return dict(zip(SAID, pool.map(heard, connections), strict=True))


@pytest.mark.parametrize("name", WITHOUT_A_WORD)
def test_who_never_asked_is_closed_without_a_word(ends: dict[str, bytes], name: str) -> None:
    assert ends[name] == b""


@pytest.mark.parametrize("name", [n for n in SAID if n not in WITHOUT_A_WORD + ANSWERED_ALREADY])
def test_half_a_request_gets_408_in_the_form_of_the_api_and_the_line_ends(
    ends: dict[str, bytes], name: str
) -> None:
    before, status, rest = ends[name].partition(b"HTTP/1.1 408 Request Timeout\r\n")
    assert status, before
    head, _, body = rest.partition(b"\r\n\r\n")
    fields = head.split(b"\r\n")
    assert b"connection: close" in fields
    assert sum(f.startswith(b"mock-hint: --") for f in fields) == 1
    if name != "half a body of a control request":
        assert sum(f.startswith(b"x-request-id: req_") for f in fields) == 1
    assert body.count(TIMED_OUT) == (name != "half a head of HEAD")
    assert {
        "half a second head": b"HTTP/1.1 200 OK",
        "no body that is asked for": b"HTTP/1.1 100 Continue\r\n\r\n",
    }.get(name, b"") in before


def test_who_was_answered_before_its_body_came_hears_nothing_more(ends: dict[str, bytes]) -> None:
    assert ends["half a body where nobody wants one"].count(b"HTTP/1.1") == 1


def test_the_journal_has_each_late_request_with_the_reason(
    short: ImagesMock, ends: dict[str, bytes]
) -> None:
    late = [r for r in short.sandbox().requests if r.status == 408]
    assert {r.error.reason for r in late if r.error} == {"request_timeout"}
    paths = sorted(r.path for r in late)
    assert paths == ["/v1/images/generations"] * 8 + ["/v1/models"]
    assert len(ends) == len(SAID)


def test_a_late_head_tells_as_much_as_came_of_it(short: ImagesMock) -> None:
    told = heard(
        connected(short, b"POST /v1/images/generations HTTP/1.1\r\nOrigin: http://localhost\r\nX")
    )
    assert b"access-control-allow-origin: http://localhost" in told


def test_what_a_rule_makes_slow_and_a_pause_between_two_requests_is_nobody_s_lateness(
    short: ImagesMock,
) -> None:
    images = short.sandbox().begin()
    images.on(contains="later").delay("400ms")
    images.on(contains="drop").drip(700)
    with (
        closing(connected(short, LIVE)) as pausing,
        closing(connected(short, asking(prompt="later"))) as delayed,
        closing(connected(short, asking(prompt="drops"))) as dripping,
    ):
        assert pausing.recv(99).startswith(b"HTTP/1.1 200")
        for connection in (delayed, dripping):
            with connection.makefile("rb") as file:
                assert file.readline() == b"HTTP/1.1 200 OK\r\n"
                length = next(int(x.split()[1]) for x in file if x.startswith(b"content-length"))
                while file.readline().strip():
                    pass
                assert len(file.read(length)) == length
        pausing.recv(1 << 16)
        pausing.sendall(LIVE)
        assert pausing.recv(99).startswith(b"HTTP/1.1 200")


def test_half_a_head_behind_a_request_that_a_rule_holds_back_waits_for_its_turn(
    short: ImagesMock,
) -> None:
    short.sandbox().begin().next.delay("400ms")
    told = heard(connected(short, asking() + ASKS))
    statuses = [line.split()[1] for line in told.splitlines() if line.startswith(b"HTTP/1.1")]
    assert statuses == [b"200", b"408"]


def test_an_answer_that_nobody_takes_breaks_the_line_and_frees_all_of_it(
    short: ImagesMock, caplog: pytest.LogCaptureFixture
) -> None:
    state = state_of(short)
    assert waited_for(lambda: not state.connections)
    large = asking(size="1024x1024", n=10, response_format="b64_json")
    with closing(connected(short, large * 16)):
        assert waited_for(lambda: bool(state.tasks))
        assert waited_for(lambda: not state.connections and not state.tasks)
    (line,) = [r.getMessage() for r in caplog.records if "took nothing" in r.getMessage()]
    assert line.startswith("POST /v1/images/generations: ")
    assert "--send-timeout" in line


@pytest.mark.slow
def test_after_three_hundred_that_hurt_all_is_as_before(short: ImagesMock) -> None:
    state = state_of(short)
    assert waited_for(lambda: not state.connections)
    threads = threading.active_count()
    large = asking(size="1024x1024", n=10, response_format="b64_json") * 14
    kinds = (SAID["half a body"], SAID["half a head"], large)
    hurting = [connected(short, said) for said in kinds for _ in range(100)]
    with closing(connected(short, asking())) as honest:
        assert honest.recv(99).startswith(b"HTTP/1.1 200")
    assert waited_for(lambda: not state.connections and not state.tasks)
    assert threading.active_count() == threads
    for connection in hurting:
        connection.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems don't tell")
def test_who_reads_slowly_is_seen_to_read_while_the_kernel_asks_for_nothing_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        reading = socket.create_connection(listener.getsockname())
        writing, _ = listener.accept()
    writing.setblocking(False)
    transport = Mock(get_extra_info=lambda _: writing)
    with reading, writing:
        assert in_kernel(transport) == 0
        with suppress(BlockingIOError):
            while True:
                writing.send(bytes(1 << 16))
        full = in_kernel(transport)
        assert full > 0
        for _ in range(5):
            reading.recv(1 << 16)
        assert waited_for(lambda: in_kernel(transport) < full)
    assert in_kernel(Mock(get_extra_info=lambda _: None)) == 0


def test_who_ends_its_side_within_a_body_has_left(short: ImagesMock) -> None:
    images = short.sandbox("sk-mock-half").begin()
    state = state_of(short)
    said = ASKS.replace(b"sk-mock-me", b"sk-mock-half") + b"Content-Length: 16\r\n\r\n{"
    with closing(connected(short, said)) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
    assert waited_for(lambda: not state.tasks)
    assert [r.status for r in images.requests] == [499]


def test_nobody_waits_on_for_a_client_that_left_with_requests_in_a_row(short: ImagesMock) -> None:
    images = short.sandbox().begin()
    images.next.stall()
    state = state_of(short)
    with closing(connected(short, asking() * 3)):
        assert waited_for(lambda: bool(state.tasks))
    assert waited_for(lambda: not state.tasks and not state.connections)
    assert [r.status for r in images.requests] == [499]


def test_a_server_that_stops_says_so_to_half_a_request(caplog: pytest.LogCaptureFixture) -> None:
    with ImagesMock() as mock:
        connection = connected(mock, SAID["half a body"])
        assert waited_for(lambda: bool(state_of(mock).tasks))
    assert heard(connection).startswith(b"HTTP/1.1 500 ")
    assert not [r for r in caplog.records if r.exc_info]


# -- the bound on connections


def test_beyond_the_bound_the_idle_give_way_then_503_and_the_control_api_is_there() -> None:
    with ImagesMock(max_connections=2) as mock:
        idle = connected(mock, LIVE)
        assert idle.recv(99).startswith(b"HTTP/1.1 200")
        busy = [connected(mock, SAID["half a body"]) for _ in range(2)]
        idle.recv(1 << 16)
        assert idle.recv(1) == b""
        refused = heard(connected(mock, asking() * 2))
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert refused.count(b"HTTP/1.1") == 1
        for text in (b"\r\nretry-after: 1\r\n", b"--max-connections", b'"connections_full"'):
            assert text in refused
        with closing(connected(mock, LIVE)) as control:
            assert control.recv(99).startswith(b"HTTP/1.1 200")
        busy[0].sendall(b'"prompt": "xy"}')
        assert busy[0].recv(99).startswith(b"HTTP/1.1 200")
        busy.append(connected(mock, asking()))
        assert busy[-1].recv(99).startswith(b"HTTP/1.1 200")
        assert sorted(r.status for r in mock.sandbox().requests) == [200, 200, 503]
        for connection in (idle, *busy):
            connection.close()


def test_beyond_the_reserve_a_connection_is_closed_at_once_and_the_log_counts_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with ImagesMock(max_connections=1, head_timeout="40ms") as mock:
        busy = connected(mock, SAID["half a body"])
        there = [connected(mock) for _ in range(8)]
        assert waited_for(lambda: len(state_of(mock).connections) == 9)
        for _ in range(3):
            with closing(connected(mock)) as beyond:
                assert ended(beyond)
        assert waited_for(lambda: "(--max-connections) were closed at once" in caplog.text)
        assert waited_for(lambda: len(state_of(mock).connections) == 1)  # the silent have gone
        for connection in (busy, *there):
            connection.close()


def ended(connection: socket.socket) -> bool:
    """Whether the line ends, with or without grace."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


# -- who drips


def test_who_drips_is_left_to_the_kernel_for_moments_unless_uvicorn_has_paused_it_itself() -> None:
    loop, transport = Mock(spec=asyncio.AbstractEventLoop), Mock(spec=asyncio.Transport)
    loop.time.side_effect = (n / 10 for n in range(10_000))
    transport.get_extra_info.return_value = None
    connection = Http1(CONFIG, ServerState(), {}, loop)
    connection.connection_made(transport)
    connection.data_received(ASKS)
    for _ in range(Drips.MANY - 1):
        connection.data_received(b"X: 1\r\n")
    transport.pause_reading.assert_called_once_with()
    (pause, listen), _ = loop.call_later.call_args
    assert 0.2 <= pause <= 0.3
    connection.flow.pause_reading()
    listen()
    transport.resume_reading.assert_not_called()
    connection.flow.read_paused = False
    listen()
    transport.resume_reading.assert_called_once_with()

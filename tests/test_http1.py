"""HTTP/1.1 on the wire: offers of other protocols are declined, a head has a bound."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from http.client import HTTPResponse
from io import BufferedReader
from itertools import pairwise
from select import select
from typing import NamedTuple
from unittest.mock import Mock, call

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn import Config
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from mockserver.server.http1 import Http1, _Joined
from mockserver.testing import ImagesMock

BODY = b'{"prompt": "upgrade: h2c\\r\\n"}'
HEAD = (
    b"POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\n"
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    b"Authorization: Bearer sk-mock-me\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
)
CHUNKED = HEAD.replace(
    b"Content-Length: %d" % len(BODY), b"Transfer-Encoding: chunked"
) + b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
PLAIN = HEAD.replace(b"Upgrade: h2c\r\n", b"")


@pytest.fixture
def connection(server: ImagesMock) -> Iterator[socket.socket]:
    host, port = server.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as opened:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield opened


@pytest.mark.parametrize("pieces", [[HEAD + BODY], [HEAD, BODY], [HEAD, BODY[:9], BODY[9:]]])
def test_an_offer_of_h2c_is_ignored(connection: socket.socket, pieces: list[bytes]) -> None:
    for _ in range(2):
        for piece in pieces:
            connection.sendall(piece)
        assert b'"url"' in answered(connection, 200)


@pytest.mark.parametrize("cut", [False, True])
def test_an_offer_with_the_last_request_of_a_line_is_answered(
    connection: socket.socket, cut: bool
) -> None:
    last = HEAD.replace(b"HTTP2-Settings\r\n", b"HTTP2-Settings, close\r\n")
    for piece in (last, BODY) if cut else (last + BODY,):
        connection.sendall(piece)
    assert b'"url"' in answered(connection, 200)
    assert connection.recv(1) == b""


def asked(server: ImagesMock, *pieces: bytes, answers: int = 1) -> list[tuple[int, bytes]]:
    """Status and body of so many answers to what is sent."""
    host, port = server.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
        with connection.makefile("rb") as file:
            return [read_from(file) for _ in range(answers)]


def read_from(file: BufferedReader) -> tuple[int, bytes]:
    status, length = int(file.readline().split()[1]), 0
    while (header := file.readline()) != b"\r\n":
        name, _, value = header.partition(b":")
        length = int(value) if name == b"content-length" else length
    return status, file.read(length)


LIVE = b"GET /_mock/live HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    "head",
    [
        LIVE + b"X-Large: " + b"x" * (1 << 20) + b"\r\n\r\n",
        LIVE + b"X: %b\r\n" % (b"x" * 999) * 70 + b"\r\n",
        b"GET /_mock/live?" + b"x" * (1 << 20) + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        LIVE + b"X-Endless: " + b"x" * (1 << 20),
    ],
    ids=["one header", "many headers", "a URL", "a head without an end"],
)
def test_a_head_of_more_than_64_kib_gets_431(server: ImagesMock, head: bytes) -> None:
    for pieces in ([head], [head[:100], head[100:]]):
        ((status, said),) = asked(server, *pieces)
        assert status == 431
        assert b"65536" in said


def test_a_head_of_nearly_64_kib_and_a_body_behind_a_small_one_are_read(server: ImagesMock) -> None:
    large = LIVE + b"X-Large: " + b"x" * 60_000 + b"\r\n\r\n"
    body = LIVE + b"Content-Length: 200000\r\n\r\n" + b"x" * 200_000
    for sent, number in ((large * 3, 3), (body + large, 2), (body * 2, 2)):
        assert [status for status, _ in asked(server, sent, answers=number)] == [200] * number


def test_an_offer_of_another_protocol_is_ignored(connection: socket.socket) -> None:
    for _ in range(2):
        connection.sendall(HEAD.replace(b"Upgrade: h2c", b"Upgrade: websocket") + BODY)
        assert b'"url"' in answered(connection, 200)


def test_connect_is_no_offer(connection: socket.socket) -> None:
    connection.sendall(b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n")
    answered(connection, 400)


def answered(connection: socket.socket, status: int) -> bytes:
    answer = HTTPResponse(connection)
    answer.begin()
    assert answer.status == status
    return answer.read()


@settings(max_examples=50)
@given(
    requests=st.lists(
        st.sampled_from([HEAD + BODY, PLAIN + BODY, CHUNKED]), min_size=1, max_size=3
    ),
    places=st.lists(st.integers(0, 1_200), max_size=6),
)
def test_a_request_is_the_same_however_it_is_cut(requests: list[bytes], places: list[int]) -> None:
    whole = b"".join(requests)
    cuts = [0, *sorted(min(place, len(whole)) for place in places), len(whole)]
    pieces = [whole[start:end] for start, end in pairwise(cuts)]
    assert heard(pieces) == heard(requests)
    assert len(heard(pieces)) == len(requests)


def test_an_offer_may_be_cut_anywhere() -> None:
    whole = HEAD + BODY
    expected = heard([PLAIN + BODY])
    for place in range(len(whole)):
        (told,) = heard([whole[:place], whole[place:]])
        assert (b"upgrade", b"h2c") in told.headers  # the journal shows what was sent
        assert [h for h in told.headers if h[0] != b"upgrade"] == expected[0].headers
        assert (told.body, told.is_whole) == (BODY, True)


class Told(NamedTuple):
    """A request as the application gets it."""

    method: str
    path: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    is_whole: bool


def heard(pieces: list[bytes]) -> list[Told]:
    """What is served of these pieces of a connection."""
    cycles: list[RequestResponseCycle] = []

    class Listener(Http1):
        def on_message_begin(self) -> None:  # as if the last one were answered
            self.cycle = None  # type: ignore[assignment]
            super().on_message_begin()

        def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
            cycles.append(cycle)

    listener = Listener(CONFIG, ServerState(), {}, Mock(spec=asyncio.AbstractEventLoop))
    listener.connection_made(Mock(spec=asyncio.Transport, get_extra_info=lambda *_: None))
    for piece in pieces:
        listener.data_received(piece)
    return [
        Told(
            c.scope["method"],
            c.scope["path"],
            [*c.scope["headers"]],
            bytes(c.body),
            not c.more_body,
        )
        for c in cycles
    ]


async def nothing(scope: object, receive: object, send: object) -> None:
    """Serves nothing."""


CONFIG = Config(nothing, interface="asgi3", log_config=None)


def test_an_answer_s_head_leaves_with_its_body_and_alone_where_that_takes_long() -> None:
    transport, loop = Mock(), Mock()
    transport.is_closing = lambda: False
    joined = _Joined(transport, loop)
    joined.write(b"head")
    joined.write(b"body")
    assert not transport.mock_calls
    (come_round,) = loop.call_soon.call_args.args
    come_round()
    transport.writelines.assert_called_once_with([b"head", b"body"])
    joined.write(b"head")
    come_round()
    assert loop.call_soon.call_count == 2
    assert transport.mock_calls[1:] == [call.writelines([b"head"])]


def test_what_is_held_leaves_before_a_connection_is_closed() -> None:
    transport, loop = Mock(), Mock()
    transport.is_closing = lambda: False
    joined = _Joined(transport, loop)
    joined.write(b"head")
    joined.close()
    (come_round,) = loop.call_soon.call_args.args
    come_round()
    assert transport.mock_calls == [call.writelines([b"head"]), call.close()]


EXPECTING = PLAIN.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
NOWHERE = EXPECTING.replace(b"/v1/images/generations", b"/v1/images/nothing")


def test_who_is_refused_is_asked_for_its_body_first_and_keeps_the_line(
    connection: socket.socket,
) -> None:
    connection.settimeout(30)
    for _ in range(2):
        connection.sendall(NOWHERE)
        assert until_blank_line(connection) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        answered(connection, 404)


def test_who_expects_and_has_too_much_is_told_that_the_line_ends(connection: socket.socket) -> None:
    connection.settimeout(30)
    length = b"Content-Length: %d" % len(BODY)
    connection.sendall(EXPECTING.replace(length, b"Content-Length: 99000000"))
    head = until_blank_line(connection)
    assert head.startswith(b"HTTP/1.1 413")
    assert b"\r\nconnection: close\r\n" in head
    connection.sendall(bytes(1000))  # it sends on nonetheless, and reads all the same
    rest = b""
    while piece := connection.recv(1000):
        rest += piece
    assert b"Maximum content size" in rest


def test_who_wants_the_line_to_end_sends_all_and_reads_its_refusal(
    connection: socket.socket,
) -> None:
    connection.settimeout(30)
    large = 30_000_000  # more than the kernel takes in its stead
    head = NOWHERE.replace(b"Expect: 100-continue", b"Connection: close")
    connection.sendall(head.replace(b"Length: %d" % len(BODY), b"Length: %d" % large))
    assert select([connection], [], [], 30)[0]  # refused already
    connection.sendall(bytes(large))
    answered(connection, 404)


def until_blank_line(connection: socket.socket) -> bytes:
    """What comes up to the end of a head, and no byte more."""
    told = b""
    while not told.endswith(b"\r\n\r\n"):
        told += connection.recv(1)
    return told


@pytest.mark.parametrize("head", [EXPECTING, NOWHERE], ids=["taken", "refused"])
def test_a_body_that_does_not_wait_keeps_the_line(connection: socket.socket, head: bytes) -> None:
    for _ in range(2):
        connection.sendall(head + BODY)
        answer = HTTPResponse(connection)
        answer.begin()
        assert (answer.status, answer.will_close) == (200 if head is EXPECTING else 404, False)
        answer.read()


def test_whoever_waits_is_told_to_send_and_keeps_the_line(connection: socket.socket) -> None:
    connection.settimeout(30)
    for _ in range(2):
        connection.sendall(EXPECTING)
        assert until_blank_line(connection) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        assert b'"url"' in answered(connection, 200)


H2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])  # with no settings


def test_http_2_without_an_offer_is_told_to_speak_http_1_1(
    connection: socket.socket,
) -> None:
    connection.settimeout(30)
    connection.sendall(H2)
    with connection.makefile("rb") as file:
        said = file.read()
    settings, goaway, code, reason = said[:9], said[9:18], said[22:26], said[26:]
    assert settings == bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
    assert (goaway[3], int.from_bytes(goaway[:3], "big")) == (7, len(said) - 18)
    assert (code[3], reason) == (13, b"this server speaks HTTP/1.1")


def test_tls_is_told_in_plain_words(connection: socket.socket) -> None:
    connection.settimeout(30)
    connection.sendall(b"\x16\x03\x01\x00\x05hello")
    assert b"without TLS" in answered(connection, 400)

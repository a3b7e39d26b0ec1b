"""Bytes that are no good HTTP, over a real socket: an answer, or a closed line; nothing is left behind."""

from __future__ import annotations

import json
import logging
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import NamedTuple
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.request.log_writer import WRITER
from mockserver.testing import ImagesMock
from tests.fuzz.judged import TRACE
from tests.fuzz.test_machine import held

JSON = b'{"prompt": "x"}'
_HEAD = re.compile(rb"HTTP/1\.[01] (\d{3}) [^\r\n]*\r\n((?:[!-9;-~]+:[^\r\n]*\r\n)*)\r\n")
_ENDS = 10.0  # seconds after which a line counts as stuck

# -- what is sent --------------------------------------------------------------------------------

method = st.sampled_from(
    [b"GET", b"POST", b"POST", b"DELETE", b"HEAD", b"OPTIONS", b"CONNECT", b"PRI", b"get", b"G\0T"]
    + [b"", b"P" * 999, b"\xff", b"GET /x HTTP/1.1\r\n\r\nGET"]
)
path = st.sampled_from(
    [b"/v1/images/generations", b"/v1/images/generations", b"/v1/models", b"/_mock/live", b"/"]
    + [b"*", b"//x", b"/\xff", b"", b"/%00", b"/a b", b"http://localhost/v1/models", b"/../x"]
    + [
        b"/private/x?sig=%",
        b"/v1/files?limit=1",
        b"/_mock/rules",
        b"localhost:1",
        b"/" + b"x" * 70_000,
    ]
)
version = st.sampled_from(
    [b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/0.9", b"http/1.1"]
    + [b"HTTP/9.9", b"", b"HTTP/1.1 ", b"HTTP/1.1\0", b"HTTP/11"]
)
good = [b"Host: localhost", b"Authorization: Bearer sk-mock-raw", b"Content-Type: application/json"]
odd = st.sampled_from(
    [b"Content-Length: 15", b"Content-Length: 15", b"Transfer-Encoding: chunked"]
    + [b"Content-Length: " + size for size in (b"0", b"-1", b"+15", b"15, 15", b"0x0f", b"9" * 30)]
    + [b"Content-Length: " + size for size in (b"1 5", b"", b"14", b"16", b"999999999999")]
    + [b"Transfer-Encoding: " + how for how in (b"identity", b"xchunked", b"chunked, gzip", b"")]
    + [
        b"Transfer-Encoding : chunked",
        b"Transfer-Encoding:\x0bchunked",
        b"Transfer-Encoding:\n chunked",
    ]
    + [b"Connection: close", b"Connection: upgrade", b"Upgrade: h2c", b"Expect: 100-continue"]
    + [
        b"Host: evil.test",
        b"Host: a\0b",
        b"no colon",
        b": no name",
        b" folded",
        b"A\0B: x",
        b"A: \xff",
    ]
    + [
        b"A: b\rC: d",
        b"A: b\nC: d",
        b"Origin: null",
        b"Content-Type: multipart/form-data",
        b"B: " + b"y" * 70_000,
    ]
)
lines = st.lists(odd, max_size=4).map(lambda more: [*good, *more])
chunk = st.sampled_from(
    [b"f\r\n" + JSON + b"\r\n0\r\n\r\n", b"F;a=b\r\n" + JSON + b"\r\n0\r\nX: y\r\n\r\n", b"-1\r\n"]
    + [b"ffffffffffffffff\r\n", b"0\r\n", b"f\n" + JSON + b"\n0\n\n", b"\r\n", b"g\r\n", b"0" * 999]
    + [b"f\r\n" + JSON + b"0\r\n\r\n", b"0;" + b"z" * 70_000, b"00000000000000000f\r\n" + JSON]
)
body = st.just(b"") | st.just(JSON) | chunk | st.binary(max_size=20)


class Sent(NamedTuple):
    """What one client sends in pieces, and whether it then waits for answers."""

    pieces: list[bytes]
    waits: bool


@st.composite
def request(draw: st.DrawFn) -> bytes:
    end = draw(st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"]))
    first = b"%b %b %b" % (draw(method), draw(path), draw(version))
    return end.join([first, *draw(lines), b"", b""]) + draw(body)


@st.composite
def sent(draw: st.DrawFn) -> Sent:
    whole = b"".join(draw(st.lists(request(), min_size=1, max_size=3)))
    whole = whole if draw(st.booleans()) else whole[: draw(st.integers(0, len(whole)))]
    places = draw(st.lists(st.integers(0, len(whole)), max_size=3))
    cuts = [0, *sorted(places), len(whole)]
    return Sent([whole[a:b] for a, b in pairwise(cuts)], draw(st.booleans()))


# -- what comes ----------------------------------------------------------------------------------


def opened(mock: ImagesMock) -> socket.socket:
    host, port = mock.address.removeprefix("http://").split(":")
    line = socket.create_connection((host, int(port)), timeout=_ENDS)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def look_round(mock: ImagesMock) -> None:
    """Return once the server has looked at what came before."""
    for _ in range(3):
        assert mock._thread.way().ask("GET", "/_mock/live", None, {})[0] == 200  # type: ignore[union-attr]


def exchanged(mock: ImagesMock, asks: Sent) -> bytes:
    """All that comes for what is sent, until the client has enough or the line is closed."""
    came = b""
    with opened(mock) as line:
        try:
            for piece in asks.pieces:
                line.sendall(piece)
                look_round(mock)
            line.setblocking(False)
            while asks.waits and (more := line.recv(1 << 16)):
                came += more
        except BlockingIOError:
            pass  # there is no more yet, and the client leaves
        except OSError:
            return came  # the server has closed the line
    return came


def check(came: bytes) -> None:
    """Hold what came to be answers, each but the last whole."""
    while came:
        head = _HEAD.match(came)
        assert head or b"\r\n\r\n" not in came, came[:200]
        if head is None:
            return
        assert int(head[1]) < 500, came
        named = dict(line.split(b":", 1) for line in head[2].lower().split(b"\r\n") if line)
        length = int(named.get(b"content-length", b"0"))
        content, came = came[head.end() :][:length], came[head.end() + length :]
        assert not any(text.encode() in content for text in TRACE), content
        if int(head[1]) == 200 and came and not came.startswith(b"HTTP/"):
            return  # to HEAD: the length is of what is not sent
        if (
            len(content) == length
            and named.get(b"content-type", b"").strip() == b"application/json"
        ):
            json.loads(content)


def checked(mock: ImagesMock, asks: Sent, log: list[str]) -> None:
    check(exchanged(mock, asks))
    assert not any(text in line for line in log for text in (*TRACE, "ERROR", "Exception")), log
    log.clear()


def is_idle(mock: ImagesMock) -> bool:
    state = mock._thread._server.server_state
    return not state.connections and not state.tasks


class _Errors(logging.Handler):
    """Keeps what libraries log of what went wrong; of bad requests they only warn."""

    def __init__(self, log: list[str]) -> None:
        super().__init__(logging.ERROR)
        self.emit = lambda record: log.append(f"ERROR {record.getMessage()}")  # type: ignore[method-assign]


@contextmanager
def heard() -> Iterator[list[str]]:
    """What is logged meanwhile."""
    log, logger = list[str](), logging.getLogger("uvicorn.error")
    handler, level = _Errors(log), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.ERROR)
    try:
        with patch.object(WRITER, "put", lambda text, told=str: log.append(text)):
            yield log
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def run(examples: int) -> None:
    with ImagesMock():
        pass  # the first of a process opens what the others share
    before = held()
    with heard() as log, ImagesMock() as mock:

        @settings(max_examples=examples)
        @given(asks=sent())
        def exchange(asks: Sent) -> None:
            checked(mock, asks, log)

        exchange()
        for _ in range(10_000):
            if is_idle(mock):
                break
            look_round(mock)
        assert is_idle(mock)
    assert held() == before


def test_no_bytes_on_a_line_get_more_than_an_answer_or_leave_something_behind() -> None:
    run(examples=40)


@pytest.mark.slow
def test_no_bytes_on_many_lines_do_either() -> None:
    run(examples=600)

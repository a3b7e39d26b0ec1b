"""HTTP/1.1 on the wire: offers of HTTP/2 are declined, a head has a bound."""

from __future__ import annotations

import socket
from http.client import HTTPResponse
from io import BufferedReader

import pytest

from mockserver.testing import ImagesMock

BODY = b'{"prompt": "upgrade: h2c\\r\\n"}'
HEAD = (
    b"POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\n"
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    b"Authorization: Bearer sk-mock-me\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
)


@pytest.mark.parametrize("pieces", [[HEAD + BODY], [HEAD, BODY], [HEAD, BODY[:9], BODY[9:]]])
def test_an_offer_of_h2c_is_ignored(server: ImagesMock, pieces: list[bytes]) -> None:
    host, port = server.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(2):
            for piece in pieces:
                connection.sendall(piece)
            answer = HTTPResponse(connection)
            answer.begin()
            assert answer.status == 200
            assert b'"url"' in answer.read()


def asked(server: ImagesMock, *pieces: bytes, answers: int = 1) -> list[tuple[int, bytes]]:
    """Status and body of so many answers to what is sent."""
    host, port = server.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
        with connection.makefile("rb") as file:
            return [answered(file) for _ in range(answers)]


def answered(file: BufferedReader) -> tuple[int, bytes]:
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

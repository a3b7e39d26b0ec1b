"""Clients that offer to speak HTTP/2 are answered in HTTP/1.1."""

from __future__ import annotations

import socket
from http.client import HTTPResponse

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

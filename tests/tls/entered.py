"""Servers with HTTPS and a proxy on each kind of loop, and raw lines to them. Tests nothing."""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from mockserver.testing import ImagesMock

LOOPS = ("uvloop", "asyncio")
GET = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk-mock-me\r\n\r\n"
SOON = 30.0


@contextmanager
def served(loop: str, **settings: Any) -> Iterator[ImagesMock]:
    """A server without limits, on this kind of loop."""
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    mock = ImagesMock(**{"tier": "off", "tls": True, "proxy": True} | settings)
    with pytest.MonkeyPatch.context() as patch:
        if loop == "asyncio":
            patch.setitem(sys.modules, "uvloop", None)
        mock.start()
    try:
        inside = mock._thread.way()
        assert inside
        assert loop in type(inside._loop).__module__
        yield mock
    finally:
        mock.stop()


def trusting(mock: ImagesMock, directory: Path) -> ssl.SSLContext:
    """How to speak TLS with it, as strictly as Python 3.13 does."""
    ca = mock.environment(directory / "ca.pem")["SSL_CERT_FILE"]
    context = ssl.create_default_context(cafile=ca)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    if hasattr(ssl, "VERIFY_X509_PARTIAL_CHAIN"):
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def line(url: str) -> socket.socket:
    """A bare connection to who listens there."""
    place = urlsplit(url)
    connection = socket.create_connection((place.hostname, place.port or 0), timeout=SOON)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def all_of(connection: socket.socket) -> bytes:
    """What comes until the line ends, however it does."""
    found = b""
    with connection:
        try:
            while data := connection.recv(1 << 16):
                found += data
        except (ConnectionError, ssl.SSLError):
            pass
    return found


def head_of(connection: socket.socket) -> bytes:
    """What comes until the end of a head."""
    found = b""
    while not found.endswith(b"\r\n\r\n"):
        piece = connection.recv(1)
        assert piece, found
        found += piece
    return found

"""What some clients begin with in place of HTTP/1.1, and what they are told in their own words."""

from __future__ import annotations

from typing import NamedTuple


class Other(NamedTuple):
    """A protocol that is not served."""

    noted: str  # in the log
    answer: bytes


_PLAIN = b"This is http://, without TLS.\n"
_GOAWAY, _SETTINGS, _HTTP_1_1_REQUIRED = 7, 4, 13  # RFC 9113, 6 and 7
_REASON = b"this server speaks HTTP/1.1"


def _frame(kind: int, payload: bytes = b"") -> bytes:
    """A frame of the whole connection: stream 0, no flags."""
    return len(payload).to_bytes(3, "big") + bytes([kind, 0, 0, 0, 0, 0]) + payload


_HTTP_2 = Other(
    "a client spoke HTTP/2 without an offer before (prior knowledge); this server speaks HTTP/1.1",
    _frame(_SETTINGS) + _frame(_GOAWAY, bytes(4) + _HTTP_1_1_REQUIRED.to_bytes(4, "big") + _REASON),
)
_TLS = Other(
    "TLS was sent to the port of plain HTTP: its address begins with http://; --tls serves HTTPS, "
    "at a port of its own",
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(_PLAIN), _PLAIN),
)
_CONNECT = Other(
    "this server was asked to be a proxy: --proxy makes one, at a port of its own",
    b"HTTP/1.1 400 this port of images-mock is no proxy, start it with --proxy\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n",
)
_BEGINNINGS = {b"PRI * HTTP/2.0\r\n": _HTTP_2, b"\x16\x03": _TLS, b"CONNECT ": _CONNECT}


def begun_with(data: bytes) -> Other | None:
    """What a connection is meant for whose first bytes these are; None where it may be HTTP/1.1."""
    return next((other for start, other in _BEGINNINGS.items() if data.startswith(start)), None)

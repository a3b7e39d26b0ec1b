"""Clients that are late, and others that are not, while a test has patched or moved the time."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from threading import Semaphore
from unittest import mock

from mockserver.server.deadlines import Watchman
from mockserver.testing import ImagesMock

BODY = json.dumps({"prompt": "x", "model": "dall-e-2", "size": "256x256"})
HEAD = (
    "POST /v1/images/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    f"Authorization: Bearer sk-mock-late\r\nContent-Length: {len(BODY)}\r\n"
)


def assert_only_the_late_are_ended(moved: Callable[[], AbstractContextManager[object]]) -> None:
    """Half a head is ended once its time is over, and only then, whatever the patched time says."""
    looked, look = Semaphore(0), Watchman.look

    def counted(self: Watchman, *arguments: object) -> float:
        looked.release()
        return look(self, *arguments)  # type: ignore[arg-type]

    with mock.patch.object(Watchman, "look", counted):
        # The shortest of the times says how often is looked.
        with (
            ImagesMock(head_timeout="60s", send_timeout="80ms") as server,
            closing(half_a_head(server)) as line,
            moved(),
        ):
            while looked.acquire(blocking=False):
                pass  # what was before does not count
            for _ in range(4):
                looked.acquire()
            line.sendall(f"Content-Type: application/json\r\n\r\n{BODY}".encode())
            assert line.recv(12) == b"HTTP/1.1 200"
        with (
            ImagesMock(head_timeout="80ms") as server,
            moved(),
            closing(half_a_head(server)) as line,
        ):
            assert line.recv(12) in (b"HTTP/1.1 408", b"")


def half_a_head(server: ImagesMock) -> socket.socket:
    """A connection on which a request has begun."""
    port = int(server.address.rpartition(":")[2])
    line = socket.create_connection(("127.0.0.1", port), timeout=20)
    line.sendall(HEAD.encode())
    return line

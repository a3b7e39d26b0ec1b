"""What the page costs: the first look at it, and twenty who listen to what happens."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.client import HTTPConnection

from bench.generation import SMALL
from bench.load import best_of, body, repeated
from bench.rows import Row, seconds
from bench.servers import HOST, MOCK, Server, running

LISTENERS = 20
STARTS = 5
QUIET = ("--log-format", "none")


def rows() -> Iterator[Row]:
    """By the CPU time of the server, and by the wall clock."""
    yield _listened()
    yield _first_look()


def _listened() -> Row:
    with ExitStack() as stack:
        plain, heard = (stack.enter_context(running(*MOCK, *QUIET)) for _ in range(2))
        stack.enter_context(_listening(heard))
        requests = partial(repeated, SMALL)
        alone, beside = best_of([(plain, requests), (heard, requests)])
    name = f"b64_json, repeated, beside {LISTENERS} listeners: CPU a request"
    times = f"{beside.cpu:.0f} us", f"{alone.cpu:.0f} us"
    return Row(name, "nobody listens", "<= 1.1", beside.cpu / alone.cpu, *times)


@contextmanager
def _listening(server: Server) -> Iterator[None]:
    """Listeners to all that happens, each in a thread that throws it away."""
    lines = [socket.create_connection((HOST, server.port)) for _ in range(LISTENERS)]
    for line in lines:
        line.sendall(b"GET /_mock/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        line.recv(1 << 16)
        threading.Thread(target=_drained, args=(line,), daemon=True).start()
    try:
        yield
    finally:
        for line in lines:
            line.shutdown(socket.SHUT_RDWR)


def _drained(line: socket.socket) -> None:
    while line.recv(1 << 18):
        pass


def _first_look() -> Row:
    """Of each start the first page, and the best of several calls; the middle of the starts."""
    looks, calls = [], []
    for _ in range(STARTS):
        with running(*MOCK, *QUIET) as server:
            calls.append(min(seconds(lambda: server.ask(body(SMALL))) for _ in range(20)))
            looks.append(seconds(partial(_look, server)))
    look, call = sorted(looks)[STARTS // 2], sorted(calls)[STARTS // 2]
    times = f"{1e3 * look:.1f} ms", f"{1e3 * call:.2f} ms"
    return Row("the first page", "a generation on a new connection", "<= 15", look / call, *times)


def _look(server: Server) -> None:
    line = HTTPConnection(HOST, server.port, timeout=30)
    line.request("GET", "/", headers={"Accept": "text/html"})
    answer = line.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"the page answered {answer.status}")
    answer.read()
    line.close()

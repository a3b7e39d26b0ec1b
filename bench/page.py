"""What the page costs: the first look at it, and twenty who listen to what happens."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPConnection

from bench.generation import SMALL
from bench.load import Round, best, body, one_round, repeated
from bench.rows import Row
from bench.servers import HOST, MOCK, Server, running

LISTENERS = 20
STARTS = 5
CALLS = 20  # of each kind, a start
QUIET = ("--log-format", "none")


def rows() -> Iterator[Row]:
    """By the CPU time of the server."""
    yield _listened()
    yield from _first_look()


def _listened() -> Row:
    """One server, heard and not heard in turns: two would differ by more than listeners cost."""
    with running(*MOCK, *QUIET) as server:
        work = partial(one_round, server, partial(repeated, SMALL))

        def heard() -> Round:
            with _listening(server):
                return work()

        alone, beside = best([work, heard])
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
    with suppress(ConnectionError):  # what was sent when it hung up
        while line.recv(1 << 18):
            pass


def _first_look() -> Iterator[Row]:
    """Of several starts the first page, and of several calls; the least of each."""
    looks, repeats, fresh = [], [], []
    for _ in range(STARTS):
        with running(*MOCK, *QUIET) as server:
            for number in range(CALLS):
                drawn = {"prompt": f"fox {number}", "response_format": "b64_json"}
                fresh.append(_spent(server, partial(server.ask, body(drawn))))
                repeats.append(_spent(server, partial(server.ask, body(SMALL))))
            looks.append(_spent(server, partial(_look, server)))
    for beside, aim, calls in (
        ("a generation on a new connection", "<= 15", repeats),
        ("one that draws 1024x1024", "", fresh),
    ):
        look, call = min(looks), min(calls)
        times = f"{1e3 * look:.1f} ms", f"{1e3 * call:.2f} ms"
        yield Row("the first page: CPU", beside, aim, look / call, *times)


def _spent(server: Server, work: Callable[[], object]) -> float:
    before = server.cpu_seconds()
    work()
    return server.cpu_seconds() - before


def _look(server: Server) -> None:
    line = HTTPConnection(HOST, server.port, timeout=30)
    line.request("GET", "/", headers={"Accept": "text/html"})
    answer = line.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"the page answered {answer.status}")
    answer.read()
    line.close()

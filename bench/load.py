"""Load on one server: keep-alive connections that ask again as soon as they are answered.

Runs in the process of the measurement. It parses no more of an answer than its status and length,
to leave the CPU to the server, and tells how busy it was itself.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, repeat

import uvloop

from bench.rows import interleaved
from bench.servers import HEADERS, HOST, PATH, Server

CONNECTIONS = 16
ROUNDS = 5
SECONDS = 1.0  # a round
WARM_UP = 0.3  # seconds
_BUFFER = 1 << 18  # bytes
_NUMBER = "00000000"
_OK = b"HTTP/1.1 200 "
_LENGTH = b"content-length: "
_CHUNKED = b"transfer-encoding: chunked"
_LAST_CHUNK = b"\r\n0\r\n\r\n"
_FREE = 1 / 3  # of its time that the load may be busy, for the server to be what is measured

Requests = Callable[[], Iterator[bytes]]


def body(fields: Mapping[str, object]) -> bytes:
    """What a client sends for these fields."""
    return json.dumps(fields).encode()


def repeated(fields: Mapping[str, object]) -> Iterator[bytes]:
    """The same request for ever."""
    return repeat(_request(fields))


def different(fields: Mapping[str, object]) -> Iterator[bytes]:
    """Requests of one length whose prompts all differ, so that no cache can answer."""
    first = _request({**fields, "prompt": f"a fox, number {_NUMBER}"})
    before, after = first.split(_NUMBER.encode())
    begin = time.monotonic_ns() // 1000 % 10**8  # so that those of another round differ too
    return (b"%b%08d%b" % (before, number % 10**8, after) for number in count(begin))


def _request(fields: Mapping[str, object]) -> bytes:
    """One request as it goes over the wire."""
    payload = body(fields)
    lines = [f"POST {PATH} HTTP/1.1", f"Host: {HOST}", f"Content-Length: {len(payload)}"]
    lines += [f"{name}: {value}" for name, value in HEADERS.items()]
    return "\r\n".join([*lines, "", ""]).encode() + payload


@dataclass(frozen=True, slots=True)
class Round:
    """What one server did in one round."""

    rate: float  # requests a second
    cpu: float  # microseconds of the server's CPU a request
    load: float  # share of the time that the load itself was busy

    @property
    def warning(self) -> str:
        """That the load was too busy to drive three times as much, if it was."""
        return f"load busy {100 * self.load:.0f} %" if self.load > _FREE else ""


def best_rounds(servers: Sequence[Server], requests: Requests) -> list[Round]:
    """What each server did with these requests, at its best."""
    return best_of([(server, requests) for server in servers])


def best_of(loads: Sequence[tuple[Server, Requests]]) -> list[Round]:
    """What each load did at its best."""
    for server, requests in loads:
        _answered(server, requests(), WARM_UP)
    return best([partial(one_round, *load) for load in loads])


def best(measures: Sequence[Callable[[], Round]]) -> list[Round]:
    """Of each the highest rate and the least CPU time: what disturbs only makes it worse."""
    return [
        Round(max(r.rate for r in of), min(r.cpu for r in of), max(r.load for r in of))
        for of in interleaved(ROUNDS, measures)
    ]


def one_round(server: Server, requests: Requests) -> Round:
    """What a server does with these requests in about a second."""
    before, own = server.cpu_seconds(), time.process_time()
    answers, elapsed = _answered(server, requests(), SECONDS)
    spent = server.cpu_seconds() - before
    return Round(answers / elapsed, 1e6 * spent / answers, (time.process_time() - own) / elapsed)


def _answered(server: Server, requests: Iterator[bytes], seconds: float) -> tuple[int, float]:
    """How many requests the server answers in about that time, and in how many seconds exactly."""
    return uvloop.run(_answers(server, requests, seconds))


async def _answers(server: Server, requests: Iterator[bytes], seconds: float) -> tuple[int, float]:
    loop = asyncio.get_running_loop()
    connections = [Connection(requests, loop.create_future()) for _ in range(CONNECTIONS)]
    begun = loop.time()
    for connection in connections:
        transport, _ = await loop.create_connection(partial(_itself, connection), HOST, server.port)
        connection.begin(transport)
    await asyncio.sleep(seconds)
    answers = sum(connection.answers for connection in connections)
    elapsed = loop.time() - begun
    for connection in connections:
        connection.last = True
    async with asyncio.timeout(30):
        await asyncio.gather(*(connection.done for connection in connections))
    return answers, elapsed


def _itself(connection: Connection) -> Connection:
    return connection


class Connection(asyncio.BufferedProtocol):
    """One client. `done` ends with its last answer, or with what went wrong."""

    def __init__(self, requests: Iterator[bytes], done: asyncio.Future[None]) -> None:
        self.answers = 0
        self.last = False
        self.done = done
        self._requests = requests
        self._buffer = bytearray(_BUFFER)
        self._head = b""
        self._left = 0  # bytes of the body that are still to come
        self._tail: bytes | None = None  # the last bytes of a body whose length is not known

    def begin(self, transport: asyncio.WriteTransport) -> None:
        """Send the first request."""
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._transport.write(next(self._requests))

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - asyncio's
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._tail is not None:
            self._tail = (self._tail + self._buffer[max(nbytes - 7, 0) : nbytes])[-7:]
        elif self._left:
            self._left -= nbytes
        else:
            self._read_head(self._head + self._buffer[:nbytes])
        if self._tail == _LAST_CHUNK or (self._tail is None and not self._left and not self._head):
            self._tail = None
            self._answered()

    def _read_head(self, data: bytes) -> None:
        """Find out how much is still to come, if the head is whole and good."""
        end = data.find(b"\r\n\r\n")
        self._head = data if end < 0 else b""
        if end < 0:
            return
        if not data.startswith(_OK):
            self._fail(RuntimeError(f"the server answered {data[:300]!r}"))
            return
        head = data[:end].lower()
        if _CHUNKED in head:
            self._tail = data[end + 4 :][-7:]
            return
        length = int(head[head.index(_LENGTH) + len(_LENGTH) :].partition(b"\r")[0])
        self._left = end + 4 + length - len(data)

    def _answered(self) -> None:
        self.answers += 1
        if not self.last:
            self._ask()
        else:
            self._transport.close()

    def _fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.done.done():
            return
        if self.last:
            self.done.set_result(None)
        else:
            self.done.set_exception(exc or ConnectionError("the server hung up"))

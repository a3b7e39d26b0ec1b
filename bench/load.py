"""Load on one server: keep-alive connections that ask again as soon as they are answered.

Runs in the process of the measurement. It parses no more of an answer than its status and length,
to leave the CPU to the server.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import count, repeat

import uvloop

from bench.servers import HEADERS, HOST, PATH, Server

CONNECTIONS = 16
_NUMBER = "00000000"
_OK = b"HTTP/1.1 200 "
_LENGTH = b"content-length: "


def body(fields: Mapping[str, object]) -> bytes:
    """What a client sends for these fields."""
    return json.dumps(fields).encode()


def repeated(fields: Mapping[str, object]) -> Iterator[bytes]:
    """The same request for ever."""
    return repeat(_request(fields))


def different(fields: Mapping[str, object]) -> Iterator[bytes]:
    """Requests of one length whose prompts all differ, so that no cache can answer."""
    first = _request({"prompt": f"a fox, number {_NUMBER}", **fields})
    before, after = first.split(_NUMBER.encode())
    return (b"%b%08d%b" % (before, number, after) for number in count())


def _request(fields: Mapping[str, object]) -> bytes:
    """One request as it goes over the wire."""
    payload = body(fields)
    lines = [f"POST {PATH} HTTP/1.1", f"Host: {HOST}", f"Content-Length: {len(payload)}"]
    lines += [f"{name}: {value}" for name, value in HEADERS.items()]
    return "\r\n".join([*lines, "", ""]).encode() + payload


def answered(server: Server, requests: Iterator[bytes], seconds: float) -> tuple[int, float]:
    """How many requests the server answers in about that time, and in how many seconds exactly."""
    return uvloop.run(_answered(server, requests, seconds))


async def _answered(server: Server, requests: Iterator[bytes], seconds: float) -> tuple[int, float]:
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


class Connection(asyncio.Protocol):
    """One client. `done` ends with its last answer, or with what went wrong."""

    def __init__(self, requests: Iterator[bytes], done: asyncio.Future[None]) -> None:
        self.answers = 0
        self.last = False
        self.done = done
        self._requests = requests
        self._head = b""
        self._left = 0  # bytes of the body that are still to come

    def begin(self, transport: asyncio.WriteTransport) -> None:
        """Send the first request."""
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        if self._left:
            self._left -= len(data)
        elif not self._reads_head(self._head + data):
            return
        if not self._left:
            self._answered()

    def _reads_head(self, data: bytes) -> bool:
        """Whether the head is whole and good; if so, it is known how much is still to come."""
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._head = data
            return False
        self._head = b""
        if not data.startswith(_OK):
            self._fail(RuntimeError(f"the server answered {data[:300]!r}"))
            return False
        begin = data.index(_LENGTH) + len(_LENGTH)
        length = int(data[begin : data.index(b"\r", begin)])
        self._left = end + 4 + length - len(data)
        return True

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

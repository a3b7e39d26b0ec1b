"""A long mixed load on one server: whether it grows, gets slower, or keeps what it should let go.

    python -m bench.soak                                 # 500,000 with 10 keys, then with 10,000
    python -m bench.soak --requests 1000000 --keys 10    # more of them, by ten keys alone

The rows compare the server with itself: after the first tenth of the requests, and at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, cast

import uvloop

from bench.mixed import Asked, Story, stories
from bench.rows import HEADER, Row
from bench.servers import HOST, MOCK, Server, running

REQUESTS = 500_000  # of each number of keys
KEYS = (10, 10_000)
CONNECTIONS = 8
PARTS = 10  # the first is held against the last
WARM_UP = 500  # requests before anything is measured: what the first ones load, they alone wait for
PATIENCE = 60.0  # seconds that an answer, or the end of all connections, may take
REST = 3.0  # seconds for the connections to be gone
MIB = 1024


@dataclass
class Taken:
    """How long answers took, in the order in which they came; the kinds by number."""

    seconds: array[float] = field(default_factory=lambda: array("d"))
    kinds: array[int] = field(default_factory=lambda: array("B"))
    names: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, seconds: float) -> None:
        self.seconds.append(seconds)
        self.kinds.append(self.names.setdefault(kind, len(self.names)))

    def p99(self, part: int, kind: str | None = None) -> float:
        """Seconds that 99 of 100 answers of a tenth took at most; of all kinds or of one."""
        size = len(self.seconds) // PARTS
        found = self.seconds[part * size : (part + 1) * size]
        if kind is not None:
            kinds, number = self.kinds[part * size : (part + 1) * size], self.names[kind]
            found = array("d", (s for s, k in zip(found, kinds, strict=True) if k == number))
        return sorted(found)[99 * len(found) // 100]

    @property
    def counted(self) -> Counter[str]:
        """How many there were of each kind."""
        by_number = Counter(self.kinds)
        return Counter({name: by_number[number] for name, number in self.names.items()})


class Client(asyncio.Protocol):
    """One keep-alive connection that goes on with the next request once it is answered."""

    def __init__(self, told: Iterator[Story], answered: Callable[[str, float], bool]) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._told = told
        self._answered = answered
        self._story = next(told)
        self._data = bytearray()
        self._head = 0  # bytes of an answer's head, once it is whole
        self._whole = 0  # bytes of the answer; 0 where the last chunk will tell

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._ask(next(self._story))

    def _ask(self, asked: Asked) -> None:
        self._asked, self._begun = asked, time.perf_counter()
        self._transport.write(asked.data)

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self._head and (end := self._data.find(b"\r\n\r\n")) > 0:
            self._read_head(end + 4)
        if self._head and self._is_whole():
            body = bytes(self._data[self._head :])
            self._data.clear()
            self._head = 0
            self._next(body)

    def _read_head(self, end: int) -> None:
        head = bytes(self._data[:end]).lower()
        status = int(head[9:12])
        if status != self._asked.status or b"\r\nconnection: close" in head:
            self._fail(RuntimeError(f"{self._asked.data[:300]!r} got {bytes(self._data[:500])!r}"))
            return
        self._head, self._whole = end, 0
        if b"\r\ntransfer-encoding: chunked" not in head:
            length = head.partition(b"\r\ncontent-length: ")[2].partition(b"\r")[0]
            self._whole = end + int(length)

    def _is_whole(self) -> bool:
        if self._whole:
            return len(self._data) >= self._whole
        return self._data.endswith(b"\r\n0\r\n\r\n")

    def _next(self, body: bytes) -> None:
        goes_on = self._answered(self._asked.kind, time.perf_counter() - self._begun)
        if not goes_on:
            self._transport.close()
            return
        try:
            asked = self._story.send(body)
        except StopIteration:
            self._story = next(self._told)
            asked = next(self._story)
        self._ask(asked)

    def _fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        if not self.done.done():
            self.done.set_result(None)


class Process(NamedTuple):
    """What Linux tells of a process: KiB of memory, threads, open files, seconds of CPU time."""

    resident: int
    proportional: int
    threads: int
    files: int
    cpu: float

    @classmethod
    def of(cls, server: Server) -> Process:
        """What a server's process has now."""
        of_memory = _numbers(f"/proc/{server.pid}/smaps_rollup")
        threads = _numbers(f"/proc/{server.pid}/status")["Threads"]
        files = len(list(Path(f"/proc/{server.pid}/fd").iterdir()))
        return cls(of_memory["Rss"], of_memory["Pss"], threads, files, server.cpu_seconds())


def _numbers(path: str) -> dict[str, int]:
    found = re.findall(r"^(\w+):\s+(\d+)", Path(path).read_text("utf-8"), re.MULTILINE)
    return {name: int(number) for name, number in found}


@dataclass
class Soaked:
    """What was measured of one server."""

    keys: int
    idle: Process  # before the measured requests, without a connection
    after: Process  # the same after them
    parts: list[Process]  # after each tenth
    taken: Taken
    seconds: float

    @property
    def growth(self) -> float:
        """MiB of resident memory from the end of the first tenth to that of the last."""
        return (self.parts[-1].resident - self.parts[0].resident) / MIB

    @property
    def spent(self) -> list[float]:
        """Seconds of CPU time of each tenth."""
        ends = [self.idle.cpu, *(part.cpu for part in self.parts)]
        return [end - begin for begin, end in pairwise(ends)]

    @property
    def slowdown(self) -> float:
        """The p99 of the last tenth as a multiple of the first one's."""
        return self.taken.p99(PARTS - 1) / self.taken.p99(0)


def soaked(server: Server, requests: int, keys: int) -> Soaked:
    """Ask so many requests of a server.

    Raises:
        RuntimeError: an answer is not the right one.
    """
    told, started = stories(keys), Process.of(server)
    _ask(server, told, WARM_UP, lambda *_: None)
    idle = _at_rest(server, started)
    taken, parts, begun = Taken(), list[Process](), time.perf_counter()

    def note(kind: str, seconds: float) -> None:
        taken.add(kind, seconds)
        if len(taken.seconds) * PARTS // requests > len(parts):
            parts.append(Process.of(server))

    _ask(server, told, requests, note)
    elapsed = time.perf_counter() - begun
    return Soaked(keys, idle, _at_rest(server, idle), parts, taken, elapsed)


def _ask(
    server: Server, told: Iterator[Story], most: int, note: Callable[[str, float], None]
) -> None:
    uvloop.run(_asked(server, told, most, note))


async def _asked(
    server: Server, told: Iterator[Story], most: int, note: Callable[[str, float], None]
) -> None:
    left = most

    def answered(kind: str, seconds: float) -> bool:
        nonlocal left
        left -= 1
        if left >= 0:
            note(kind, seconds)
        return left > 0

    connect = asyncio.get_running_loop().create_connection
    client = partial(Client, told, answered)
    made = [await connect(client, HOST, server.port) for _ in range(CONNECTIONS)]
    done = asyncio.gather(*(client.done for _, client in made))
    before = left + 1
    while not done.done():
        if left == before:
            raise RuntimeError(f"no answer within {PATIENCE:g} s")
        before = left
        await asyncio.wait([done], timeout=PATIENCE)
    await done


def _at_rest(server: Server, before: Process) -> Process:
    """The process once its connections are gone, or a while later."""
    last = time.monotonic() + REST
    found = Process.of(server)
    while found.files > before.files and time.monotonic() < last:
        time.sleep(0.05)
        found = Process.of(server)
    return found


def rows(done: Soaked) -> Iterator[Row]:
    """The rows of one server."""
    name, first, last = f"soak, {done.keys:,} keys", done.parts[0], done.parts[-1]
    shown = f"{last.resident / MIB:.1f} MiB", f"{first.resident / MIB:.1f} MiB"
    pss = f"PSS {first.proportional / MIB:.1f} → {last.proportional / MIB:.1f} MiB"
    beside = "after the first tenth"
    yield Row(f"{name}: growth", beside, "<= 5 MiB", done.growth, *shown, pss)
    late, early = (f"{1e3 * done.taken.p99(part):.2f} ms" for part in (PARTS - 1, 0))
    cpu = [1e6 * spent / len(done.taken.seconds) * PARTS for spent in done.spent]
    rate = f"{len(done.taken.seconds) / done.seconds:,.0f}/s, CPU {cpu[0]:.0f} → {cpu[-1]:.0f} us"
    yield Row(f"{name}: p99", "that of the first tenth", "<= 1.1", done.slowdown, late, early, rate)
    for what in ("files", "threads"):
        now, before = getattr(done.after, what), getattr(done.idle, what)
        yield Row(
            f"{name}: {what} left over", "before", "<= 0", now - before, str(now), str(before)
        )


def _details(done: Soaked) -> Iterator[str]:
    resident = " · ".join(f"{part.resident / MIB:.1f}" for part in done.parts)
    yield f"  resident MiB after each tenth: {resident}; at rest {done.after.resident / MIB:.1f}"
    cpu = " · ".join(f"{spent:.1f}" for spent in done.spent)
    yield f"  seconds of CPU time of each tenth: {cpu}"
    yield "  p99 ms of each tenth: " + " · ".join(
        f"{1e3 * done.taken.p99(n):.2f}" for n in range(PARTS)
    )
    for kind, number in done.taken.counted.most_common():
        first, last = (1e3 * done.taken.p99(part, kind) for part in (0, PARTS - 1))
        yield f"  {number:>9,} {kind:10}  p99 {first:.2f} → {last:.2f} ms"


def main() -> None:
    """Soak a new server for each number of keys, and print what came of it."""
    parser = argparse.ArgumentParser("python -m bench.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS, help="for each number of keys")
    parser.add_argument("--keys", type=int, action="append", help="how many keys; may be repeated")
    asked = parser.parse_args()
    print(HEADER, flush=True)
    for keys in asked.keys or KEYS:
        with running(*MOCK) as server:
            done = soaked(server, asked.requests, keys)
        for line in (*rows(done), *_details(done)):
            print(line, flush=True)


if __name__ == "__main__":
    main()

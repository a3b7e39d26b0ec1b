"""Decisions on one hot key by several processes that share their state, beside a bare loop.

A kind of store is a row of `STORES`: how its log is reached, and what is the least that the same
number of processes can do there: append a step of the same size in one round trip.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bench.rows import Row
from mockserver.core.places import place
from mockserver.core.sandbox.ledger import Bill
from mockserver.facts.costs import IMAGES, Limit
from mockserver.store.opening import Frame, open_store

PROCESSES = 4
CALLERS = 8  # in each process, which ask one decision after the other
SECONDS = 3.0
LIMIT = Limit(IMAGES, 100_000_000)  # never reached
FRAME = Frame(1 << 20, 1 << 20, (), "bench")
_STEP = b"x" * 150
_NAME = "a" * 24


class Kind(NamedTuple):
    """A kind of store."""

    name: str
    place: Callable[[], AbstractContextManager[str | None]]  # None: it is not installed
    aim: str
    floor: Callable[[str], Callable[[], object]]  # what appends a step, in this process


def rows() -> Iterator[Row]:
    """By the wall clock, of all processes together."""
    for kind in STORES:
        held = f"decisions on one key by {PROCESSES} processes, {kind.name}", "a bare loop"
        with kind.place() as where:
            if where is None:
                yield Row(*held, kind.aim, note="its server is not installed")
                continue
            ours = _all("decide", kind.name, where)
            bare = _all("bare", kind.name, where)
        told = f"{ours.each_second:,.0f}/s", f"{bare.each_second:,.0f}/s"
        note = (
            f"CPU of a decision {ours.micro:.0f} us, of the loop's {bare.micro:.0f}; longest wait "
            f"{ours.longest * 1000:.0f} ms, of the loop's {bare.longest * 1000:.0f}; the loop "
            f"stood {ours.stood * 1000:.0f} ms"
        )
        yield Row(*held, kind.aim, ours.each_second, *told, note=note)


class Done(NamedTuple):
    """What one process has done in `SECONDS`, or all of them."""

    number: int
    cpu: float  # seconds
    longest: float  # seconds that one took
    stood: float = 0.0  # seconds in which its event loop did nothing else

    @property
    def each_second(self) -> float:
        """By the wall clock."""
        return self.number / SECONDS

    @property
    def micro(self) -> float:
        """Microseconds of CPU of each."""
        return self.cpu / max(1, self.number) * 1e6


def _all(what: str, kind: str, where: str) -> Done:
    """What all processes do."""
    command = [sys.executable, "-m", "bench.shared", what, kind, where]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    for process in running:
        assert process.stdout
        process.stdout.readline()  # it is ready
    for process in running:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    found = [Done(*json.loads(process.communicate()[0])) for process in running]
    numbers, cpu, longest, stood = zip(*found, strict=True)
    return Done(sum(numbers), sum(cpu), max(longest), max(stood))


def _decide(where: str) -> Done:
    """Decisions of this process: each a charge and a bill, as a request takes them."""
    store = open_store(place(where), FRAME, time.time_ns)
    number, longest, stood, cpu = 0, 0.0, 0.0, 0.0

    async def call(until: float) -> None:
        nonlocal number, longest
        sandbox = await store.sandbox(_NAME)
        while (begun := time.perf_counter()) < until:
            now = time.time_ns()
            bill = Bill("req_0123456789", now, "m", "256x256", 1, 16_000, "images.generate")
            await sandbox.admit("m", limits=(LIMIT,), charge={IMAGES: 1}, now=now, bill=bill)
            number += 1
            longest = max(longest, time.perf_counter() - begun)
            await asyncio.sleep(0)  # as behind each request of a server

    async def look(until: float) -> None:
        nonlocal stood
        while (begun := time.perf_counter()) < until:
            await asyncio.sleep(0.001)
            stood = max(stood, time.perf_counter() - begun - 0.001)

    async def run() -> None:
        nonlocal cpu
        await store.sandbox(_NAME)
        _wait()
        until, before = time.perf_counter() + SECONDS, time.process_time()
        await asyncio.gather(look(until), *(call(until) for _ in range(CALLERS)))
        cpu = time.process_time() - before

    asyncio.run(run())
    if store.health.errors:
        sys.stderr.write(f"away {store.health.errors} times\n")
    return Done(number, cpu, longest, stood)


def _bare(append: Callable[[], object]) -> Done:
    """What a bare loop does."""
    _wait()
    number, longest, before = 0, 0.0, time.process_time()
    until = time.perf_counter() + SECONDS
    while (begun := time.perf_counter()) < until:
        append()
        number += 1
        longest = max(longest, time.perf_counter() - begun)
    return Done(number, time.process_time() - before, longest)


def _wait() -> None:
    """Say that this process is ready, and wait for the others."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()


# -- Redis -------------------------------------------------------------------------------------


@contextmanager
def _redis() -> Iterator[str | None]:
    """A server on a free port that keeps nothing on disk."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        yield None
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with TemporaryDirectory() as folder:
        options = "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder
        command = [program, "--port", str(port), *options]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert server.stdout
        try:
            assert any("Ready to accept" in line for line in iter(server.stdout.readline, ""))
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.kill()
            server.communicate()


def _bare_redis(where: str) -> Callable[[], object]:
    """A script by SHA that appends a step."""
    import redis

    client = redis.Redis.from_url(where, protocol=2, driver_info=None)
    script = client.script_load("return redis.call('RPUSH', KEYS[1], ARGV[1])")
    return lambda: client.evalsha(script, 1, "{bare}:steps", _STEP)


# -- SQLite ------------------------------------------------------------------------------------


@contextmanager
def _sqlite() -> Iterator[str]:
    """A file of its own."""
    with TemporaryDirectory() as folder:
        yield f"sqlite:{folder}/state.db"


def _bare_sqlite(where: str) -> Callable[[], object]:
    """A statement that appends a step; whoever finds the file locked tries again at once."""
    db = sqlite3.connect(f"{where[7:]}-bare", timeout=9, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE IF NOT EXISTS steps (number INTEGER PRIMARY KEY, step BLOB)")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA busy_timeout = 0")

    def append() -> None:
        while True:
            with suppress(sqlite3.OperationalError):
                db.execute("INSERT INTO steps (step) VALUES (?)", [_STEP])
                return

    return append


STORES = (
    Kind("Redis", _redis, ">= 6000 /s", _bare_redis),
    Kind("SQLite", _sqlite, ">= 20000 /s", _bare_sqlite),
)


def main() -> None:
    """One process of several, started by `rows`."""
    what, name, where = sys.argv[1:]
    kind = next(kind for kind in STORES if kind.name == name)
    found = _decide(where) if what == "decide" else _bare(kind.floor(where))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()

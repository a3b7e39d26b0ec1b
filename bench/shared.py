"""Decisions on one hot key by several processes that share their state, beside a bare loop.

A kind of store is a row of `STORES`: how its log is reached, and what is the least that the same
number of processes can do there: append a step of the same size in one round trip.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
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
_LIMIT = Limit(IMAGES, 1_000_000_000)  # never reached
_FRAME = Frame(1 << 20, 1 << 20, (), "bench")
_NAME = "a" * 24


class Kind(NamedTuple):
    """A kind of store."""

    name: str
    place: Callable[[], AbstractContextManager[str | None]]  # None: it is not installed
    aim: str
    floor: Callable[[str], int]  # what a bare loop does in `SECONDS`, in this process


def rows() -> Iterator[Row]:
    """By the wall clock, of all processes together."""
    for kind in STORES:
        held = f"decisions on one key by {PROCESSES} processes, {kind.name}", "a bare loop"
        with kind.place() as where:
            if where is None:
                yield Row(*held, kind.aim, note="its server is not installed")
                continue
            ours, longest = _all("decide", kind.name, where)
            bare, _ = _all("bare", kind.name, where)
        told = f"{ours:,.0f}/s", f"{bare:,.0f}/s"
        yield Row(*held, kind.aim, ours, *told, note=f"longest {longest * 1000:.0f} ms")


def _all(what: str, kind: str, where: str) -> tuple[float, float]:
    """What all processes do in a second, and the longest that one decision took."""
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
    found = [json.loads(process.communicate()[0]) for process in running]
    return sum(number for number, _ in found) / SECONDS, max(longest for _, longest in found)


def _decide(where: str) -> tuple[int, float]:
    """Decisions of this process: each a charge and a bill, as a request takes them."""
    store = open_store(place(where), _FRAME, time.time_ns)
    number, longest = 0, 0.0

    async def call(until: float) -> None:
        nonlocal number, longest
        sandbox = await store.sandbox(_NAME)
        while (begun := time.perf_counter()) < until:
            now = time.time_ns()
            bill = Bill("req_0123456789", now, "m", "256x256", 1, 16_000, "images.generate")
            await sandbox.admit("m", limits=(_LIMIT,), charge={IMAGES: 1}, now=now, bill=bill)
            number += 1
            longest = max(longest, time.perf_counter() - begun)

    async def run() -> None:
        await store.sandbox(_NAME)
        _wait()
        until = time.perf_counter() + SECONDS
        await asyncio.gather(*(call(until) for _ in range(CALLERS)))

    asyncio.run(run())
    if store.health.errors:
        sys.stderr.write(f"away {store.health.errors} times\n")
    return number, longest


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


def _bare_redis(where: str) -> int:
    """Scripts by SHA, each appends a step."""
    import redis

    client = redis.Redis.from_url(where, protocol=2, driver_info=None)
    script = client.script_load("return redis.call('RPUSH', KEYS[1], ARGV[1])")
    _wait()
    number, step, until = 0, b"x" * 150, time.perf_counter() + SECONDS
    while time.perf_counter() < until:
        client.evalsha(script, 1, "{bare}:steps", step)
        number += 1
    client.close()
    return number


STORES = (Kind("Redis", _redis, ">= 6000 /s", _bare_redis),)


def main() -> None:
    """One process of several, started by `rows`."""
    what, name, where = sys.argv[1:]
    kind = next(kind for kind in STORES if kind.name == name)
    found = _decide(where) if what == "decide" else (kind.floor(where), 0.0)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()

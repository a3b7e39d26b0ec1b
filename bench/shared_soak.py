"""Very many requests over one shared state, as a store sees them: whether anything grows.

    python -m bench.shared_soak                     # SQLite, a million requests by two processes
    python -m bench.shared_soak --kind Redis --requests 100000

Each is what a plain generation asks of a store: its sandbox, a decision with a bill, a record.
There are ten keys. Printed after each tenth: MiB of each process, of the files, of what Redis says.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

from bench.shared import FRAME, LIMIT, STORES
from mockserver.core.journal import Attempt, Record
from mockserver.core.places import place
from mockserver.core.sandbox.ledger import Bill
from mockserver.facts.costs import IMAGES
from mockserver.store.opening import open_store
from mockserver.store.protocol import Store

PROCESSES = 2
KEYS = 10
PARTS = 10
MIB = 1024 * 1024
_FOLLOW = 100  # requests of a process after which it asks the log itself


def _record(number: int, sandbox: str, process: int) -> Record:
    """That of a plain generation."""
    told = f"a fox, the {number} of {process}"
    record = Record(
        f"req_{process}_{number:024}",
        time.time_ns(),
        "POST",
        "/v1/images/generations",
        "images.generate",
        {"model": "dall-e-2", "prompt": told, "n": 1, "size": "256x256"},
        trace=["answered", "one of many decisions, as a trace tells them"],
        attempt=Attempt(told.encode()[-16:], "127.0.0.1:5", None),
        status=200,
        usd=0.016,
        sandbox=sandbox,
    )
    record.close()
    return record


async def _ask(where: str, requests: int) -> None:
    """The requests of one process."""
    store = _opened[where]
    longest = 0.0
    for number in range(1, requests + 1):
        name = f"{number % KEYS:024}"
        begun = time.perf_counter()
        sandbox = await store.sandbox(name)
        now = time.time_ns()
        bill = Bill(f"req_{number}", now, "dall-e-2", "256x256", 1, 16_000, "images.generate")
        await sandbox.admit("dall-e-2", limits=(LIMIT,), charge={IMAGES: 1}, now=now, bill=bill)
        await store.write_down(_record(number, name, store.process), life=sandbox.number)
        longest = max(longest, time.perf_counter() - begun)
        await asyncio.sleep(0)
        if number % _FOLLOW == 0:
            await store.sync()
        if number * PARTS % requests == 0:
            _tell(number, longest)
            longest = 0.0
    if store.health.errors:
        sys.stderr.write(f"away {store.health.errors} times\n")


def _tell(number: int, longest: float) -> None:
    status = Path("/proc/self/status").read_text("utf-8")
    resident = int(status.partition("VmRSS:")[2].split()[0]) * 1024
    cpu = time.process_time() / number * 1e6
    sys.stdout.write(json.dumps([number, resident, cpu, longest]) + "\n")
    sys.stdout.flush()


_opened: dict[str, Store] = {}


def _outside(where: str) -> str:
    """What the store takes outside of all processes."""
    if where.startswith("sqlite:"):
        files = sorted(Path(where[7:]).parent.iterdir())
        return ", ".join(f"{file.name} {file.stat().st_size / MIB:.1f}" for file in files)
    import redis

    with redis.Redis.from_url(where, protocol=2, driver_info=None) as client:
        told = client.info("memory")
    return (
        f"used_memory {told['used_memory'] / MIB:.1f}, resident {told['used_memory_rss'] / MIB:.1f}"
    )


def main() -> None:
    """Ask, and print what is taken meanwhile."""
    parser = argparse.ArgumentParser("python -m bench.shared_soak", description=__doc__)
    parser.add_argument("--kind", choices=[kind.name for kind in STORES], default="SQLite")
    parser.add_argument("--requests", type=int, default=1_000_000, help="of all together")
    parser.add_argument("--where", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    each = asked.requests // PROCESSES
    if asked.where:
        _opened[asked.where] = open_store(place(asked.where), FRAME, time.time_ns)
        asyncio.run(_ask(asked.where, each))
        return
    kind = next(kind for kind in STORES if kind.name == asked.kind)
    with kind.place() as where:
        if where is None:
            parser.error(f"the server of {kind.name} is not installed")
        command = [sys.executable, "-m", "bench.shared_soak", "--where", where]
        command += ["--requests", str(asked.requests)]
        running = [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)
        ]
        for _ in range(PARTS):
            told = [json.loads(process.stdout.readline()) for process in running if process.stdout]
            number = sum(one[0] for one in told)
            resident = " and ".join(f"{one[1] / MIB:.1f}" for one in told)
            cpu = " and ".join(f"{one[2]:.0f}" for one in told)
            longest = max(one[3] for one in told) * 1000
            print(
                f"{number:>9,}: processes {resident} MiB, CPU a request {cpu} us, longest request "
                f"{longest:.0f} ms; {_outside(where)}",
                flush=True,
            )
        for process in running:
            process.communicate()


if __name__ == "__main__":
    main()

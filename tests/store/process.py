"""A process of its own that works on a shared state until it is told to end. Tests nothing.

It writes a line of JSON for each call once that is answered: what it says was acknowledged.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mockserver.core.errors import ApiError
from mockserver.core.journal import Record
from mockserver.core.rules.rule import Rule
from mockserver.core.sandbox.ledger import Bill
from mockserver.facts.costs import Limit
from mockserver.store import redis_line, shared
from mockserver.store.memory import MemoryStore
from mockserver.store.redis import RedisSteps
from mockserver.store.shared import SharedStore
from mockserver.store.sqlite import SqliteSteps
from mockserver.store.steps import Steps

FORM = "of processes"
ROOM = 1_000_000
REFUSED = object()


def steps_at(where: str) -> Steps:
    """A log, by its URL or path."""
    return RedisSteps(where, ROOM, 20.0) if "://" in where else SqliteSteps(Path(where), ROOM)


def store_at(where: str) -> SharedStore:
    """A view of what is there."""
    return SharedStore(steps_at(where), _empty, time.time_ns, FORM, "refuse")


def _empty(now: Callable[[], int]) -> MemoryStore:
    return MemoryStore(now=now)


class Worker:
    """Makes calls, several at once, and says what it was answered."""

    def __init__(self, where: str, name: str) -> None:
        self.store, self.name = store_at(where), name

    async def admit(self, number: int) -> Any:
        """Ask for a picture that costs a dollar."""
        box = await self.store.sandbox("a")
        bill = Bill(f"{self.name}-{number}", 0, "m", "s", 1, 1_000_000, "images.generate")
        limits, charge = [Limit("images", 100)], {"images": 1}
        found = await box.admit("m", limits=limits, charge=charge, now=0, bill=bill)
        return found.admitted

    async def claim(self, number: int) -> Any:
        """Match all rules."""
        box = await self.store.sandbox("a")
        rules: list[Rule] = list(box.rules)
        return [fired.number for fired in await box.claim(rules)]

    async def write(self, number: int) -> Any:
        """Write a request down, in one of some sandboxes."""
        name = f"box-{number % 7}"
        made = Record(f"{self.name}-{number}", 0, "POST", "/v1/x", sandbox=name, status=200)
        made.close()
        await self.store.write_down(made, life=0)
        return made.number

    async def next(self, number: int) -> Any:
        """Count."""
        return await (await self.store.sandbox("a")).next_number()

    async def answer(self, method: str, number: int) -> Any:
        """What a call is answered, or that it was refused."""
        try:
            return await getattr(self, method)(number)
        except ApiError:
            return REFUSED

    async def work(self, method: str, numbers: range, at_once: int) -> None:
        """Make these calls, so many at once."""
        left = iter(numbers)

        async def calls() -> None:
            for number in left:
                while (answer := await self.answer(method, number)) is REFUSED:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)  # the machine was too busy to connect in time
                sys.stdout.write(f"{json.dumps([self.name, number, answer])}\n")
                sys.stdout.flush()

        await asyncio.gather(*[calls() for _ in range(at_once)])
        await self.store.close()


def main(where: str, name: str, method: str, first: str, last: str, at_once: str) -> None:
    """Work, once there is a line on stdin: all begin together."""
    worker = Worker(where, name)
    sys.stdin.readline()
    asyncio.run(worker.work(method, range(int(first), int(last)), int(at_once)))


def nursery() -> None:
    """Make a process for each line of stdin, which tells its arguments and where it writes; its id."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody looks after the dead
    for line in sys.stdin:
        said, where, name, *work = json.loads(line)
        if pid := os.fork():
            sys.stdout.write(f"{pid}\n")
            sys.stdout.flush()
            continue
        sys.stdin, sys.stdout = Path(os.devnull).open(), Path(said).open("w")  # noqa: SIM115
        main(where, name, *work)
        os._exit(0)


shared.SNAPSHOT_STEPS = 50  # one is due all the time
redis_line._CONNECT = 20.0  # however busy the machine is
if __name__ == "__main__":
    main(*sys.argv[1:]) if sys.argv[1:] else nursery()

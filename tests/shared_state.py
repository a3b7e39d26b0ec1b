"""The servers of the suite over a state that processes could share: `pytest --state sqlite`.

Each server that a test makes in its process has a new one. When the test ends, another process
would have to know the same to the byte: by all steps, and by a snapshot.
"""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Callable, Iterator
from functools import cache, partial
from inspect import iscoroutinefunction
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple, cast

import httpcore2  # noqa: F401 - before pytest runs in pytest, which would load another one
import pytest

from mockserver.clock import Clock
from mockserver.config import Config
from mockserver.request import world
from mockserver.store import Store, redis_line
from mockserver.store.memory import MemoryStore
from mockserver.store.opening import Frame
from mockserver.store.redis import RedisSteps
from mockserver.store.shared import SharedStore
from mockserver.store.sqlite import SqliteSteps
from mockserver.store.steps import Steps
from tests.in_process import LOOP
from tests.shared import UNHURRIED, RedisServer, installed
from tests.store.replicas import born_again, differing
from tests.store.steps import FakeLog, FakeSteps

Way = Callable[[], Steps]  # to a log, for one process each


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """A loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, daemon=True).start()
    return loop


class Elsewhere:
    """A log whose connections are in one loop, for tests have several: each request its own."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._steps, name)
        if not iscoroutinefunction(found):
            return found

        async def called(*given: Any, **named: Any) -> Any:
            there = asyncio.run_coroutine_threadsafe(found(*given, **named), _loop())
            return await asyncio.wrap_future(there)

        return called


def elsewhere(steps: Steps) -> Steps:
    """The same log, to be used in any loop."""
    return cast(Steps, Elsewhere(steps))


class Made(NamedTuple):
    """A store that a server has, and all that another process would need."""

    store: SharedStore
    frame: Frame
    way: Way

    def check(self) -> None:
        """Hold it against what other processes would have."""
        memory = self.store.memory
        other = SharedStore(self.way(), self.frame.empty, lambda: 0, self.frame.form)
        asyncio.run(follow(other))
        if other.taken_steps == self.store.taken_steps:  # else its own has not looked yet
            same("by all steps", memory, other.memory)
        same("by a snapshot", memory, born_again(memory, self.frame.empty(lambda: 0)))


async def follow(store: SharedStore) -> None:
    """Take all that its log has, and leave it."""
    await store.sync()
    await store.close()


def same(how: str, memory: MemoryStore, other: MemoryStore) -> None:
    """Fail where another process knows something else."""
    if found := differing(memory, other):
        pytest.fail(f"another process knows something else {how}:\n{found}")


MADE: list[Made] = []  # those that are open, by tests, modules and the session


def shared_store(ways: Callable[[Frame], Way]) -> Callable[[Config, Clock], Store]:
    """What makes a server's store, in the place of `store_of`."""

    def made(config: Config, clock: Clock) -> Store:
        frame = world.frame_of(config)
        way = ways(frame)
        store = SharedStore(way(), frame.empty, clock.now, frame.form)
        MADE.append(Made(store, frame, way))
        return cast(Store, store)

    return made


def to_logs(state: str, folder: Path) -> Callable[[Frame], Way]:
    """Ways to new logs."""
    numbers = count()
    if state == "redis":
        server = RedisServer(installed()[-1], folder)
        atexit.register(server.kill)

        def to_redis(frame: Frame) -> Way:
            url = server.url(options=f"?prefix={next(numbers)}")
            return lambda: elsewhere(RedisSteps(url, frame.upload_bytes, UNHURRIED))

        return to_redis

    def to_log(frame: Frame) -> Way:
        if state == "log":
            return partial(FakeSteps, FakeLog(frame.upload_bytes))
        return partial(SqliteSteps, folder / f"{next(numbers)}.db", frame.upload_bytes)

    return to_log


def begin(state: str, folder: Path) -> None:
    """From now on, servers share their state."""
    changed: Any = redis_line
    changed._CONNECT = changed._LONG = UNHURRIED
    changed = world
    changed.store_of = shared_store(to_logs(state, folder))


def checked() -> Iterator[None]:
    """A test, and what is looked at when it ends."""
    before = len(MADE)
    yield
    end(before)


def end(first: int = 0) -> None:
    """Look at those that were made since so many, and use them no longer."""
    made, MADE[first:] = MADE[first:], []
    try:
        for one in made:
            one.check()
    finally:
        for one in made:
            LOOP.run_until_complete(one.store.close())

"""The servers of the suite over a state that processes could share: `pytest --state sqlite`.

Each server that a test makes in its process has a new one. When the test ends, another process
would have to know the same to the byte: by all steps, and by a snapshot.
"""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, cast

import pytest

from mockserver.clock import Clock
from mockserver.config import Config
from mockserver.request import world
from mockserver.store import Store
from mockserver.store.memory import MemoryStore
from mockserver.store.opening import Frame
from mockserver.store.redis import RedisSteps
from mockserver.store.shared import SharedStore
from mockserver.store.sqlite import SqliteSteps
from mockserver.store.steps import Steps
from tests.shared import UNHURRIED, RedisServer, installed
from tests.store.replicas import born_again, differing
from tests.store.steps import FakeLog, FakeSteps

STATES = ("memory", "log", "sqlite", "redis")
Way = Callable[[], Steps]  # to a log, for one process each


class Made(NamedTuple):
    """A store that a server has, and all that another process would need."""

    store: SharedStore
    frame: Frame
    way: Way

    def check(self) -> None:
        """Hold it against what other processes would have."""
        memory = self.store.memory
        other = SharedStore(self.way(), self.frame.empty, lambda: 0, self.frame.form)
        asyncio.run(other.sync())
        if other.taken_steps == self.store.taken_steps:  # else its own has not looked yet
            same("by all steps", memory, other.memory)
        again = born_again(memory, self.frame.empty(lambda: 0))
        asyncio.run(other.close())
        same("by a snapshot", memory, again)


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
            return partial(RedisSteps, url, frame.upload_bytes, UNHURRIED)

        return to_redis

    def to_log(frame: Frame) -> Way:
        if state == "log":
            return partial(FakeSteps, FakeLog(frame.upload_bytes))
        return partial(SqliteSteps, folder / f"{next(numbers)}.db", frame.upload_bytes)

    return to_log


def begin(state: str, factory: pytest.TempPathFactory) -> None:
    """From now on, servers share their state."""
    if state != "memory":
        changed: Any = world
        changed.store_of = shared_store(to_logs(state, factory.mktemp(state)))


def checked() -> Iterator[None]:
    """A test, and what is looked at when it ends."""
    before = len(MADE)
    yield
    made, MADE[before:] = MADE[before:], []
    for one in made:
        one.check()
    for one in made:
        asyncio.run(one.store.close())

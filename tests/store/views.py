"""Views of one store: as many processes would have it, or twice the one in this memory."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple, cast

import pytest

from mockserver.store import Store
from mockserver.store.memory import UPLOAD_BYTES, MemoryStore
from mockserver.store.redis import RedisSteps
from mockserver.store.shared import SharedStore
from mockserver.store.sqlite import SqliteSteps
from mockserver.store.steps import Steps
from tests.shared import UNHURRIED, RedisServer, installed
from tests.store.steps import FakeLog, FakeSteps

SECOND = 1_000_000_000
START = 1_795_824_000 * SECOND
KINDS: list[Any] = ["memory", "log", "sqlite"]
KINDS += [pytest.param(name, marks=pytest.mark.slow) for name in installed()]
_NUMBERS = count()
FORM = "as the tests have it"


class Time:
    """A clock that all views have, which moves on by a millisecond at each look."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> int:
        self.at += 1_000_000
        return self.at


class Place(NamedTuple):
    """Where a state is."""

    way: Callable[[], Steps] | None  # to it; None: it is in memory
    time: Time
    bounds: dict[str, Any]  # of a store
    views: list[Any]

    def view(self) -> Store:
        """One more process' view of it."""
        if self.way is not None or not self.views:
            self.views.append(self._made())
        return cast(Store, self.views[-1])

    def _made(self) -> Any:
        if self.way is None:
            return MemoryStore(now=self.time.now, **self.bounds)
        return SharedStore(self.way(), self.empty, self.time.now, FORM)

    def empty(self, now: Callable[[], int]) -> MemoryStore:
        """A new store in memory."""
        return MemoryStore(now=now, **self.bounds)

    def shared(self) -> SharedStore:
        """One more view, of what is not in memory."""
        return cast(SharedStore, self.view())


@contextmanager
def place(kind: str, folder: Path, **bounds: Any) -> Iterator[Place]:
    """A new state; its views are closed where they were used."""
    room = bounds.get("upload_bytes", UPLOAD_BYTES)
    ways: dict[str, Callable[[], Steps] | None] = {
        "memory": None,
        "log": partial(FakeSteps, FakeLog(room)),
        "sqlite": partial(SqliteSteps, folder / "state.db", room),
    }
    if kind not in ways:
        url = server(kind).url(options=f"?prefix=test-{next(_NUMBERS)}")
        ways[kind] = partial(RedisSteps, url, room, UNHURRIED)
    yield Place(ways[kind], Time(), bounds, [])


@cache
def server(program: str) -> RedisServer:
    """A server for all tests of this process."""
    made = RedisServer(program, Path(mkdtemp(prefix=program)))
    atexit.register(made.kill)
    return made


Check = Callable[[Place], Awaitable[None]]


def everywhere(check: Check) -> Callable[[str, Path], None]:
    """A test that runs a check on each kind of store."""
    return _run(check, KINDS)


def shared(check: Check) -> Callable[[str, Path], None]:
    """The same where processes share one."""
    return _run(check, KINDS[1:])


def bounded(**bounds: Any) -> Callable[[Check], Check]:
    """A check of stores with other bounds."""

    def set_on(check: Check) -> Check:
        check.bounds = bounds  # type: ignore[attr-defined]
        return check

    return set_on


def _run(check: Check, kinds: list[Any]) -> Callable[[str, Path], None]:
    async def whole(here: Place) -> None:
        try:
            await check(here)
        finally:
            for view in here.views:
                await view.close()

    def test(kind: str, tmp_path: Path) -> None:
        with place(kind, tmp_path, **getattr(check, "bounds", {})) as here:
            asyncio.run(whole(here))

    test.__name__ = check.__name__
    return pytest.mark.parametrize("kind", kinds)(test)

"""Processes of their own over one state: exact limits, rules and money; killed, nothing is lost."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest

from mockserver.core.rules.parser import rule_of
from mockserver.core.sandbox import Options
from mockserver.store.shared import SharedStore
from tests.shared import installed
from tests.store.process import store_at
from tests.store.replicas import differing
from tests.store.views import server
from tests.workers import is_there, soon

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("processes")]
T = TypeVar("T")
NUMBERS = count()


@pytest.fixture(params=["sqlite", *installed()])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new state."""
    if request.param == "sqlite":
        return str(tmp_path / "state.db")
    return server(request.param).url(options=f"?prefix=processes-{next(NUMBERS)}")


class Working(NamedTuple):
    """A process at work, and what it says."""

    process: subprocess.Popen[str]
    said: Path

    @classmethod
    def begun(cls, where: str, folder: Path, name: str, *work: Any) -> Working:
        command = [sys.executable, "-m", "tests.store.process", where, name, *map(str, work)]
        said = folder / f"{name}.jsonl"
        with said.open("w") as told:
            made = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=told, text=True)
        return cls(made, said)

    def go(self) -> None:
        """Let it work."""
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.close()


def worked(where: str, folder: Path, names: int, *work: Any) -> list[tuple[str, int, Any]]:
    """What processes were answered that all do this work."""
    workers = [Working.begun(where, folder, f"p{i}", *work) for i in range(names)]
    for worker in workers:
        worker.go()
    for worker in workers:
        assert worker.process.wait(120) == 0
    return [answer for worker in workers for answer in answers(worker.said)]


def used(where: str, use: Callable[[SharedStore], Awaitable[T]]) -> T:
    """What a use by this process comes to."""
    store = store_at(where)

    async def run() -> T:
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(run())


def all_alike(where: str, number: int = 3) -> None:
    """Whoever begins now knows the same."""
    views = [store_at(where) for _ in range(number)]

    async def follow() -> None:
        for view in views:
            await view.sync()
            await view.close()

    asyncio.run(follow())
    for view in views[1:]:
        found = differing(views[0].memory, view.memory)
        assert not found, found


def test_eight_processes_admit_a_hundred_of_a_thousand(where: str, tmp_path: Path) -> None:
    found = worked(where, tmp_path, 8, "admit", 0, 125, 10)
    assert len(found) == 1_000
    assert sum(admitted for *_, admitted in found) == 100

    async def look(store: SharedStore) -> None:
        box = await store.sandbox("a")
        billed = {bill.id for bill in await box.billed()}
        assert billed == {f"{name}-{n}" for name, n, admitted in found if admitted}
        assert (await box.account()).spent == 100_000_000

    used(where, look)
    all_alike(where)


def test_eight_processes_spend_no_more_than_the_budget(where: str, tmp_path: Path) -> None:
    async def begin(store: SharedStore) -> None:
        await store.renew("a", Options(budget=37_000_000))

    used(where, begin)
    found = worked(where, tmp_path, 8, "admit", 0, 40, 10)
    assert sum(admitted for *_, admitted in found) == 37


def test_a_rule_for_two_requests_fires_twice_for_64_callers_in_four_processes(
    where: str, tmp_path: Path
) -> None:
    async def begin(store: SharedStore) -> None:
        await (await store.sandbox("a")).add(rule_of({"then": {"delay": 1}, "times": 2}))

    used(where, begin)
    found = worked(where, tmp_path, 4, "claim", 0, 16, 16)
    assert len(found) == 64
    assert sorted(number for *_, fired in found for number in fired) == [1, 2]


def test_the_journal_is_whole_in_every_process(where: str, tmp_path: Path) -> None:
    found = worked(where, tmp_path, 4, "write", 0, 300, 10)
    assert sorted(number for *_, number in found) == [*range(1, 1_201)]

    async def look(store: SharedStore) -> None:
        records = [r for box in await store.sandboxes() for r in await box.requests()]
        assert {(r.id, r.number) for r in records} == {(f"{p}-{n}", i) for p, n, i in found}

    used(where, look)
    all_alike(where)


# -- killed ------------------------------------------------------------------------------------


KILLS = 200
WORKERS = 4


def chances() -> Iterator[int]:
    """Numbers without a pattern, the same each time."""
    for number in count():
        yield int.from_bytes(sha256(b"%d" % number).digest()[:4], "big")


class Nursery:
    """Makes processes that have loaded all already."""

    def __init__(self, where: str, folder: Path) -> None:
        self.where, self.folder, self.numbers = where, folder, count()
        command = [sys.executable, "-m", "tests.store.process"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe)

    def begun(self) -> tuple[int, Path]:
        """A process at work, and what it says."""
        assert self.process.stdin
        assert self.process.stdout
        name = f"k{next(self.numbers)}"
        said = self.folder / f"{name}.jsonl"
        said.touch()
        line = json.dumps([str(said), self.where, name, "next", "0", "1000000", "4"])
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline()), said


def answers(said: Path) -> list[tuple[str, int, Any]]:
    """All that a process has said in whole lines."""
    lines = said.read_text().splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def test_of_processes_that_are_killed_nothing_is_lost_that_was_answered(
    where: str, tmp_path: Path
) -> None:
    """200 kills under load, each at another moment; snapshots are due all the time."""
    chance, nursery = chances(), Nursery(where, tmp_path)
    working = [nursery.begun() for _ in range(WORKERS)]
    ended = list[Path]()
    for _ in range(KILLS):
        victim, least = next(chance) % WORKERS, next(chance) % 20
        pid, said = working[victim]
        soon(partial(has_said, said, least))
        os.kill(pid, signal.SIGKILL)
        ended.append(said)
        working[victim] = nursery.begun()
    for pid, said in working:
        os.kill(pid, signal.SIGKILL)
        ended.append(said)
        soon(lambda pid=pid: not is_there(pid))  # type: ignore[misc]
    nursery.process.communicate()
    given = sorted(answer for said in ended for *_, answer in answers(said))
    assert len(given) == len({*given}), "two have the same"
    last = used(where, counted)
    assert last > given[-1]
    # What was in the log before its process could say so: no more than each had under way.
    assert last - 1 - len(given) <= (KILLS + WORKERS) * 4
    all_alike(where)


def has_said(said: Path, least: int) -> bool:
    return len(answers(said)) >= least


async def counted(store: SharedStore) -> int:
    return await (await store.sandbox("a")).next_number()


def test_a_file_stays_bounded_over_a_hundred_thousand_steps(tmp_path: Path) -> None:
    path, sizes = tmp_path / "state.db", list[int]()

    def size() -> int:
        return sum(file.stat().st_size for file in tmp_path.iterdir())

    async def fill(store: SharedStore) -> None:
        box = await store.sandbox("a")
        for number in range(100_000):
            await box.repeat(b"%d" % (number % 50))
            if number % 1_000 == 999:
                while saving := store._saving:
                    await saving
                sizes.append(size())

    used(str(path), fill)
    assert max(sizes[50:]) <= 1.2 * max(sizes[:50])
    assert max(sizes) < 16 * 1024 * 1024
    all_alike(str(path))

"""A state in a file that goes away: full, removed, locked by another program."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mockserver.store import sqlite
from mockserver.store.sqlite import SqliteSteps
from mockserver.store.steps import Snapshot
from tests.shared import ROOM, store_over
from tests.shared.test_outage import ask, back, known


def remove(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def test_a_file_that_is_removed_is_made_anew_with_all_that_was_known(tmp_path: Path) -> None:
    path = tmp_path / "state.db"

    async def run() -> None:
        one, other = (store_over(SqliteSteps(path, ROOM)) for _ in range(2))
        told: list[str] = []
        one.notice = told.append
        await ask(one)
        await ask(other)
        remove(tmp_path)
        await one.sync()  # as each process does ten times a second
        assert await ask(one)
        assert "state.db was removed or replaced while it was in use" in told[0]
        await back(one)
        await other.sync()
        assert await ask(other)
        await back(other)
        await ask(one)
        late = store_over(SqliteSteps(path, ROOM))
        found = [await known(store) for store in (one, other, late)]
        assert found == [([200] * 5, 80_000)] * 3
        for store in (one, other, late):
            await store.close()

    asyncio.run(run())


def test_a_full_disk_is_a_clear_sentence_and_nothing_is_half_written(tmp_path: Path) -> None:
    steps = SqliteSteps(tmp_path / "state.db", ROOM)

    async def run() -> None:
        store, told = store_over(steps), list[str]()
        store.notice = told.append
        await ask(store)
        with steps._db as db:
            db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0]}")
        for _ in range(60):
            await ask(store)
        assert told[0].endswith("state.db: database or disk is full")
        assert store.health.errors
        await back(store)  # the look opens the file anew, without that bound
        found = await known(store)
        assert found == ([200] * 5 + [429] * 56, 80_000)
        late = store_over(SqliteSteps(tmp_path / "state.db", ROOM))
        assert await known(late) == found
        await store.close()
        await late.close()

    asyncio.run(run())


def test_a_file_that_another_program_has_locked_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.db"
    monkeypatch.setattr(sqlite, "_PATIENCE", 0.01)

    async def run() -> None:
        store, told = store_over(SqliteSteps(path, ROOM)), list[str]()
        store.notice = told.append
        await ask(store)
        with closing(sqlite3.connect(path, isolation_level=None)) as program:
            program.execute("BEGIN EXCLUSIVE")
            assert await ask(store)
            assert told[0].endswith("state.db: another program has locked it for 0.01 s")
            await asyncio.sleep(0)  # a thread looks for it, and waits
            assert await ask(store)
            program.execute("ROLLBACK")
        await back(store)
        assert await known(store) == ([200] * 3, 48_000)
        await store.close()

    asyncio.run(run())


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[SqliteSteps, SqliteSteps]]:
    """Two processes whose file was removed, as one of them has seen."""
    path = tmp_path / "state.db"
    one, other = SqliteSteps(path, ROOM), SqliteSteps(path, ROOM)
    for steps in (one, other):
        steps.open("form")
    asyncio.run(one.take([b"step"], 0))
    remove(tmp_path)
    assert asyncio.run(one.reach(1)).is_empty
    yield one, other
    for steps in (one, other):
        asyncio.run(steps.close())


def test_of_two_that_find_an_empty_file_one_alone_says_what_was_in_it(
    two: tuple[SqliteSteps, SqliteSteps],
) -> None:
    async def run() -> None:
        one, other = two
        assert (await other.reach(1)).is_empty
        assert await one.seed(Snapshot(1, [b"of one"]))
        assert not await other.seed(Snapshot(1, [b"of the other"]))
        found = [await steps.snapshot() for steps in two]
        assert found[0] == found[1]
        assert found[0].pieces == [b"of one"]

    asyncio.run(run())


def test_who_leaves_a_removed_file_last_takes_nothing_of_the_new_one_away(
    two: tuple[SqliteSteps, SqliteSteps],
) -> None:
    async def run() -> None:
        one, other = two
        assert await one.seed(Snapshot(1, [b"of one"]))
        await other.reach(1)
        number = (await one.snapshot()).number
        assert await other.snapshot() == await one.snapshot()
        await one.take([b"a"], number)
        assert await other.take([b"b"], number) == [b"a"]
        assert await one.since(number) == [b"a", b"b"]

    asyncio.run(run())


def test_who_ends_after_another_has_begun_a_new_file_takes_nothing_of_it_away(
    two: tuple[SqliteSteps, SqliteSteps], tmp_path: Path
) -> None:
    async def run() -> None:
        one, other = two
        assert await one.seed(Snapshot(1, [b"of one"]))
        await other.close()
        late = SqliteSteps(tmp_path / "state.db", ROOM)
        await asyncio.to_thread(late.open, "form")
        assert await late.snapshot() == await one.snapshot()
        await late.close()

    asyncio.run(run())


def test_who_begins_waits_for_a_file_that_is_locked_just_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a process that was killed left a journal, which another one is reading."""
    waits = list[float]()
    connect = sqlite3.connect

    def locked(path: Path, timeout: float, **given: Any) -> sqlite3.Connection:
        waits.append(timeout)
        found: sqlite3.Connection = connect(path, timeout=timeout, **given)
        return found

    monkeypatch.setattr("mockserver.store.sqlite.sqlite3.connect", locked)
    steps = SqliteSteps(tmp_path / "state.db", ROOM)
    steps.open("1")
    assert min(waits) >= 5
    (patience,) = steps._db.execute("PRAGMA busy_timeout").fetchone()
    assert patience == 0, "it waits within SQLite while it serves"
    asyncio.run(steps.close())

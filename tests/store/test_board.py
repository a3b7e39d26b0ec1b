"""The board beside a file of steps: who finds nothing new there knows all that anybody was told of."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.store.sqlite import SqliteSteps
from mockserver.store.sqlite_board import Board, make
from mockserver.store.steps import Away
from mockserver.store.turns import at_once

SIZE = 1024


class View:
    """A process' way to a file, and the steps that it knows."""

    def __init__(self, path: Path) -> None:
        self.steps = SqliteSteps(path, 1_000)
        self.number = self.steps.open("of a board")
        self.known: list[bytes] = []

    def append(self, *steps: bytes) -> None:
        self._took(self.steps.at_once(steps, len(self.known)), *steps)

    def see(self) -> None:
        """Take what others were told of."""
        self.append()

    def ask(self) -> None:
        """Take what is in the file."""
        self._took(at_once(self.steps.since(len(self.known))))

    def shake(self, path: Path, overtake: Callable[[], None]) -> None:
        """Have others overtake it."""
        self.steps._board.close()
        self.steps._board = board = Shaken(lock_of(path), self.number)
        board.overtake = overtake

    def _took(self, others: list[bytes] | None, *own: bytes) -> None:
        assert others is not None
        self.known += [*others, *own]

    def close(self) -> None:
        asyncio.run(self.steps.close())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def views(path: Path) -> Iterator[Callable[[], View]]:
    """Makes views, which are closed in the end."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(View(path)))


def killed_behind_its_commit(path: Path, step: bytes) -> None:
    """A process has appended a step, and nobody was told of it, nor is it on the board."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("INSERT INTO steps SELECT ifnull(max(number), 0) + 1, ? FROM steps", [step])


def looks(view: View) -> list[str]:
    """The statements that it gives to SQLite from now on."""
    found: list[str] = []
    view.steps._db.set_trace_callback(found.append)
    return found


def lock_of(path: Path) -> Path:
    return path.with_name("state.db-lock")


# -- what is on it -----------------------------------------------------------------------------


def test_who_knows_all_does_not_look_into_the_file(views: Callable[[], View]) -> None:
    one, other = views(), views()
    one.append(b"1")
    other.see()
    other.see()  # its own note of what it saw may have cost a look
    statements = looks(other)
    other.see()
    assert (other.known, statements) == ([b"1"], [])


def test_a_step_is_seen_at_once_by_all_others(views: Callable[[], View]) -> None:
    found = [views() for _ in range(3)]
    for number in range(9):
        found[number % 3].append(b"%d" % number)
        for view in found:
            view.see()
            assert view.known == [b"%d" % i for i in range(number + 1)]


@pytest.mark.parametrize("how", [View.ask, lambda view: view.append(b"2")])
def test_what_a_killed_process_has_appended_all_see_once_one_has_seen_it(
    views: Callable[[], View], path: Path, how: Callable[[View], None]
) -> None:
    one, other = views(), views()
    one.append(b"0")
    other.see()
    killed_behind_its_commit(path, b"1")
    other.see()
    assert other.known == [b"0"]  # nobody was told of it
    how(one)
    other.see()
    assert other.known == one.known
    assert other.known[:2] == [b"0", b"1"]


def test_a_board_of_a_file_that_was_removed_hides_nothing_of_the_one_in_its_place(
    views: Callable[[], View], path: Path
) -> None:
    for number in range(9):
        with closing(View(path)) as before:
            before.ask()
            before.append(b"%d" % number)
    path.unlink()
    one, other = views(), views()
    one.see()
    other.see()
    killed_behind_its_commit(path, b"new")
    one.ask()
    other.see()
    assert (one.known, other.known) == ([b"new"], [b"new"])


def test_a_content_is_not_mixed_with_one_of_a_file_that_was_removed(
    views: Callable[[], View], path: Path
) -> None:
    async def write(view: View, *pieces: bytes) -> bytes:
        offset, name = 0, f"{view.number}-1"
        for piece in pieces:
            await view.steps.write(name, offset, piece, now=1)
            offset += len(piece)
        return await view.steps.read(name, 0, offset)

    with closing(View(path)) as before:
        assert asyncio.run(write(before, b"o" * 4, b"o" * 9)) == b"o" * 13
    path.unlink()
    lock_of(path).unlink()
    assert asyncio.run(write(views(), b"n" * 6, b"n" * 6)) == b"n" * 12


def test_half_of_a_note_costs_a_look_and_nothing_else(views: Callable[[], View]) -> None:
    one, other = views(), views()
    one.append(b"1")
    other.see()
    other.see()
    board, begin = one.steps._board, one.number % 64 * 16
    whole = board.look()[begin : begin + 16]
    statements = looks(other)
    for half in (b"\x41" + whole[1:8] + whole[8:], whole[:8] + b"\x63" + whole[9:]):
        board._map[begin : begin + 16] = half
        for _ in range(3):
            other.see()
        assert other.known == [b"1"]
        assert 0 < len(statements) <= 2
        statements.clear()
    board._map[begin : begin + 16] = whole
    one.append(b"2")
    other.see()
    assert other.known == [b"1", b"2"]


def test_processes_that_share_a_place_hide_nothing_from_each_other(
    tmp_path: Path,
) -> None:
    make(path := tmp_path / "board")
    with ExitStack() as stack:
        boards = [stack.enter_context(closing(Board(path, number))) for number in (1, 65, 129, 2)]
        *writers, reader = boards
        for last in range(1, 30):
            reader.know(reader.look(), last - 1, is_news=False, is_own=False)
            assert reader.is_known(reader.look(), last - 1)
            writer = writers[last % 3]
            writer.know(writer.look(), last, is_news=False, is_own=True)
            assert not reader.is_known(reader.look(), last - 1)
            # Late: it has appended the one before, and says so now.
            late = writers[(last + 1) % 3]
            late.know(late.look(), last - 1, is_news=False, is_own=True)
            assert not reader.is_known(reader.look(), last - 1)


def test_who_hears_of_a_step_that_is_on_the_board_leaves_it_as_it_is(tmp_path: Path) -> None:
    """Else each step of one would have all others look as often as there are processes."""
    make(path := tmp_path / "board")
    with closing(Board(path, 1)) as one, closing(Board(path, 2)) as other:
        one.know(one.look(), 7, is_news=False, is_own=True)
        written = one.look()
        other.know(other.look(), 7, is_news=True, is_own=False)
        assert one.look() == written
        other.know(other.look(), 8, is_news=True, is_own=False)
        assert one.look() != written


# -- its file ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, SIZE - 1, SIZE, SIZE + 1])
def test_a_board_of_any_size_serves(views: Callable[[], View], path: Path, size: int) -> None:
    lock_of(path).write_bytes(b"\xff" * size)
    one, other = views(), views()
    assert lock_of(path).stat().st_size == max(size, SIZE)
    one.append(b"1")
    other.see()
    killed_behind_its_commit(path, b"2")
    one.ask()
    other.see()
    assert other.known == [b"1", b"2"]


def test_a_board_that_is_no_file_is_refused_by_name(path: Path) -> None:
    lock_of(path).mkdir()
    with pytest.raises(Away, match="state.db: can't be made here: Is a directory"):
        View(path)


def test_who_finds_the_board_removed_begins_anew_with_all_that_was_in_the_file(
    views: Callable[[], View], path: Path
) -> None:
    one = views()
    one.append(b"1")
    lock_of(path).unlink()
    other = views()  # with a board of its own, which the first does not see
    other.ask()
    other.append(b"2")
    with pytest.raises(Away, match="was removed or replaced"):
        one.ask()
    reached = asyncio.run(one.steps.reach(1))
    assert not reached.is_empty
    one.see()
    assert one.known == [b"1", b"2"]
    one.append(b"3")
    other.see()
    assert other.known == one.known


# -- any order ---------------------------------------------------------------------------------


class Shaken(Board):
    """A board whose process others overtake: round its look, and round its note."""

    overtake: Callable[[], None]

    def look(self) -> bytes:
        self.overtake()
        found = super().look()
        self.overtake()
        return found

    def know(self, seen: bytes, last: int, **of: Any) -> None:
        self.overtake()
        super().know(seen, last, **of)
        self.overtake()


WHAT = st.sampled_from(["see", "see", "ask", "append", "append", "append both", "die"])
CALL = st.tuples(st.integers(0, 2), WHAT)
#: Wherever there could be a call; most often there is none.
CALLS = st.lists(
    st.sampled_from([True, False, False, False]).flatmap(
        lambda is_one: CALL if is_one else st.none()
    ),
    max_size=60,
)


@pytest.mark.parametrize("known", [0, 1])
def test_who_looks_while_a_step_is_appended_sees_it_when_it_is(
    views: Callable[[], View], path: Path, known: int
) -> None:
    one, other = views(), views()
    for number in range(known):
        other.append(b"%d" % number)
        one.see()
    one.shake(path, other.see)
    one.append(b"new")
    other.see()
    assert other.known[known:] == [b"new"]


class Race:
    """Views that overtake each other, as it is drawn; each call is held against what was told."""

    def __init__(self, path: Path, calls: list[tuple[int, str] | None]) -> None:
        self._path, self._left, self._names = path, [*calls], count()
        self.views = [View(path) for _ in range(3)]
        self._busy = set[int]()
        self._told = 0  # the last step that somebody was told of
        for view in self.views:
            view.shake(path, self.one)

    def run(self) -> None:
        """Make all calls."""
        while self._left:
            self.one()
        for number, view in enumerate(self.views):
            self._call(number, "see")
            view.close()

    def one(self) -> None:
        """Make the next call, if there is one, and whoever makes it is not at one."""
        call = self._left.pop(0) if self._left else None
        if call and call[0] not in self._busy:
            self._call(*call)

    def _name(self) -> bytes:
        return b"%d" % next(self._names)

    def _call(self, number: int, what: str) -> None:
        view, told = self.views[number], self._told
        self._busy.add(number)
        match what.split():
            case ["die"]:
                killed_behind_its_commit(self._path, self._name())
                told = 0
            case ["append", *more]:
                view.append(*[self._name() for _ in range(1 + len(more))])
            case _:
                getattr(view, what)()
        self._busy.remove(number)
        assert len(view.known) >= told, "somebody else was told of more"
        assert view.known == self._in_file()[: len(view.known)]
        self._told = max(self._told, len(view.known))

    def _in_file(self) -> list[bytes]:
        with closing(sqlite3.connect(self._path)) as db:
            return [step for (step,) in db.execute("SELECT step FROM steps ORDER BY number")]


@settings(max_examples=60)
@given(CALLS)
def test_nobody_is_told_of_a_step_that_a_later_asker_does_not_see(calls: list[Any]) -> None:
    """A call may be overtaken wherever another process could see what it has done so far."""
    with TemporaryDirectory() as folder:
        Race(Path(folder) / "state.db", calls).run()

"""The log of steps in a file, for processes of one host that share it. Knows bytes and numbers.

A transaction appends what waits in this process and reads what others have appended; nothing else
locks the file. Nobody waits within SQLite, whose wait is unfair and stands the event loop: whoever
finds the file locked tries again a moment later.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from anyio import to_thread

from mockserver.store.sqlite_board import Board, clear, last_told, make
from mockserver.store.steps import Away, Gone, Lost, Reached, Snapshot

T = TypeVar("T")
_PAUSE = 0.0005  # seconds between two tries
_PATIENCE = 10.0  # seconds of tries
_TRIES = 20  # at once: whoever has locked the file is done sooner than a loop could come back
_GUESSES = 3  # of the last step's number, before the file is locked to look
_APART = 1_000_000_000  # from the steps of a file that was lost to those of the one in its place
_JOURNAL = 16 * 1024 * 1024  # bytes that are left of SQLite's journal when it begins anew
_CACHE = 1024  # KiB of pages that a process keeps
_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS form (
    text TEXT NOT NULL, processes INTEGER NOT NULL, snapshot INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS steps (number INTEGER PRIMARY KEY, step BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS snapshots (
    number INTEGER NOT NULL, place INTEGER NOT NULL, piece BLOB NOT NULL,
    PRIMARY KEY (number, place)
);
COMMIT;
"""
_UPLOADS = """
CREATE TABLE IF NOT EXISTS uploads (
    place INTEGER PRIMARY KEY, address TEXT UNIQUE NOT NULL, until INTEGER NOT NULL,
    upload BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS contents (
    name TEXT NOT NULL, start INTEGER NOT NULL, at INTEGER NOT NULL, piece BLOB NOT NULL,
    PRIMARY KEY (name, start)
);
"""
#: Processes have numbers that none had whose file was here before: it may live, or have uploads.
_BEGIN = (
    "INSERT INTO form SELECT ?, CAST((julianday() - 2440587.5) * 86400000 AS INTEGER) * 1000, 0 "
    "WHERE NOT EXISTS (SELECT 1 FROM form)"
)
_STRANGE = (
    "SELECT EXISTS (SELECT 1 FROM sqlite_master) AND "
    "(SELECT count(*) FROM sqlite_master WHERE name IN ('form', 'steps', 'snapshots')) < 3"
)
_COUNT = "UPDATE form SET processes = processes + 1 RETURNING processes"
#: The last step: one that the snapshot has, where there is none behind it.
_LAST = "SELECT ifnull((SELECT max(number) FROM steps), (SELECT snapshot FROM form))"
_PIECES_OF_ALL = (
    "SELECT number, piece FROM snapshots WHERE number = (SELECT snapshot FROM form) ORDER BY place"
)
_BEHIND = "SELECT number, step FROM steps WHERE number > ? ORDER BY number"
_FOLLOW = f"INSERT INTO steps SELECT ?1, ?2 WHERE ({_LAST}) = ?1 - 1"
_APPEND = "INSERT INTO steps (number, step) VALUES (?, ?)"
_OLD = "SELECT name FROM contents GROUP BY name HAVING max(at) < ?"
_PIECES = (
    "SELECT start, piece FROM contents WHERE name = ? AND start < ? AND start + length(piece) > ? "
    "ORDER BY start"
)
_TRIM = "DELETE FROM steps WHERE number <= (SELECT snapshot FROM form)"
_AT_ONCE = 1024 * 1024  # bytes of a snapshot that one transaction writes


class SqliteSteps:
    """A log in a file, and uploads in another one beside it.

    Args:
        path: the file; it is made if it is not there.
        upload_bytes: room for uploads.
    """

    def __init__(self, path: Path, upload_bytes: int) -> None:
        self._path, self._room = path, upload_bytes

    def open(self, form: str) -> int:
        """Begin to use it."""
        self._form = form
        self._begin()
        return int(self._process)

    def _begin(self) -> None:
        self.prepare(self._form)
        with self._patient(self._path) as first:
            (self._process,) = first.execute(_COUNT).fetchone()
        try:
            self._db, self._files = self._connect(self._path), self._found()
            self._db.execute("PRAGMA busy_timeout = 0")  # from now on it is tried in the loop
            self._board = Board(self._lock, self._process)
        except (sqlite3.Error, OSError) as error:
            raise self._away(error) from error

    def _found(self) -> list[int]:
        """Which files there are."""
        return [path.stat().st_ino for path in (self._path, self._lock)]

    def _check_file(self) -> None:
        """Others that begin to use it find it where this process does."""
        with suppress(OSError):
            if self._found() == self._files:
                return
        raise Lost(f"{self._path} was removed or replaced while it was in use")

    def prepare(self, form: str) -> None:
        """Make the files, or see that they are of this form.

        Raises:
            Away: they can't be made, or are of another form.
        """
        try:
            make(self._lock)
        except OSError as error:
            raise Away(f"{self._path}: can't be made here: {error.strerror}") from None
        with _alone(self._lock), self._patient(self._path) as made:
            told = last_told(self._lock)
            if made.execute(_STRANGE).fetchone()[0]:
                raise Away(f"{self._path} is another program's database")
            made.execute("PRAGMA journal_mode = WAL")
            made.executescript(_SCHEMA)
            made.execute(_BEGIN, [form])
            (found,) = made.execute("SELECT text FROM form").fetchone()
            if told > made.execute(_LAST).fetchone()[0]:  # of a file that was here before
                clear(self._lock)
            with self._patient(self._beside) as beside:
                beside.execute("PRAGMA journal_mode = WAL")
                beside.executescript(_UPLOADS)
        if found != form:
            raise Away(f"{self._path} is of another form ({found}) than this server's ({form})")

    @property
    def _lock(self) -> Path:
        return self._path.with_name(f"{self._path.name}-lock")

    @property
    def _beside(self) -> Path:
        return self._path.with_name(f"{self._path.name}-uploads")

    def _connect(self, path: Path) -> sqlite3.Connection:
        """A connection, which waits for others; outside of a loop, or in a thread."""
        found = sqlite3.connect(
            path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
        )
        found.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing
        found.execute(f"PRAGMA cache_size = -{_CACHE}")
        found.execute(f"PRAGMA journal_size_limit = {_JOURNAL}")
        return found

    @contextmanager
    def _patient(self, path: Path) -> Iterator[sqlite3.Connection]:
        """A connection for a thread, or for who serves nobody yet."""
        try:
            with closing(self._connect(path)) as found:
                yield found
        except sqlite3.Error as error:
            raise self._away(error) from error

    def _away(self, error: sqlite3.Error | OSError) -> Away:
        said = f"another program has locked it for {_PATIENCE:g} s" if _is_busy(error) else error
        return Away(f"{self._path}: {said}")

    async def close(self) -> None:
        """Use it no longer."""
        self._db.close()
        self._board.close()

    # -- steps ---------------------------------------------------------------------------------

    async def take(self, steps: Sequence[bytes], after: int) -> list[bytes]:
        """Append steps; those of others behind `after`."""
        return await self._tried(lambda db: self._taken(db, steps, after))

    def at_once(self, steps: Sequence[bytes], after: int) -> list[bytes] | None:
        """Append steps, if nobody else has locked the file for long."""
        if not steps and self._board.is_known(self._board.look(), after):
            return []
        for _ in range(_TRIES):
            try:
                return self._taken(self._db, steps, after)
            except sqlite3.Error as error:
                if not _is_busy(error):
                    raise self._away(error) from error
        return None

    def _taken(self, db: sqlite3.Connection, steps: Sequence[bytes], after: int) -> list[bytes]:
        """Append steps; those of others."""
        seen = self._board.look()
        is_known = steps and self._board.is_known(seen, after)
        others = [] if is_known else _behind(db, after)
        if steps:
            _take(db, steps, others, after)
        last = after + len(others) + len(steps)
        self._board.know(seen, last, is_news=bool(others), is_own=bool(steps))
        return others

    async def since(self, after: int) -> list[bytes]:
        """What is behind a step."""
        return await self._tried(lambda db: self._taken(db, (), after))

    async def _tried(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Work that begins by locking the file, once that is free."""
        self._check_file()
        for tried in count():
            try:
                return work(self._db)
            except sqlite3.Error as error:
                if tried * _PAUSE > _PATIENCE or not _is_busy(error):
                    raise self._away(error) from error
            if tried > _TRIES:
                await asyncio.sleep(_PAUSE)
        raise AssertionError

    async def reach(self, after: int) -> Reached:
        """Open the file anew; another one in its place has nothing that was in it."""
        self._db.close()
        await to_thread.run_sync(self._begin)
        (last,) = await self._tried(lambda db: db.execute(_LAST).fetchone())
        (left,) = await self._tried(lambda db: db.execute("PRAGMA user_version").fetchone())
        if last // _APART == after // _APART:
            return Reached(is_in=False, is_empty=last < after)
        is_next = last // _APART == after // _APART + 1
        return Reached(is_in=False, kept=after // _APART * _APART + left if is_next else after)

    async def seed(self, snapshot: Snapshot) -> bool:
        """Let an empty log go on, from a number that none of those before it came to."""
        return await self._tried(lambda db: _seed(db, snapshot))

    # -- snapshots -----------------------------------------------------------------------------

    async def snapshot(self) -> Snapshot:
        """The last snapshot."""
        rows = await self._tried(lambda db: db.execute(_PIECES_OF_ALL).fetchall())
        return Snapshot(rows[0][0] if rows else 0, [piece for _, piece in rows])

    async def replace(self, snapshot: Snapshot) -> None:
        """Keep a snapshot."""
        await to_thread.run_sync(self._replace, snapshot)

    def _replace(self, snapshot: Snapshot) -> None:
        """Write a snapshot beside the last one, a part at a time, then let it be the last one."""
        number, written, size = snapshot.number, [], 0
        with self._patient(self._path) as db:
            for place, piece in enumerate(snapshot.pieces):
                written.append((number, place, piece))
                size += len(piece)
                if size > _AT_ONCE or place == len(snapshot.pieces) - 1:
                    db.execute("BEGIN IMMEDIATE")
                    db.executemany("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)", written)
                    db.execute("COMMIT")
                    written, size = [], 0
            db.execute("BEGIN IMMEDIATE")
            db.execute(_TRIM)  # up to the one before, for who is slow
            db.execute("UPDATE form SET snapshot = max(snapshot, ?)", [number])
            db.execute("DELETE FROM snapshots WHERE number < (SELECT snapshot FROM form)")
            db.execute("COMMIT")

    # -- uploads -------------------------------------------------------------------------------

    async def keep(self, address: str, upload: bytes, *, until: int, now: int) -> None:
        """Keep an upload."""
        await to_thread.run_sync(self._keep, address, upload, until, now)

    async def kept(self, address: str) -> bytes | None:
        """The upload at an address."""
        return await to_thread.run_sync(self._kept, address)

    def _keep(self, address: str, upload: bytes, until: int, now: int) -> None:
        with self._patient(self._beside) as beside:
            beside.execute("BEGIN IMMEDIATE")
            beside.execute("DELETE FROM uploads WHERE address = ? OR until < ?", [address, now])
            beside.execute(
                "INSERT INTO uploads (address, until, upload) VALUES (?, ?, ?)",
                [address, until, upload],
            )
            beside.execute(
                "DELETE FROM uploads WHERE place <= (SELECT max(place) FROM (SELECT place, "
                "sum(length(upload)) OVER (ORDER BY place DESC) AS taken FROM uploads) "
                "WHERE taken > ?)",
                [self._room],
            )
            beside.execute("COMMIT")

    def _kept(self, address: str) -> bytes | None:
        with self._patient(self._beside) as beside:
            found = beside.execute("SELECT upload FROM uploads WHERE address = ?", [address])
            return next((upload for (upload,) in found), None)

    # -- contents of files ---------------------------------------------------------------------

    async def write(self, name: str, offset: int, piece: bytes, *, now: int) -> None:
        """Write a piece of a content."""
        row = [name, offset, now, piece]
        await to_thread.run_sync(
            self._do, "INSERT OR REPLACE INTO contents VALUES (?, ?, ?, ?)", row
        )

    async def read(self, name: str, offset: int, length: int) -> bytes:
        """Some bytes of a content."""
        given = [name, offset + length, offset]
        rows = await to_thread.run_sync(self._do, _PIECES, given)
        if not rows:
            return b""
        start = offset - rows[0][0]
        return b"".join(piece for _, piece in rows)[start : start + length]

    async def retain(self, names: Collection[str], *, before: int) -> None:
        """Drop all other contents."""
        known = await to_thread.run_sync(self._do, _OLD, [before])
        for (name,) in known:
            if name not in names:
                await to_thread.run_sync(self._do, "DELETE FROM contents WHERE name = ?", [name])

    def _do(self, statement: str, given: Sequence[object]) -> list[tuple[Any, ...]]:
        """One statement in the file beside, in a thread."""
        with self._patient(self._beside) as beside:
            return beside.execute(statement, given).fetchall()


def _is_busy(error: Exception) -> bool:
    """Whether another process was faster, in one of the ways that SQLite tells apart."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let no other process make the same file: its form of journal is changed by one alone."""
    try:
        import fcntl
    except ImportError:  # such a system has no workers
        yield
        return
    with lock.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _behind(db: sqlite3.Connection, after: int) -> list[bytes]:
    """What is behind a step."""
    rows = db.execute(_BEHIND, (after,)).fetchall()
    if not rows:
        if db.execute(_LAST).fetchone()[0] == after:
            return []
        rows = db.execute(_BEHIND, (after,)).fetchall()  # it may have come between
    if not rows or rows[0][0] != after + 1:
        raise Gone
    return [step for _, step in rows]


def _take(db: sqlite3.Connection, steps: Sequence[bytes], others: list[bytes], after: int) -> None:
    """Append steps behind those of others, which are read as far as they are not known yet."""
    if len(steps) == 1:
        for _ in range(_GUESSES):
            if db.execute(_FOLLOW, (after + len(others) + 1, steps[0])).rowcount:
                return  # nobody came between, and one statement is enough
            others += _behind(db, after + len(others))
    with _at_a_time(db):
        others += _behind(db, after + len(others))
        db.executemany(_APPEND, enumerate(steps, after + len(others) + 1))


def _seed(db: sqlite3.Connection, snapshot: Snapshot) -> bool:
    """Begin with a snapshot, unless another process has begun."""
    rounds, left = divmod(snapshot.number, _APART)
    number = (rounds + 1) * _APART
    with _at_a_time(db):
        if db.execute(_LAST).fetchone()[0] >= number:
            return False
        pieces = ((number, place, piece) for place, piece in enumerate(snapshot.pieces))
        db.execute("DELETE FROM steps")
        db.executemany("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)", pieces)
        db.execute("UPDATE form SET snapshot = ?", [number])
        db.execute(f"PRAGMA user_version = {left}")
    return True


@contextmanager
def _at_a_time(db: sqlite3.Connection) -> Iterator[None]:
    """All that is done in here, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # a full disk has ended it
            db.execute("ROLLBACK")
        raise

"""The log of steps in a file, for processes of one host that share it. Knows bytes and numbers.

A transaction appends what waits in this process and reads what others have appended; nothing else
locks the file. Nobody waits within SQLite, whose wait is unfair and stands the event loop: whoever
finds the file locked tries again a moment later.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from anyio import to_thread

from mockserver.store.steps import Away, Gone, Lost, Reached, Snapshot

T = TypeVar("T")
_PAUSE = 0.0005  # seconds between two tries
_PATIENCE = 10.0  # seconds of tries
_APART = 1_000_000_000  # from the steps of a file that was lost to those of the one in its place
_CACHE = 1024  # KiB of pages that a process keeps
_SCHEMA = """
CREATE TABLE IF NOT EXISTS form (text TEXT NOT NULL, processes INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS steps (number INTEGER PRIMARY KEY, step BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS snapshot (
    number INTEGER NOT NULL, place INTEGER NOT NULL, piece BLOB NOT NULL
);
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
_COUNT = "UPDATE form SET processes = processes + 1 RETURNING processes"
_LAST = "SELECT max(number) FROM steps"
_BEHIND = "SELECT number, step FROM steps WHERE number > ? ORDER BY number"
_APPEND = "INSERT INTO steps (number, step) VALUES (?, ?)"
_OLD = "SELECT name FROM contents GROUP BY name HAVING max(at) < ?"
_PIECES = (
    "SELECT start, piece FROM contents WHERE name = ? AND start < ? AND start + length(piece) > ? "
    "ORDER BY start"
)
_TRIM = "DELETE FROM steps WHERE number <= (SELECT max(number) FROM snapshot)"


class SqliteSteps:
    """A log in a file, and uploads in another one beside it.

    Args:
        path: the file; it is made if it is not there.
        upload_bytes: room for uploads.
    """

    kind = "sqlite"

    def __init__(self, path: Path, upload_bytes: int) -> None:
        self._path, self._room = path, upload_bytes

    def open(self, form: str) -> int:
        """Begin to use it."""
        self._form = form
        self._begin()
        with closing(self._connect(self._path)) as first:
            first.execute(f"PRAGMA busy_timeout = {_PATIENCE * 1000:.0f}")  # nobody is served yet
            return int(first.execute(_COUNT).fetchone()[0])

    def _begin(self) -> None:
        self.prepare(self._form)
        self._db, self._file = self._connect(self._path), self._path.stat().st_ino

    def _check_file(self) -> None:
        """Others that begin to use it find it where this process does."""
        try:
            is_there = self._path.stat().st_ino == self._file
        except OSError:
            is_there = False
        if not is_there:
            raise Lost(f"{self._path} was removed or replaced while it was in use")

    def prepare(self, form: str) -> None:
        """Make the files, or see that they are of this form.

        Raises:
            Away: they can't be made, or are of another form.
        """
        try:
            with closing(self._connect(self._path)) as made:
                made.executescript(_SCHEMA)
                made.execute(
                    "INSERT INTO form SELECT ?, 0 WHERE NOT EXISTS (SELECT 1 FROM form)", [form]
                )
                (found,) = made.execute("SELECT text FROM form").fetchone()
            with closing(self._connect(self._beside)) as made:
                made.executescript(_UPLOADS)
        except sqlite3.Error as error:
            raise self._away(error) from error
        if found != form:
            raise Away(f"{self._path} is of another form ({found}) than this server's ({form})")

    @property
    def _beside(self) -> Path:
        return self._path.with_name(f"{self._path.name}-uploads")

    def _connect(self, path: Path) -> sqlite3.Connection:
        found = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        found.execute("PRAGMA journal_mode = WAL")
        found.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing
        found.execute(f"PRAGMA cache_size = -{_CACHE}")
        return found

    def _away(self, error: sqlite3.Error) -> Away:
        is_busy = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
        said = f"another program has locked it for {_PATIENCE:g} s" if is_busy else str(error)
        return Away(f"{self._path}: {said}")

    async def close(self) -> None:
        """Use it no longer."""
        self._db.close()

    # -- steps ---------------------------------------------------------------------------------

    async def take(self, steps: Sequence[bytes], after: int) -> list[bytes]:
        """Append steps; those of others behind `after`."""
        return await self._tried(lambda db: _take(db, steps, after))

    def at_once(self, steps: Sequence[bytes], after: int) -> list[bytes] | None:
        """Append steps, if nobody else has locked the file."""
        self._check_file()
        try:
            return _take(self._db, steps, after) if steps else _behind(self._db, after)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                return None
            raise self._away(error) from error

    async def since(self, after: int) -> list[bytes]:
        """What is behind a step."""
        return await self._tried(lambda db: _behind(db, after))

    async def _tried(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Work that begins by locking the file, once that is free."""
        self._check_file()
        for tried in count():
            try:
                return work(self._db)
            except sqlite3.Error as error:
                is_busy = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
                if not is_busy or tried * _PAUSE > _PATIENCE:
                    raise self._away(error) from error
            await asyncio.sleep(_PAUSE)
        raise AssertionError

    async def reach(self, after: int) -> Reached:
        """Open the file anew; another one in its place has nothing that was in it."""
        self._db.close()
        self._begin()
        return Reached(is_in=False, is_empty=await self._tried(_last) < after)

    async def seed(self, snapshot: Snapshot) -> bool:
        """Let an empty log go on, from a number that none of those before it came to."""
        number = (snapshot.number // _APART + 1) * _APART
        return await self._tried(lambda db: _replace(db, Snapshot(number, snapshot.pieces)))

    # -- snapshots -----------------------------------------------------------------------------

    async def snapshot(self) -> Snapshot:
        """The last snapshot."""
        rows = await self._tried(
            lambda db: db.execute("SELECT number, piece FROM snapshot ORDER BY place").fetchall()
        )
        return Snapshot(rows[0][0] if rows else 0, [piece for _, piece in rows])

    async def replace(self, snapshot: Snapshot) -> None:
        """Keep a snapshot."""
        await self._tried(lambda db: _replace(db, snapshot))

    # -- uploads -------------------------------------------------------------------------------

    async def keep(self, address: str, upload: bytes, *, until: int, now: int) -> None:
        """Keep an upload."""
        await self._in_thread(self._keep, address, upload, until, now)

    async def kept(self, address: str) -> bytes | None:
        """The upload at an address."""
        return await self._in_thread(self._kept, address)

    def _keep(self, address: str, upload: bytes, until: int, now: int) -> None:
        with closing(self._connect(self._beside)) as beside:
            beside.execute("PRAGMA busy_timeout = 5000")  # this is a thread
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
        with closing(self._connect(self._beside)) as beside:
            found = beside.execute("SELECT upload FROM uploads WHERE address = ?", [address])
            return next((upload for (upload,) in found), None)

    # -- contents of files ---------------------------------------------------------------------

    async def write(self, name: str, offset: int, piece: bytes, *, now: int) -> None:
        """Write a piece of a content."""
        row = [name, offset, now, piece]
        await self._in_thread(self._do, "INSERT OR REPLACE INTO contents VALUES (?, ?, ?, ?)", row)

    async def read(self, name: str, offset: int, length: int) -> bytes:
        """Some bytes of a content."""
        given = [name, offset + length, offset]
        rows = await self._in_thread(self._do, _PIECES, given)
        if not rows:
            return b""
        start = offset - rows[0][0]
        return b"".join(piece for _, piece in rows)[start : start + length]

    async def retain(self, names: Collection[str], *, before: int) -> None:
        """Drop all other contents."""
        known = await self._in_thread(self._do, _OLD, [before])
        for (name,) in known:
            if name not in names:
                await self._in_thread(self._do, "DELETE FROM contents WHERE name = ?", [name])

    async def _in_thread(self, work: Callable[..., T], *given: Any) -> T:
        try:
            return await to_thread.run_sync(work, *given)
        except sqlite3.Error as error:
            raise self._away(error) from error

    def _do(self, statement: str, given: Sequence[object]) -> list[tuple[Any, ...]]:
        """One statement in the file beside, in a thread."""
        with closing(self._connect(self._beside)) as beside:
            beside.execute("PRAGMA busy_timeout = 5000")
            return beside.execute(statement, given).fetchall()


def _last(db: sqlite3.Connection) -> int:
    (found,) = db.execute(_LAST).fetchone()
    return int(found or db.execute("SELECT ifnull(max(number), 0) FROM snapshot").fetchone()[0])


def _behind(db: sqlite3.Connection, after: int) -> list[bytes]:
    """What is behind a step."""
    rows = db.execute(_BEHIND, [after]).fetchall()
    if (rows and rows[0][0] != after + 1) or (not rows and _last(db) != after):
        raise Gone
    return [step for _, step in rows]


def _take(db: sqlite3.Connection, steps: Sequence[bytes], after: int) -> list[bytes]:
    db.execute("BEGIN IMMEDIATE")
    try:
        others = _behind(db, after)
        db.executemany(_APPEND, enumerate(steps, after + len(others) + 1))
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    return others


def _replace(db: sqlite3.Connection, snapshot: Snapshot) -> bool:
    db.execute("BEGIN IMMEDIATE")
    try:
        (known,) = db.execute("SELECT ifnull(max(number), 0) FROM snapshot").fetchone()
        if known < snapshot.number:  # else another process was faster
            db.execute(_TRIM)
            db.execute("DELETE FROM snapshot")
            rows = [(snapshot.number, place, piece) for place, piece in enumerate(snapshot.pieces)]
            db.executemany("INSERT INTO snapshot VALUES (?, ?, ?)", rows)
        db.execute("COMMIT")
        return bool(known < snapshot.number)
    except BaseException:
        db.execute("ROLLBACK")
        raise

"""The file that keeps what accounts spent, over runs, processes and kills. Knows no price.

What a request may cost is reserved before it is sent, and settled after: whatever becomes of the
process in between, it stays counted. One account is one key at one host; the file has neither.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from contracts.target import Capped, Lost

MICRO = 1_000_000  # amounts are whole micro-dollars
_PATIENCE = 10.0  # seconds for which another process may hold the file
_TABLE = """create table if not exists entry (
    id integer primary key, account text not null, at real not null, what text not null,
    reserved integer not null check (reserved >= 0), settled integer check (settled >= 0))"""


class Sums(NamedTuple):
    """What an account has in a ledger."""

    spent: int  # settled
    reserved: int  # asked for, and never settled

    def __str__(self) -> str:
        return f"{usd(self.spent)} spent, {usd(self.reserved)} reserved"


def usd(micro: int) -> str:
    """An amount as people read it: at the least in cents, and never less than it is."""
    digits = f"{micro / MICRO:.6f}".rstrip("0")
    whole, _, part = digits.partition(".")
    return f"${whole}.{part:0<2}"


class Ledger:
    """Entries of accounts in a file. May be used by many threads and processes at once."""

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self.path, self._now = path, now

    def reserve(self, account: str, micro: int, cap: int, what: str) -> int:
        """Set an amount aside, and return its entry.

        Raises:
            Capped: with it, the account would have more than its cap spent and reserved.
            Lost: the file can't be used.
        """
        with self._open() as file:
            sums = _sums(file, account)
            if sums.spent + sums.reserved + micro > cap:
                raise Capped(
                    f"the cap of {usd(cap)} is reached: {sums}, and this may cost {usd(micro)} "
                    f"(ledger {self.path})"
                )
            return self._added(file, account, what, micro, None)

    def settle(self, entry: int, micro: int) -> None:
        """Put what a request did cost in the place of what was reserved."""
        with self._open() as file:
            file.execute("update entry set settled = ? where id = ?", (micro, entry))

    def record(self, account: str, micro: int, what: str) -> None:
        """Keep what was spent though nothing was reserved."""
        with self._open() as file:
            self._added(file, account, what, 0, micro)

    def sums(self, account: str) -> Sums:
        """What an account spent, and what is reserved."""
        if not self.path.exists():
            return Sums(0, 0)
        with self._open() as file:
            return _sums(file, account)

    def _added(
        self, file: sqlite3.Connection, account: str, what: str, reserved: int, settled: int | None
    ) -> int:
        row = (account, self._now(), what, reserved, settled)
        columns = "account, at, what, reserved, settled"
        done = file.execute(f"insert into entry ({columns}) values (?, ?, ?, ?, ?)", row)  # noqa: S608
        return done.lastrowid or 0

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The file, for one transaction of ours alone."""
        trouble = ""
        try:
            self._make()
            file = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)
            try:
                file.execute("begin immediate")
                file.execute(_TABLE)
                yield file
                file.execute("commit")
            finally:
                file.close()  # without a commit, nothing of it was
        except (sqlite3.Error, OSError) as error:
            trouble = str(error)
        if trouble:
            raise Lost(
                f"The ledger {self.path} can't be used: {trouble}.\n"
                "Without it nothing is paid for. Fix: name another with --ledger FILE."
            )

    def _make(self) -> None:
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))


def _sums(file: sqlite3.Connection, account: str) -> Sums:
    query = "select settled, reserved from entry where account = ?"
    rows = file.execute(query, (account,)).fetchall()
    spent = sum(settled for settled, _ in rows if settled is not None)
    return Sums(spent, sum(reserved for settled, reserved in rows if settled is None))

"""A cap is an account's: threads and processes share it, and who is killed does not free it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from contracts.target import Capped, NotObserved
from contracts.target.ledger import Ledger, Sums
from tests.contracts.paying import (
    CENT,
    SMALL,
    ask_often,
    opened,
    paying,
    sums,
)
from tests.contracts.stand_in import (
    PICTURE,
    Reply,
    Sent,
    standing_in,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "money" / "ledger.sqlite"


def test_threads_share_a_cap(ledger: Path) -> None:
    with standing_in(paying()) as api, opened(api.url, ledger, 10 * CENT) as target:

        def ask() -> None:
            for _ in range(3):
                with suppress(NotObserved):
                    target.ask(SMALL, pays=True)

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(api.paid) == 6
        assert sums(api.url, ledger) == Sums(96_000, 0)


#: A run in a process of its own: as many pictures as it gets.
RUN = """
import sys
from contextlib import suppress
from pathlib import Path
from contracts.target import Capped
from contracts.target.opening import Opening, Terms
from tests.contracts.paying import KEY, SMALL
url, ledger, cap = sys.argv[1:]
opening = Opening({"IMAGES_CONTRACT_API_KEY": KEY}, lambda: 0.0)
with suppress(Capped), opening.target(url, Terms(cap=int(cap), ledger=Path(ledger))) as target:
    for _ in range(1000):
        target.ask(SMALL, pays=True)
"""


def started(url: str, ledger: Path, cap: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", RUN, url, str(ledger), str(cap)]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2])


@pytest.mark.slow
def test_processes_share_a_cap(ledger: Path) -> None:
    with standing_in(paying()) as api:
        runs = [started(api.url, ledger, 30 * CENT) for _ in range(4)]
        assert [one.wait(60) for one in runs] == [0, 0, 0, 0]
        assert len(api.paid) == 18
        assert sums(api.url, ledger) == Sums(288_000, 0)


@pytest.mark.slow
def test_a_reservation_of_a_process_that_was_killed_stays_counted(ledger: Path) -> None:
    killed: list[int] = []
    runs: list[subprocess.Popen[bytes]] = []

    def picture(_: Sent) -> Reply:
        if len(api.paid) % 3 == 2 and len(killed) < len(runs) - 1:
            victim = runs[len(killed)]
            killed.append(victim.pid)
            os.kill(victim.pid, signal.SIGKILL)
        return PICTURE

    with standing_in(paying(picture)) as api:
        runs += [started(api.url, ledger, 30 * CENT) for _ in range(3)]
        codes = sorted(one.wait(60) for one in runs)
        assert codes[-1] == 0
        assert -signal.SIGKILL in codes
        kept = sums(api.url, ledger)
        assert kept.spent + kept.reserved <= 30 * CENT
        assert len(api.paid) * 16_000 <= kept.spent + kept.reserved  # each was counted
        with opened(api.url, ledger, 30 * CENT) as target, pytest.raises(Capped):
            ask_often(target, 1000)
        assert len(api.paid) * 16_000 <= 30 * CENT


def test_a_transaction_that_is_broken_off_leaves_nothing_behind(ledger: Path) -> None:
    book = Ledger(ledger, lambda: 0.0)
    book.reserve("a", 1, 10, "x")
    file = sqlite3.connect(ledger, isolation_level=None)
    file.execute("begin immediate")
    file.execute("update entry set reserved = 10")
    file.close()
    assert book.sums("a") == Sums(0, 1)
    book.reserve("a", 9, 10, "x")
    with pytest.raises(Capped):
        book.reserve("a", 1, 10, "x")

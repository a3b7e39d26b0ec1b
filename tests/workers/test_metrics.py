"""Metrics of several workers: whoever is asked tells the same, and nothing that was counted goes."""

from __future__ import annotations

import os
import re
import signal
import sys

import pytest

from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.core.journal import Record
from mockserver.request import board
from mockserver.request.board import Board
from mockserver.request.metrics import snapshot, told_by_all, write
from mockserver.request.worker import Worker
from mockserver.request.world import World
from tests.conftest import GENERATIONS
from tests.in_process import LOOP
from tests.life import Serving, generation, request
from tests.workers import SLOW, soon, together, workers_of

ASKED = re.compile(rb"^images_mock_requests_total\{.*\} (\d+)$", re.M)
TOLD = "images_mock_requests_total"


def world(shared: Board, name: str) -> World:
    """That of a worker."""
    worker = Worker(name, 2, "a secret of all", 7, shared)
    return World(configured(log_format="none"), ManualClock(), worker=worker)


def serve(world: World, times: int = 1) -> None:
    for _ in range(times):
        record = Record("r", 0, "POST", GENERATIONS, "images.generate", status=200)
        world.counts.answered(record, None, 10)


def total(world: World) -> int:
    told = LOOP.run_until_complete(told_by_all(world))
    return sum(number for _, number in told[TOLD])


def publish(world: World) -> None:
    write(world, LOOP.run_until_complete(snapshot(world)))


def test_whichever_worker_is_asked_tells_what_all_have_counted() -> None:
    shared = Board(2)
    one, two = world(shared, "1"), world(shared, "2")
    serve(one, 3)
    assert total(one) == 3
    assert total(two) == 3
    serve(two, 4)
    assert (total(two), total(one), total(two)) == (7, 7, 7)


def test_a_number_is_never_less_than_another_worker_told() -> None:
    shared = Board(2)
    pair = world(shared, "1"), world(shared, "2")
    seen = []
    for number in range(20):
        serve(pair[number % 3 % 2], 1 + number % 2)
        seen.append(total(pair[number % 2]))
    assert seen == sorted(seen)


def test_who_replaces_a_worker_goes_on_with_what_it_had_counted() -> None:
    shared = Board(2)
    one, two = world(shared, "1"), world(shared, "2")
    serve(one, 3)
    serve(two, 2)
    two.counts.in_flight = 9
    publish(one)
    publish(two)
    for name in ("2.1", "2.2"):
        again = world(shared, name)
        assert total(again) == total(one)
        serve(again, 5)
        publish(again)
    assert total(one) == 3 + 2 + 5 + 5
    told = LOOP.run_until_complete(told_by_all(one))
    assert told["images_mock_requests_in_flight"] == [([], 0)]
    assert told["process_start_time_seconds"] == [([], 7e-9)]


def test_one_that_is_killed_while_it_writes_leaves_what_it_wrote_before() -> None:
    shared = Board(2)
    assert shared.read(1) == b""
    for told in (b"first", b"second, and longer", b"third"):
        shared.write(1, told)
        assert shared.read(1) == told
    assert shared.read(0) == b""
    half = shared._start(1, 4)  # where the next one comes
    shared._memory[half + 16 : half + 20] = b"four"  # and nothing else of it
    assert shared.read(1) == b"third"
    shared.write(1, b"fourth")
    assert shared.read(1) == b"fourth"


def test_what_there_is_no_room_for_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "ROOM", 100)
    shared = Board(1)
    shared.write(0, b"x" * 84)
    shared.write(0, b"y" * 85)
    assert shared.read(0) == b"x" * 84


# -- with processes ----------------------------------------------------------------------------


def counted(server: Serving) -> int:
    status, told = server.ask(request("GET", "/_mock/metrics"))
    assert status == 200
    return sum(map(int, ASKED.findall(told)))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux spreads connections")
def test_a_killed_worker_is_replaced_and_its_counters_do_not_go_back() -> None:
    with together(before=SLOW) as server:
        for _ in range(40):
            server.ask(generation())
        soon(lambda: counted(server) == 40)
        os.kill(workers_of(server)[0], signal.SIGKILL)
        soon(lambda: len(workers_of(server)) == 2)
        seen = []
        for _ in range(40):
            seen.append(counted(server))
            server.ask(generation())
        assert seen == sorted(seen)
        assert seen[0] == 40
        soon(lambda: counted(server) == 80)

"""How long the command takes to start, beside a bare Python that does nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

from bench.load import body
from bench.rows import Row, Spent, interleaved, least, run
from bench.servers import MOCK, running

ROUNDS = 15


def rows() -> Iterator[Row]:
    """By the wall clock and by CPU time, the least of many starts."""
    works: dict[str, tuple[str, Callable[[], Spent]]] = {
        "start until the first answer": ("<= 11", _until_first_answer),
        "--help": ("<= 4", partial(_python, "-m", "mockserver", "--help")),
        "--version": ("<= 4", partial(_python, "-m", "mockserver", "--version")),
    }
    measures = [lambda: _python("-c", "pass"), *(work for _, work in works.values())]
    floor, *found = map(least, interleaved(ROUNDS, measures))
    for (name, (aim, _)), spent in zip(works.items(), found, strict=True):
        yield Row(
            name,
            "bare Python (`python -c pass`)",
            aim,
            spent.wall / floor.wall,
            f"{1000 * spent.wall:.0f} ms",
            f"{1000 * floor.wall:.0f} ms",
            f"by CPU time {spent.cpu / floor.cpu:.2f}",
        )


def _python(*arguments: str) -> Spent:
    return run([sys.executable, *arguments])


def _until_first_answer() -> Spent:
    """From no process to a `url` answer; that the process ends again is not counted."""
    begun = time.perf_counter()
    with running(*MOCK) as server:
        server.ask(body({"prompt": "a fox"}))
        return Spent(time.perf_counter() - begun, server.cpu_seconds())

"""How long the command takes to start, beside a bare Python that does nothing."""

from __future__ import annotations

import compileall
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import mockserver
from bench.load import body
from bench.rows import header, interleaved, row, seconds
from bench.servers import MOCK, running

ROUNDS = 15


def main() -> None:
    """Print the rows."""
    # As an installed package is; without bytecode half of a start is compiling.
    compileall.compile_dir(str(Path(mockserver.__file__).parent), quiet=1)
    header()
    measures: list[Callable[[], float]] = [
        partial(_python, "-c", "pass"),
        _until_first_answer,
        partial(_python, "-m", "mockserver", "--help"),
        partial(_python, "-m", "mockserver", "--version"),
    ]
    floor, answer, usage, version = map(min, interleaved(ROUNDS, measures))
    _row("start until the first answer", answer, floor, "<= 11")
    _row("--help", usage, floor, "<= 4")
    _row("--version", version, floor, "<= 4")


def _python(*arguments: str) -> float:
    command = [sys.executable, *arguments]
    return seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))


def _until_first_answer() -> float:
    """From no process to a `url` answer; that the process ends again is not counted."""
    begun = time.perf_counter()
    with running(*MOCK) as server:
        server.ask(body({"prompt": "a fox"}))
        return time.perf_counter() - begun


def _row(name: str, measured: float, floor: float, aim: str) -> None:
    row(name, f"{1000 * measured:.0f} ms", f"{1000 * floor:.0f} ms", aim, measured / floor)


if __name__ == "__main__":
    main()

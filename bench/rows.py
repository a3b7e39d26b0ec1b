"""Measuring in rounds, and a row of the report. Knows nothing of what is measured."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from resource import RUSAGE_CHILDREN, getrusage
from typing import TypeVar

Figure = TypeVar("Figure")
_LINE = "{:58} {:>10} {:>10} {:>9} {:>10}  {}"


@dataclass(frozen=True, slots=True)
class Row:
    """What is held against what, and what came of it. Without a result, `note` says why not."""

    name: str
    beside: str
    aim: str = ""  # as ">= 2.0" or "<= 8 ms"; empty for a row that only informs
    result: float | None = None  # in the unit of the aim
    measured: str = ""
    floor: str = ""
    note: str = ""
    warning: str = ""  # what makes the result doubtful

    @property
    def key(self) -> tuple[str, str]:
        """What tells a row from the others."""
        return self.name, self.beside

    @property
    def shown(self) -> str:
        """The result with its unit."""
        if self.result is None:
            return "skipped"
        return " ".join((f"{self.result:.2f}", *self.aim.split()[2:]))

    def __str__(self) -> str:
        notes = ", ".join(filter(None, (self.note, self.warning)))
        line = _LINE.format(self.name, self.measured, self.floor, self.aim, self.shown, notes)
        return line.rstrip()


HEADER = _LINE.format("what", "measured", "beside", "aim", "result", "note")


def is_reached(aim: str, result: float) -> bool:
    """Whether a result is as good as the aim."""
    comparison, limit, *_ = aim.split()
    return result >= float(limit) if comparison == ">=" else result <= float(limit)


def interleaved(rounds: int, measures: Sequence[Callable[[], Figure]]) -> list[list[Figure]]:
    """Each measure's figures, taken in turns, so that a noisy moment hits all of them alike."""
    figures: list[list[Figure]] = [[] for _ in measures]
    for _ in range(rounds):
        for taken, measure in zip(figures, measures, strict=True):
            taken.append(measure())
    return figures


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes by the wall clock."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def cpu_seconds(work: Callable[[], object]) -> float:
    """How much CPU time of this process `work` takes."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


@dataclass(frozen=True, slots=True)
class Spent:
    """What a process took from its start to its end, in seconds."""

    wall: float
    cpu: float
    output: str = ""


def least(runs: Sequence[Spent]) -> Spent:
    """The least of each."""
    return Spent(min(spent.wall for spent in runs), min(spent.cpu for spent in runs))


def run(
    command: Sequence[str], cwd: str | None = None, env: Mapping[str, str] | None = None
) -> Spent:
    """Run a command that has to succeed."""
    before, begun = getrusage(RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=cwd, env=env, check=True, stdout=subprocess.PIPE, text=True)
    after, wall = getrusage(RUSAGE_CHILDREN), time.perf_counter() - begun
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Spent(wall, cpu, done.stdout)

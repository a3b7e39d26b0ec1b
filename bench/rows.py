"""Measuring in rounds, and a row of the report. Knows nothing of what is measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

Figure = TypeVar("Figure")


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


def header() -> None:
    """The line above the rows."""
    _line("what", "measured", "floor", "aim", "ratio")


def row(name: str, measured: str, floor: str, aim: str, result: float | str) -> None:
    """One line of the report, its result last."""
    _line(name, measured, floor, aim, result if isinstance(result, str) else f"{result:.2f}")


def skipped(name: str, reason: str) -> None:
    """A line that says why there is no figure."""
    print(f"{name:42} skipped: {reason}", flush=True)


def _line(name: str, measured: str, floor: str, aim: str, result: str) -> None:
    print(f"{name:42} {measured:>12} {floor:>12} {aim:>9} {result:>9}", flush=True)

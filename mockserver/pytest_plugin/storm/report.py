"""What a storm found, for a terminal and as JSON. Runs nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

from mockserver.pytest_plugin.storm.endings import BAD, Ended


class Row(NamedTuple):
    """One run: under which kind of failure, and how it ended."""

    kind: str
    ended: str
    said: str
    site: str
    requests: int
    seconds: float


class Stormed(NamedTuple):
    """One test."""

    test: str
    rows: tuple[Row, ...] = ()
    why_not: str = ""  # why it was left out

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """One of another process."""
        return cls(told["test"], tuple(Row(**row) for row in told["runs"]), told["why_not"])

    def as_json(self) -> dict[str, Any]:
        """As a table."""
        runs = [row._asdict() for row in self.rows]
        return {"test": self.test, "runs": runs, "why_not": self.why_not}


class Storms:
    """What all tests came to; a worker's are taken over."""

    def __init__(self) -> None:
        self.tests: list[Stormed] = []
        self.left_out = 0  # runs beyond the bound

    def take(self, told: Mapping[str, Any]) -> None:
        """Those of a worker."""
        self.tests += map(Stormed.of, told["tests"])
        self.left_out += told["left_out"]

    def as_json(self) -> dict[str, Any]:
        """All, by the tests' names, with how often what was."""
        tests = [t.as_json() for t in sorted(self.tests)]
        return {"tests": tests, "left_out": self.left_out, "ended": self.counts}

    def write(self, file: Path) -> None:
        """As a file."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{json.dumps(self.as_json(), indent=2)}\n", "utf-8", "backslashreplace")

    @property
    def counts(self) -> dict[str, int]:
        """How many runs ended in which way, the worst first."""
        found = Counter(row.ended for test in self.tests for row in test.rows)
        return {str(ended): found[ended] for ended in Ended if found[ended]}

    @property
    def bad(self) -> int:
        """How many runs show a fault of the program."""
        return sum(self.counts.get(ended, 0) for ended in BAD)

    def lines(self, *, verbose: bool) -> Iterator[str]:
        """The report: a table for each test, and what it comes to."""
        for test in sorted(self.tests):
            yield from _table(test, verbose=verbose)
        runs = sum(self.counts.values())
        told = ", ".join(f"{number} {ended}" for ended, number in self.counts.items())
        tests = len([test for test in self.tests if test.rows])
        of = f"{_number(runs, 'run')} of {_number(tests, 'test')}"
        yield f"{of}: {told}" if runs else "no test that passed could meet a further failure"
        if self.left_out:
            most = "--images-mock-storm-most"
            yield f"{_number(self.left_out, 'run')} left out beyond the bound ({most})"


def _table(test: Stormed, *, verbose: bool) -> Iterator[str]:
    shown = [row for row in test.rows if verbose or row.ended in BAD]
    if not (shown or test.why_not):
        return
    yield test.test
    if test.why_not:
        yield f"  left out: {test.why_not}"
    how = max((len(row.ended) for row in shown), default=0)
    where = max((len(row.site) for row in shown), default=0)
    for row in shown:
        yield f"  {row.kind:<17} {row.ended:<{how}}  {row.site:<{where}}  {row.said}".rstrip()
    yield from _others(row for row in test.rows if row not in shown)


def _others(rows: Iterable[Row]) -> Iterator[str]:
    """A line for each way to end that is none of a fault."""
    kinds: dict[str, list[str]] = {}
    for row in rows:
        kinds.setdefault(row.ended, []).append(row.kind)
    for ended in Ended:
        if ended in kinds:
            yield f"  {ended}: {', '.join(kinds[ended])}"


def _number(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"

"""A run in numbers and causes, ready to be shown. Knows the book, and nothing of who filled it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from importlib.metadata import version
from typing import NamedTuple

from contracts.book import Book, Row, Tally
from contracts.report.causes import Cause, causes_in
from contracts.report.curl import Curl, Keep, curl
from contracts.target import Target
from contracts.trials import Outcome, Tier
from mockserver.facts import looked_up

#: Sentences, as why something was not observed, and how often; the most often comes first.
Counts = tuple[tuple[str, int], ...]


class Run(NamedTuple):
    """What a report says of a run beside what was observed."""

    target: str  # as it is named
    base_url: str
    day: date | None  # whose API it was held to; None is the default day
    facts: date  # on which they were last held against their sources
    version: str  # of this package
    seconds: float  # from beginning to end
    code: int  # that it exits with


def run_of(target: Target, seconds: float, code: int) -> Run:
    """A run of this package at a target, that took so long and exits with `code`."""
    package = version("openai-images-mock")
    return Run(target.name, target.base_url, target.day, looked_up(), package, seconds, code)


@dataclass(frozen=True, slots=True)
class Part:
    """An operation's promises, or all of them."""

    operation: str
    rows: tuple[Row, ...]
    tally: Tally

    def count(self, outcome: Outcome) -> int:
        """How many of them came out so."""
        return sum(row.outcome == outcome for row in self.rows)

    @property
    def core(self) -> int:
        """How many are broken in what each client needs."""
        return sum(row.broken == Tier.CORE for row in self.rows)


@dataclass(frozen=True, slots=True)
class Summary:
    """All that a report shows."""

    run: Run
    began: datetime | None  # of the first answer
    parts: tuple[Part, ...]  # an operation each: pictures, models, the rest
    causes: tuple[Cause, ...]  # the likely root first
    unseen: Counts  # why how many promises were not observed
    partly: Counts  # why how many checks of the others were not made
    held: Counts  # sentences that were never broken, and how often they held
    ended: str  # why the run stopped before its end
    last: Curl | None  # the request before that

    @property
    def total(self) -> Part:
        """All operations together."""
        return _part("all", (row for part in self.parts for row in part.rows))

    @property
    def result(self) -> str:
        """What came of it, in a sentence."""
        total = self.total
        held, broken, unseen = map(total.count, Outcome)
        match self.run.code:
            case 0:
                aside = f"; {unseen} could not be observed here" if unseen else ""
                return f"all {held} promises that could be observed hold{aside}"
            case 5:
                of_those = f", {total.core} of them in what each client needs"
                return (
                    f"{broken} of {held + broken} promises that were observed are broken{of_those}"
                )
            case _:
                return f"something could not be learned: {unseen} of {len(total.rows)} promises"


def summarised(book: Book, run: Run, keep: Keep = lambda _name, _data: None) -> Summary:
    """What is to be shown of a run.

    Args:
        book: of the run.
        run: what else is told of it.
        keep: for what is too long for a line of the report.
    """
    of: dict[str, list[Row]] = {}
    for row in sorted(book.rows.values(), key=lambda row: _rank(row.promise.operation)):
        of.setdefault(row.promise.operation, []).append(row)
    return Summary(
        run,
        datetime.fromtimestamp(book.began, UTC) if book.began else None,
        tuple(_part(name, rows) for name, rows in of.items()),
        tuple(_with_curl(*one, run, keep) for one in enumerate(causes_in(book), 1)),
        tuple(Counter(row.reason for row in book.unobserved()).most_common()),
        tuple(_partly(book).most_common()),
        tuple(_held(book).most_common()),
        book.ended,
        curl(run.base_url, book.last, partial(_keep, keep, "last")) if book.last else None,
    )


_ORDER = ("images.generate", "images.edit", "images.vary", "models")


def _rank(operation: str) -> int:
    """Its place in a report: pictures, then models, then what is neither."""
    ranks = (rank for rank, name in enumerate(_ORDER) if operation.startswith(name))
    return next(ranks, len(_ORDER))


def _with_curl(number: int, cause: Cause, run: Run, keep: Keep) -> Cause:
    if cause.exchange is None:
        return cause
    kept = partial(_keep, keep, str(number))
    return cause._replace(curl=curl(run.base_url, cause.exchange.request, kept))


def _keep(keep: Keep, before: str, name: str, data: bytes) -> str | None:
    return keep(f"{before}-{name}", data)


def _partly(book: Book) -> Counter[str]:
    seen = (row for row in book.rows.values() if row.outcome != Outcome.UNSEEN)
    return sum((row.reasons for row in seen), Counter[str]())


def _held(book: Book) -> Counter[str]:
    found: Counter[str] = Counter()
    for (_, says), times in book.judged.items():
        if times and says not in book.failures:
            found[says] += times
    return found


def _part(operation: str, rows: Iterable[Row]) -> Part:
    rows, tally = tuple(rows), Tally()
    for row in rows:
        tally.add(row.tally)
    return Part(operation, rows, tally)

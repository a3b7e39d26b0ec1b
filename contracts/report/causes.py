"""Finds what is behind many failures: one entry where there is one root. Judges nothing.

A failure is a sentence that was broken. What an operation fails in that is not there at all is one
entry; sentences that were broken in the very same exchanges are one entry, and the first that was
judged names it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

from contracts.book import Book, Failure, Meeting
from contracts.exchange import Exchange
from contracts.report.curl import Curl
from contracts.trials import Outcome, Promise, Tier

#: How a server answers for a path that it does not have.
NOT_THERE = frozenset((404, 405, 501))


class Cause(NamedTuple):
    """One thing that is wrong, wherever it was met."""

    says: str  # the promise that is broken
    told: str  # what was seen in its place, most often
    ways: int  # how many different things were seen
    also: tuple[str, ...]  # promises that were broken with it, each time
    tier: Tier
    meetings: tuple[Meeting, ...]
    exchange: Exchange | None  # the one with the shortest request
    curl: Curl | None = None  # that sends it again

    @property
    def promises(self) -> tuple[Promise, ...]:
        """The rows in which it was met, those with most of it first."""
        return tuple(p for p, _ in Counter(m.promise for m in self.meetings).most_common())

    @property
    def operations(self) -> tuple[str, ...]:
        """Where it was met."""
        return tuple(dict.fromkeys(promise.operation for promise in self.promises))


def causes_in(book: Book) -> Iterator[Cause]:
    """All causes; whole operations that are not there first, then by strictness and number."""
    absent = dict(_absent(book))
    yield from absent.values()
    found = [_cause(failures, meetings) for failures, meetings in _together(book, absent)]
    yield from sorted(found, key=lambda cause: (cause.tier, -len(cause.meetings)))


def _absent(book: Book) -> Iterator[tuple[str, Cause]]:
    """Operations that the target has not: each answer was that there is no such path."""
    for operation in dict.fromkeys(row.promise.operation for row in book.rows.values()):
        rows = [row for row in book.rows.values() if row.promise.operation == operation]
        met = sum((row.statuses for row in rows), Counter[int]())
        broken = any(row.outcome == Outcome.BROKEN for row in rows)
        if broken and met.keys() <= NOT_THERE:
            yield operation, _absence(operation, met, book)


def _absence(operation: str, met: Counter[int], book: Book) -> Cause:
    failures = [
        (meeting, failure)
        for failure in book.failures.values()
        for meeting in failure.meetings
        if meeting.promise.operation == operation
    ]
    kept = [f for m, f in failures if m.promise.status == 200] or [f for _, f in failures]
    examples = [v.exchange for f in kept for v in f.examples.values() if v.exchange]
    status = " or ".join(map(str, sorted(met)))
    return Cause(
        says=f"The server has {operation}",
        told=f"each of {met.total()} calls got {status}",
        ways=1,
        also=(),
        tier=Tier.CORE,
        meetings=tuple(meeting for meeting, _ in failures),
        exchange=min(examples, key=_length, default=None),
    )


def _together(
    book: Book, absent: Collection[str]
) -> Iterator[tuple[list[Failure], tuple[Meeting, ...]]]:
    """Failures that were met in the same exchanges, and where; without absent operations."""
    groups: dict[frozenset[Meeting], list[Failure]] = {}
    for failure in book.failures.values():
        here = [m for m in failure.meetings if m.promise.operation not in absent]
        if here:
            groups.setdefault(frozenset(here), []).append(failure)
    for met, failures in groups.items():
        yield failures, tuple(sorted(met, key=lambda meeting: (meeting.began, meeting.trial)))


def _cause(failures: list[Failure], meetings: tuple[Meeting, ...]) -> Cause:
    root, *others = failures
    told, _ = root.told.most_common(1)[0]
    return Cause(
        root.says,
        told,
        len(root.told),
        tuple(other.says for other in others),
        min(failure.tier for failure in failures),
        meetings,
        root.examples[told].exchange,
    )


def _length(exchange: Exchange) -> int:
    return len(exchange.request.body)

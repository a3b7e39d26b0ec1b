"""Finds what is behind many failures: one entry where there is one root. Judges nothing.

A failure is a sentence that was broken. What an operation fails in that is not there at all is one
entry; sentences that were broken in the very same exchanges are one entry, and the first that was
judged names it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from contracts.book import Book, Failure, Meeting, Sight
from contracts.exchange import Exchange
from contracts.report.curl import Curl
from contracts.report.words import counted
from contracts.trials import NOT_THERE, Outcome, Promise, Tier


class Cause(NamedTuple):
    """One thing that is wrong, wherever it was met."""

    says: str  # the promise that is broken
    told: str  # what was seen in its place, most often
    others: int  # how many other things were seen, of those that were kept
    also: tuple[str, ...]  # promises that were broken with it, each time
    tier: Tier
    meetings: tuple[Meeting, ...]
    judged: int  # how often it was, broken or not; 0 where that says nothing
    exchange: Exchange | None  # the one with the shortest request of those
    curl: Curl | None = None  # that sends it again

    @property
    def often(self) -> str:
        """As "broken 3 of 40 times"."""
        times = len(self.meetings)
        return f"broken {times} of {counted(self.judged, 'time')}" if self.judged else "broken"

    @property
    def promises(self) -> tuple[Promise, ...]:
        """The rows in which it was met, those with most of it first."""
        return tuple(p for p, _ in Counter(m.promise for m in self.meetings).most_common())

    @property
    def operations(self) -> tuple[str, ...]:
        """Where it was met."""
        return tuple(dict.fromkeys(promise.operation for promise in self.promises))


def causes_in(book: Book) -> Iterator[Cause]:
    """All causes; that operations are not there first, then by strictness and number."""
    absent = dict(_absent(book))
    if absent:
        yield _absence(absent, book)
    judged: Counter[str] = Counter()
    for (operation, says), times in book.judged.items():
        judged[says] += times if operation not in absent else 0
    found = [_cause(*together, judged) for together in _together(book, absent)]
    yield from sorted(found, key=_order)


def _order(cause: Cause) -> tuple[int, bool, int]:
    """What clients need first; of that what never holds; of that what was met most."""
    return cause.tier, len(cause.meetings) < cause.judged, -len(cause.meetings)


def _absent(book: Book) -> Iterator[tuple[str, Counter[int]]]:
    """Operations that the target has not, and its answers: all were that there is no such path.

    What nobody accepts, as a model's removal, can't be told from what is not there.
    """
    for operation in dict.fromkeys(promise.operation for promise in book.rows):
        rows = [row for row in book.rows.values() if row.promise.operation == operation]
        met = sum((row.statuses for row in rows), Counter[int]())
        wanted = any(row.outcome == Outcome.BROKEN and row.promise.status == 200 for row in rows)
        if wanted and met and met.keys() <= NOT_THERE:
            yield operation, met


def _absence(absent: Mapping[str, Counter[int]], book: Book) -> Cause:
    met = [(failure, m) for failure in book.failures.values() for m in failure.meetings]
    here = [(failure, m) for failure, m in met if m.promise.operation in absent]
    first = next(iter(absent))
    sights = [
        sight
        for failure in book.failures.values()
        for promise, told in failure.sights.items()
        for sight in told.values()
        if promise.operation == first
    ]
    answers = sorted({status for met in absent.values() for status in met})
    return Cause(
        says="Each operation is there",
        told=f"missing: {', '.join(absent)}; each call got {' or '.join(map(str, answers))}",
        others=0,
        also=(),
        tier=Tier.CORE,
        meetings=tuple(meeting for _, meeting in here),
        judged=0,
        exchange=_plainest(sights),
    )


def _together(
    book: Book, absent: Collection[str]
) -> Iterator[tuple[list[Failure], tuple[Meeting, ...]]]:
    """Failures of a tier that were met in the same exchanges, and where; no absent operations'."""
    groups: dict[tuple[Tier, frozenset[Meeting]], list[Failure]] = {}
    for failure in book.failures.values():
        here = [m for m in failure.meetings if m.promise.operation not in absent]
        if here:
            groups.setdefault((failure.tier, frozenset(here)), []).append(failure)
    for (_, met), failures in groups.items():
        yield failures, tuple(sorted(met, key=lambda meeting: (meeting.began, meeting.trial)))


def _cause(failures: list[Failure], meetings: tuple[Meeting, ...], judged: Counter[str]) -> Cause:
    root, *others = failures
    here = {meeting.promise for meeting in meetings}
    kept = [s for promise, told in root.sights.items() if promise in here for s in told.values()]
    times: Counter[str] = Counter()
    for sight in kept:
        times[sight.verdict.told] += sight.times
    told, _ = times.most_common(1)[0]
    return Cause(
        root.says,
        told,
        len(times) - 1,
        tuple(other.says for other in others),
        root.tier,
        meetings,
        judged[root.says],
        _plainest(sight for sight in kept if sight.verdict.told == told),
    )


def _plainest(sights: Iterable[Sight]) -> Exchange | None:
    """The shortest request; one that is good, if there is one."""
    found = [sight for sight in sights if sight.verdict.exchange]
    best = min(found, key=lambda sight: (sight.promise.status != 200, sight.length), default=None)
    return best.verdict.exchange if best else None

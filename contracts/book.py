"""Keeps what was observed in a run: verdicts by promise and by cause. Judges nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from contracts.trials import Outcome, Promise, Tier, Trial, Verdict


@dataclass(slots=True)
class Row:
    """A promise, and what is known of it."""

    promise: Promise
    trials: int = 0  # made
    counts: Counter[Outcome] = field(default_factory=Counter)  # verdicts
    reasons: Counter[str] = field(default_factory=Counter)  # why nothing was observed
    pictures: int = 0  # that were seen whole

    @property
    def outcome(self) -> Outcome:
        """Broken if anything was; observed if anything was, of pictures at least one picture."""
        if self.counts[Outcome.BROKEN]:
            return Outcome.BROKEN
        operation, status, _ = self.promise
        shows_pictures = status == 200 and operation.startswith("images.")
        seen = self.pictures if shows_pictures else self.counts[Outcome.HELD]
        return Outcome.HELD if seen else Outcome.UNSEEN


@dataclass(slots=True)
class Failure:
    """One cause, wherever it was met."""

    says: str
    verdict: Verdict  # the one with the shortest request
    trials: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Book:
    """All verdicts of a run, up to a tier."""

    tier: Tier = Tier.STRICT
    rows: dict[Promise, Row] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    ended: str = ""  # why the run stopped before its end

    def plan(self, trials: Iterable[Trial]) -> None:
        """Have a row for each promise that will be tried."""
        for trial in trials:
            self.rows.setdefault(trial.promise, Row(trial.promise))

    def note(self, trial: Trial, verdicts: Iterable[Verdict]) -> None:
        """Keep what a trial showed."""
        row = self.rows.setdefault(trial.promise, Row(trial.promise))
        row.trials += 1
        for verdict in verdicts:
            if verdict.tier <= self.tier:
                self._count(row, trial, verdict)

    def unseen(self, trial: Trial, reason: str) -> None:
        """Keep that a trial showed nothing."""
        self.note(trial, [Verdict("", Outcome.UNSEEN, reason)])

    def _count(self, row: Row, trial: Trial, verdict: Verdict) -> None:
        row.counts[verdict.outcome] += 1
        row.pictures += verdict.pictures
        if verdict.outcome == Outcome.UNSEEN:
            row.reasons[verdict.told] += 1
        if verdict.outcome == Outcome.BROKEN:
            failure = self.failures.setdefault(verdict.says, Failure(verdict.says, verdict))
            failure.verdict = min(failure.verdict, verdict, key=_length)
            failure.trials.append(trial.id)

    def unobserved(self) -> Iterator[Row]:
        """The rows of which nothing was observed."""
        return (row for row in self.rows.values() if row.outcome == Outcome.UNSEEN)


def _length(verdict: Verdict) -> int:
    return len(verdict.exchange.request.body) if verdict.exchange else 0

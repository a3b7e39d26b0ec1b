"""Keeps what was observed in a run: verdicts by promise and by cause. Judges nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from contracts.exchange import Answer, Exchange, Request
from contracts.trials import Outcome, Promise, Tier, Trial, Verdict

#: So many different sights of one failure are kept of a promise, each with a request.
EXAMPLES = 10


@dataclass(slots=True)
class Tally:
    """What was asked for, and what came of it."""

    calls: int = 0  # answers that came
    seconds: float = 0.0  # until they had come
    pictures: int = 0  # in them
    usd: Decimal = Decimal(0)

    def add(self, other: Tally) -> None:
        """Count another one's, too."""
        self.calls += other.calls
        self.seconds += other.seconds
        self.pictures += other.pictures
        self.usd += other.usd


@dataclass(slots=True)
class Row:
    """A promise, and what is known of it."""

    promise: Promise
    trials: set[str] = field(default_factory=set)  # that were made, by id
    counts: Counter[Outcome] = field(default_factory=Counter)  # verdicts
    reasons: Counter[str] = field(default_factory=Counter)  # why nothing was observed
    broken: Tier | None = None  # the least strict tier in which anything was
    statuses: Counter[int] = field(default_factory=Counter)  # downloads and OPTIONS apart
    tally: Tally = field(default_factory=Tally)
    whole: int = 0  # pictures that were seen to be

    @property
    def outcome(self) -> Outcome:
        """Broken if anything was; observed if anything was, of pictures at least one picture."""
        if self.counts[Outcome.BROKEN]:
            return Outcome.BROKEN
        operation, status, _ = self.promise
        shows_pictures = status == 200 and operation.startswith("images.")
        seen = self.whole if shows_pictures else self.counts[Outcome.HELD]
        return Outcome.HELD if seen else Outcome.UNSEEN

    @property
    def reason(self) -> str:
        """Why nothing was observed, most often; "" where something was."""
        if self.outcome != Outcome.UNSEEN:
            return ""
        unsaid = "no whole picture came" if self.trials else "not tried"
        return next((reason for reason, _ in self.reasons.most_common(1)), unsaid)


class Meeting(NamedTuple):
    """Where a failure was met."""

    promise: Promise
    trial: str
    began: float  # Unix seconds; 0 where there was no exchange


@dataclass(slots=True)
class Sight:
    """What was seen in the place of a promise, somewhere."""

    promise: Promise
    verdict: Verdict  # the one with the shortest request
    times: int = 0

    @property
    def length(self) -> int:
        """Of that request's body, in bytes."""
        return _length(self.verdict)

    def note(self, verdict: Verdict) -> None:
        """Keep that it was seen once more."""
        self.times += 1
        self.verdict = min(self.verdict, verdict, key=_length)


@dataclass(slots=True)
class Failure:
    """One sentence that was broken, wherever it was."""

    says: str
    tier: Tier
    meetings: list[Meeting] = field(default_factory=list)
    #: By where and what; of each promise no more than EXAMPLES.
    sights: dict[Promise, dict[str, Sight]] = field(default_factory=dict)

    def note(self, trial: Trial, verdict: Verdict) -> None:
        """Keep that it was broken once more."""
        began = verdict.exchange.began if verdict.exchange else 0.0
        self.meetings.append(Meeting(trial.promise, trial.id, began))
        here = self.sights.setdefault(trial.promise, {})
        if verdict.told in here or len(here) < EXAMPLES:
            here.setdefault(verdict.told, Sight(trial.promise, verdict)).note(verdict)


@dataclass(slots=True)
class Book:
    """All verdicts of a run, up to a tier."""

    tier: Tier = Tier.STRICT
    rows: dict[Promise, Row] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    #: How often each operation was held to each sentence.
    judged: Counter[tuple[str, str]] = field(default_factory=Counter)
    began: float = 0.0  # Unix seconds, of the first exchange
    ended: str = ""  # why the run stopped before its end
    last: Request | None = None  # that was sent before it did

    def plan(self, trials: Iterable[Trial]) -> None:
        """Have a row for each promise that will be tried."""
        for trial in trials:
            self._row(trial)

    def heard(self, trial: Trial, exchange: Exchange) -> None:
        """Count an answer that came while a trial was made."""
        row, answer = self._row(trial), exchange.answer
        if exchange.request.path.startswith("/") and exchange.request.method != "OPTIONS":
            row.statuses[answer.status] += 1
        seconds = exchange.ended - exchange.began
        row.tally.add(Tally(1, seconds, pictures_in(answer)))
        self.began = self.began or exchange.began

    def paid(self, trial: Trial, usd: Decimal) -> None:
        """Count what a trial cost."""
        self._row(trial).tally.add(Tally(usd=usd))

    def note(self, trial: Trial, verdicts: Iterable[Verdict]) -> None:
        """Keep what a trial showed."""
        row = self._row(trial)
        row.trials.add(trial.id)
        for verdict in verdicts:
            if verdict.tier <= self.tier:
                self._count(row, trial, verdict)

    def unseen(self, trial: Trial, reason: str) -> None:
        """Keep that a trial showed nothing."""
        self.note(trial, [Verdict("", Outcome.UNSEEN, reason)])

    def _row(self, trial: Trial) -> Row:
        return self.rows.setdefault(trial.promise, Row(trial.promise))

    def _count(self, row: Row, trial: Trial, verdict: Verdict) -> None:
        row.counts[verdict.outcome] += 1
        self.judged[row.promise.operation, verdict.says] += verdict.outcome != Outcome.UNSEEN
        row.whole += verdict.pictures
        if verdict.outcome == Outcome.UNSEEN:
            row.reasons[verdict.told] += 1
        if verdict.outcome == Outcome.BROKEN:
            row.broken = min(row.broken or verdict.tier, verdict.tier)
            failure = Failure(verdict.says, verdict.tier)
            self.failures.setdefault(verdict.says, failure).note(trial, verdict)

    def unobserved(self) -> Iterator[Row]:
        """The rows of which nothing was observed."""
        return (row for row in self.rows.values() if row.outcome == Outcome.UNSEEN)


def pictures_in(answer: Answer) -> int:
    """How many pictures an answer brings, whole ones alone; links count as what they lead to."""
    if not 200 <= answer.status < 300:
        return 0
    if answer.media == "text/event-stream":
        return answer.body.count(b'.completed"')
    return max(answer.body.count(b'"b64_json"'), answer.body.count(b'"url"'))


def _length(verdict: Verdict) -> int:
    return len(verdict.exchange.request.body) if verdict.exchange else 0

"""A run: each trial once, in order, until it is stopped, or the target lost. Prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from contracts.book import Book
from contracts.exchange import Exchange, Request
from contracts.target import ABOVE_CAP, NO_ADMIN, THRIFT, Capped, Lost, NotObserved, Target
from contracts.trials import Outcome, Tier, Trial
from mockserver.facts.platform import SERVICES

HELD, BROKEN, UNKNOWN = 0, 5, 6
#: Why nothing is seen of a promise, by what its trials need of a target.
LACKING = {
    "clock": "it has no clock that can be moved",
    "limits": "its limits can't be met",
    "recorded": "this was not recorded",
    "stand-in": "only a stand-in of this kind promises it",
    **{name: f"it has no /v1/{name}" for name in SERVICES},
    "admin": NO_ADMIN,
    "money": ABOVE_CAP,
    "more money": THRIFT,
}


class Overheard:
    """A target whose answers are told to somebody else, too."""

    def __init__(self, target: Target, tell: Callable[[Exchange], object]) -> None:
        self._target, self._tell = target, tell
        self.last: Request | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)

    def ask(self, request: Request, *, pays: bool = False) -> Exchange:
        """Send a request, and tell of the answer."""
        self.last = request
        exchange = self._target.ask(request, pays=pays)
        self._tell(exchange)
        return exchange

    def fetch(self, url: str) -> Exchange:
        """Download a picture, and tell of it."""
        exchange = self._target.fetch(url)
        self._tell(exchange)
        return exchange


def run(
    trials: Iterable[Trial],
    target: Target,
    tier: Tier = Tier.STRICT,
    tell: Callable[[Trial], object] = bool,
) -> Book:
    """Try a target, and keep what was observed.

    Args:
        trials: in the order in which they are made.
        target: who is tried.
        tier: verdicts above it are not counted, nor are trials made that judge nothing else.
        tell: called before each trial, for those who watch.
    """
    planned, book = [trial for trial in trials if trial.tier <= tier], Book(tier)
    book.plan(planned)
    for trial in planned:
        try:
            tell(trial)
            _try(trial, target, book)
        except NotObserved as reason:
            book.unseen(trial, str(reason))
            if isinstance(reason, Capped):
                book.ended = str(reason)
        except (Lost, KeyboardInterrupt) as reason:
            book.unseen(trial, "the run ended before")
            book.ended = str(reason) or "The run was interrupted."
            break
        except Exception as fault:  # this program's own: it is none of the target's
            told = f"a check failed by itself ({type(fault).__name__}: {fault})"
            book.unseen(trial, told)
            book.ended = f"{trial.id}: {told}. Please report it."
    return book


def _try(trial: Trial, target: Target, book: Book) -> None:
    if lacking := trial.needs - target.has:
        raise NotObserved(beyond(lacking))
    before = target.spent
    heard = Overheard(target, lambda exchange: book.heard(trial, exchange))
    try:
        book.note(trial, trial.judge(cast("Target", heard)))
    except Lost:
        book.last = heard.last
        raise
    finally:
        book.paid(trial, target.spent - before)


def exit_code(book: Book) -> int:
    """0 all that was observed holds; 5 a promise is broken; 6 something could not be learned.

    What only some targets have, such as a clock that can be moved, need not be shown by others.
    """
    outcomes = {row.outcome for row in book.rows.values()}
    if Outcome.BROKEN in outcomes:
        return BROKEN
    reasons = [row.reasons for row in book.unobserved()]
    missing = any(not told or not all(map(is_beyond, told)) for told in reasons)
    return UNKNOWN if book.ended or missing or Outcome.HELD not in outcomes else HELD


def beyond(needs: Iterable[str]) -> str:
    """Why a target can't show what needs more than it has."""
    return ", ".join(LACKING[need] for need in sorted(needs))


def is_beyond(reason: str) -> bool:
    """Whether this is such a reason."""
    return set(reason.split(", ")) <= set(LACKING.values())

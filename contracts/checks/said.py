"""What a check says: short ways to write verdicts. Judges nothing."""

from __future__ import annotations

from contracts.exchange import Exchange
from contracts.target import NotObserved
from contracts.trials import Outcome, Tier, Verdict

#: Answers that say nothing of a request that is good for all that is known: its key, its limit.
SILENT = {401: "the key is refused", 403: "the key may not do this", 429: "there are too many"}


def said(says: str, holds: object, told: str = "", tier: Tier = Tier.CORE) -> Verdict:
    """A promise that holds, or else is broken by what was seen."""
    if holds:
        return Verdict(says, tier=tier)
    return Verdict(says, Outcome.BROKEN, told, tier=tier)


def observed(exchange: Exchange, *wanted: int) -> Exchange:
    """An exchange of which something can be said.

    Raises:
        NotObserved: it was answered with 429, or with 401 or 403 to a good key, and none of these
            was wanted.
    """
    status, key = exchange.answer.status, exchange.request.key
    if status in SILENT and status not in wanted and (status == 429 or key in _KNOWN):
        raise NotObserved(f"{status}: {SILENT[status]}")
    return exchange


_KNOWN = ("good", "limited", "admin")  # keys that are good for all that is known


def unseen(says: str, why: str) -> Verdict:
    """A promise of which nothing was seen."""
    return Verdict(says, Outcome.UNSEEN, why)

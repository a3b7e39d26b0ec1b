"""What a check says: short ways to write verdicts. Judges nothing."""

from __future__ import annotations

from contracts.trials import Outcome, Tier, Verdict


def said(says: str, holds: object, told: str = "", tier: Tier = Tier.CORE) -> Verdict:
    """A promise that holds, or else is broken by what was seen."""
    if holds:
        return Verdict(says, tier=tier)
    return Verdict(says, Outcome.BROKEN, told, tier=tier)


def unseen(says: str, why: str) -> Verdict:
    """A promise of which nothing was seen."""
    return Verdict(says, Outcome.UNSEEN, why)

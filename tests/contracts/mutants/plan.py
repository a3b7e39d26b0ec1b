"""Trials for tests that can't make all of them. Tests nothing."""

from __future__ import annotations

import re
from datetime import date

from contracts.cases import trials
from contracts.trials import Trial
from mockserver.facts import load

TODAY = date(2026, 11, 28)
#: Of these families one model is asked, and for nothing that takes long.
_MODELS = ("dall-e-2", "dall-e-3", "gpt-image-1-mini")
_LONG = re.compile(r"edits?\..*gpt-image|too-large|near-miss|(edits|variations)\.all-left-out")


def brief(day: date | None = None, today: date = TODAY) -> list[Trial]:
    """Those of a quick run that are made fast, and none that Schemathesis makes: that takes 7 s."""
    models = {*load().models, *load(TODAY).models}
    others = [name for name in models if not name.startswith(_MODELS)]
    return [
        trial
        for trial in trials(day, today=today, quick=True, drawn=False)
        if not _LONG.search(trial.id) and not any(name in trial.id for name in others)
    ]

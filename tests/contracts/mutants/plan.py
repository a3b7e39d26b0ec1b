"""Trials for tests that can't make all of them. Tests nothing."""

from __future__ import annotations

import re
from datetime import date

from contracts.cases.behaviour import behaviour
from contracts.cases.declared import declared, of_keys
from contracts.checks.headers import Ids
from contracts.trials import Trial
from mockserver.facts import load

TODAY = date(2026, 11, 28)
#: Of these families one model is asked, and for no edit that takes long.
_MODELS = ("dall-e-2", "dall-e-3", "gpt-image-1-mini")
_LONG = re.compile(r"edits?\..*gpt-image|too-large|(edits|variations)\.all-left-out")


def brief(day: date | None = None, today: date = TODAY) -> list[Trial]:
    """Those of a quick run that are made fast, and none that Schemathesis makes: that takes 7 s."""
    ids = Ids()
    found = [*declared(day, today, ids), *behaviour(day, today, ids)]
    found.sort(key=lambda trial: "clock" in trial.needs)
    others = [
        name for name in {*load().models, *load(TODAY).models} if not name.startswith(_MODELS)
    ]
    return [
        trial
        for trial in (*found, *of_keys(day, today, ids))
        if trial.quick
        and not _LONG.search(trial.id)
        and not any(name in trial.id for name in others)
    ]

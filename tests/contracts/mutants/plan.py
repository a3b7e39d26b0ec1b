"""Trials for tests that can't make all of them. Tests nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from contracts.cases.behaviour import behaviour
from contracts.cases.declared import declared, of_keys
from contracts.checks.headers import Ids
from contracts.trials import Trial
from mockserver.facts import load

TODAY = date(2026, 11, 28)
#: One of each family.
_MODELS = ("dall-e-2", "dall-e-3", "gpt-image-1-mini")


def brief(day: date | None = None, today: date = TODAY) -> list[Trial]:
    """Those of a quick run, but of few models, and none that Schemathesis makes: that takes 7 s."""
    ids = Ids()
    found = [*declared(day, today, ids), *behaviour(day, today, ids)]
    found.sort(key=lambda trial: "clock" in trial.needs)
    return [*filter(_is_brief, found), *of_keys(day, today, ids)]


def _is_brief(trial: Trial) -> bool:
    return trial.quick and not any(name in trial.id for name in _others())


def _others() -> Iterator[str]:
    for facts in (load(), load(TODAY)):
        yield from (name for name in facts.models if not name.startswith(_MODELS))

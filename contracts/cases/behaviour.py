"""Trials of several requests, and one good request for each branch of each model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from contracts.checks.headers import Ids
from contracts.trials import Trial


def behaviour(day: date | None, ids: Ids) -> Iterator[Trial]:
    """All of them."""
    yield from ()

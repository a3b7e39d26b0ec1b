"""What a server is tried with. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from contracts.trials import Trial


def trials(day: date | None = None, *, quick: bool = False) -> Iterator[Trial]:
    """All trials of a day's contract, in the order in which they are made.

    Args:
        day: whose contract; the default day's unless given.
        quick: only those that make a run of about 30 s.
    """
    from contracts.cases.behaviour import behaviour
    from contracts.cases.generated import generated
    from contracts.checks.headers import Ids

    ids = Ids()
    found = [*generated(day, ids), *behaviour(day, ids)]
    for trial in sorted(found, key=lambda trial: "clock" in trial.needs):
        if trial.quick or not quick:
            yield trial

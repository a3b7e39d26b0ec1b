"""What a server is tried with. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from contracts.trials import Trial


def trials(
    day: date | None,
    *,
    today: date,
    quick: bool = False,
    costly: bool = False,
    drawn: bool = True,
) -> Iterator[Trial]:
    """All trials of a day's contract, in the order in which they are made.

    Args:
        day: whose contract; None is the default day's.
        today: the day whose API some models have, if nobody says one.
        quick: only those that make a run of about 30 s.
        costly: pictures cost something there: few are asked for, and small ones.
        drawn: also those that Schemathesis makes.
    """
    from contracts.cases.behaviour import behaviour
    from contracts.cases.generated import generated
    from contracts.checks.headers import Ids

    ids = Ids()
    made = generated(day, ids, costly=costly) if drawn else ()
    found = [*made, *behaviour(day, today, ids)]
    for trial in sorted(found, key=lambda trial: "clock" in trial.needs):  # which then is wrong
        if trial.quick or not quick:
            yield trial

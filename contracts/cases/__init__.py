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
    beside: bool = True,
) -> Iterator[Trial]:
    """All trials of a day's contract, in the order in which they are made.

    Args:
        day: whose contract; None is the default day's.
        today: the day whose API some models have, if nobody says one.
        quick: only those that make a run of about 30 s.
        costly: pictures cost something there: few are asked for, and small ones.
        drawn: also those that Schemathesis makes.
        beside: also those of services beside images. What these answer has ids that the next
            request names, so that no recording of it can be asked again.
    """
    from contracts.cases.behaviour import behaviour
    from contracts.cases.declared import declared, of_keys
    from contracts.cases.generated import generated
    from contracts.cases.lives import lives
    from contracts.cases.misses import missed
    from contracts.cases.there import There
    from contracts.checks.headers import Ids
    from contracts.document.beside import service_of

    ids, there = Ids(), There()
    found = [
        *declared(day, today, ids, costly=costly, there=there),
        *(generated(day, ids, quick=quick, costly=costly, there=there) if drawn else ()),
        *behaviour(day, today, ids, costly=costly),
        *lives(day, today, ids, there),
        *missed(day, ids),
    ]
    # What is free comes first; what moves the clock, which then is wrong, after all other pictures.
    found.sort(key=lambda trial: ("clock" in trial.needs, trial.pays))
    for trial in (*found, *of_keys(day, today, ids)):  # bad keys may have a server turn away
        is_of_images = not service_of(f"/{trial.promise.operation.partition('.')[0]}")
        if (trial.quick or not quick) and (beside or is_of_images):
            yield trial

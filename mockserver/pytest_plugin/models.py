"""`@pytest.mark.images_models(…)`: a test once for each model, on a day on which there is one.

Loaded only where a test has the marker.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Literal, Never

import pytest

from mockserver.clock import SECOND, SystemClock
from mockserver.core.judging.model_days import is_there, known, nearest_day, usual_day

FIXTURE = "images_model"
MARKER = "images_models"


def once_for_each(metafunc: pytest.Metafunc, marker: pytest.Mark) -> None:
    """Let a test run once for each model of its marker.

    Raises:
        pytest.fail.Exception: the marker names no model, or one that never was.
    """
    names, test = list(marker.args), metafunc.definition.nodeid
    if marker.kwargs or not names:
        _refuse(test, 'takes names of models, as @pytest.mark.images_models("NAME", "NAME")')
    for name in names:
        if not isinstance(name, str):
            _refuse(test, f"takes names of models, not {name!r:.100}")
        try:
            known(name)
        except ValueError as error:
            _refuse(test, f"has {name!r:.100}, which {error}")
        if names.count(name) > 1:
            _refuse(test, f"names {name} twice")
    if FIXTURE not in metafunc.fixturenames:
        metafunc.fixturenames.append(FIXTURE)
    metafunc.parametrize(FIXTURE, names, ids=names, indirect=True)


def model_of(item: pytest.Item) -> str | None:
    """The model for which a test runs; None if it has no marker."""
    params: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
    name = params.get(FIXTURE)
    return name if isinstance(name, str) and item.get_closest_marker(MARKER) else None


def day_for(
    model: str, servers: date | Literal["today"] | None, said: str | None, test: str
) -> str | None:
    """The day that a sandbox must have for a model; None is the one that it has anyway.

    Args:
        model: its name.
        servers: whose rules the server has; None: each model has its own.
        said: by the test's other marker.
        test: its id, for what is wrong.

    Raises:
        pytest.fail.Exception: the other marker says a day on which there is no such model.
    """
    today = datetime.fromtimestamp(SystemClock().now() // SECOND, UTC).date()
    if said is not None:
        day = today if said == "today" else date.fromisoformat(said)
        if not is_there(model, day):
            next_to = nearest_day(model, day)
            why = f"there is no {model} on its as_of={said!r}: the next day with one is {next_to}"
            _refuse(test, f"can't run for it, for {why}")
        return said
    day = today if servers == "today" else servers or usual_day(model, today)
    return None if is_there(model, day) else str(nearest_day(model, day))


def _refuse(test: str, why: str) -> Never:
    pytest.fail(f"usage error: @pytest.mark.{MARKER} of {test} {why}", pytrace=False)

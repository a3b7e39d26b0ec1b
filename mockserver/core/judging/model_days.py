"""Which models there are on a day, and by which day's rules one is judged. Asks no clock."""

from __future__ import annotations

from datetime import date, timedelta

from mockserver.core.texts import likely_name
from mockserver.facts import default_days, ever_there, load


class NoSuchModel(ValueError):
    """There is no such model, or not on that day. The message says what there is."""


def is_there(model: str, day: date) -> bool:
    """Whether there is a model of this name on a day."""
    life = ever_there().get(model)
    return bool(life and (life.since or day) <= day and (not life.shutdown or day < life.shutdown))


def usual_day(model: str, today: date) -> date:
    """The day whose rules a model has where nobody says one."""
    day = default_days().get(model) or load().day
    return today if day == "today" else day


def nearest_day(model: str, day: date) -> date:
    """The day itself if the model is there, else the next to it on which it is."""
    life = ever_there()[model]
    if life.since and day < life.since:
        return life.since
    return life.shutdown - timedelta(days=1) if life.shutdown and day >= life.shutdown else day


def judged_day(
    model: str, *, today: date, said: date | None = None, servers: date | None = None
) -> date:
    """The day by whose rules requests are judged that shall go to a model.

    Args:
        model: its name.
        today: by the clock.
        said: by who asks; on another day the model must not be there.
        servers: whose rules a server has; it counts if the model is there then.

    Raises:
        NoSuchModel: it is not there on that day, or never was.
    """
    if said is None and servers is not None and is_there(model, servers):
        return servers
    day = said or (usual_day(model, today) if model in ever_there() else today)
    if not is_there(model, day):
        raise NoSuchModel(_why_not(model, day))
    return day


def known(model: str) -> str:
    """The name of a model of any day.

    Raises:
        NoSuchModel: no model ever had it.
    """
    if model in ever_there():
        return model
    close = likely_name(model, ever_there())
    meant = f"did you mean {close}? There are" if close else "it is one of"
    raise NoSuchModel(f"must be the name of a model; {meant} {', '.join(ever_there())}")


def _why_not(model: str, day: date) -> str:
    on_sale = [name for name in ever_there() if is_there(name, day)]
    life = ever_there().get(model)
    if life is None:
        close = likely_name(model, on_sale) or likely_name(model, ever_there())
        why = f"There is no model {model!r} on {day}" + (
            f"; did you mean {close}?" if close else "."
        )
    elif life.since and day < life.since:
        why = f"{model} came on {life.since}, and is judged as of {day}."
    else:
        instead = f": name {life.successor} instead" if life.successor else ""
        last = nearest_day(model, day)
        why = (
            f"{model} was shut down on {life.shutdown}{instead}. With {last} as the day it is "
            "judged as it was."
        )
    return f"{why} {_listed(on_sale, day)}"


def _listed(names: list[str], day: date) -> str:
    return f"On {day} there {'are ' + ', '.join(names) if names else 'is none'}."

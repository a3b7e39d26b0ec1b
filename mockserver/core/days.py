"""Which day's rules count for a request. Asks no clock, and knows no rules."""

from __future__ import annotations

from datetime import date
from typing import Literal

Day = date | Literal["today"]
_LAST = date.max.toordinal()


def day_for(said: Day | None, default: Day, *, today: date, moved: int) -> date:
    """The day whose rules count.

    Args:
        said: what the sandbox says, or the server; None is neither.
        default: where nobody says a day: that of the model, or of all.
        today: by the sandbox's clock.
        moved: days by which that clock was moved on: a day that was said moves on with it.
    """
    day = said or default
    if day == "today":
        return today
    return day if said is None else date.fromordinal(min(day.toordinal() + moved, _LAST))

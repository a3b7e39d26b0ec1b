"""The state of one sandbox as immutable values, and what each event makes of them. Stores nothing.

Each module holds one part with its pure transitions, (part, event) → (part, outcome), and its
bounds: a store loads the part, asks, and commits what it gets. Here is what a sandbox is set to.
"""

from datetime import date
from typing import NamedTuple

from mockserver.core.days import Day

MIB = 1024 * 1024
MICRO = 1_000_000  # of a dollar
#: Seconds that a clock may be moved on in all: ten years, so that no date ends in the year 10,000.
FARTHEST = 3650 * 86_400


class Latency(NamedTuple):
    """How long an answer is held back: a fixed time, or as measured of the real model."""

    seconds: float = 0.0
    measured: float = 0.0  # factor on the recorded processing time


Option = Latency | str | int | float | bool | None  # the value of one


class Options(NamedTuple):
    """What a sandbox has for itself; None is the server's own."""

    tier: str | None = None
    as_of: str | None = None  # a date in ISO form, or "today"
    seed: str | None = None
    sizes: str | None = None  # "page" or "api"
    prices: str | None = None  # the name of a list
    latency: Latency | None = None
    repeats: str | None = None
    per_minute: int | None = None  # images, whatever the table says
    budget: int | None = None  # micro-dollars in all
    budget_day: int | None = None  # micro-dollars of a UTC day
    budget_month: int | None = None  # micro-dollars of a month in UTC
    batch_time: float | None = None  # seconds that a batch takes
    begun: int = 0  # nanoseconds of the machine's clock
    shortest_wait: float | None = None  # seconds: no told wait shrinks to less than that
    standing: bool = False  # the clock stands still, and waits that are told shrink to thousandths
    abandoned: str | None = None  # "paid" or "unpaid": what its client left before the answer

    @property
    def day(self) -> Day | None:
        """The day whose rules count."""
        if self.as_of is None:
            return None
        return "today" if self.as_of == "today" else date.fromisoformat(self.as_of)

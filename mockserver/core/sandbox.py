"""What one sandbox is set to, and the time as it has it. Values only: a store keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

MICRO = 1_000_000  # of a dollar
#: Seconds that a clock may be moved on in all: ten years, so that no date ends in the year 10,000.
FARTHEST = 3650 * 86_400


@dataclass(frozen=True, slots=True)
class Latency:
    """How long an answer is held back: a fixed time, or as measured of the real model."""

    seconds: float = 0.0
    measured: float = 0.0  # factor on the recorded processing time


@dataclass(frozen=True, slots=True)
class Options:
    """What a sandbox has for itself; None is the server's own."""

    tier: str | None = None
    as_of: date | Literal["today"] | None = None
    seed: str | None = None
    sizes: str | None = None  # "page" or "api"
    prices: str | None = None  # the name of a list
    latency: Latency | None = None
    repeats: str | None = None
    per_minute: int | None = None  # images, whatever the table says
    budget: int | None = None  # micro-dollars
    begun: int = 0  # nanoseconds of the machine's clock
    standing: bool = False  # the clock stands still, and waits that are told shrink to thousandths


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait that a refusal told, until the client has served it."""

    body: bytes  # digest of the request that was refused
    told_at: int  # nanoseconds of the machine's clock
    milliseconds: int  # as an unscaled client would wait
    until: int  # nanoseconds of the sandbox's clock, when that wait is over

    def is_served(self, body: bytes, now: int) -> bool:
        """Whether the same request comes back after a thousandth of the wait."""
        return body == self.body and now - self.told_at >= scaled(self.milliseconds) * 1_000_000


def scaled(milliseconds: int) -> int:
    """A thousandth of a wait, in whole milliseconds, rounded up: clients pass over a 0."""
    return max(1, -(-milliseconds // 1000))

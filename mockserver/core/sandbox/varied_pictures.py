"""How often the same pictures were asked for, so that each time can get others."""

from __future__ import annotations

REPEATED = 10_000  # requests whose repeats are counted; the longest unasked is forgotten
REPEAT_BYTES = 250  # of one


def take_back(count: int, repeat: int) -> int:
    """The count without a request that got number `repeat` and then nothing.

    If others came since, the number is lost.
    """
    return repeat if count == repeat + 1 else count

"""How a store is, in numbers that others read. Asks none."""

from typing import NamedTuple


class Health:
    """What is told of a store by /_mock/metrics; the store sets it.

    Args:
        kind: memory, sqlite or redis.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.degraded = False  # it is away, and each process counts for itself
        self.refuses = False  # what is asked of it while it is away
        self.warning = ""  # what a client is told then
        self.errors = 0  # what it was asked in vain, all in all


class Taken(NamedTuple):
    """What a store holds at one moment."""

    sandboxes: int
    journal: int  # bytes of all records, roughly

"""Which of the processes that serve one address this one is, and what all of them have."""

from __future__ import annotations

from typing import NamedTuple


class Worker(NamedTuple):
    """One of them; all have the same configuration, and their own share of what bounds them."""

    name: str = ""  # that none other has, nor had before; "" of a process that serves alone
    among: int = 1  # how many they are
    secret: str = ""  # of what they sign for each other; "" where there is no other
    since: int | None = None  # nanoseconds since the epoch, when they began; None is now

    @property
    def prefix(self) -> str:
        """What makes the number of a request one of all of them."""
        return f"{self.name}\0" if self.name else ""

    def share(self, most: int) -> int:
        """Its part of a bound of all, rounded up."""
        return -(-most // self.among)


ALONE = Worker()

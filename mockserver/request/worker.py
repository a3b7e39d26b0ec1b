"""Which of the processes that serve one address this one is, and what all of them have."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mockserver.request.board import Board


class Worker(NamedTuple):
    """One of them; all have the same configuration, and their own share of what bounds them."""

    name: str = ""  # that none other has, nor had before; "" of a process that serves alone
    among: int = 1  # how many they are
    secret: str = ""  # of what they sign for each other; "" where there is no other
    since: int | None = None  # nanoseconds since the epoch, when they began; None is now
    board: Board | None = None  # of what each has counted; None where there is no other

    @property
    def prefix(self) -> str:
        """What makes the number of a request one of all of them."""
        return f"{self.name}\0" if self.name else ""

    @property
    def place(self) -> int:
        """On the board: who replaces a worker goes on at its place."""
        return int(self.name.partition(".")[0]) - 1

    def share(self, most: int) -> int:
        """Its part of a bound of all, rounded up."""
        return -(-most // self.among)


ALONE = Worker()

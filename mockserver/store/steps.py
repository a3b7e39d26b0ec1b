"""The log of steps that processes share: what a store has to keep outside of them. Reads no step.

Whoever takes the steps of a log in its order has the same state as all others (see `shared`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol


class Gone(Exception):
    """Steps that were asked for are in the log no longer: a snapshot has what they did."""


class Away(Exception):
    """The log can't be reached, or takes no step: a sentence that says why."""


class Lost(Away):
    """The log is there, but not all that was in it: it began anew, or is as it was earlier."""


class Snapshot(NamedTuple):
    """What all steps up to one of them did."""

    number: int  # of that step, or 0
    pieces: Sequence[bytes]


class Reached(NamedTuple):
    """How a log is that was away."""

    is_in: bool  # it has the steps of the last `take`, which ended in Away; else it never will
    is_empty: bool = False  # it has nothing any more: whoever knows what was in it may tell it
    kept: int | None = None  # it has no more than so many of those that it had; None: it has all


class Steps(Protocol):
    """Steps with numbers 1, 2, 3 … without gaps, a snapshot, and uploads by their address.

    All raise `Away`. One call of `take`, `since`, `reach` and `seed` at a time.
    """

    def prepare(self, form: str) -> None:
        """Make it ready for this form, and use it not yet.

        Raises:
            Away: what is there has another form.
        """

    def open(self, form: str) -> int:
        """Begin to use it, as the how-manieth process ever.

        An empty one takes this form, and is of this form from then on. Called outside of a loop.

        Raises:
            Away: what is there has another form.
        """

    async def close(self) -> None:
        """Use it no longer."""

    async def take(self, steps: Sequence[bytes], after: int) -> list[bytes]:
        """Append these steps, all or none, behind those of others that are behind step `after`.

        Returns:
            Those of others.

        Raises:
            Gone: not all of those are there any more. Nothing was appended.
        """

    def at_once(self, steps: Sequence[bytes], after: int) -> list[bytes] | None:
        """The same without waiting for anything; None, and nothing appended, where it has to.

        Of no steps it is `since`.
        """

    async def since(self, after: int) -> list[bytes]:
        """What is behind step `after`, without waiting for whoever appends.

        Raises:
            Gone: as `take`.
        """

    async def reach(self, after: int) -> Reached:
        """Reach it again after Away; what became of it. `after` is the last step that is known."""

    async def seed(self, snapshot: Snapshot) -> bool:
        """Let an empty log go on from a snapshot; False if another process was faster."""

    async def snapshot(self) -> Snapshot:
        """The last snapshot; an empty one has no pieces."""

    async def replace(self, snapshot: Snapshot) -> None:
        """Keep a snapshot, and no steps any more that the one before it has."""

    async def keep(self, address: str, upload: bytes, *, until: int, now: int) -> None:
        """As `Store.keep`."""

    async def kept(self, address: str) -> bytes | None:
        """As `Store.kept`."""

    async def write(self, name: str, offset: int, piece: bytes, *, now: int) -> None:
        """Write a piece of a file's content; offsets of one name grow without gaps."""

    async def read(self, name: str, offset: int, length: int) -> bytes:
        """Some bytes of a content; fewer if there are no more."""

    async def retain(self, names: Collection[str], *, before: int) -> None:
        """Drop all other contents, but those that something was written of since `before`."""

"""The mutable state of all sandboxes, behind one protocol. The arithmetic is in the core."""

from __future__ import annotations

from typing import Protocol

from mockserver.core.limits import Verdict


class Store(Protocol):
    """Where sandboxes live. A call is one atomic step, however many workers share the store."""

    async def admit(self, sandbox: str, model: str, *, limit: int, cost: int, now: int) -> Verdict:
        """Take `cost` images from the bucket of `model` in `sandbox` (see `limits.admit`)."""
        ...

    async def keep(self, address: str, upload: bytes, *, until: int, now: int) -> None:
        """Keep an upload under its content address until `until`, if there is room for it.

        Times are nanoseconds since the epoch. What was kept longest ago goes first.
        """
        ...

    async def kept(self, address: str) -> bytes | None:
        """The upload at an address, or None if it was never kept or had to go."""
        ...

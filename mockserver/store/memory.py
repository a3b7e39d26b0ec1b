"""State in the memory of one process: nothing survives it, nothing is shared."""

from __future__ import annotations

from collections import OrderedDict

from mockserver.core.limits import Bucket, Verdict, admit

SANDBOXES = 1_000  # more than that, and the longest idle one goes


class MemoryStore:
    """Sandboxes in a dictionary, in the order of their last use."""

    def __init__(self, sandboxes: int = SANDBOXES) -> None:
        self._most = sandboxes
        self._buckets: OrderedDict[str, dict[str, Bucket]] = OrderedDict()

    async def admit(self, sandbox: str, model: str, *, limit: int, cost: int, now: int) -> Verdict:
        """Take `cost` images; atomic, because nothing here waits."""
        buckets = self._sandbox(sandbox)
        buckets[model], verdict = admit(buckets.get(model), limit=limit, cost=cost, now=now)
        return verdict

    def _sandbox(self, name: str) -> dict[str, Bucket]:
        found = self._buckets.setdefault(name, {})
        self._buckets.move_to_end(name)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return found

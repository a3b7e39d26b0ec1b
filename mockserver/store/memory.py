"""State in the memory of one process: nothing survives it, nothing is shared."""

from __future__ import annotations

from collections import OrderedDict

from mockserver.core.limits import Bucket, Verdict, admit

UPLOAD_BYTES = 256 * 1024 * 1024
SANDBOXES = 1_000  # more than that, and the longest idle one goes


class MemoryStore:
    """Sandboxes and uploads in dictionaries, in the order of their last use."""

    def __init__(self, *, sandboxes: int = SANDBOXES, upload_bytes: int = UPLOAD_BYTES) -> None:
        self._most = sandboxes
        self._capacity = self._room = upload_bytes
        self._uploads: OrderedDict[str, tuple[bytes, int]] = OrderedDict()
        self._buckets: OrderedDict[str, dict[str, Bucket]] = OrderedDict()

    async def admit(self, sandbox: str, model: str, *, limit: int, cost: int, now: int) -> Verdict:
        """Take `cost` images; atomic, because nothing here waits."""
        buckets = self._sandbox(sandbox)
        buckets[model], verdict = admit(buckets.get(model), limit=limit, cost=cost, now=now)
        return verdict

    async def keep(self, address: str, upload: bytes, *, until: int, now: int) -> None:
        """Keep an upload; those whose time is over go first, then the oldest."""
        if len(upload) > self._capacity:
            return
        if address not in self._uploads:
            self._room -= len(upload)
        self._uploads[address] = (upload, until)
        self._uploads.move_to_end(address)
        while self._uploads and (self._room < 0 or self._oldest_ends() < now):
            _, (gone, _) = self._uploads.popitem(last=False)
            self._room += len(gone)

    def _oldest_ends(self) -> int:
        return next(iter(self._uploads.values()))[1]

    async def kept(self, address: str) -> bytes | None:
        """The upload at an address, if it is still here."""
        upload, _ = self._uploads.get(address, (None, 0))
        return upload

    def _sandbox(self, name: str) -> dict[str, Bucket]:
        found = self._buckets.setdefault(name, {})
        self._buckets.move_to_end(name)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return found

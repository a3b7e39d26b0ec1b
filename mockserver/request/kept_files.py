"""The files of a sandbox that have not expired by its clock."""

from __future__ import annotations

from mockserver.core.files import is_expired
from mockserver.core.sandbox.items import Item
from mockserver.store import Sandbox


async def file_of(sandbox: Sandbox, file_id: str, now: int) -> Item | None:
    """The file of an id; `now` is the sandbox's time, in nanoseconds since the epoch."""
    found = await sandbox.item("files", file_id)
    if found is None or not is_expired(found, now):
        return found
    await sandbox.drop("files", file_id)
    return None


async def files_of(sandbox: Sandbox, now: int) -> list[Item]:
    """All of them, the oldest first."""
    found = await sandbox.items("files")
    for gone in [item for item in found if is_expired(item, now)]:
        await sandbox.drop("files", gone.id)
        found.remove(gone)
    return found

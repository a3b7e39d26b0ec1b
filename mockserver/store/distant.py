"""What a sandbox keeps under ids, as all processes find it: values by type, contents by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mockserver.core.azure import Job
from mockserver.core.batches import Batch
from mockserver.core.files import File
from mockserver.core.responses import Kept
from mockserver.core.sandbox.items import Item, Kind
from mockserver.store.contents import BLOCK, Content, Distant, Papers, Shared
from mockserver.store.saved import SavedStore

#: Writes a piece of a content at an offset.
Write = Callable[[str, int, bytes], Awaitable[None]]
#: Some bytes of a content, from an offset on.
Fetch = Callable[[str, int, int], Awaitable[bytes]]
VALUES: Mapping[Kind, Any] = {
    "files": File,
    "batches": Batch,
    "responses": Kept,
    "operations": Job,
}


async def shared(item: Item, name: Callable[[], str], write: Write, fetch: Fetch) -> Item:
    """An item whose contents are written where all processes find them.

    Args:
        item: as it is to be kept.
        name: a new name for a content.
        write: how contents are written there.
        fetch: how they are read.
    """
    match item.content:
        case None:
            return item
        case Papers() as papers:
            parts = (papers.given, papers.output, papers.errors)
            # They are written on, in this process.
            found = [part and await _shared(part, name, write, fetch, part) for part in parts]
            return item._replace(content=Papers(*found))
        case content:
            return item._replace(content=await _shared(content, name, write, fetch))


async def _shared(
    content: Content | Distant,
    name: Callable[[], str],
    write: Write,
    fetch: Fetch,
    here: Content | None = None,
) -> Distant:
    if isinstance(content, Distant):
        return content
    known, start = content.shared.name or name(), content.shared.size
    while start < content.size:
        piece = content.piece(start, BLOCK)
        await write(known, start, piece)
        start += len(piece)
    content.shared = Shared(known, content.size)
    return Distant(content.shared, fetch, here)


def packed(item: Item, as_bytes: Callable[[Any], bytes]) -> Item:
    """An item as it is written: its value as bytes, of its contents name and size."""
    return item._replace(value=as_bytes(item.value), content=[*map(_name, _parts(item.content))])


def unpacked(kind: Kind, item: Item, from_bytes: Callable[[bytes, Any], Any], fetch: Fetch) -> Item:
    """An item as `packed` made it."""
    parts = [None if name is None else Distant(Shared(*name), fetch) for name in item.content]
    content: Any = None
    if parts:
        content = Papers(*parts) if kind == "batches" else parts[0]
    return item._replace(value=from_bytes(item.value, VALUES[kind]), content=content)


def names(saved: SavedStore) -> list[str]:
    """The names of all contents in a store."""
    kinds = (kind for one in saved.sandboxes for kind in one.tables.items.values())
    parts = (part for kind in kinds for item in kind for part in _parts(item.content))
    return [part.shared.name for part in parts if part]


def _parts(content: Any) -> list[Any]:
    match content:
        case None:
            return []
        case Papers():
            return [content.given, content.output, content.errors]
        case _:
            return [content]


def _name(part: Distant | None) -> Shared | None:
    return part.shared if part else None

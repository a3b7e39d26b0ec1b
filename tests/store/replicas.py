"""Whether two views of a shared state are the same to the byte. Asks no log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from itertools import zip_longest
from typing import Any

from msgspec import ValidationError

from mockserver.store import codec
from mockserver.store.memory import MemoryStore
from mockserver.store.saved import SavedSandbox, SavedStore


def whole(memory: MemoryStore) -> Any:
    """All that a store in memory knows, and what it counts beside that.

    But for what each process has told its own log of a sandbox.
    """
    saved = memory.saved()
    told = [one._replace(is_warned=False) for one in saved.sandboxes]
    sizes = {one.name: one.size for one in memory.inside()}
    counted = [
        (team, room.number, room.tally.taken, room.tally.rules, room.files.taken)
        for team, room in sorted(memory.rooms.items())
        if room.number or not team
    ]
    return *codec.frozen(saved._replace(sandboxes=told)), sizes, counted


def differing(one: MemoryStore, other: MemoryStore) -> str:
    """What two stores do not have in common, in words; "" where nothing is."""
    pairs = zip_longest(whole(one), whole(other))
    return "\n".join(line for a, b in pairs if a != b for line in _apart("", a, b))


def _apart(path: str, mine: Any, others: Any) -> Iterator[str]:
    if isinstance(mine, bytes) and isinstance(others, bytes) and not path:
        mine, others = _read(mine), _read(others)
    if not (type(mine) is type(others) and (parts := [*zip_longest(_parts(mine), _parts(others))])):
        yield f"{path}: {mine!r} is elsewhere {others!r}"
        return
    for a, b in parts:
        if a is None or b is None or a[0] != b[0]:
            yield f"{path}: {a} is elsewhere {b}"
        elif codec.as_bytes(a[1]) != codec.as_bytes(b[1]):
            yield from _apart(f"{path}.{a[0]}", a[1], b[1])


def _parts(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        return [*value.items()]
    if is_dataclass(value):
        return [(f.name, getattr(value, f.name)) for f in fields(value)]
    if hasattr(value, "_asdict"):
        return [*value._asdict().items()]
    return [*enumerate(value)] if isinstance(value, list | tuple) else []


def _read(piece: bytes) -> Any:
    with suppress(ValidationError):
        return codec.from_bytes(piece, SavedSandbox)
    return codec.from_bytes(piece, SavedStore)


def born_again(memory: MemoryStore, empty: MemoryStore) -> MemoryStore:
    """Another store that begins with what this one knows."""
    pieces = [*codec.frozen(memory.saved())]
    saved: SavedStore = codec.thawed(pieces, _fetch)
    empty.restore(saved)
    return empty


async def _fetch(name: str, offset: int, length: int) -> bytes:
    raise AssertionError("nothing is fetched")

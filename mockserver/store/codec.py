"""Steps and snapshots as bytes, and back. The values are those of the core, read by their types."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from inspect import signature
from types import MappingProxyType
from typing import Any, NamedTuple, get_type_hints

import msgspec
from msgspec import convert, msgpack

from mockserver.core.sandbox.items import Item, Kind
from mockserver.store.distant import Fetch, packed, unpacked
from mockserver.store.memory import MemoryStore
from mockserver.store.sandbox import MemorySandbox
from mockserver.store.saved import SavedSandbox, SavedStore
from mockserver.store.steps import Away

_WIDE = b"\xc1"  # what nothing in msgpack begins with: what follows has texts that begin with
_MARK = "\U0010ffff"  # this, and are JSON of what msgpack can't say


class Step(NamedTuple):
    """A step as it is in the log."""

    at: int  # nanoseconds since the epoch, by the machine's clock of whoever takes it
    sandbox: str | None  # None: a step of the store
    life: int
    method: str
    arguments: bytes  # in the order of the method's parameters


def _plain(value: Any) -> dict[Any, Any]:
    """A mapping that nobody can change, as one that is written."""
    if isinstance(value, MappingProxyType):
        return dict(value)
    raise TypeError(f"a step can't have a {type(value).__name__}")


_encode, _step = msgpack.Encoder(enc_hook=_plain).encode, msgpack.Decoder(Step)


def written(at: int, sandbox: str | None, life: int, method: str, given: Sequence[Any]) -> bytes:
    """A step as bytes."""
    return _encode((at, sandbox, life, method, as_bytes(given)))


def read(data: bytes) -> tuple[Step, dict[str, Any]]:
    """A step of the log, and what its method is called with.

    Raises:
        Away: it is of another version, or not ours.
    """
    try:
        step = _step.decode(data)
        names, values = _arguments(step.sandbox is None, step.method)
        return step, dict(zip(names, values(step.arguments), strict=True))
    except (KeyError, msgspec.MsgspecError) as error:
        raise Away(f"a step can't be read ({error}): it is of another version") from error


@cache
def _arguments(is_of_store: bool, method: str) -> tuple[tuple[str, ...], Callable[[bytes], Any]]:
    names, kind = parameters(vars(MemoryStore if is_of_store else MemorySandbox)[method])
    return names, _reader(kind)


def again(step: Step) -> bytes:
    """A step of the log as bytes again."""
    return _encode(step)


@cache
def parameters(function: Callable[..., Any]) -> tuple[tuple[str, ...], Any]:
    """The names of a method's parameters, and their type, of all together."""
    hints = get_type_hints(function)
    names = tuple(name for name in signature(function).parameters if name != "self")
    return names, tuple[tuple(hints[name] for name in names)]  # type: ignore[misc]


def as_bytes(value: Any) -> bytes:
    """A value of the core as bytes."""
    try:
        return _encode(value)
    except (UnicodeEncodeError, OverflowError):
        return _WIDE + _encode(_mapped(value, _narrow))


def from_bytes(data: bytes, kind: Any) -> Any:
    """The value of a type."""
    return _reader(kind)(data)


@cache
def _reader(kind: Any) -> Callable[[bytes], Any]:
    decode = msgpack.Decoder(kind).decode

    def value(data: bytes) -> Any:
        if data[:1] == _WIDE:
            wide = msgpack.decode(memoryview(data)[1:])
            return convert(_mapped(wide, _widened), kind)  # types know no marks
        return decode(data)

    return value


def _narrow(value: str | int) -> str | int:
    """A text without halves of surrogates, and a number within 64 bits, that are read as others."""
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else f"{_MARK}{value}"
    is_wide = value.startswith(_MARK) or any("\ud800" <= c <= "\udfff" for c in value)
    return _MARK + json.dumps(value) if is_wide else value


def _widened(value: str | int) -> str | int:
    if isinstance(value, int) or not value.startswith(_MARK):
        return value
    found: str | int = json.loads(value[1:])
    return found


def _mapped(value: Any, change: Callable[[str | int], Any]) -> Any:
    """A value with other texts and numbers in it."""
    match value:
        case str() | int():
            return value if isinstance(value, bool | Enum) else change(value)
        case tuple() if hasattr(value, "_make"):
            return type(value)._make(_mapped(v, change) for v in value)
        case tuple() | list():
            return type(value)(_mapped(v, change) for v in value)
        case Mapping():
            return {_mapped(k, change): _mapped(v, change) for k, v in value.items()}
        case _ if is_dataclass(value):
            changed = copy(value)
            for one in fields(value):
                object.__setattr__(changed, one.name, _mapped(getattr(value, one.name), change))
            return changed
        case _:
            return value


def packed_item(item: Item) -> Item:
    """An item as a step has it."""
    return packed(item, as_bytes)


def unpacked_item(kind: Kind, item: Item, fetch: Fetch) -> Item:
    """The item of a step."""
    return unpacked(kind, item, from_bytes, fetch)


def frozen(saved: SavedStore) -> Iterator[bytes]:
    """A store in pieces: what is of all, then a piece for each sandbox."""
    yield as_bytes(saved._replace(sandboxes=[]))
    for one in saved.sandboxes:
        items = {kind: [*map(packed_item, items)] for kind, items in one.tables.items.items()}
        yield as_bytes(one._replace(tables=one.tables._replace(items=items)))


def thawed(pieces: Sequence[bytes], fetch: Fetch) -> SavedStore:
    """The store in these pieces."""
    store: SavedStore = from_bytes(pieces[0], SavedStore)
    return store._replace(sandboxes=[_thawed(piece, fetch) for piece in pieces[1:]])


def _thawed(piece: bytes, fetch: Fetch) -> SavedSandbox:
    found: SavedSandbox = from_bytes(piece, SavedSandbox)
    items = {
        kind: [unpacked_item(kind, item, fetch) for item in items]
        for kind, items in found.tables.items.items()
    }
    return found._replace(tables=found.tables._replace(items=items))

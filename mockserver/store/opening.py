"""Which store a setting means, and how it is opened. The stores themselves are beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mockserver.core.places import Place
from mockserver.core.rules.rule import Rule
from mockserver.store.memory import MemoryStore
from mockserver.store.protocol import Store


class StateError(Exception):
    """A place of state that can't be used: a sentence that says why, and the fix."""


def prepared(place: Place) -> None:
    """Make a place ready, once, before the processes are made that will open it.

    Nothing stays open: no connection may be taken over a fork.

    Raises:
        StateError: it can't be used.
    """
    if place.is_shared:
        _not_built(place)


def open_store(
    place: Place,
    *,
    upload_bytes: int,
    file_bytes: int,
    rules: Sequence[Rule],
    now: Callable[[], int],
) -> Store:
    """The store at a place, for this process; called outside of a running loop.

    Args:
        place: where it is.
        upload_bytes: room for uploads.
        file_bytes: room for the contents of one sandbox's files.
        rules: those that every sandbox begins with.
        now: nanoseconds since the epoch, by the machine's clock.

    Raises:
        StateError: it can't be used.
    """
    if place.is_shared:
        _not_built(place)
    return MemoryStore(upload_bytes=upload_bytes, file_bytes=file_bytes, rules=rules, now=now)


def _not_built(place: Place) -> None:
    raise StateError(f"is not built yet: {place.kind} comes later; leave it out, or set memory.")

"""Which store a setting means, and how it is opened. The stores themselves are beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from mockserver import __version__
from mockserver.core.places import Place
from mockserver.core.rules.rule import Rule
from mockserver.store.memory import MemoryStore
from mockserver.store.protocol import Store

if TYPE_CHECKING:
    from mockserver.core.sandbox.eviction import Quota
    from mockserver.core.teams import Teams
    from mockserver.store.outage import Policy
    from mockserver.store.steps import Steps

T = TypeVar("T")
_FORM = 1  # of what is written; another one can't be read
_CPYTHON = "needs CPython: msgspec, by which it is written, is for no other Python. Leave it out."


class StateError(Exception):
    """A place of state that can't be used: a sentence that says why, and the fix."""


class Frame(NamedTuple):
    """What a store is made with; who shares one has the same."""

    upload_bytes: int  # room for uploads
    file_bytes: int  # room for the contents of one sandbox's files
    rules: Sequence[Rule]  # those that every sandbox begins with
    seed: str  # from which names of sandboxes are made
    teams: Teams | None = None
    of_team: Quota | None = None
    keep: float = inf  # nanoseconds that a sandbox is kept without use

    @property
    def form(self) -> str:
        """It and the server's version, in a few words that differ where anything does."""
        rules = sha256(repr((self.rules, self.file_bytes)).encode("utf-8", "replace"))
        seed = sha256(self.seed.encode("utf-8", "surrogatepass"))
        told = f"{_FORM} {__version__}, seed {seed.hexdigest()[:8]}, rules {rules.hexdigest()[:8]}"
        if self.teams is None and self.keep == inf:
            return told
        names = self.teams.names if self.teams else ()
        teams = sha256(repr((names, self.of_team, self.keep)).encode())
        return f"{told}, teams and keep {teams.hexdigest()[:8]}"

    def empty(self, now: Callable[[], int]) -> MemoryStore:
        """A store in memory."""
        made = partial(
            MemoryStore,
            upload_bytes=self.upload_bytes,
            file_bytes=self.file_bytes,
            rules=self.rules,
            now=now,
            keep=self.keep,
        )
        return made(team_of=self.teams.of, of_team=self.of_team) if self.teams else made()


def prepared(place: Place, frame: Frame) -> None:
    """Make a place ready, once, before the processes are made that will open it.

    Nothing stays open: no connection may be taken over a fork.

    Raises:
        StateError: it can't be used.
    """
    if place.is_shared:
        _used(partial(_steps(place, frame).prepare, frame.form))


def open_store(
    place: Place, frame: Frame, now: Callable[[], int], policy: Policy = "local"
) -> Store:
    """The store at a place, for this process; called outside of a running loop.

    Args:
        place: where it is.
        frame: what it is made with.
        now: nanoseconds since the epoch, by the machine's clock.
        policy: what is done while a shared one is away.

    Raises:
        StateError: it can't be used.
    """
    if not place.is_shared:
        return frame.empty(now)
    steps = _steps(place, frame)
    try:
        from mockserver.store.shared import SharedStore
    except ImportError:
        raise StateError(_CPYTHON) from None
    store = _used(lambda: SharedStore(steps, frame.empty, now, frame.form, policy))
    store.health.kind = place.kind
    return store


def _steps(place: Place, frame: Frame) -> Steps:
    """The log at a place."""
    if place.kind == "sqlite":
        from mockserver.store.sqlite import SqliteSteps

        return SqliteSteps(Path(place.where), frame.upload_bytes)
    from mockserver.store.redis import RedisSteps

    try:
        return RedisSteps(place.where, frame.upload_bytes)
    except (ValueError, TypeError) as error:
        raise StateError(f"can't be used: the URL {error}") from None


def _used(use: Callable[[], T]) -> T:
    """What a use of a place comes to."""
    from mockserver.store.steps import Away

    try:
        return use()
    except Away as error:
        raise StateError(f"can't be used: {error}") from None

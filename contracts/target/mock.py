"""The mock of this package as a target, in a thread of this process, offline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from contracts.discretion import Key
from contracts.exchange import KeyKind
from contracts.target.http import LIMITED_KEY, HttpTarget

if TYPE_CHECKING:
    from mockserver.testing import ImagesMock

KEY = "sk-mock-contract"


class MockTarget(HttpTarget):
    """Our own mock: its clock moves, its limits can be met, and it promises more than the API."""

    def __init__(self, mock: ImagesMock, day: date | None, *, now: Callable[[], float]) -> None:
        super().__init__(mock.url, Key(KEY), day, now=now, name="the mock, in process")
        self.has = frozenset({"clock", "limits", "stand-in"})
        self._mock = mock

    def move_clock(self, seconds: float, key: KeyKind = "good") -> None:
        """Move the clock of the key's sandbox on."""
        self._mock.sandbox(LIMITED_KEY if key == "limited" else KEY).clock.advance(seconds)


@contextmanager
def served(day: date | None = None) -> Iterator[ImagesMock]:
    """A mock that serves as on a day, with its limits off, while this is open."""
    from mockserver.testing import ImagesMock

    options = {"as_of": str(day)} if day else {}
    with ImagesMock(tier="off", log_format="none", **options) as mock:
        yield mock

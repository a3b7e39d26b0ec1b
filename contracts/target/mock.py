"""The mock of this package as a target, in a thread of this process, offline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from contracts.discretion import Key
from contracts.exchange import KeyKind
from contracts.target import A_MINUTE
from contracts.target.control import Control
from contracts.target.http import LIMITED_KEY, HttpTarget
from contracts.target.line import Line, trusting

if TYPE_CHECKING:
    from mockserver.testing import ImagesMock

KEY, ADMIN_KEY = "sk-mock-contract", "sk-mock-admin-contract"
NAME = "the mock, in process"


class MockTarget(HttpTarget):
    """A mock that somebody else has started: its clock moves, and its limits can be met."""

    def __init__(self, mock: ImagesMock, day: date | None, *, now: Callable[[], float]) -> None:
        key, line = Key(KEY), Line([Key(KEY)], lambda: trusting(None))
        controls: dict[KeyKind, Control] = {
            "good": Control(line, mock.url, key),
            "limited": Control(line, mock.url, Key(LIMITED_KEY)),
        }
        controls["limited"].limit(A_MINUTE)
        further: dict[str, Any] = {"line": line, "controls": controls, "admin_key": Key(ADMIN_KEY)}
        super().__init__(mock.url, key, day, now=now, name=NAME, **further)
        self.close: Callable[[], object] = line.close


@contextmanager
def served(day: date | None = None) -> Iterator[ImagesMock]:
    """A mock that serves as on a day, with its limits off, while this is open."""
    from mockserver.testing import ImagesMock

    options = {"as_of": str(day)} if day else {}
    with ImagesMock(tier="off", log_format="none", **options) as mock:
        yield mock

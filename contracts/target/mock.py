"""The mock of this package as a target, in a thread of this process, offline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date


@contextmanager
def served(day: date | None = None) -> Iterator[str]:
    """The base URL of a mock that serves as on a day, with its limits off, while this is open."""
    from mockserver.testing import ImagesMock

    options = {"as_of": str(day)} if day else {}
    with ImagesMock(tier="off", log_format="none", **options) as mock:
        yield mock.url

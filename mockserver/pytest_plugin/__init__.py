"""The pytest plugin: an address and a guard a session, a new sandbox a test. Light to load."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class _AsInstalled:
    """Finds our modules before pytest does, which would rewrite the assertions that they lack.

    What it rewrites it loads more slowly, and compiles first wherever it is new.
    """

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return PathFinder.find_spec(name, path, target) if name.startswith("mockserver.") else None


sys.meta_path.insert(0, _AsInstalled)

from mockserver.pytest_plugin.ambient import SessionServer
from mockserver.pytest_plugin.fixtures import *
from mockserver.pytest_plugin.hooks import *


def pytest_unconfigure() -> None:
    """Find modules as before: a finder keeps all that its module knows until Python has ended."""
    if _AsInstalled in sys.meta_path:
        sys.meta_path.remove(_AsInstalled)


__all__ = ["SessionServer"]  # for users; pytest finds the hooks and fixtures by their names

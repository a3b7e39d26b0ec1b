"""What the programs that these tests start find in the environment."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def _with_xdist(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a pytest of theirs have xdist, which pyproject.toml wants, where plugins are named."""
    if "PYTEST_DISABLE_PLUGIN_AUTOLOAD" in os.environ:
        monkeypatch.setenv("PYTEST_PLUGINS", "xdist.plugin")

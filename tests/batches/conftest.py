"""What tests of batches share: a clock that stands, a client with it, looks that don't wait."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from mockserver.api.platform import batch_runs
from mockserver.clock import ManualClock
from tests.batches import NOW, begin
from tests.conftest import Api


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at 2026-09-01 00:00 UTC."""
    return ManualClock(NOW)


@pytest.fixture
def box(api: Api) -> TestClient:
    """A client whose sandbox has a clock that stands."""
    client = api()
    begin(client)
    return client


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no look wait."""
    monkeypatch.setattr(batch_runs, "PATIENCE", 0)

"""Servers for the tests of this directory, and a prefix for each of these."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.shared import RedisServer, installed

NUMBERS = count()


@pytest.fixture(scope="session", params=installed())
def standing(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    """A server that stays as it is, for all tests of a process."""
    server = RedisServer(request.param, tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()


@pytest.fixture
def url(standing: RedisServer) -> str:
    """Where no other test keeps anything."""
    return standing.url(options=f"?prefix=test-{next(NUMBERS)}")


@pytest.fixture(params=installed())
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisServer]:
    """A server that this test may do anything to."""
    server = RedisServer(request.param, tmp_path)
    yield server
    server.go_on()
    server.kill()

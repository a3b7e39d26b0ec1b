"""Fixtures of the whole suite: an application under a clock that stands still, and a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from httpx2 import Response
from hypothesis import settings
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.testing import ImagesMock

pytest_plugins = ["pytester"]
# The same examples every time: a red run must be red again.
settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")

Api = Callable[..., TestClient]
GENERATIONS = "/v1/images/generations"


def generate(client: TestClient, *, key: str = "sk-mock-me", **body: Any) -> Response:
    """Ask for a picture of `x`, with these parameters."""
    headers = {"Authorization": f"Bearer {key}"}
    return client.post(GENERATIONS, json={"prompt": "x"} | body, headers=headers)


def error(response: Response) -> dict[str, Any]:
    """The error in an answer."""
    found: dict[str, Any] = response.json()["error"]
    return found


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at 2025-03-31 00:00 UTC."""
    return ManualClock()


@pytest.fixture
def api(clock: ManualClock) -> Api:
    """Makes a client of a new world with these settings; it has a key already."""

    def make(**chosen: Any) -> TestClient:
        app = create_app(configured(**{"log_format": "none"} | chosen), clock=clock)
        headers = {"Authorization": "Bearer sk-mock-me"}
        return TestClient(app, base_url="http://localhost:6780", headers=headers)

    return make


@pytest.fixture(scope="session")
def server() -> Iterator[ImagesMock]:
    """A real server on a real socket, with the default settings."""
    with ImagesMock() as running:
        yield running

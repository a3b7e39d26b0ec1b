"""Fixtures of the whole suite: an application under a clock that stands still, and a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from httpx2 import Response
from hypothesis import settings
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.handle import Sandbox
from mockserver.testing import ImagesMock

if TYPE_CHECKING:
    import openai

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


@pytest.fixture
def box(server: ImagesMock) -> Iterator[Sandbox]:
    """A sandbox of the server that refuses nothing."""
    sandbox = server.sandbox().begin(per_minute=1000)
    yield sandbox
    sandbox.reset()


@pytest.fixture
def sdk(box: Sandbox) -> Iterator[openai.OpenAI]:
    """The official SDK, which tries once, in that sandbox."""
    import openai  # half a second, and most tests need none

    options: dict[str, Any] = {"base_url": box.url, "api_key": box.api_key, "max_retries": 0}
    with openai.OpenAI(**options, timeout=10) as client:
        yield client

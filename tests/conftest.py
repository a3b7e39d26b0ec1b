"""Fixtures of the whole suite: an application under a clock that stands still, and a real server."""

from __future__ import annotations

import gc
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from inspect import isfunction
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from httpx2 import Response
from hypothesis import settings
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.handle import Sandbox
from mockserver.testing import ImagesMock
from tests.in_process import client_of

if TYPE_CHECKING:
    import openai

pytest_plugins = ["pytester", "tests.outbound_check"]
# Some two hundred processes are started. Where Python may keep nothing, each compiles the package.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
#: Seconds that end what hangs, and no busy machine's run: httpx2 waits for 5 if nobody says more.
PATIENCE = 60.0
_WAITS = ("connect", "read", "write", "pool")
vars(inspect.signature(httpx2.get).parameters["timeout"].default).update(
    dict.fromkeys(_WAITS, PATIENCE)
)


def up_to(number: int) -> int:
    """So many examples of a property where CI takes its time, and a third of them elsewhere."""
    return number if os.environ.get("CI") else max(number // 3, 1)


# The same examples every time: a red run must be red again.
settings.register_profile("same", derandomize=True, deadline=None, max_examples=up_to(100))
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


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector, obj: object) -> list[Any] | None:
    """Leave out at once what a run leaves out: thousands of tests would be made for nothing."""
    left_out = _left_out(collector.config.getoption("markexpr")) if isfunction(obj) else ()
    marks = (*collector.iter_markers(), *getattr(obj, "pytestmark", ())) if left_out else ()
    return [] if any(mark.name in left_out for mark in marks) else None


@cache
def _left_out(markexpr: str) -> frozenset[str]:
    """The marks in `not a and not b`; of whatever is said otherwise, none."""
    parts = markexpr.split(" and ")
    if not all(part.removeprefix("not ").isidentifier() for part in parts):
        return frozenset()
    return frozenset(part.removeprefix("not ") for part in parts if part.startswith("not "))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Spare Python the search for garbage in all that was collected: half a second each time."""
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the servers under test keep their state."""
    states = ("memory", "log", "sqlite", "redis")
    parser.addoption("--state", choices=states, default="memory", help="of servers under test")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out what is of one process alone, where servers share their state."""
    mark = item.get_closest_marker("in_memory")
    if mark and item.config.getoption("state") != "memory":
        pytest.skip(f"in the memory of one process: {mark.args[0]}")


@pytest.fixture(scope="session", autouse=True)
def _state(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Iterator[None]] | None]:
    """What is looked at round each test, where servers share their state."""
    state = request.config.getoption("state")
    if state == "memory":
        yield None
        return
    from tests import shared_state  # with all that it needs

    shared_state.begin(state, tmp_path_factory.mktemp(state))
    yield shared_state.checked
    shared_state.end()


@pytest.fixture(autouse=True)
def _one_state(_state: Callable[[], Iterator[None]] | None) -> Iterator[None]:
    yield from _state() if _state else (None,)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at 2025-03-31 00:00 UTC."""
    return ManualClock()


@pytest.fixture
def api(clock: ManualClock) -> Api:
    """Makes a client of a new world with these settings; it has a key already."""

    def make(**chosen: Any) -> TestClient:
        app = create_app(configured(**{"log_format": "none"} | chosen), clock=clock)
        return client_of(app, {"Authorization": "Bearer sk-mock-me"})

    return make


@pytest.fixture
def azure(api: Api) -> Api:
    """The same with Azure's kind of key, or with none; today's rules count."""

    def make(key: str | None = "sk-mock-me", **chosen: Any) -> TestClient:
        client = api(**{"as_of": "2026-11-28"} | chosen)
        del client.headers["Authorization"]
        if key is not None:
            client.headers["api-key"] = key
        return client

    return make


@pytest.fixture(scope="module")
def client() -> TestClient:
    """A client of a server of GPT image models without limits; many files have one of their own."""
    from tests.edits import made

    return made()


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
    with openai.OpenAI(**options, timeout=60) as client:
        yield client


@pytest.fixture
def hasty_once() -> Iterator[httpx2.Client]:
    """A client that waits a moment for its first answer, and as long as need be for the others."""
    seconds = iter((0.3,))

    def wait(request: httpx2.Request) -> None:
        request.extensions["timeout"] = dict.fromkeys(_WAITS, next(seconds, PATIENCE))

    with httpx2.Client(event_hooks={"request": [wait]}) as client:
        yield client


@pytest.fixture
def closing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Examples of pages close no client: it is done for them."""
    import openai

    with ExitStack() as clients:
        for name in ("OpenAI", "AzureOpenAI"):
            made = getattr(openai, name)
            monkeypatch.setattr(
                openai, name, lambda made=made, **told: clients.enter_context(made(**told))
            )
        yield

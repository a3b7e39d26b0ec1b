"""Fixtures of the whole suite: an application under a clock that stands still, and a real server."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Generator, Iterator
from inspect import isfunction
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from httpx2 import BaseTransport, Request, Response
from hypothesis import settings
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Scope

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.handle import Sandbox
from mockserver.testing import ImagesMock

if TYPE_CHECKING:
    import openai

pytest_plugins = ["pytester"]
# Some two hundred processes are started. Where Python may keep nothing, each compiles the package.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
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


class InProcess(BaseTransport):
    """Calls an application in this thread, and waits for all of its answer.

    Starlette's own starts a thread and a loop for each request, which takes 3 ms of 4. An answer
    that a test reads piece by piece needs it.
    """

    def __init__(self, app: ASGIApp, starlettes: BaseTransport) -> None:
        self.app, self.starlettes = app, starlettes

    def handle_request(self, request: Request) -> Response:
        """The whole answer; what the application raises is raised here."""
        if request.url.scheme == "ws":
            return self.starlettes.handle_request(request)
        return LOOP.run_until_complete(self._answer(request))

    async def _answer(self, request: Request) -> Response:
        body, sent, ended = [request.read()], list[Message](), asyncio.Event()

        async def receive() -> Message:
            if body:
                return {"type": "http.request", "body": body.pop()}
            await ended.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                ended.set()

        await self.app(_scope(request), receive, send)
        start, *pieces = sent
        return Response(
            start["status"],
            headers=start.get("headers"),
            content=b"".join(piece.get("body", b"") for piece in pieces),
            request=request,
        )


def _scope(request: Request) -> Scope:
    url = request.url
    return {
        "type": "http",
        "http_version": "1.1",
        "method": request.method,
        "path": unquote(url.path),
        "raw_path": url.raw_path.partition(b"?")[0],
        "root_path": "",
        "scheme": url.scheme,
        "query_string": url.query,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("testclient", 50000),
        "server": (url.host, url.port or 80),
    }


LOOP = asyncio.new_event_loop()


def client_of(app: ASGIApp, headers: dict[str, str] | None = None) -> TestClient:
    """A client of an application under the address that servers have without options."""
    client = TestClient(app, base_url="http://localhost:6780", headers=headers)
    client._transport = InProcess(app, client._transport)
    return client


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pycollect_makeitem(
    collector: pytest.Collector, obj: object
) -> Generator[None, Any, Any]:
    """Leave out at once what a run leaves out: Schemathesis would first think out its requests."""
    found = yield
    marks = {mark.name for mark in getattr(obj, "pytestmark", ())} if isfunction(obj) else set()
    left_out = "slow" in marks and "not slow" in collector.config.getoption("markexpr")
    return [] if left_out else found


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
    with openai.OpenAI(**options, timeout=10) as client:
        yield client

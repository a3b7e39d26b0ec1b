"""Several clients of one application at once, under a clock that moves when told. Tests nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.types import Message

from mockserver.app import create_app
from mockserver.clock import SECOND
from mockserver.config import configured
from mockserver.request.capacity import Capacity
from mockserver.request.world import World
from tests.batches import patience
from tests.conftest import GENERATIONS
from tests.in_process import LOOP

_TURNS = 60  # of the loop: more than any request takes from one wait to the next


class Stepped:
    """A time in which waits last, until a test moves it."""

    ended = False

    def __init__(self) -> None:
        self._now = 1_743_379_200 * SECOND
        self._due: list[tuple[int, asyncio.Future[None]]] = []

    def now(self) -> int:
        return self._now

    async def sleep(self, seconds: float) -> None:
        end = asyncio.get_running_loop().create_future()
        self._due.append((self._now + round(seconds * SECOND), end))
        await end

    async def pass_by(self, seconds: float = 0) -> None:
        """Move on, and let everybody do what there is to do."""
        self._now += round(seconds * SECOND)
        for at, end in self._due:
            if at <= self._now and not end.done():
                end.set_result(None)
        self._due = [(at, end) for at, end in self._due if not end.done()]
        for _ in range(_TURNS):
            await asyncio.sleep(0)


class Client:
    """Asks one application, each time by a line of its own."""

    def __init__(self, clock: Stepped | None = None, **chosen: Any) -> None:
        self.clock = clock or Stepped()
        config = configured(**{"log_format": "none", "tier": "off", "latency": "1s"} | chosen)
        self.app = create_app(config, clock=self.clock)
        world = self.app.user_middleware[0].kwargs["world"]
        assert isinstance(world, World)
        self.world = world

    @property
    def places(self) -> Capacity:
        assert self.world.capacity
        return self.world.capacity

    def ask(self, **body: Any) -> Asked:
        return Asked(self.app, GENERATIONS, {"prompt": "x"} | body)

    def ask_at(self, path: str, body: dict[str, Any]) -> Asked:
        return Asked(self.app, path, body)

    async def until(self, at_work: int, waiting: int) -> None:
        """Wait until so many are there; threads may have to do before that."""
        for _ in patience():
            if (self.places.at_work, self.places.waiting) == (at_work, waiting):
                return
            await LOOP.run_in_executor(None, self.clock.now)
        raise AssertionError(f"{self.places.at_work} at work, {self.places.waiting} in line")

    async def trace(self, asked: Asked) -> list[str]:
        """What the journal tells of the line."""
        name = self.world.keyring.sandbox_of("Bearer sk-mock-me")
        sandbox = await self.world.store.find(name)
        assert sandbox
        (record,) = [r for r in await sandbox.requests() if r.id == asked.id]
        return [line for line in record.trace if " line " in line]


class Asked:
    """One request, and what came of it so far."""

    def __init__(self, app: Any, path: str, body: dict[str, Any]) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.takes = asyncio.Event()  # the client reads its answer
        self.takes.set()
        self._left = asyncio.Event()
        self._content = [json.dumps(body).encode()]
        self.status = 0
        self.task: asyncio.Future[None] = asyncio.ensure_future(
            app(_scope(path, len(self._content[0])), self._receive, self._send)
        )

    @property
    def id(self) -> str:
        return self.headers.get(b"x-request-id", b"").decode()

    @property
    def is_done(self) -> bool:
        return self.task.done()

    def leave(self) -> None:
        self._left.set()

    async def _receive(self) -> Message:
        if self._content:
            return {"type": "http.request", "body": self._content.pop()}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            await self.takes.wait()
            self.body += message["body"]


def _scope(path: str, length: int) -> dict[str, Any]:
    headers = {"host": "localhost", "authorization": "Bearer sk-mock-me"}
    headers |= {"content-type": "application/json", "content-length": str(length)}
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "scheme": "http",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("localhost", 80),
    }

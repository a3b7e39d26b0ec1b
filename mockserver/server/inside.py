"""A server of this process asked from another thread, without a socket. Serves nobody else."""

from __future__ import annotations

import os
from _queue import Empty, SimpleQueue  # in C, below what tests replace
from asyncio import AbstractEventLoop
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message

_PATIENCE = 30.0  # seconds that an answer may take
_SCOPE = {"type": "http", "http_version": "1.1", "scheme": "http", "root_path": ""}


class Inside:
    """The way to an application in the thread of its loop: what is atomic there stays so.

    Args:
        app: the application, with all that surrounds it: the answers are those of HTTP.
        loop: the running loop that it is served in.
    """

    def __init__(self, app: ASGIApp, loop: AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop
        self._process = os.getpid()

    @property
    def is_here(self) -> bool:
        """Whether that thread is in this process: it is in no forked child."""
        return os.getpid() == self._process

    def ask(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """The status and content of an answer; of requests that end of themselves.

        Raises:
            TimeoutError: there is none in time.
            RuntimeError: the loop is closed.
        """
        path, _, query = path.partition("?")
        length = {} if body is None else {"Content-Length": str(len(body))}
        scope = {
            **_SCOPE,
            "method": method,
            "path": path,
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "headers": [
                (k.lower().encode(), v.encode("latin-1")) for k, v in {**headers, **length}.items()
            ],
        }
        answers = SimpleQueue[tuple[int, bytes]]()
        exchange = self._exchange(scope, body or b"", answers)
        self._loop.call_soon_threadsafe(self._loop.create_task, exchange)
        try:
            return answers.get(timeout=_PATIENCE)
        except Empty:
            raise TimeoutError("timed out") from None

    async def _exchange(
        self, scope: dict[str, Any], body: bytes, answers: SimpleQueue[tuple[int, bytes]]
    ) -> None:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        head, *rest = sent
        answers.put((head["status"], b"".join(message.get("body", b"") for message in rest)))

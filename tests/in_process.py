"""A client that calls an application in the thread of its test. Tests nothing."""

from __future__ import annotations

import asyncio
import atexit
from urllib.parse import unquote

from httpx2 import BaseTransport, Request, Response
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Scope

LOOP = asyncio.new_event_loop()
atexit.register(LOOP.close)


def client_of(app: ASGIApp, headers: dict[str, str] | None = None) -> TestClient:
    """A client of an application under the address that servers have without options."""
    client = TestClient(app, base_url="http://localhost:6780", headers=headers)
    client._transport = InProcess(app, client._transport)
    return client


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

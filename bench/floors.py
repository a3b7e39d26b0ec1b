"""The floors as servers: a raw ASGI app and a bare Starlette app. Imports nothing of the mock.

    python -m bench.floors raw BYTES      reads the body, answers BYTES bytes
    python -m bench.floors starlette      one Starlette route that does the same with 200 bytes

Both run under uvicorn as the mock does, and print the same line READY.
"""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

USUAL = 200  # bytes


def raw(size: int) -> ASGIApp:
    """The least that an ASGI app can do for a POST."""
    body = b"x" * size
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % size)]

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def starlette() -> ASGIApp:
    """The least that a Starlette app can be."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    async def answer(request: Request) -> Response:
        await request.body()
        return Response(b"x" * USUAL, media_type="application/json")

    return Starlette(routes=[Route("/v1/images/generations", answer, methods=["POST"])])


class Server(uvicorn.Server):
    """Tells its address once it accepts."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        port = sockets[0].getsockname()[1] if sockets else 0
        print(f"READY http://127.0.0.1:{port}", flush=True)


def main(kind: str, size: int = USUAL) -> None:
    """Serve until a signal ends it."""
    config = uvicorn.Config(
        raw(size) if kind == "raw" else starlette(),
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
    )
    Server(config).run([socket.create_server(("127.0.0.1", 0), backlog=2048)])


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))

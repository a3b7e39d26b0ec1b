"""A server of a test's own: it answers what it is told to, and keeps what it was sent."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Sent(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")


class Reply(NamedTuple):
    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)


def as_json(status: int, value: Any, **headers: str) -> Reply:
    told = ((name.replace("_", "-"), text) for name, text in headers.items())
    return Reply(status, json.dumps(value).encode(), (("content-type", "application/json"), *told))


def error(status: int, message: str = "no", code: str | None = None, **headers: str) -> Reply:
    told = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return as_json(status, {"error": told}, **headers)


MODELS = as_json(200, {"object": "list", "data": []})
PICTURE = as_json(200, {"created": 1, "data": [{"b64_json": "iVBORw0KGgo="}]})
Answers = Callable[[Sent], Reply | None]


class StandIn(NamedTuple):
    url: str  # ends in /v1
    sent: list[Sent]

    @property
    def paid(self) -> list[Sent]:
        """What asked for pictures."""
        return [one for one in self.sent if one.method == "POST"]


@contextmanager
def standing_in(answers: Answers, tls: ssl.SSLContext | None = None) -> Iterator[StandIn]:
    """A server whose answers these are; None breaks the line off."""
    sent: list[Sent] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # an answer in one piece

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            sent.append(one := Sent(self.command, self.path, headers, body))
            reply = answers(one)
            if reply is None:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)
            self.wfile.flush()

        do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    with Quiet(("127.0.0.1", 0), Handler) as server:
        scheme = "http"
        if tls:
            scheme, server.socket = "https", tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield StandIn(f"{scheme}://127.0.0.1:{server.server_port}/v1", sent)
        server.shutdown()

"""A stand-in for Docker's API, as far as Testcontainers asks for it: its one container is a server that runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

ID = "c0ffee" * 10 + "c0ff"


class Engine(ThreadingHTTPServer):
    """Notes what is asked, and publishes the container's port 6780 at another one."""

    daemon_threads = True

    def __init__(self, published: int) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.published = published
        self.created: list[dict[str, Any]] = []
        self.calls: list[str] = []

    def container(self) -> dict[str, Any]:
        [made] = self.created
        ports = {"6780/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(self.published)}]}
        return {
            "Id": ID,
            "Name": "/images",
            "Image": "sha256:1",
            "State": {"Status": "running", "Running": True},
            "Config": {"Image": made["Image"], "Labels": made.get("Labels", {})},
            "HostConfig": {"NetworkMode": "bridge"},
            "NetworkSettings": {"Ports": ports, "Networks": {"bridge": {"Gateway": "127.0.0.1"}}},
        }


class Asked(BaseHTTPRequestHandler):
    """One request to the engine."""

    server: Engine
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = re.sub(r"^/v[\d.]+|\?.*$", "", self.path)
        call = f"{self.command} {path}"
        self.server.calls.append(call)
        if call == "GET /version":
            self._send(200, {"ApiVersion": "1.47", "MinAPIVersion": "1.24", "Version": "27.0"})
        elif call == "POST /containers/create":
            self.server.created.append(json.loads(body))
            self._send(201, {"Id": ID, "Warnings": []})
        elif call.startswith("GET /images/"):
            self._send(200, {"Id": "sha256:1", "RepoTags": [], "Config": {}})
        elif call in ("GET /containers/json", f"GET /containers/{ID}/json"):
            found = self.server.container()
            self._send(200, [found] if call.endswith("containers/json") else found)
        elif call in (f"POST /containers/{ID}/start", f"DELETE /containers/{ID}"):
            self._send(204, None)
        else:
            self._send(404, {"message": f"{call} is not known here"})

    do_GET = do_POST = do_DELETE = do_HEAD = _answer  # noqa: N815

    def _send(self, status: int, body: object) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def engine(published: int) -> Iterator[Engine]:
    """An engine that is asked at tcp://127.0.0.1:PORT."""
    made = Engine(published)
    Thread(target=made.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        made.shutdown()
        made.server_close()

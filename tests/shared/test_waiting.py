"""`images-mock wait` for a server that refuses requests since its state is away."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from mockserver.client.wait import NotReady, _status

TOLD = b'{"server": "images-mock", "status": "not ready", "state": "away"}'


class Refusing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503)
        self.send_header("Content-Length", str(len(TOLD)))
        self.end_headers()
        self.wfile.write(TOLD)

    def log_message(self, format: str, *args: Any) -> None: ...


def test_it_says_that_the_state_is_away_and_takes_it_for_no_stranger() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        with pytest.raises(NotReady, match=f"{address} is not ready: its state is away"):
            _status(address, 5)
        server.shutdown()

"""A server with a defect: a proxy on a socket, before an honest server. Tests nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from contracts.exchange import Answer, KeyKind, Request
from tests.contracts.mutants.altering import Defect
from tests.contracts.mutants.target import sound

BASE = "/v1"


@contextmanager
def served(defect: Defect, base_url: str, key: str = "") -> Iterator[str]:
    """The base URL of a server with a defect, before the honest one at `base_url`.

    Args:
        defect: what is wrong with it; it gets requests as a target does.
        base_url: of the honest server.
        key: the good one, which requests that the defect lets in are sent with.
    """
    host = urlsplit(base_url).netloc

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            heads = tuple((name.lower(), value) for name, value in self.headers.items())
            path = self.path.removeprefix(BASE)
            request = Request(self.command, path, heads, self.rfile.read(length), self._kind())
            answer = sound(request, defect(request, self._honestly))
            self.send_response_only(answer.status)
            for name, value in answer.headers:
                if name not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = answer  # noqa: N815

        def _kind(self) -> KeyKind:
            told = self.headers.get("authorization", "")
            return "none" if not told else "good" if told == f"Bearer {key}" else "bad"

        def _honestly(self, request: Request) -> Answer:
            heads = dict(request.headers) | {"content-length": str(len(request.body))}
            if request.key == "good" and key:
                heads["authorization"] = f"Bearer {key}"
            prefix = BASE if self.path.startswith(BASE) else ""
            connection = HTTPConnection(host, timeout=60)
            connection.request(request.method, prefix + request.path, request.body, heads)
            with connection.getresponse() as came:
                told = tuple((name.lower(), value) for name, value in came.getheaders())
                answer = Answer(came.status, told, came.read())
            connection.close()
            return answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}{BASE}"
        server.shutdown()
        thread.join()

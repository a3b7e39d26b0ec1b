"""What tests in a real browser share: small web sites, a server that is watched. Tests nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import httpx2
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mockserver.app import create_app
from mockserver.clock import SystemClock
from mockserver.config import configured
from mockserver.core.addresses import API
from mockserver.core.judging.findings import Finding, Severity
from mockserver.core.judging.seen import Journal
from mockserver.handle import Sandbox
from mockserver.request.world import store_of
from mockserver.server import listening
from mockserver.testing import ImagesMock

#: For a browser that talks to this machine alone, whatever name a page has, and asks nobody else.
#: It lets pages at this machine that it would not, so that what holds them is the server.
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
    *("--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * 127.0.0.1"),
    "--disable-features=LocalNetworkAccessChecks,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable",
)


def one_finding(journal: Journal, **_: Any) -> list[Finding]:
    """What a page with a verdict shows, whatever else is judged."""
    ids = tuple(request.id for request in journal.requests)
    return [Finding("retry-after-ignored", Severity.WARNING, "waited 1 s where it was 20 s", ids)]


class Site:
    """A web site on a port of loopback, under any name: `pages` by path, and `/to?URL` leads on.

    Each page is a content type and a body. `/to` keeps the method of what it is asked with.
    """

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, str]] = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"] or 0))
                path, _, query = self.path.partition("?")
                kind, body = site.pages.get(path, ("text/plain", ""))
                self.send_response(307 if path == "/to" else 200 if body else 404)
                if path == "/to":
                    self.send_header("Location", parse_qs(query)["url"][0])
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body.encode())

            do_POST = do_HEAD = do_PUT = do_DELETE = do_GET  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing is logged."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port

    def at(self, name: str, path: str = "/") -> str:
        """The address of a page under a name of this site."""
        return f"http://{name}:{self.port}{path}"

    @contextmanager
    def serving(self) -> Iterator[Site]:
        """Serve until the end."""
        thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


class Mine:
    """A sandbox of one test's own."""

    def __init__(self, mock: ImagesMock, key: str) -> None:
        self.mock, self.key = mock, key
        self.client = httpx2.Client(base_url=mock.url, headers={"Authorization": f"Bearer {key}"})
        headers = {"Mock-Sandbox-Key": key}
        begun = httpx2.post(f"{mock.address}/_mock/sandbox", json={}, headers=headers)
        self.name = begun.json()["sandbox"]
        self.handle = mock.sandbox(key)

    def ask(self, prompt: str, **body: Any) -> httpx2.Response:
        body = {"prompt": prompt, "size": "256x256"} | body
        return self.client.post("/images/generations", json=body)

    def at(self, path: str = "") -> str:
        """The address of a page of this sandbox, which may have a query of its own."""
        start = f"{self.mock.address}/{f'_mock/page/{path}' if path else ''}"
        return f"{start}{'&' if '?' in path else '?'}sandbox={self.name}"


class Heard(NamedTuple):
    """One request as the server had it, and its answer's status."""

    method: str
    path: str
    headers: dict[str, str]
    status: int

    @property
    def line(self) -> str:
        return f"{self.status} {self.method} {self.path}"


class Watched:
    """A server whose requests are heard, and whose state can be looked at without asking it."""

    def __init__(self, **settings: Any) -> None:
        config = configured(**{"port": 0, "log_format": "none"} | settings)
        self.store = store_of(config, SystemClock())
        self.heard: list[Heard] = []
        with patch.object(listening, "create_app", self._around(create_app)):
            self._thread = listening.ServerThread(config, store=self.store)
        self.address = self._thread.address
        self.port = urlsplit(self.address).port
        self.url = f"{self.address}{API}"

    def _around(self, create: Callable[..., ASGIApp]) -> Callable[..., ASGIApp]:
        def created(*arguments: Any, **named: Any) -> ASGIApp:
            app = create(*arguments, **named)

            async def hearing(scope: Scope, receive: Receive, send: Send) -> None:
                async def sending(message: Message) -> None:
                    if message["type"] == "http.response.start":
                        told = {k.decode(): v.decode("latin-1") for k, v in scope["headers"]}
                        line = (scope["method"], scope["path"], told, message["status"])
                        self.heard.append(Heard(*line))
                    await send(message)

                await app(scope, receive, sending)

            vars(hearing)["state"] = vars(app)["state"]  # the server looks for its world there
            return hearing

        return created

    @contextmanager
    def serving(self) -> Iterator[Watched]:
        """Serve until the end."""
        self._thread.start()
        try:
            yield self
        finally:
            self._thread.stop()

    def sandbox(self, key: str = "sk-mock-me") -> Sandbox:
        """The sandbox of a key."""
        return Sandbox(self.address, key)

    def state(self) -> dict[str, Any]:
        """All that it keeps: everything in the store, as text."""
        return {name: _told(value) for name, value in vars(self.store).items() if name != "_now"}


def _told(value: Any, depth: int = 0) -> Any:
    """A value with all that is in it, as far as this project's own classes are."""
    if depth > 9:
        return "…"
    if isinstance(value, dict):
        return {repr(k): _told(v, depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset) or type(value).__name__ == "deque":
        return [_told(v, depth + 1) for v in value]
    if type(value).__module__.startswith("mockserver.") and not callable(value):
        slots = [s for k in type(value).__mro__ for s in getattr(k, "__slots__", ())]
        names = [*getattr(value, "__dict__", {}), *(s for s in slots if hasattr(value, s))]
        hidden = ("_everyone", "_tally", "_files")  # which are looked at by themselves
        return {n: _told(getattr(value, n), depth + 1) for n in names if n not in hidden}
    return repr(value)

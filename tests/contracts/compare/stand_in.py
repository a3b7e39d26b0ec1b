"""A server that answers as the mock does, but for differences that are known; and trials for it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from contracts.compare.recording import Case, Origin, recorded, write
from contracts.discretion import Key
from contracts.exchange import Request, json_request
from contracts.target import Target
from contracts.target.http import HttpTarget
from contracts.target.line import Line, trusting
from contracts.trials import Promise, Trial, Verdict

CANARY = "sk-proj-canary-0123456789abcdef"
TODAY = date(2026, 11, 28)
NOON = 1_795_867_200.0  # of that day
ORIGIN = Origin(TODAY, "https://api.example/v1", None, TODAY, "0.1.0")

Headers = dict[str, str]
#: Makes another answer of one: its status, headers and body.
Change = Callable[[str, int, Headers, bytes], tuple[int, Headers, bytes]]


def trial(
    name: str,
    request: Request,
    status: int = 200,
    *,
    pays: bool = True,
    downloads: int = 0,
    times: int = 1,
) -> Trial:
    """A trial that asks for one thing, so many times, and says nothing of it."""

    def judge(target: Target) -> Iterator[Verdict]:
        for _ in range(times):
            exchange = target.ask(request, pays=pays)
            for _ in range(downloads):
                target.fetch(exchange.answer.json()["data"][0]["url"])
            yield Verdict("it is answered", exchange=exchange)

    operation = {"/images/generations": "images.generate", "/models": "models.list"}[request.path]
    return Trial(name, Promise(operation, status, name), judge, pays=pays)


def generate(**body: Any) -> Request:
    """A request for a picture of `x`."""
    return json_request("POST", "/images/generations", {"prompt": "x"} | body)


SMALL = {"model": "gpt-image-2", "quality": "low", "size": "1024x640"}
STREAMED = {**SMALL, "stream": True, "partial_images": 1}
TRIALS = (
    trial("generate.url", generate(size="256x256"), downloads=2),
    trial("generate.b64", generate(n=2, size="256x256", response_format="b64_json"), times=2),
    trial("generate.gpt", generate(**SMALL)),
    trial("generate.stream", generate(**STREAMED)),
    trial("generate.size", generate(size="7"), 400, pays=False),
    trial("generate.no-key", generate()._replace(key="none"), 401, pays=False),
    trial("generate.bad-key", generate()._replace(key="bad"), 401, pays=False),
    trial("models.list", Request("GET", "/models"), pays=False),
)

FREE = tuple(trial for trial in TRIALS if not trial.pays)


def written(cases: Iterable[Case], directory: Path) -> list[Path]:
    """A directory with these recordings, and its files."""
    directory.mkdir(exist_ok=True)
    for case in cases:
        write(case, directory, lambda file, text: file.write_text(text, "utf-8"))
    return sorted(directory.glob("*.json"))


@contextmanager
def target_at(url: str, key: str = CANARY) -> Iterator[HttpTarget]:
    """A server as a target."""
    line = Line([Key(key)], lambda: trusting(None))
    yield HttpTarget(url, Key(key), None, now=time.time, line=line)
    line.close()


def cases_at(url: str, origin: Origin = ORIGIN, trials: Iterable[Trial] = TRIALS) -> list[Case]:
    """What a server answers to trials."""
    with target_at(url) as target:
        cases, ended = recorded(trials, target, origin)
    assert not ended
    return cases


@contextmanager
def stand_in(url: str, change: Change) -> Iterator[str]:
    """The base URL of a server that asks another one, and changes what it says."""
    base = url.removesuffix("/v1")

    class Changed(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            kept = ("authorization", "content-type")
            sent = {name: value for name, value in self.headers.items() if name.lower() in kept}
            there = requests.request(self.command, base + self.path, data=body, headers=sent)
            told = {name.lower(): value for name, value in there.headers.items()}
            status, headers, content = change(self.path, there.status_code, told, there.content)
            self.send_response_only(status)
            length = {"content-length": str(len(content))}
            for name, value in (headers | length).items():
                if name != "transfer-encoding":
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Changed) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def different(path: str, status: int, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
    """A server that differs in one of each way in which two can differ."""
    headers = {name: value for name, value in headers.items() if name != "openai-processing-ms"}
    if status != 200:
        body = body.replace(b"is not one of", b"is none of")
    if not headers["content-type"].startswith("application/json"):
        return status, headers, body.replace(b'"quality":"low"', b'"quality":"lowest"')
    value = json.loads(body)
    if "created" in value:
        value = {"data": value.pop("data"), **value, "lineage": {"seed": 7}}
    if "usage" in value:
        value["usage"]["total_tokens"] = str(value["usage"]["total_tokens"])
        value["quality"] = "lowest"
    indent = 2 if body.startswith(b"{\n") else None
    return status, headers, (json.dumps(value, indent=indent) + "\n").encode()

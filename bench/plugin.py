"""What the pytest plugin costs: loaded and never used, for each test, and for a call."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import httpx2
from openai import OpenAI

from bench.rows import Row, interleaved, run, seconds
from mockserver.core.journal import Record
from mockserver.pytest_plugin.ambient import Ambient
from mockserver.pytest_plugin.server import OwnServer
from mockserver.pytest_plugin.sites import Files, Sites

PAIRS = 21  # of pytest runs
ROUNDS = 9
CALLS = 100  # a round
KEY = "sk-mock-bench"
EMPTY = "nothing"  # a plugin: for each that is named, pytest looks through all packages installed


def rows() -> Iterator[Row]:
    """Of loading, and of use in one process."""
    yield _loading()
    yield from _use()


def _loading() -> Row:
    """The median of paired differences: a pytest run is long beside what the plugin adds."""
    with TemporaryDirectory() as directory:
        Path(directory, "test_nothing.py").write_text("def test_nothing(): pass\n", "utf-8")
        Path(directory, f"{EMPTY}.py").touch()
        bare, loaded = (partial(_pytest, directory, p) for p in (EMPTY, "mockserver.pytest_plugin"))
        without, with_plugin = interleaved(PAIRS, [bare, loaded])
    added = median(b - a for a, b in zip(without, with_plugin, strict=True))
    figures = f"{1000 * median(with_plugin):.0f} ms", f"{1000 * median(without):.0f} ms"
    beside = "a pytest run of one empty test, with an empty plugin: CPU added"
    return Row("plugin loaded, unused", beside, "<= 8 ms", 1000 * added, *figures)


def _pytest(directory: str, plugin: str) -> float:
    """CPU time of a run of one empty test, with no plugin but the one named."""
    command = [sys.executable, "-m", "pytest", "-q", "--disable-plugin-autoload", "-p", plugin]
    return run(command, directory).cpu


def _use() -> Iterator[Row]:
    """The plugin's server as the plugin runs it, beside a canned answer and pytest-httpserver."""
    server = OwnServer(KEY)
    ambient = Ambient(server, KEY)
    ambient.settle({"limits": "999999999/min"})
    try:
        ambient.begin("test", {}, wanted=True)
        yield _tests(ambient)
        yield from _calls(ambient)
        yield _judged_call(server, ambient)
    finally:
        server.stop()


def _tests(ambient: Ambient) -> Row:
    """What comes before and after each test: a bill, a look at the rules, a new sandbox."""

    def tests() -> None:
        for _ in range(CALLS):
            ambient.handle.unused_rules()
            ambient.begin("test", {}, wanted=True)

    best = min(seconds(tests) for _ in range(ROUNDS)) / CALLS
    beside = "nothing (what comes before and after it)"
    return Row("a test with its own sandbox", beside, "<= 0.4 ms", 1000 * best)


def _calls(ambient: Ambient) -> Iterator[Row]:
    """The official SDK on this server, and on others that give the same answer unthinkingly."""
    with httpx2.Client() as http:
        live = _client(ambient.url, http)
        raw = live.images.with_raw_response.generate(prompt="a fox", size="256x256")
        answer = httpx2.Response(200, content=raw.content, headers=dict(raw.headers))
        canned = httpx2.Client(transport=httpx2.MockTransport(lambda _: answer))
        held = "call through the plugin's server", "httpx2.MockTransport, a canned answer", "<= 2"
        yield _held(*held, live, _client(ambient.url, canned))
        held = "the same call", "pytest-httpserver, a canned answer", "<= 1"
        if not find_spec("pytest_httpserver"):
            yield Row(*held, note="pytest-httpserver is not installed")
            return
        with _httpserver(raw.content) as url:
            yield _held(*held, live, _client(url, http))


def _judged_call(server: OwnServer, ambient: Ambient) -> Row:
    """A call whose line in the program is looked for, as a verdict wants it, in CPU time."""
    sites = Sites(Files(Path.cwd()))

    def cpu(arrived: Callable[[Record, Any], None] | None) -> float:
        assert server._server
        server._server.world.feed.arrived = arrived
        sites.clear()
        begin = process_time()
        for _ in range(CALLS):
            client.images.generate(prompt="a fox", size="256x256")
        return (process_time() - begin) / CALLS

    with httpx2.Client() as http:
        client = _client(ambient.url, http)
        cpu(None)
        bare, ours = interleaved(ROUNDS, [partial(cpu, None), partial(cpu, sites.arrived)])
    ratio = median(b / a for a, b in zip(bare, ours, strict=True))
    figures = f"{1e6 * median(ours):.0f} us", f"{1e6 * median(bare):.0f} us"
    return Row("call with a verdict", "the same without", "<= 1.05", ratio, *figures)


def _client(url: str, http: httpx2.Client) -> OpenAI:
    return OpenAI(base_url=url, api_key=KEY, http_client=http)


@contextmanager
def _httpserver(content: bytes) -> Iterator[str]:
    from pytest_httpserver import HTTPServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line a request, else
    with HTTPServer() as server:
        expected = server.expect_request("/v1/images/generations", method="POST")
        expected.respond_with_data(content, content_type="application/json")
        yield server.url_for("/v1")


def _held(name: str, beside: str, aim: str, measured: OpenAI, floor: OpenAI) -> Row:
    bare, ours = (partial(_call, client) for client in (floor, measured))
    best, mine = map(min, interleaved(ROUNDS, [bare, ours]))
    return Row(name, beside, aim, mine / best, f"{1e6 * mine:.0f} us", f"{1e6 * best:.0f} us")


def _call(client: OpenAI) -> float:
    """Seconds for one call."""

    def calls() -> None:
        for _ in range(CALLS):
            client.images.generate(prompt="a fox", size="256x256")

    return seconds(calls) / CALLS

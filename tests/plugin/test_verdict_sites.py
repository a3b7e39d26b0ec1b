"""Where a request was made: the program's own line, whatever client asks, and in whatever way."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pluggy
import pytest
from _pytest import python

from mockserver.pytest_plugin.ambient import Ambient
from mockserver.pytest_plugin.server import OwnServer
from mockserver.pytest_plugin.sites import Files, Sites

KEY = "sk-mock-sites"
#: Where each is asked is said beside it; the last line of a name is that of a library's own task.
PROGRAM = """
    import asyncio, json, os, threading
    from concurrent.futures import ThreadPoolExecutor
    from urllib.request import Request, urlopen
    import aiohttp, httpx2, openai, requests

    URL, KEY = os.environ["SITES_URL"], "sk-mock-sites"
    BODY = {"model": "dall-e-2", "prompt": "x", "size": "256x256", "response_format": "b64_json"}
    HEAD = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    SDK = openai.OpenAI(base_url=URL, api_key=KEY, max_retries=0)
    TO = {"url": f"{URL}/images/generations", "json": BODY, "headers": HEAD}

    def by_urllib():
        asked = Request(TO["url"], json.dumps(BODY).encode(), HEAD)
        with urlopen(asked) as answer: return answer.read()             # by_urllib
    def by_requests(): return requests.post(**TO)                       # by_requests
    def by_httpx2(): return httpx2.post(**TO)                           # by_httpx2
    def by_sdk(): return SDK.images.generate(**BODY)                    # by_sdk

    async def by_aiohttp():
        async with aiohttp.ClientSession() as session:
            async with session.post(**TO) as answer:                    # by_aiohttp
                return await answer.read()
    async def by_async_httpx2():
        async with httpx2.AsyncClient() as client:
            return await client.post(**TO)                              # by_async_httpx2
    async def by_async_sdk():
        async with openai.AsyncOpenAI(base_url=URL, api_key=KEY) as client:
            return await client.images.generate(**BODY)                 # by_async_sdk

    def in_threads():
        some = [threading.Thread(target=f) for f in (by_urllib, by_sdk, by_requests)]
        for one in some: one.start()
        for one in some: one.join()
    def in_a_pool():
        with ThreadPoolExecutor(2) as pool:
            ask = SDK.images.generate
            return [w.result() for w in [pool.submit(ask, **BODY) for _ in "ab"]]    # in_a_pool
    async def at_once(): await asyncio.gather(by_aiohttp(), by_async_sdk(), by_async_httpx2())
    async def gathered():
        async with openai.AsyncOpenAI(base_url=URL, api_key=KEY) as client:
            await asyncio.gather(*[client.images.generate(**BODY) for _ in 'abc'])    # gathered
    async def in_a_group():
        async with openai.AsyncOpenAI(base_url=URL, api_key=KEY) as client:
            async with asyncio.TaskGroup() as group:                    # in_a_group
                group.create_task(client.images.generate(**BODY))
                group.create_task(by_aiohttp())
    async def in_another_thread():
        await asyncio.to_thread(SDK.images.generate, **BODY)            # in_another_thread
    async def blocking():
        waiting = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        by_sdk()
        waiting.cancel()
"""
CASES = {
    **{n: [n] for n in ("by_urllib", "by_requests", "by_httpx2", "by_sdk")},
    **{n: [n] for n in ("by_aiohttp", "by_async_httpx2", "by_async_sdk", "in_another_thread")},
    "in_threads": ["by_requests", "by_sdk", "by_urllib"],
    "in_a_pool": ["in_a_pool"] * 2,
    "at_once": ["by_aiohttp", "by_async_httpx2", "by_async_sdk"],
    "gathered": ["gathered"] * 3,
    "in_a_group": ["by_aiohttp", "in_a_group"],
    "blocking": ["by_sdk"],
}


class Asked:
    """A program, and where its requests were made."""

    def __init__(self, program: Any, file: Path, ambient: Ambient, sites: Sites) -> None:
        self.program, self._ambient, self.sites = program, ambient, sites
        lines = file.read_text("utf-8").splitlines()
        marks = [line.partition("    # ")[2].strip() for line in lines]
        self._marks = {number: mark for number, mark in enumerate(marks, 1) if mark}

    def by(self, ask: Callable[[], Any]) -> list[str]:
        """The marks of the lines that made the requests; a line without one as it is."""
        self.sites.clear()
        self._ambient.begin("test", {}, wanted=True)
        ask()
        chains = self.sites.by_id
        found = [chains.get(r.id, ()) for r in self._ambient.handle.requests]
        lines = [next((s.line for s in chain if s.file == "program.py"), 0) for chain in found]
        return sorted(self._marks.get(line, f"line {line}") for line in lines)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    root = tmp_path_factory.mktemp("sites")
    file = root / "program.py"
    file.write_text(dedent(PROGRAM), "utf-8")
    server, sites = OwnServer(KEY), Sites(Files(root))
    server.arrived = sites.arrived
    ambient = Ambient(server, KEY)
    ambient.settle({"limits": "9999/min"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SITES_URL", ambient.url)
        patch.syspath_prepend(root)
        yield Asked(importlib.import_module("program"), file, ambient, sites)
    del sys.modules["program"]
    server.stop()


def test_each_client_is_found_at_the_line_of_the_program(asked: Asked) -> None:
    def ask(name: str) -> Callable[[], Any]:
        function = getattr(asked.program, name)
        if asyncio.iscoroutinefunction(function):
            return lambda: asyncio.run(function())
        return lambda: function()

    assert {name: asked.by(ask(name)) for name in CASES} == {n: sorted(v) for n, v in CASES.items()}


def test_in_a_loop_of_uvloop_too(asked: Asked) -> None:
    uvloop = pytest.importorskip("uvloop")
    assert asked.by(lambda: uvloop.run(asked.program.at_once())) == CASES["at_once"]


def test_the_lines_that_led_there_are_told_outwards(asked: Asked) -> None:
    asked.by(asked.program.by_sdk)
    ((site, *outer),) = asked.sites.by_id.values()
    assert site.file == "program.py"
    assert {Path(s.file).name for s in outer} >= {"test_verdict_sites.py"}


def test_what_is_asked_of_the_server_itself_has_no_site(asked: Asked) -> None:
    asked.by(lambda: None)
    assert asked.sites.by_id == {}


def test_a_file_is_named_from_the_root_and_a_library_is_none(tmp_path: Path) -> None:
    (tmp_path / "src/poster").mkdir(parents=True)
    (tmp_path / "src/poster/api.py").touch()
    files = Files(tmp_path)
    installed = Path(json.__file__).parents[1] / "site-packages"
    assert files[str(tmp_path / "tests/helpers.py")] == "tests/helpers.py"
    assert files["/elsewhere/tool.py"] == "/elsewhere/tool.py"
    # What tox has installed of the program is told as its source.
    assert files[str(installed / "poster/api.py")] == "src/poster/api.py"
    none = [json.__file__, pluggy.__file__, str(installed / "openai/_client.py"), "<frozen x>"]
    assert [files[f] for f in [*none, sys.modules["mockserver"].__file__ or ""]] == [None] * 5
    assert files[python.__file__] == "<pytest>"

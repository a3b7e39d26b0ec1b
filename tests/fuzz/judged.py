"""Asks an application as the server would, and judges the form of whatever it answers. Tests nothing."""

from __future__ import annotations

import asyncio
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest
from starlette.types import ASGIApp, Message, Scope

from contracts.checks.every import complaint
from contracts.checks.headers import headers
from contracts.checks.refusals import is_text_alone, refusal
from contracts.exchange import Answer, Exchange, Request
from mockserver.api.middleware import Observe
from mockserver.core.addresses import AZURE, PICTURES, in_api, in_control
from mockserver.request.exchange import Exchange as Seen
from mockserver.request.log_writer import WRITER
from mockserver.request.world import World

TRACE = ("Traceback (most recent", ".py:", 'File "')
_AZURES_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CONTROL_ERROR = {"message", "type", "param", "code"}
_LEFT = 499


class Ask(NamedTuple):
    """One request as it came over the wire."""

    method: str
    path: str
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    leaves: bool = False  # the client does not wait for the answer


class Told(NamedTuple):
    """An answer, and what the server knows of the request."""

    status: int  # 0: the line was closed without one
    headers: tuple[tuple[str, str], ...]
    body: bytes
    seen: Seen

    @property
    def is_scripted(self) -> bool:
        """Whether a rule, or what stands in a key, had a part in it."""
        return bool(self.seen.fired or self.seen.record.scripted)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Asked:
    """An application that is asked in a loop of its own, and what it logged."""

    app: ASGIApp
    world: World
    loop: asyncio.AbstractEventLoop
    log: list[str] = field(default_factory=list)

    def ask(self, ask: Ask) -> Told:
        """The answer, once it is judged."""
        told = self.loop.run_until_complete(self._ask(ask))
        judge(ask, told)
        for line in self.log:
            assert not any(text in line for text in TRACE), line
        self.log.clear()
        return told

    async def _ask(self, ask: Ask) -> Told:
        bodies: list[Message] = [{"type": "http.request", "body": ask.body, "more_body": False}]
        sent, seen, ended = list[Message](), list[Seen](), asyncio.Event()
        if ask.leaves:
            bodies.insert(0, {"type": "http.disconnect"})

        async def receive() -> Message:
            if bodies:
                return bodies.pop()
            await ended.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                ended.set()

        original = Observe._exchange

        def noted(observe: Observe, scope: Scope) -> Seen:
            seen.append(original(observe, scope))
            return seen[-1]

        with patch.object(Observe, "_exchange", noted):
            await self.app(_scope(ask), receive, send)
        if not sent:
            return Told(0, (), b"", seen[0])
        start, *pieces = sent
        names = tuple((n.decode(), v.decode("latin-1")) for n, v in start["headers"])
        body = b"".join(piece.get("body", b"") for piece in pieces)
        return Told(start["status"], names, body, seen[0])

    async def settle(self) -> list[str]:
        """What still runs once nobody asks any more and all work was told to end."""
        for work in [*self.world.work.values()]:
            work.end()
        for _ in range(200):
            await asyncio.sleep(0)
        if left := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(left, timeout=30)  # threads may have to do before that
        left = asyncio.all_tasks() - {asyncio.current_task()}
        return [repr(task.get_coro()) for task in left]


@contextmanager
def asked(app: ASGIApp, world: World) -> Iterator[Asked]:
    """An application in a loop, whose log is kept."""
    loop, lines = asyncio.new_event_loop(), list[str]()
    try:
        with patch.object(WRITER, "put", lambda text, told=str: lines.append(text)):
            yield Asked(app, world, loop, lines)
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def _scope(ask: Ask) -> Scope:
    path, _, query = ask.path.partition("?")
    return {
        "type": "http",
        "http_version": "1.1",
        "method": ask.method,
        "path": path,
        "raw_path": path.encode("latin-1", "replace"),
        "query_string": query.encode("latin-1", "replace"),
        "headers": [(b"host", b"localhost"), *ask.headers],
        "scheme": "http",
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 5),
    }


# -- what an answer must be ----------------------------------------------------------------------


def judge(ask: Ask, told: Told) -> None:
    """Hold an answer to the form of what was asked; a rule may answer whatever it says."""
    if not told.is_scripted:
        assert told.status < 500 or b"sandboxes_full" in told.body, (ask, told.body)
    assert told.status or told.is_scripted or ask.leaves, (ask, "nothing was answered")
    if told.is_scripted or not told.status:
        return
    assert not any(text.encode() in told.body[:5_000] for text in TRACE), told.body
    length = dict(told.headers).get("content-length")
    assert length is None or ask.method == "HEAD" or int(length) == len(told.body), ask
    path = ask.path.partition("?")[0]
    if in_control(path):
        _control(told)
    elif path.startswith(PICTURES) and told.seen.record.status != 421:
        _picture(ask, told)
    elif in_api(path) or path.startswith(f"{AZURE}/"):
        _api(ask, told, path)
    elif told.status >= 400 and told.body:
        assert told.json["error"]["message"]


def _control(told: Told) -> None:
    value = json.loads(told.body, parse_constant=pytest.fail)
    assert isinstance(value, dict)
    if told.status >= 400:
        assert value["error"].keys() >= _CONTROL_ERROR
        assert isinstance(value["error"]["message"], str)


def _picture(ask: Ask, told: Told) -> None:
    named = dict(told.headers)
    if told.status < 300:
        assert named["etag"], named
        assert named["content-type"].startswith("image/") or not told.body
    elif told.status == 304:
        assert not told.body
    elif "x-ms-error-code" in named and told.body:
        root = ET.fromstring(told.body.decode("utf-8-sig"))
        assert root.findtext("Code") == named["x-ms-error-code"]
    else:  # refused for its host, its length, or HEAD
        assert ask.method == "HEAD" or told.json["error"]["message"], told


def _api(ask: Ask, told: Told, path: str) -> None:
    """The form of a refusal, and the headers of the day."""
    answer = Answer(told.status, told.headers, told.body)
    request = Request(
        ask.method, path, tuple((n.decode(), v.decode("latin-1")) for n, v in ask.headers)
    )
    exchange = Exchange(request._replace(key="none"), answer, 0, 0)
    if told.seen.surface is None and path.startswith(f"{AZURE}/"):
        assert told.status in (413, 421), told  # refused before anybody knew whose it is
    elif told.seen.surface is None:
        facts = told.seen.era.facts.headers
        assert not complaint(headers(exchange, facts)), (ask, complaint(headers(exchange, facts)))
    else:
        assert _AZURES_ID.fullmatch(answer.header("x-request-id")), told.headers
    if answer.media == "text/event-stream":
        for line in told.body.splitlines():
            assert not line.startswith(b"data: ") or json.loads(line[6:])
    if told.status < 400 or (told.status == 404 and not told.body) or ask.method == "HEAD":
        return
    if told.seen.surface is not None or is_text_alone(answer):
        assert "error" in told.json or "message" in told.json
        return
    assert not complaint(refusal(answer)), (ask, complaint(refusal(answer)), told.body)

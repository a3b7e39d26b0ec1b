"""Whatever is sent in whatever order: an answer in its form or none, and nothing left behind."""

from __future__ import annotations

import gc
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.request.world import World
from mockserver.store.memory import MemoryStore
from tests.fuzz import requests
from tests.fuzz.judged import Ask, Asked, Told, asked
from tests.fuzz.requests import JSON, bearer, sent

SANDBOXES, STATE, UPLOADS = 4, 400_000, 60_000  # so small that a few requests reach them
OWN = [b"sk-mock-one", b"sk-mock-two"]  # keys that no other rule than those with a promise has
GENERATIONS = "/v1/images/generations"
own = st.sampled_from(OWN)
NOW, START = "2026-11-28", 1_795_824_000  # the same, in Unix seconds
days = st.sampled_from([None, NOW, NOW, NOW, "today", "2022-12-01", "2024-06-01", "2025-06-01"])
_RANGES = [b"bytes=0-1", b"bytes=9-", b"bytes=-1", b"bytes=99999999-", b"bytes=5-1", b"\xff"]
conditions = st.sampled_from([(), *(((b"range", value),) for value in _RANGES)])


class Surface(RuleBasedStateMachine):
    """Several sandboxes, and all that can be asked of one server.

    In half of the runs it has room for a few sandboxes only; in the others what was made is there.
    """

    urls: Bundle[str] = Bundle("urls")
    files: Bundle[tuple[bytes, str]] = Bundle("files")
    replies: Bundle[tuple[bytes, str]] = Bundle("replies")

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.ids = ["x", "", "%00", "file-x", "batch_x", "resp_x"]
        self.spent: dict[tuple[str, int], int] = {}

    @initialize(is_small=st.booleans(), day=days)
    def start(self, is_small: bool, day: str | None) -> None:
        self.is_small, self.clock = is_small, ManualClock(START)
        bounds: dict[str, Any] = {"sandboxes": SANDBOXES, "upload_bytes": UPLOADS}
        bounds["state_bytes"] = STATE
        self.store = MemoryStore(**(bounds if is_small else {}), now=self.clock.now)
        if is_small:
            self.stack.enter_context(patch("mockserver.core.sandbox.logs.RECORD_BYTES", 40_000))
            self.stack.enter_context(patch("mockserver.core.sandbox.rulebook.RULE_BYTES", 40_000))
        config = configured(log_format="text", as_of=day)
        app = create_app(config, clock=self.clock, store=self.store)
        self.world: World = next(r.app._world for r in app.routes if r.path == "/_mock")  # type: ignore[attr-defined]
        self.asked: Asked = self.stack.enter_context(asked(app, self.world))

    def ask(self, ask: Ask) -> Told:
        return self.asked.ask(ask)

    def of(self, key: bytes, method: str, path: str, body: Any = None, *more: Any) -> Told:
        """The answer to a request that nothing is wrong with."""
        content = b"" if body is None else sent(body)
        return self.ask(Ask(method, path, content, (bearer(key), JSON, *more)))

    def keep(self, told: Told) -> None:
        """Remember an id that was told."""
        value = told.json if told.status == 200 and told.body.startswith(b"{") else {}
        if isinstance(found := value.get("id"), str):
            self.ids.append(found)

    # -- anything --------------------------------------------------------------------------------

    @rule(ask=requests.generation() | requests.upload(), leaves=st.integers(0, 9))
    def pictures(self, ask: Ask, leaves: int) -> None:
        self.ask(ask._replace(leaves=leaves == 9))

    @rule(ask=requests.control())
    def control(self, ask: Ask) -> None:
        self.ask(ask)

    @rule(ask=requests.other() | requests.kept_file() | requests.of_files())
    def others(self, ask: Ask) -> None:
        self.keep(self.ask(ask))

    @rule(data=st.data())
    def beside(self, data: st.DataObject) -> None:
        self.keep(self.ask(data.draw(requests.beside(st.sampled_from(self.ids)))))

    @rule(ask=requests.azure())
    def azure(self, ask: Ask) -> None:
        self.ask(ask)

    @rule(seconds=st.sampled_from([0.012, 1, 60, 4_000, 90_000]))
    def later(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(day=days, key=own)
    def begin(self, day: str | None, key: bytes) -> None:
        whose = (b"mock-sandbox-key", key)
        self.ask(Ask("POST", "/_mock/sandbox", sent({"as_of": day}), (whose, JSON)))

    # -- promises --------------------------------------------------------------------------------

    @rule(target=urls, key=own, n=st.integers(1, 3))
    def draw(self, key: bytes, n: int) -> Any:
        """A good request is in the journal, and its pictures can be downloaded."""
        body = {"prompt": "a fox", "model": "dall-e-2", "size": "256x256", "n": n}
        body["response_format"] = "url"
        before = self.journal(key)
        told = self.of(key, "POST", GENERATIONS, body)
        if not self.is_small:
            assert self.journal(key) == before + 1
        if told.status != 200 or told.is_scripted:
            return multiple()
        found = [one["url"] for one in told.json["data"]]
        assert len(found) == n
        return multiple(*found)

    def journal(self, key: bytes) -> int:
        """How many requests a sandbox has."""
        whose = (b"mock-sandbox-key", key)
        told = self.ask(Ask("GET", "/_mock/requests/summary", b"", (whose,)))
        return int(told.json["requests"]) if told.status == 200 else 0

    @rule(
        url=urls, more=st.sampled_from(["", "", "&x=1", "%00", "&sig=x", "&se=x"]), asks=conditions
    )
    def download(self, url: str, more: str, asks: tuple[tuple[bytes, bytes], ...]) -> None:
        split = urlsplit(url)
        for method in ("GET", "HEAD"):
            told = self.ask(Ask(method, f"{split.path}?{split.query}{more}", b"", asks))
        altered = self.ask(Ask("GET", f"{split.path}x?{split.query}", b"", asks))
        assert altered.status == 403 or altered.is_scripted
        if more in ("%00", "&sig=x", "&se=x") and not told.is_scripted:
            assert told.status == 403

    @rule(target=files, key=own, purpose=st.sampled_from(["vision", "batch"]))
    def upload(self, key: bytes, purpose: str) -> Any:
        """What was uploaded can be fetched."""
        start = b'--b\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
        parts = start % (b"purpose", b"", purpose.encode())
        parts += start % (b"file", b'; filename="a.jsonl"', b"{}\n") + b"--b--\r\n"
        kind = (b"content-type", b"multipart/form-data; boundary=b")
        told = self.ask(Ask("POST", "/v1/files", parts, (bearer(key), kind)))
        if told.status != 200 or told.is_scripted:
            return multiple()
        found = told.json["id"]
        self.ids.append(found)
        self.is_there(key, f"/v1/files/{found}")
        return key, found

    def is_there(self, key: bytes, path: str) -> None:
        told = self.of(key, "GET", path)
        assert self.is_small or told.is_scripted or told.status == 200, told

    def is_gone(self, key: bytes, path: str) -> None:
        told = self.of(key, "GET", path)
        assert told.is_scripted or told.status in (404, 401), told

    @rule(one=consumes(files))
    def delete(self, one: tuple[bytes, str]) -> None:
        key, found = one
        told = self.of(key, "DELETE", f"/v1/files/{found}")
        if told.status == 200 and not told.is_scripted:
            self.is_gone(key, f"/v1/files/{found}")

    @rule(one=files, window=st.sampled_from(["24h", "24h", "1h"]))
    def batch(self, one: tuple[bytes, str], window: str) -> None:
        """A batch that was made can be looked at until it has ended."""
        body = {"input_file_id": one[1], "endpoint": GENERATIONS, "completion_window": window}
        told = self.of(one[0], "POST", "/v1/batches", body)
        self.keep(told)
        if told.status == 200 and not told.is_scripted:
            self.is_there(one[0], f"/v1/batches/{told.json['id']}")

    @rule(target=replies, key=own, stream=st.booleans())
    def respond(self, key: bytes, stream: bool) -> Any:
        tool = {"type": "image_generation", "size": "1024x1024", "quality": "low"}
        body = {"model": "gpt-5", "input": "a fox", "tools": [tool], "stream": stream}
        told = self.of(key, "POST", "/v1/responses", body)
        if told.status != 200 or told.is_scripted or stream:
            return multiple()
        found = told.json["id"]
        self.ids.append(found)
        self.is_there(key, f"/v1/responses/{found}")
        return key, found

    @rule(one=consumes(replies))
    def forget(self, one: tuple[bytes, str]) -> None:
        key, found = one
        told = self.of(key, "DELETE", f"/v1/responses/{found}")
        if told.status == 200 and not told.is_scripted:
            self.is_gone(key, f"/v1/responses/{found}")

    # -- what holds after each step --------------------------------------------------------------

    @invariant()
    def memory_is_bounded_and_what_was_spent_never_falls(self) -> None:
        self.asked.loop.run_until_complete(self.look())

    async def look(self) -> None:
        sandboxes = await self.store.sandboxes()
        counted = [*self.store._sandboxes.values(), self.store._everyone]
        assert sum(s.size for s in counted) == self.store.rooms[""].tally.taken
        assert self.world.holds._ends == {}
        if self.is_small:
            assert len(sandboxes) <= SANDBOXES
            assert 0 <= self.store.rooms[""].tally.rules <= STATE // 2
            last = counted[-2].size if sandboxes else 0  # it keeps all, within bounds of its own
            assert self.store.rooms[""].tally.taken <= STATE + last
            assert self.store.size <= STATE + last + UPLOADS
        for sandbox in sandboxes:
            life, spent = (sandbox.name, sandbox.number), (await sandbox.account()).spent
            assert spent >= self.spent.get(life, 0) or spent == 0  # as after a reset of the ledger
            self.spent[life] = spent

    def teardown(self) -> None:
        with self.stack:
            if hasattr(self, "asked"):
                assert self.asked.loop.run_until_complete(self.asked.settle()) == []


def held() -> tuple[int, int]:
    """Threads and open files of this process; what the server puts on disk has no other name."""
    gc.collect()
    threads = [t for t in threading.enumerate() if not t.name.startswith("AnyIO worker")]
    files = Path("/proc/self/fd")
    return len(threads), len([*files.iterdir()]) if files.is_dir() else 0


def run(examples: int, steps: int) -> None:
    before = held()
    chosen = settings(max_examples=examples, stateful_step_count=steps)
    run_state_machine_as_test(Surface, settings=chosen)
    assert held() == before


def test_no_sequence_of_requests_breaks_a_form_or_a_promise_or_leaves_something_behind() -> None:
    run(examples=15, steps=25)


@pytest.mark.slow
def test_no_long_sequence_of_requests_does_either() -> None:
    run(examples=80, steps=50)

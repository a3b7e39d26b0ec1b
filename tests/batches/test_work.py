"""The work on batches behind requests: what it leaves to others, what it holds, when it ends."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mockserver.api.platform import batch_runs
from mockserver.api.platform.batch_runs import lines_of
from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.core.batches import Batch, InputFile
from mockserver.core.keys import Caller
from mockserver.store.contents import IN_MEMORY, Content
from mockserver.testing import ImagesMock
from tests.batches import (
    NOW,
    advance,
    begin,
    cancel,
    create,
    created,
    ids,
    jsonl,
    line,
    look,
    looks,
    patience,
    rule,
    upload,
)
from tests.batches import (
    lines_of as told_lines,
)
from tests.in_process import LOOP, client_of


def made(**settings: Any) -> TestClient:
    """A client of a new server, whose sandbox has a clock that stands."""
    app = create_app(configured(log_format="none", **settings), clock=ManualClock(NOW))
    client = client_of(app, {"Authorization": "Bearer sk-mock-me"})
    begin(client)
    return client


def end(task: asyncio.Task[None]) -> None:
    """Cancel a task, and see it end."""
    task.cancel()
    LOOP.run_until_complete(asyncio.wait({task}))


# -- rules for all -----------------------------------------------------------------------------

SHARED = made()


@settings(max_examples=12)
@given(
    kinds=st.lists(st.sampled_from(["good", "bad"]), min_size=1, max_size=5),
    hours=st.integers(0, 60),
    looked=st.lists(st.integers(0, 40), max_size=3),
    cancelled=st.booleans(),
)
def test_each_request_is_once_in_the_output_or_the_errors_and_the_counts_add_up(
    kinds: list[str], hours: int, looked: list[int], cancelled: bool
) -> None:
    begin(SHARED, batch_time=f"{hours}h")
    bad = {"size": "7x7"}
    asked = [line(str(i), **(bad if kind == "bad" else {})) for i, kind in enumerate(kinds)]
    batch = created(SHARED, *asked)
    before = 0
    for moved in looked:
        advance(SHARED, hours=moved)
        told = look(SHARED, batch)
        counts = told["request_counts"]
        done = counts["completed"] + counts["failed"]
        assert before <= done <= counts["total"] == len(kinds)
        before = done
    if cancelled:
        cancel(SHARED, batch)
    advance(SHARED, hours=100)
    told = look(SHARED, batch)
    assert told["status"] in ("completed", "expired", "cancelled")
    good, failed = (ids(told_lines(SHARED, told, name)) for name in ("output", "error"))
    counts = told["request_counts"]
    assert (len(good), len(failed)) == (counts["completed"], counts["failed"])
    assert len({*good, *failed}) == len(good) + len(failed)
    assert {*good, *failed} <= {one["custom_id"] for one in asked}
    if told["status"] != "cancelled":
        assert len(good) + len(failed) == counts["total"] == len(kinds)


@settings(max_examples=40)
@given(
    total=st.integers(0, 100),
    takes=st.integers(0, 10**15),
    moments=st.lists(st.integers(0, 10**15), min_size=2).map(sorted),
)
def test_what_is_due_only_grows_and_is_all_once_the_time_is_over(
    total: int, takes: int, moments: list[int]
) -> None:
    batch = Batch("/v1/x", "file-x", 0, 10**14, takes, Caller("x"), total=total)
    due = [batch.due(now) for now in moments]
    assert due == sorted(due)
    assert all(0 <= d <= total for d in due)
    assert takes > 10**14 or batch.due(takes) == total


@settings(max_examples=40)
@given(
    st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"")), max_size=8),
    st.integers(0, 8),
)
def test_a_file_is_read_line_by_line_from_any_of_them_on(lines: list[bytes], first: int) -> None:
    content = Content(b"\n".join(lines))
    read = [*lines_of(content)]
    whole = lines[:-1] if lines and not lines[-1] else lines
    assert [text for text, _ in read] == whole
    start = read[first - 1][1] if 0 < first <= len(read) else 0
    rest = [text for text, _ in lines_of(content, start)]
    assert rest == (whole[first:] if first <= len(read) else whole)


def test_a_line_may_be_longer_than_what_is_read_at_once() -> None:
    long = b"x" * (3 * IN_MEMORY)
    content = Content(b"a\n" + long + b"\nb")
    assert [len(text) for text, _ in lines_of(content)] == [1, len(long), 1]


# -- what it leaves to others ------------------------------------------------------------------


def test_between_two_lines_others_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    client = made()
    batch = created(client, *[line(str(i), size="7x7") for i in range(40)])
    turns, lines, most = 0, 0, 0

    async def others() -> None:
        nonlocal turns, lines
        while True:
            await asyncio.sleep(0)
            turns, lines = turns + 1, 0

    ask = batch_runs._Requests.ask

    async def counted(*arguments: Any) -> Any:
        nonlocal lines, most
        lines += 1
        most = max(most, lines)
        return await ask(*arguments)

    monkeypatch.setattr(batch_runs._Requests, "ask", counted)
    task = LOOP.create_task(others())
    assert look(client, batch)["request_counts"]["failed"] == 40
    end(task)
    assert most == 1
    assert turns >= 40 * 4  # a request needs some: to be accepted, read, served, answered


def test_a_long_file_is_looked_into_piece_by_piece() -> None:
    client = made()
    batch = created(client, *[line(str(i)) for i in range(999)], "{")
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = LOOP.create_task(others())
    assert look(client, batch)["status"] == "failed"
    end(task)
    assert turns > 999 / 32


def test_long_lines_are_looked_into_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    client = made()
    batch = created(client, *[line(str(i), prompt="x" * 200_000) for i in range(9)], "{")
    turns, at = 0, list[int]()
    check = InputFile.check

    def noted(*arguments: Any) -> str:
        at.append(turns)
        return check(*arguments)

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    monkeypatch.setattr(InputFile, "check", noted)
    task = LOOP.create_task(others())
    assert look(client, batch)["status"] == "failed"
    end(task)
    assert len({*at}) == len(at) == 10


def test_no_batch_is_lost_for_what_many_have_written() -> None:
    client = made()
    begin(client, batch_time="2h")
    long = {"respond": {"status": 200, "body": {"data": "x" * 900_000}}}
    rule(client, {}, long)
    batches = [created(client, line("a"), line("b")) for _ in range(20)]
    advance(client, hours=1)
    told = client.get("/v1/batches").json()["data"]
    assert [b["request_counts"]["completed"] for b in told] == [1] * 20
    advance(client, hours=1)
    assert {look(client, b)["status"] for b in batches} == {"completed"}


def test_what_is_due_when_a_batch_is_cancelled_is_done_though_nobody_looked_before() -> None:
    client = made()
    begin(client, batch_time="2h")
    batch = created(client, *[line(str(i)) for i in range(4)])
    advance(client, hours=1)
    assert cancel(client, batch).json()["status"] == "cancelling"
    told = look(client, batch)
    assert told["status"] == "cancelled"
    assert ids(told_lines(client, told, "output")) == ["0", "1"]
    late = created(client, line())
    advance(client, hours=3)
    assert cancel(client, late).status_code == 409


def test_a_batch_goes_on_where_others_take_the_room_of_its_file() -> None:
    client = made(file_room=200_000)
    begin(client, batch_time="2h")
    batch = created(client, line("a"), line("b"))
    for number in range(6):
        given: Any = {"file": ("a", b"x" * 190_000)}
        other = {"Authorization": f"Bearer sk-mock-{number}"}
        client.post("/v1/files", data={"purpose": "vision"}, files=given, headers=other)
    assert client.get("/v1/files").json()["data"] == []
    advance(client, hours=2)
    told = look(client, batch)
    assert told["status"] == "completed"
    assert ids(told_lines(client, told, "output")) == ["a", "b"]


def test_several_batches_go_on_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_runs, "PATIENCE", 0)
    client = made()
    both = [created(client, *[line(f"{b}{i}") for i in range(9)]) for b in "ab"]
    seen = []
    for _ in patience():
        told = client.get("/v1/batches").json()["data"]
        seen.append([b["request_counts"]["completed"] for b in told])
        if {b["status"] for b in told} == {"completed"}:
            break
    assert seen[-1] == [9, 9]
    assert any(min(done) > 0 and max(done) < 9 for done in seen), seen  # neither awaits the other
    assert {look(client, b)["status"] for b in both} == {"completed"}


# -- when it ends ------------------------------------------------------------------------------


def test_a_server_stops_though_a_batch_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_runs, "PATIENCE", 0.05)
    with ImagesMock(log_format="none") as mock:
        client = openai.OpenAI(base_url=mock.url, api_key="sk-mock-me")
        content = jsonl(*[line(str(i)) for i in range(2_000)])
        file = client.files.create(file=("b.jsonl", content), purpose="batch")
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/images/generations", completion_window="24h"
        )
        assert client.batches.retrieve(batch.id).status in ("validating", "in_progress")


def test_a_sandbox_that_went_for_others_takes_its_batches_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch_runs, "PATIENCE", 0)
    client = made()
    file = upload(client, jsonl(*[line(str(i)) for i in range(40)]))
    batch = create(client, input_file_id=file).json()["id"]
    look(client, batch)
    (task,) = [t for t in asyncio.all_tasks(LOOP) if "Run._go" in repr(t)]
    begin(client)
    LOOP.run_until_complete(asyncio.wait([task], timeout=20))
    assert task.done()
    assert not task.cancelled()


def test_work_that_breaks_is_told_to_who_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    client = made()
    batch = created(client, line())

    async def broken(*arguments: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(batch_runs._Requests, "ask", broken)
    assert client.get(f"/v1/batches/{batch}").status_code == 500
    monkeypatch.undo()
    assert look(client, batch)["status"] == "completed"


# -- ten thousand ------------------------------------------------------------------------------


def memory() -> int:
    """Bytes that this process has in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="asks Linux")
def test_ten_thousand_lines_take_no_more_memory_than_some() -> None:
    client = made()
    good, bad = line("%d"), line("%d", size="7x7")
    content = b"\n".join(
        json.dumps(bad if i % 5 else good).replace("%d", str(i)).encode() for i in range(10_000)
    )
    look(client, created(client, *[line(str(i)) for i in range(50)]))
    batch = created(client, input_file_id=upload(client, content))
    before = memory()
    told, taken = [*zip(*[(t, memory()) for t in looks(client, batch, "completed")], strict=True)]
    size = client.get(f"/v1/files/{told[-1]['output_file_id']}").json()["bytes"]
    assert told[-1]["request_counts"] == {"total": 10_000, "completed": 2_000, "failed": 8_000}
    assert size > 60_000_000
    assert max(taken) - before < 32_000_000

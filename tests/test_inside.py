"""A server of the same process, asked without a socket: what HTTP answers, and when it doesn't."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from mockserver.client.connection import ControlError, Remote
from mockserver.server import inside
from mockserver.server.inside import Inside
from mockserver.testing import ImagesMock

ASKED: list[tuple[str, str, dict[str, Any] | None]] = [
    ("POST", "sandbox", {"tier": "2", "seed": "é"}),
    ("PUT", "limits", {"per_minute": 3}),
    ("POST", "rules", {"then": {"error": {"status": 500}}}),
    ("GET", "rules", None),
    ("GET", "requests?limit=0", None),
    ("DELETE", "rules", None),
    ("GET", "ledger?limit=0", None),
    ("GET", "nothing/here", None),
    ("POST", "clock/advance", {"seconds": "x"}),
    ("POST", "sandbox", None),
]


def answers(remote: Remote) -> list[object]:
    found = list[object]()
    for asked in ASKED:
        try:
            found.append(remote.ask(*asked))
        except ControlError as error:
            found.append((str(error), error.status))
    return found


def test_inside_and_by_http_the_same_is_answered() -> None:
    with ImagesMock() as mock:
        by_http = Remote(mock.address, "sk-mock-same")
        within = Remote(mock.address, "sk-mock-same", way=mock._thread.way)
        assert answers(within) == answers(by_http)


@pytest.fixture
def no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("mockserver.client.lines.NearLine.ask")


@pytest.mark.usefixtures("no_socket")
def test_a_sandbox_of_this_process_needs_no_socket() -> None:
    with ImagesMock() as mock:
        mock.sandbox().begin().assert_not_called()


@pytest.mark.usefixtures("no_socket")
def test_a_forked_child_has_no_server_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with ImagesMock() as mock:
        images = mock.sandbox().begin()
        monkeypatch.setattr("os.getpid", lambda: -1)
        with pytest.raises(AttributeError, match="ask"):
            images.reset()


def test_a_server_that_has_ended_is_gone_inside_too() -> None:
    with ImagesMock() as mock:
        images = mock.sandbox().begin()
    with pytest.raises(ControlError, match="no images-mock answers POST /_mock/reset"):
        images.reset()


def test_an_answer_that_does_not_come_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inside, "_PATIENCE", 0.01)
    late = asyncio.Event()

    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        await late.wait()
        await send({"type": "http.response.start", "status": 200})

    with ImagesMock() as mock:
        way = mock._thread.way()
        assert way
        slow = Inside(never, way._loop)
        with pytest.raises(ControlError, match="timed out"):
            Remote(mock.address, "sk-mock-slow", way=lambda: slow).ask("GET", "clock")
        way._loop.call_soon_threadsafe(late.set)

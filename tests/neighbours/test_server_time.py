"""The server in a test's process, under a time that the test has frozen."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from typing import Any

import pytest

from mockserver.testing import ImagesMock
from tests.late import assert_only_the_late_are_ended

pytestmark = pytest.mark.neighbours
YEAR_2024 = 1_704_067_200


def freeze(**how: Any) -> Any:
    if not os.environ.get("CI"):
        pytest.importorskip("freezegun")
    import freezegun

    return freezegun.freeze_time("2024-01-01", **how)


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@pytest.mark.parametrize("how", [{}, {"tick": True}, {"real_asyncio": True}])
def test_a_frozen_time_is_the_answers_and_stops_no_server(
    how: dict[str, Any], loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if loop == "asyncio":
        monkeypatch.setattr(
            "mockserver.server.listening.auto_loop_factory", lambda: asyncio.SelectorEventLoop
        )
    mock = ImagesMock().start()
    images = mock.sandbox().begin(real_time=True)
    images.on(contains="slow").delay(seconds=0.001)
    images.on(contains="drop").drip(bytes_per_second=1_000_000)
    with freeze(**how):
        assert created(mock, "x") - YEAR_2024 in range(60)
        assert created(mock, "slow") - YEAR_2024 in range(60)
        assert created(mock, "drop") - YEAR_2024 in range(60)
        with ImagesMock() as other:  # that begins in the frozen time, and ends there
            assert created(other, "x") - YEAR_2024 in range(60)
    assert created(mock, "x") > YEAR_2024 + 86_400 * 365
    thread = mock._thread._thread
    mock.stop()
    assert not thread.is_alive()


def travel(**how: Any) -> Any:
    if not os.environ.get("CI"):
        pytest.importorskip("time_machine")
    import time_machine

    return time_machine.travel("2031-01-01", **how)


@pytest.mark.parametrize(
    "moved",
    [
        pytest.param(freeze, id="freezegun"),
        pytest.param(partial(freeze, tick=True), id="freezegun-tick"),
        pytest.param(partial(travel, tick=False), id="time-machine"),
        pytest.param(partial(travel, tick=True), id="time-machine-tick"),
    ],
)
def test_deadlines_follow_no_frozen_and_no_travelled_time(moved: Callable[[], Any]) -> None:
    assert_only_the_late_are_ended(moved)


def created(mock: ImagesMock, prompt: str) -> int:
    with closing(HTTPConnection(mock.address.removeprefix("http://"), timeout=60)) as line:
        headers = {"Authorization": "Bearer sk-mock-me"}
        line.request("POST", "/v1/images/generations", json.dumps({"prompt": prompt}), headers)
        with line.getresponse() as answer:
            found: int = json.loads(answer.read())["created"]
    return found

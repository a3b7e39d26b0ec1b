"""Requests that are held back, as the control API tells of them; and how those ended that were."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection
from typing import Any

import httpx2
import openai
import pytest

from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.core.journal import Record
from mockserver.handle import Sandbox
from mockserver.request.bodies import ClientGone
from mockserver.request.exchange import Exchange
from mockserver.request.waiting import Holds
from mockserver.request.world import World
from tests.streaming import STREAM
from tests.test_paid import PICTURE, lines
from tests.test_streams import until

__all__ = ["lines"]


def test_a_request_that_is_held_back_is_open_until_it_is_let_go(
    box: Sandbox, lines: Callable[..., HTTPConnection]
) -> None:
    box.on().stall()

    def told() -> dict[str, Any]:
        return dict(box._remote.ask("GET", "requests"))

    lines(box.api_key, "/v1/images/generations", PICTURE)
    assert until(lambda: len(told()["open"]) == 1)
    (held,) = told()["open"]
    assert held["effects"] == ["stall"]
    assert held["fields"]["prompt"] == "a fox"
    assert (held["status"], held["sandbox"]) == (0, box._remote.ask("GET", "sandboxes")["sandboxes"][0]["name"])  # fmt: skip
    assert told()["requests"] == []
    box.begin()
    assert until(lambda: len(told()["late"]) == 1)
    assert told()["open"] == []
    (late,) = told()["late"]
    assert (late["status"], late["ended"], late["usd"]) == (499, "released", 0)
    assert "paid" not in late


def test_a_request_that_waits_though_its_head_was_sent_is_not_open(
    box: Sandbox, sdk: openai.OpenAI
) -> None:
    box.next.stream([0], end="stall")
    stream = sdk.images.generate(**STREAM)
    next(iter(stream))
    assert box._remote.ask("GET", "requests")["open"] == []
    assert len(box.requests) == 1
    stream.close()


@pytest.mark.parametrize(
    ("download", "ended", "status"),
    [
        ({"disconnect": 0}, "cut", 499),
        ({"disconnect": 50}, "cut", 200),
        ({"stall": True}, "left", 499),
        ({}, None, 200),
    ],
    ids=json.dumps,
)
def test_a_download_tells_how_it_ended(
    box: Sandbox, sdk: openai.OpenAI, download: Any, ended: str | None, status: int
) -> None:
    if download:
        box.next.download(**download)
    picture = (sdk.images.generate(**PICTURE).data or [])[0]
    with suppress(httpx2.HTTPError):
        httpx2.get(picture.url or "", timeout=0.3 if "stall" in download else 60)

    def told() -> list[Any]:
        found = box._remote.ask("GET", "downloads")["downloads"]
        return [(d["status"], d.get("ended"), d["usd"], bool(d["made_by"])) for d in found]

    assert until(lambda: told() == [(status, ended, 0, True)]), told()


def test_nobody_who_waits_no_longer_leaves_a_bell() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def hold() -> dict[str, Any]:
        world, holds = World(configured()), Holds(ManualClock())
        for number in range(5):
            asked = Exchange(Record(f"{number}", 0, "POST", "/"), {}, world.era())
            asked.enter(await world.store.sandbox(f"{number}"))
            with suppress(ClientGone):
                await holds.hold(asked, 5, receive)
        return holds._ends | holds._held

    assert asyncio.run(hold()) == {}

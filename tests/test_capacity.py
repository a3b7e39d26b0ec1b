"""How many are worked on at once, and who waits: by a clock that moves when a test says so."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.core.errors import ApiError, Reason
from mockserver.core.journal import Record
from mockserver.core.pieces import LARGE
from mockserver.request import capacity
from mockserver.request.capacity import Capacity
from mockserver.request.exchange import Exchange
from mockserver.request.world import World
from mockserver.testing import ImagesMock
from tests.batches import created, looks
from tests.batches import line as one_line
from tests.conftest import Api, generate
from tests.crowd import Asked, Client
from tests.edits import encoded, scene
from tests.in_process import LOOP, client_of

WORLD = World(configured(), ManualClock())


def done(case: Coroutine[Any, Any, None]) -> None:
    LOOP.run_until_complete(case)


def exchange() -> Exchange:
    return Exchange(Record("", 0, "POST", "/"), {}, WORLD.era())


# -- what always holds


@given(st.integers(1, 4), st.lists(st.integers(0, 9), max_size=40))
def test_at_work_are_always_those_who_came_first(places: int, steps: list[int]) -> None:
    desk, there = Capacity(places), list[Exchange]()
    for step in steps:
        if step < len(there):  # one leaves: at work or in line
            desk.give_back(there.pop(step))
        else:
            there.append(exchange())
            desk.line_up(there[-1], 1)
        granted = [one.turn is not None and one.turn.granted.is_set() for one in there]
        assert granted == [number < places for number in range(len(there))]
        assert (desk.at_work, desk.waiting) == (sum(granted), len(there) - sum(granted))
    for one in there * 2:  # twice is as good as once
        desk.give_back(one)
    assert (desk.at_work, desk.waiting, desk._size) == (0, 0, 0)


@settings(max_examples=15)
@given(st.integers(1, 3), st.lists(st.sampled_from(["come", "leave", "pass"]), max_size=14))
def test_requests_are_worked_on_in_order_and_nobody_is_left_over(
    places: int, steps: list[str]
) -> None:
    async def case() -> None:
        client, there, ended = Client(capacity=places), list[Asked](), list[Asked]()
        for number, step in enumerate(steps):
            if step == "come":
                there.append(client.ask())
            elif step == "leave" and there:
                there.pop(number % len(there)).leave()
            await client.clock.pass_by(1 if step == "pass" else 0)
            assert client.places.at_work == min(places, len(there) - _done(there))
            there, left_before = [one for one in there if not one.is_done], there
            ended += [one for one in left_before if one.is_done]
            assert all(one.status == 200 for one in ended)
        for _ in there:
            await client.clock.pass_by(1)
        assert all(one.status == 200 for one in there)
        assert (client.places.at_work, client.places.waiting) == (0, 0)

    done(case())


def _done(some: list[Asked]) -> int:
    return sum(one.is_done for one in some)


@pytest.mark.parametrize("places", [1, 2, 4])
def test_a_crowd_takes_as_long_as_its_rounds(places: int) -> None:
    async def case() -> None:
        client = Client(capacity=places)
        crowd = [client.ask() for _ in range(8)]
        for second in range(8 // places + 1):
            await client.clock.pass_by(second > 0)
            assert [one.is_done for one in crowd] == [n < second * places for n in range(8)]
        told = [int(one.headers[b"openai-processing-ms"]) for one in crowd]
        assert told == [(n // places + 1) * 1000 for n in range(8)]

    done(case())


# -- what is told


def test_the_wait_is_in_the_trace_and_in_the_header_of_the_time() -> None:
    async def case() -> None:
        client = Client(capacity=1, latency="2s")
        first, second, third = (client.ask() for _ in range(3))
        for _ in range(4):
            await client.clock.pass_by(2)
        assert await client.trace(first) == []
        assert await client.trace(second) == ["waited in line 2 s behind 0"]
        assert await client.trace(third) == ["waited in line 4 s behind 1"]
        assert third.headers[b"openai-processing-ms"] == b"6000"

    done(case())


def test_who_leaves_the_line_gives_the_place_up() -> None:
    async def case() -> None:
        client = Client(capacity=1)
        first, second, third = (client.ask() for _ in range(3))
        await client.clock.pass_by()
        await client.clock.pass_by(0.25)
        second.leave()
        await client.clock.pass_by()
        assert (client.places.at_work, client.places.waiting, second.is_done) == (1, 1, True)
        await client.clock.pass_by(0.75)
        await client.clock.pass_by(1)
        assert first.is_done
        assert third.status == 200
        (sandbox,) = await client.world.store.sandboxes()
        gone = [r for r in await sandbox.requests() if r.status == 499]
        charged = "$0.016 is charged, though the client left (--abandoned)"
        assert [r.trace for r in gone] == [["left the line after 0.25 s behind 0", charged]]

    done(case())


def test_who_leaves_the_line_pays_nothing_where_it_is_so_set() -> None:
    async def case() -> None:
        client = Client(capacity=1, abandoned="unpaid")
        first, second = (client.ask() for _ in range(2))
        await client.clock.pass_by()
        second.leave()
        await client.clock.pass_by(0.25)
        (sandbox,) = await client.world.store.sandboxes()
        (gone,) = await sandbox.requests()
        assert gone.trace[-1] == "$0.016 is not charged, for the client left (--abandoned)"
        assert (gone.usd, gone.paid, gone.ended) == (0, "", "left")
        assert (await sandbox.account()).spent == sum(b.micro for b in await sandbox.billed())
        assert (await sandbox.account()).spent == 16_000
        await client.clock.pass_by(1)
        assert first.status == 200

    done(case())


def test_who_leaves_while_at_work_gives_the_place_up() -> None:
    async def case() -> None:
        client = Client(capacity=1)
        first, second = client.ask(), client.ask()
        await client.clock.pass_by()
        first.leave()
        await client.clock.pass_by()
        await client.clock.pass_by(1)
        assert second.status == 200

    done(case())


def test_a_sandbox_that_begins_anew_leaves_the_line() -> None:
    async def case() -> None:
        client = Client(capacity=1)
        first, second = client.ask(), client.ask()
        await client.clock.pass_by()
        client.world.holds.release(client.world.keyring.sandbox_of("Bearer sk-mock-me"))
        await client.clock.pass_by()
        assert first.is_done
        assert second.is_done
        assert (client.places.at_work, client.places.waiting) == (0, 0)

    done(case())


# -- who holds a place, and how long


def test_a_stream_keeps_its_place_until_its_last_event() -> None:
    async def case() -> None:
        client = Client(capacity=1, as_of="2026-11-28")
        body = {"model": "gpt-image-2", "stream": True, "partial_images": 1}
        first, second = client.ask(**body), client.ask(**body)
        await client.clock.pass_by()
        await client.clock.pass_by(0.5)
        assert b"partial" in first.body
        assert not second.headers
        await client.clock.pass_by(0.5)
        assert first.is_done
        assert second.status == 200
        second.leave()
        await client.clock.pass_by()

    done(case())


def test_who_is_slow_to_take_an_answer_keeps_nobody_waiting() -> None:
    async def case() -> None:
        client = Client(capacity=1)
        first, second = client.ask(), client.ask()
        first.takes.clear()
        await client.clock.pass_by()
        await client.clock.pass_by(1)
        await client.clock.pass_by(1)
        assert not first.is_done
        assert second.is_done
        first.takes.set()
        await client.clock.pass_by()

    done(case())


def test_a_response_with_a_picture_has_a_place_and_one_of_words_has_none() -> None:
    async def case() -> None:
        client = Client(capacity=1, as_of="2026-11-28")
        client.ask(model="gpt-image-2")
        words = {"model": "gpt-5", "input": "x", "store": False}
        drawn = client.ask_at("/v1/responses", words | {"tools": [{"type": "image_generation"}]})
        spoken = client.ask_at("/v1/responses", words)
        drawn.takes.clear()  # it gives its place up though nobody takes the answer
        await client.until(at_work=1, waiting=1)
        await client.clock.pass_by()
        assert spoken.status == 200
        await client.clock.pass_by(1)
        await client.clock.pass_by(1)
        await client.until(at_work=0, waiting=0)
        assert not drawn.is_done
        drawn.takes.set()
        await client.clock.pass_by()

    done(case())


def test_lines_of_a_batch_have_no_place() -> None:
    client = Client(capacity=1, as_of="2026-11-28")
    line = client_of(client.app, {"Authorization": "Bearer sk-mock-me"})

    async def begin() -> Asked:
        asked = client.ask(model="gpt-image-2")
        await client.clock.pass_by()
        return asked

    works = LOOP.run_until_complete(begin())
    *_, told = looks(line, created(line, one_line()), "completed")
    assert told["request_counts"] == {"total": 1, "completed": 1, "failed": 0}
    assert not works.is_done
    assert (client.places.at_work, client.places.waiting) == (1, 0)
    works.leave()
    done(client.clock.pass_by())


def test_what_a_rule_answers_or_refuses_has_no_place() -> None:
    async def case() -> None:
        tables = [
            {"when": {"prompt": "page"}, "then": {"gateway": 502}},
            {"when": {"prompt": "no"}, "then": {"error": "internal"}},
        ]
        client = Client(capacity=1, rules=tables)
        client.ask()
        page, refused = client.ask(prompt="page"), client.ask(prompt="no")
        await client.clock.pass_by()
        assert (page.status, refused.status) == (502, 500)
        assert (client.places.at_work, client.places.waiting) == (1, 0)
        await client.clock.pass_by(1)

    done(case())


# -- bounds


def test_a_line_that_is_full_says_what_an_overloaded_model_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(capacity, "LONGEST", 1)

    async def case() -> None:
        client = Client(capacity=1)
        some = [client.ask() for _ in range(3)]
        await client.clock.pass_by()
        refused = some[2]
        assert refused.status == 429
        said = json.loads(refused.body)["error"]
        assert said["message"].startswith("That model is currently overloaded")
        assert (
            refused.headers[b"mock-hint"]
            == b"the line of --capacity 1 is full: 1 requests wait in it"
        )
        (sandbox,) = await client.world.store.sandboxes()
        (record,) = [r for r in await sandbox.requests() if r.status == 429]
        assert (record.scripted, record.usd) == (True, 0)  # it was the setting, and costs nothing
        for _ in range(2):
            await client.clock.pass_by(1)
        assert [one.status for one in some] == [200, 200, 429]

    done(case())


def test_bodies_in_line_have_a_bound_but_for_one_alone() -> None:
    desk = Capacity(1)
    desk.line_up(exchange(), capacity.ROOM)
    desk.check(exchange(), capacity.ROOM + 1)
    desk.line_up(exchange(), capacity.ROOM)
    with pytest.raises(ApiError) as refused:
        desk.check(exchange(), 1)
    assert refused.value.reason is Reason.OVERLOADED


def test_who_waits_in_line_keeps_no_room_for_large_bodies() -> None:
    async def case() -> None:
        client = Client(capacity=1, as_of="2026-11-28")
        url = "data:image/png;base64," + b64encode(encoded(scene()) + bytes(LARGE)).decode()
        body = {"model": "gpt-image-2", "prompt": "x", "images": [{"image_url": url}]}
        both = [client.ask_at("/v1/images/edits", body) for _ in range(2)]
        await client.until(at_work=1, waiting=1)
        await client.clock.pass_by()
        assert client.world.heavy._taken == 0
        assert client.places._size > LARGE
        for one in both:
            one.leave()
        await client.clock.pass_by()
        assert client.places._size == 0

    done(case())


# -- clocks and ends


def test_under_a_clock_that_moves_by_itself_answers_are_the_same(api: Api) -> None:
    plain = generate(api(latency="1s"), prompt="a lake", response_format="b64_json")
    bound = generate(api(latency="1s", capacity="1"), prompt="a lake", response_format="b64_json")
    assert bound.json()["data"] == plain.json()["data"]


def test_without_a_capacity_nobody_has_a_place_or_waits() -> None:
    async def case() -> None:
        client = Client()
        crowd = [client.ask() for _ in range(8)]
        await client.clock.pass_by()
        await client.clock.pass_by(1)
        assert client.world.capacity is None
        assert _done(crowd) == 8

    done(case())


def test_all_who_wait_in_line_are_answered_when_the_server_stops() -> None:
    server = ImagesMock(latency="3600s", capacity=1, tier="off").start()
    images = server.sandbox("sk-mock-line").begin(per_minute=1000)
    with (
        openai.OpenAI(base_url=server.url, api_key=images.api_key, max_retries=0) as client,
        ThreadPoolExecutor(3) as pool,
    ):
        ask = client.images.generate
        asked = [pool.submit(ask, prompt="x", model="dall-e-2") for _ in range(3)]
        while images.spent < 0.047:  # all three were admitted
            pass
        server.stop()
        assert all(one.result(60).data for one in asked)


def test_a_capacity_is_none_or_a_number() -> None:
    assert configured(capacity="off").capacity is None
    assert configured(capacity=3).capacity == 3

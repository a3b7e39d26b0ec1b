"""How a process follows a log: asleep while that forgets, cut short, refused, or without an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.core.journal import Record
from mockserver.core.rules.parser import rule_of
from mockserver.core.sandbox import Options
from mockserver.facts.costs import Limit
from mockserver.store import codec
from mockserver.store.shared import SharedStore
from mockserver.store.steps import Away
from tests.in_process import LOOP, client_of
from tests.store.replicas import born_again, differing
from tests.store.steps import FakeSteps
from tests.store.test_store import record, rule
from tests.store.views import FORM, SECOND, Place, bounded, place, shared

STEPS = "mockserver.store.shared.SNAPSHOT_STEPS"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Place]:
    """A place with a log in memory."""
    with place("log", tmp_path) as made:
        yield made


def steps_of(view: SharedStore) -> FakeSteps:
    found = view._steps
    assert isinstance(found, FakeSteps)
    return found


async def written(store: SharedStore) -> None:
    """Wait for the snapshot that is being written, if one is."""
    while saving := store._saving:
        await saving


async def back(store: SharedStore) -> None:
    """Wait for the end of an outage."""
    if looking := store._recovery._task:
        await looking


def agreed(*views: SharedStore) -> None:
    """All of them know the same, and so does whoever begins with a snapshot."""
    first = views[0]
    again = born_again(first.memory, first._empty(lambda: 0))
    for other in (*(view.memory for view in views[1:]), again):
        found = differing(first.memory, other)
        assert not found, found


# -- snapshots ---------------------------------------------------------------------------------


@shared
async def test_who_slept_while_the_log_forgot_takes_the_snapshot_and_acts_on_it(
    here: Place,
) -> None:
    busy, asleep = here.shared(), here.shared()
    box, old = await busy.sandbox("a"), await asleep.sandbox("a")
    with patch(STEPS, 5):
        for _ in range(30):
            await box.advance(1)
            await written(busy)
    await old.advance(100)
    renewed = await asleep.renew("b", Options(tier="2"))
    await busy.sync()
    assert (old.offset, box.offset, renewed.options.tier) == (130, 130, "2")
    assert (await asleep.sandbox("a")).offset == 130
    late = here.shared()
    assert (await late.sandbox("a")).offset == 130
    agreed(busy, asleep, late)


@shared
async def test_who_slept_over_the_end_of_a_life_still_acts_on_the_dead_one(here: Place) -> None:
    busy, asleep = here.shared(), here.shared()
    await busy.sandbox("a")
    old = await asleep.sandbox("a")
    with patch(STEPS, 5):
        box = await busy.renew("a", Options())
        for _ in range(30):
            await box.next_number()
            await written(busy)
    await old.advance(100)
    await busy.sync()
    assert (box.offset, (await asleep.sandbox("a")).offset) == (0, 0)
    agreed(busy, asleep)


@shared
async def test_a_log_keeps_no_more_than_two_snapshots_need(here: Place) -> None:
    view = here.shared()
    box = await view.sandbox("a")
    with patch(STEPS, 10):
        for _ in range(200):
            await box.next_number()
            await written(view)
    late = here.shared()
    number, _ = await late._steps.snapshot()
    assert 180 <= number <= 201
    assert len(await late._steps.since(number)) <= 10
    assert await (await late.sandbox("a")).next_number() == 201


def test_few_but_large_steps_are_forgotten_too(log: Place) -> None:
    async def check() -> None:
        view = log.shared()
        with patch("mockserver.store.shared.SNAPSHOT_BYTES", 200_000):
            for number in range(100):
                await view.write_down(record(f"r{number}", fields={"prompt": "x" * 20_000}), life=0)
                await written(view)
        assert sum(map(len, steps_of(view).log.steps)) < 3_000_000

    asyncio.run(check())


@shared
async def test_a_snapshot_that_could_not_be_written_costs_nobody_an_answer(here: Place) -> None:
    view, other = here.shared(), here.shared()
    box = await view.sandbox("a")
    with patch(STEPS, 3), patch.object(view._steps, "replace", side_effect=Away("full")):
        for number in range(1, 10):
            assert await box.next_number() == number
            await written(view)
    assert await (await other.sandbox("a")).next_number() == 10


# -- who waits ---------------------------------------------------------------------------------


def test_what_many_ask_at_once_goes_to_the_log_together(log: Place) -> None:
    async def check() -> None:
        view = log.shared()
        box = await view.sandbox("a")
        before = steps_of(view).log.trips
        assert sorted(await asyncio.gather(*[box.next_number() for _ in range(50)])) == [
            *range(1, 51)
        ]
        assert steps_of(view).log.trips - before <= 2

    asyncio.run(check())


def test_who_is_cancelled_meanwhile_keeps_nobody_and_his_step_counts_once(log: Place) -> None:
    async def check() -> None:
        view, other = log.shared(), log.shared()
        box = await view.sandbox("a")
        asked = [asyncio.create_task(box.next_number()) for _ in range(5)]
        await asyncio.sleep(0)
        asked[1].cancel()
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert isinstance(found.pop(1), asyncio.CancelledError)
        assert found == [1, 3, 4, 5]
        assert await (await other.sandbox("a")).next_number() == 6

    asyncio.run(check())


def test_an_error_reaches_all_who_wait_and_leaves_the_store_usable(log: Place) -> None:
    async def check() -> None:
        view, other = log.shared(), log.shared()
        box = await view.sandbox("a")
        with patch.object(FakeSteps, "take", side_effect=ValueError("a fault of ours")):
            tried = await asyncio.gather(
                box.advance(1), view.find("a"), box.next_number(), return_exceptions=True
            )
        assert [*map(type, tried)] == [ValueError] * 3
        assert await box.next_number() == 1
        assert (await other.sandbox("a")).offset == 0
        agreed(view, other)

    asyncio.run(check())


def test_a_step_whose_answer_was_lost_counts_once_for_all(log: Place) -> None:
    async def check() -> None:
        view, other = log.shared(), log.shared()
        box = await view.sandbox("a")
        steps_of(view).lost_answers = 1
        await box.advance(5)
        await back(view)
        assert (box.offset, (await other.sandbox("a")).offset) == (5, 5)
        agreed(view, other)

    asyncio.run(check())


@shared
@bounded(state_bytes=100_000)
async def test_a_refusal_reaches_who_asked_and_all_stay_alike(here: Place) -> None:
    view, other = here.shared(), here.shared()
    box = await view.sandbox("a")
    large = rule_of({"then": {"respond": {"body": "x" * 60_000}}})
    tried = await asyncio.gather(box.add(large), box.next_number(), return_exceptions=True)
    assert (type(tried[0]).__name__, tried[1]) == ("RuleError", 1)
    await other.sync()
    agreed(view, other)


def test_who_can_not_read_a_step_says_so_and_goes_on_alone(log: Place) -> None:
    async def check() -> None:
        view, said = log.shared(), list[str]()
        view.notice = said.append
        box = await view.sandbox("a")
        step = codec.written(1, "a", 1, "next_number", ()).replace(b"next_number", b"of_tomorrow")
        steps_of(view).log.steps.append(step)
        assert [await box.next_number(), await box.next_number()] == [1, 2]
        assert any("of_tomorrow" in text for text in said)
        assert view.health.degraded
        await view.close()

    asyncio.run(check())


def test_a_state_of_another_form_is_refused(log: Place) -> None:
    log.view()
    assert log.way
    with pytest.raises(Away, match="form"):
        SharedStore(log.way(), log.empty, log.time.now, f"{FORM} tomorrow")


# -- what clients send -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hostile",
    ["", "\x00", "\ud800", "\udfff" * 9, "\U0010ffff1", "é" * 10_000, 10**30, -(2**64), 0.1, None],
)
def test_whatever_a_client_sends_all_views_have_to_the_byte(log: Place, hostile: object) -> None:
    async def check() -> None:
        view, other = log.shared(), log.shared()
        for place_of in ({"prompt": hostile}, {"a": [{"b": hostile}]}, {str(hostile): 1}):
            await view.write_down(record("r", fields=place_of, trace=[str(hostile)]), life=0)
        box = await other.sandbox("a")
        await box.add(rule(respond={"body": str(hostile)}))
        await box.claim(
            [rule_of({"when": {"prompt": str(hostile)}, "then": {"delay": 1}}, "magic")]
        )
        limits = [Limit("images", 999_999_999)]
        await box.admit(str(hostile), limits=limits, charge={"images": 1}, now=SECOND)
        await view.sync()
        agreed(view, other)

    asyncio.run(check())


def test_a_large_field_is_the_same_for_all(log: Place) -> None:
    async def check() -> None:
        view, other = log.shared(), log.shared()
        made = Record("r", 1, "POST", "/v1/x", sandbox="a", fields={"prompt": "x" * 1024 * 1024})
        await view.write_down(made, life=0)
        await other.sync()
        agreed(view, other)

    asyncio.run(check())


# -- round trips -------------------------------------------------------------------------------


def test_a_request_takes_three_round_trips_and_one_more_for_a_rule(log: Place) -> None:
    view = log.shared()
    app = create_app(configured(log_format="none"), clock=ManualClock(), store=view)
    client = client_of(app, {"Authorization": "Bearer sk-mock-me"})

    def trips() -> int:
        before = steps_of(view).log.trips
        body = {"model": "dall-e-2", "prompt": "x"}
        assert client.post("/v1/images/generations", json=body).status_code == 200
        return steps_of(view).log.trips - before

    trips()  # the first one makes the sandbox
    assert [trips(), trips()] == [3, 3]
    (found,) = LOOP.run_until_complete(view.sandboxes())
    LOOP.run_until_complete(found.add(rule_of({"then": {"headers": {"x": "y"}}})))
    assert trips() == 4

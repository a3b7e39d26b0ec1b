"""What every store promises of files, work, uploads, and of what one process hears of others."""

from __future__ import annotations

import asyncio

from mockserver.core.batches import Batch
from mockserver.core.files import File, file_item
from mockserver.core.keys import Caller
from mockserver.core.sandbox.items import Item
from mockserver.store.contents import Content
from tests.store.test_store import both, record
from tests.store.views import SECOND, START, Place, bounded, everywhere

# -- items and uploads -------------------------------------------------------------------------


@everywhere
async def test_ids_of_items_are_given_once(here: Place) -> None:
    _, other, box = await both(here)
    boxes = [box, await other.sandbox("a")] * 10
    given = await asyncio.gather(*[s.next_number() for s in boxes])
    assert sorted(given) == [*range(1, 21)]


@everywhere
async def test_a_file_is_there_for_all_views_until_it_is_dropped(here: Place) -> None:
    one, other, box = await both(here)
    for name in ("f", "g"):
        await box.save("files", file_item(name, 1, File("vision", name, 3), Content(b"abc")))
    found = await other.sandbox("a")
    assert [item.id for item in await found.items("files")] == ["f", "g"]
    item = await found.item("files", "f")
    assert item
    assert item.value == File("vision", "f", 3)
    assert await item.content.read() == b"abc"
    await found.drop("files", "f")
    assert [item.id for item in await (await one.sandbox("a")).items("files")] == ["g"]
    assert await box.item("batches", "f") is None


@everywhere
async def test_a_batch_that_is_cancelled_while_another_works_on_it_stays_cancelled(
    here: Place,
) -> None:
    one, other, box = await both(here)
    begun = Batch("/v1/images/generations", "f", 1, 2, 0, Caller("a"), total=9)
    begun = begun.reached("in_progress", now=1)
    for is_late in (False, True):
        name = f"b{is_late}"
        await box.save("batches", Item(name, 1, begun, 100))
        found = await other.sandbox("a")
        states = [begun.cancelled(5), begun._replace(completed=3)]
        for state in reversed(states) if is_late else states:
            await found.save("batches", Item(name, 1, state, 100))
        item = await (await one.sandbox("a")).item("batches", name)
        assert item
        assert (item.value.status, item.value.done) == ("cancelling", 3)
        assert item.value.stamps == {"in_progress": 1, "cancelling": 5}


@everywhere
async def test_one_process_at_a_time_leads_a_work(here: Place) -> None:
    one, other, box = await both(here)
    theirs = await other.sandbox("a")
    assert await box.lead("w", START, START + 5)
    assert await theirs.lead("w", START + 4, START + 9) is (one is other)
    assert await box.lead("w", START, START)
    assert await theirs.lead("w", START + 5, START + 9)


@everywhere
@bounded(upload_bytes=3_000)
async def test_uploads_are_kept_for_all_views_as_long_as_there_is_room(here: Place) -> None:
    one, other = here.view(), here.view()
    for number in range(4):
        data = bytes([number]) * 1_000
        await one.keep(f"u{number}", data, until=START + SECOND, now=START)
    assert await other.kept("u0") is None
    assert await other.kept("u3") == bytes([3]) * 1_000
    await other.keep("late", b"x", until=START + 9 * SECOND, now=START + 2 * SECOND)
    assert await one.kept("late") == b"x"
    await other.keep("large", b"x" * 4_000, until=START + 9 * SECOND, now=START)
    assert await one.kept("large") is None
    assert await one.kept("never") is None


# -- what others hear --------------------------------------------------------------------------


@everywhere
async def test_the_others_hear_what_one_did_and_he_does_not(here: Place) -> None:
    one, other = here.view(), here.view()
    heard: list[tuple[str, str]] = []
    one.heard = lambda method, _: heard.append(("one", method))
    if other is not one:
        other.heard = lambda method, _: heard.append(("other", method))
    await one.tell("rules", "a")
    await one.write_down(record("r"), life=0)
    await other.sync()
    expected = [] if other is one else [("other", "tell"), ("other", "write_down")]
    assert heard == expected
    assert (one.process == other.process) is (one is other)


@everywhere
async def test_all_views_hold_the_same_and_nothing_is_said_of_a_state_that_is_there(
    here: Place,
) -> None:
    one, other, _ = await both(here)
    said: list[str] = []
    one.notice = other.notice = said.append
    await one.write_down(record("r"), life=0)
    await other.sync()
    assert await one.taken() == await other.taken()
    assert (one.health.degraded, other.health.degraded, said) == (False, False, [])

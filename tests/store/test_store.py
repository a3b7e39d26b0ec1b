"""What every store promises: a call is one atomic step, and all processes see what each did."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from mockserver.core.errors import ApiError, Reason
from mockserver.core.files import File, file_item
from mockserver.core.journal import Attempt, Record
from mockserver.core.rules.parser import RuleError, rule_of
from mockserver.core.rules.rule import Rule
from mockserver.core.sandbox import Options
from mockserver.core.sandbox.clock import Wait
from mockserver.core.sandbox.eviction import KEPT
from mockserver.core.sandbox.ledger import Bill
from mockserver.facts.costs import Limit
from mockserver.store import Sandbox, Store
from mockserver.store.contents import Content
from tests.store.views import SECOND, START, Place, bounded, everywhere

LIMITS = [Limit("images", 3)]


def record(name: str, sandbox: str = "a", path: str = "/v1/images", **values: Any) -> Record:
    made = Record(name, START, "POST", path, sandbox=sandbox, status=200, **values)
    made.close()
    return made


def rule(**then: Any) -> Rule:
    times = then.pop("times", None)
    return rule_of({"then": then or {"error": "overloaded"}} | ({"times": times} if times else {}))


def bill(micro: int) -> Bill:
    return Bill(f"b{micro}", START, "dall-e-2", "256x256", 1, micro, "images.generate", {"x": 2})


async def both(here: Place) -> tuple[Store, Store, Sandbox]:
    """Two views, and a sandbox of the first."""
    one, other = here.view(), here.view()
    return one, other, await one.sandbox("a")


async def admit(box: Sandbox, micro: int = 0) -> bool:
    charge = {"images": 1}
    paid = bill(micro) if micro else None
    verdict = await box.admit("dall-e-2", limits=LIMITS, charge=charge, now=START, bill=paid)
    return verdict.admitted


# -- sandboxes ---------------------------------------------------------------------------------


@everywhere
async def test_a_name_has_one_sandbox_in_all_views(here: Place) -> None:
    one, other = here.view(), here.view()
    assert await one.find("a") is None
    made = await one.sandbox("a")
    found = await other.sandbox("a")
    assert (found.name, found.number) == (made.name, made.number) == ("a", 1)
    assert [s.name for s in await other.sandboxes()] == ["a"]
    assert (await other.find("a")) is not None
    assert await other.find("b") is None


@everywhere
async def test_what_a_sandbox_is_set_to_all_views_have_and_no_change_is_lost(here: Place) -> None:
    one, other, box = await both(here)
    theirs = await other.sandbox("a")
    await asyncio.gather(box.configure({"tier": "2"}), theirs.configure({"budget": 5}))
    assert (await one.sandbox("a")).options == Options(tier="2", budget=5)
    assert (await other.sandbox("a")).options == Options(tier="2", budget=5)


@everywhere
async def test_a_sandbox_begins_anew_in_all_views_with_nothing_of_before(here: Place) -> None:
    one, other, box = await both(here)
    await box.add(rule())
    await box.advance(SECOND)
    renewed = await other.renew("a", Options(tier="3"))
    found = await one.sandbox("a")
    assert renewed.number == found.number == 2
    assert found.options == Options(tier="3")
    assert (found.offset, [*found.rules]) == (0, [])


@everywhere
async def test_what_is_done_to_a_life_that_is_over_changes_nothing(here: Place) -> None:
    one, other, box = await both(here)
    shared = await (await one.everyone()).add(rule(times=2))
    await other.renew("a", Options())
    await box.advance(SECOND)
    await box.configure({"tier": "4"})
    await box.add(rule())
    await box.claim([shared])
    await admit(box, 9)
    await box.save("files", file_item("f", 0, File("vision", "f", 1), Content(b"x")))
    for view in (one, other):
        found = await view.sandbox("a")
        assert (found.options, found.offset, [r.id for r in found.rules]) == (Options(), 0, ["a1"])
        assert found.counted("a1").seen == 0
        assert (await found.account()).spent == 0
        assert await found.items("files") == []


@everywhere
async def test_a_request_of_a_life_that_is_over_is_late_in_the_next_one(here: Place) -> None:
    one, other, box = await both(here)
    await other.renew("a", Options())
    await one.write_down(record("r"), life=box.number)
    found = await other.sandbox("a")
    assert [r.id for r in await found.late()] == ["r"]
    assert await found.requests() == []


@everywhere
@bounded(sandboxes=3)
async def test_of_too_many_sandboxes_the_same_one_goes_in_all_views(here: Place) -> None:
    one, other = here.view(), here.view()
    for name in ("a", "b", "c"):
        await one.write_down(record(name, name), life=0)
    await other.write_down(record("a2", "a"), life=0)
    await other.sandbox("d")
    for view in (one, other):
        assert [s.name for s in await view.sandboxes()] == ["c", "a", "d"]


@everywhere
@bounded(sandboxes=2)
async def test_only_who_asks_for_a_sandbox_too_many_is_refused(here: Place) -> None:
    one, other = here.view(), here.view()
    for name in ("a", "b"):
        await (await one.sandbox(name)).add(rule())
    box = await other.sandbox("a")
    tried = await asyncio.gather(
        other.sandbox("c"), box.advance(5), one.sandbox("d"), return_exceptions=True
    )
    reasons = [found.reason for found in tried if isinstance(found, ApiError)]
    assert reasons == [Reason.SANDBOXES_FULL] * 2
    assert (await one.sandbox("a")).offset == 5
    assert [s.name for s in await other.sandboxes()] == ["b", "a"]
    here.time.at += KEPT + SECOND
    assert (await other.sandbox("c")).number == 3
    assert [s.name for s in await one.sandboxes()] == ["a", "c"]


# -- clock -------------------------------------------------------------------------------------


@everywhere
async def test_a_clock_that_was_moved_is_moved_in_all_views(here: Place) -> None:
    one, other, box = await both(here)
    theirs = await other.sandbox("a")
    await asyncio.gather(*[s.advance(SECOND) for s in (box, theirs) * 5])
    for view in (one, other):
        found = await view.sandbox("a")
        assert (found.offset, found.now(7)) == (10 * SECOND, 7 + 10 * SECOND)


@everywhere
async def test_a_standing_clock_stands_at_one_time_in_all_views(here: Place) -> None:
    one, other = here.view(), here.view()
    await one.renew("a", Options(standing=True))
    views = (other, one, other)
    assert len({(await view.sandbox("a")).now(here.time.now()) for view in views}) == 1


@everywhere
async def test_a_wait_that_one_told_moves_the_clock_once_whoever_sees_it_served(
    here: Place,
) -> None:
    one, other, box = await both(here)
    theirs = await other.sandbox("a")
    await box.tell_wait(Wait(b"body", START, 20_000, START + 20 * SECOND, 20))
    real = START + SECOND
    served = await asyncio.gather(*[s.serve_wait(b"body", real) for s in (theirs, box, theirs)])
    assert sorted(served) == [0, 0, 19_000]
    assert (await one.sandbox("a")).offset == 19 * SECOND
    assert await theirs.serve_wait(b"other", real) == 0


# -- rules -------------------------------------------------------------------------------------


@everywhere
async def test_rules_are_added_changed_and_removed_for_all_views(here: Place) -> None:
    one, other, box = await both(here)
    first, second = await box.add(rule()), await (await other.sandbox("a")).add(rule(delay=1))
    assert (first.id, second.id) == ("r1", "r2")
    await (await other.sandbox("a")).claim([second, first])
    await box.put(first._replace(name="other"))
    found = await other.sandbox("a")
    assert [(r.id, r.name) for r in found.rules] == [("r2", ""), ("r1", "other")]
    assert [found.counted(i).seen for i in ("r1", "r2")] == [0, 1]
    await found.remove("r2")
    assert [r.id for r in (await one.sandbox("a")).rules] == ["r1"]


@everywhere
async def test_a_rule_for_two_requests_fires_twice_for_sixty_four(here: Place) -> None:
    one, other, box = await both(here)
    scripted = await box.add(rule(times=2))
    boxes = [box, await other.sandbox("a")] * 32
    fired = await asyncio.gather(*[s.claim([scripted]) for s in boxes])
    assert sorted(f.number for found in fired for f in found) == [1, 2]
    assert (await one.sandbox("a")).counted("r1") == (64, 2)


@everywhere
async def test_rules_of_all_are_in_each_sandbox_counted_together_and_outlive_them(
    here: Place,
) -> None:
    one, other, box = await both(here)
    shared = await (await other.everyone()).add(rule(times=2))
    assert [r.id for r in (await one.everyone()).rules] == ["a1"]
    assert [r.id for r in (await one.sandbox("a")).rules] == ["a1"]
    elsewhere = await other.sandbox("b")
    fired = [await s.claim([shared]) for s in (box, elsewhere, box)]
    assert [len(found) for found in fired] == [1, 1, 0]
    renewed = await one.renew("a", Options())
    assert (await other.sandbox("b")).counted("a1") == renewed.counted("a1") == (3, 2)
    await (await one.everyone()).remove("a1")
    assert [*(await other.sandbox("a")).rules] == []


@everywhere
@bounded(state_bytes=100_000)
async def test_a_rule_there_is_no_room_for_is_refused_to_its_author_alone(here: Place) -> None:
    one, other, box = await both(here)
    theirs = await other.sandbox("b")
    large = rule(respond={"body": "x" * 60_000})
    tried = await asyncio.gather(
        box.add(large), theirs.add(rule()), box.advance(1), return_exceptions=True
    )
    assert isinstance(tried[0], RuleError)
    assert [type(found) for found in tried[1:]] == [Rule, type(None)]
    assert [len((await other.sandbox(name)).rules) for name in "ab"] == [0, 1]
    assert (await one.sandbox("a")).offset == 1


# -- limits and ledger -------------------------------------------------------------------------


@everywhere
async def test_a_limit_admits_as_many_as_it_says_whoever_asks(here: Place) -> None:
    _, other, box = await both(here)
    boxes = [box, await other.sandbox("a")] * 10
    assert sum(await asyncio.gather(*[admit(s) for s in boxes])) == 3
    await (await other.sandbox("a")).refill()
    assert sum(await asyncio.gather(*[admit(s) for s in boxes])) == 3


@everywhere
async def test_what_was_paid_is_lost_or_given_back_for_all(here: Place) -> None:
    _, other, box = await both(here)
    for name in "abc":
        await box.admit("m", limits=[], charge={}, now=START, bill=bill(10)._replace(id=name))
    theirs = await other.sandbox("a")
    await theirs.lose("b", 10)
    assert await theirs.refund("c")
    assert not await box.refund("c")  # which is no bill any more
    for view in (await other.sandbox("a"), box):
        money = (await view.account()).money
        assert (money.spent, money.lost, money.of_today) == (20, 10, 20)
        assert [(b.id, b.lost) for b in await view.billed()] == [("a", False), ("b", True)]
        assert sum(use.micro for use in await view.uses()) == 20


@everywhere
async def test_no_more_is_spent_than_the_budget_and_each_payment_has_its_bill(here: Place) -> None:
    one, other, box = await both(here)
    await box.configure({"budget": 25})
    boxes = [box, await other.sandbox("a")] * 5
    paid = await asyncio.gather(
        *[s.admit("m", limits=[], charge={}, now=START, bill=bill(10)) for s in boxes]
    )
    assert sum(v.admitted for v in paid) == 2
    for view in (one, other):
        found = await view.sandbox("a")
        assert (await found.account()).spent == 20
        assert await found.billed() == [bill(10)] * 2
        assert sum(use.micro for use in await found.uses()) == 20


# -- journal -----------------------------------------------------------------------------------


@everywhere
async def test_the_journal_is_whole_in_all_views_and_numbered_in_one_row(here: Place) -> None:
    one, other, _ = await both(here)
    views = [one, other] * 10
    await asyncio.gather(*[v.write_down(record(f"r{i}"), life=0) for i, v in enumerate(views)])
    await other.write_down(record("d", path="/private/x.png"), life=0)
    for view in (one, other):
        found = await view.sandbox("a")
        assert [r.number for r in await found.requests()] == [*range(1, 21)]
        assert {r.id for r in await found.requests()} == {f"r{i}" for i in range(20)}
        assert [(r.id, r.number) for r in await found.downloads()] == [("d", 21)]


@everywhere
async def test_a_retry_is_told_from_a_call_whoever_had_the_first_attempt(here: Place) -> None:
    one, other, _ = await both(here)
    asked = [record(f"r{i}", attempt=Attempt(b"x", "client", i)) for i in range(3)]
    for view, attempt in zip((one, other, one), asked, strict=True):
        await view.write_down(attempt, life=0)
    found = await (await other.sandbox("a")).requests()
    assert [(r.call, r.retries) for r in found] == [("r0", 0), ("r0", 1), ("r0", 2)]


@everywhere
async def test_what_a_stream_has_sent_since_all_journals_say(here: Place) -> None:
    one, other, _ = await both(here)
    told = record("r", trace=["to come"])
    await one.corrected(told)  # which is not written down yet
    await one.write_down(told, life=0)
    told.trace[0], told.paid, told.ended = "sent", "lost", "cut"
    await one.corrected(told)
    for view in (one, other):
        (found,) = await (await view.sandbox("a")).requests()
        assert (found.trace, found.paid, found.ended) == (["sent"], "lost", "cut")


@everywhere
async def test_equal_requests_are_counted_by_all_and_taken_back_if_none_came_since(
    here: Place,
) -> None:
    _, other, box = await both(here)
    theirs = await other.sandbox("a")
    assert sorted(await asyncio.gather(*[s.repeat(b"x") for s in (box, theirs) * 2])) == [*range(4)]
    await theirs.take_back(b"x", 3)
    await box.take_back(b"x", 1)
    assert await box.repeat(b"x") == 3


@everywhere
async def test_parts_are_emptied_for_all_views(here: Place) -> None:
    one, other, box = await both(here)
    await box.add(rule())
    await box.advance(1)
    await one.write_down(record("r"), life=0)
    await admit(box, 5)
    await (await other.sandbox("a")).forget(only=["requests", "rules", "ledger"])
    found = await one.sandbox("a")
    assert ([*found.rules], found.offset) == ([], 1)
    assert (await found.requests(), await found.billed()) == ([], [])


@everywhere
async def test_a_warning_is_told_once_by_each_process(here: Place) -> None:
    _, other, box = await both(here)
    assert [box.first_warning(), box.first_warning()] == [True, False]
    assert (await other.sandbox("a")).first_warning() in (True, False)


def test_each_method_of_a_store_is_tried_here() -> None:
    """Whoever adds one adds what it promises."""
    source = "".join(p.read_text("utf-8") for p in Path(__file__).parent.glob("test_store*.py"))
    named = [n for of in (Sandbox, Store) for n in vars(of) if not n.startswith("_")]
    assert [name for name in named if f".{name}" not in source] == []

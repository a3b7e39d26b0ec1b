"""What processes do while the log is away, and that they agree again once it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from mockserver.clock import ManualClock
from mockserver.core.errors import ApiError, Reason
from mockserver.core.journal import Record
from mockserver.core.limits import Verdict
from mockserver.core.sandbox import Options
from mockserver.core.sandbox.ledger import Bill
from mockserver.facts.costs import IMAGES, Limit
from mockserver.store import outage
from mockserver.store.outage import Policy
from mockserver.store.shared import SharedStore
from tests.shared import store_over
from tests.shared.logs import LocalSteps, Log

LIMITS = (Limit(IMAGES, 5),)
NAME = "a" * 24
Use = Callable[..., Awaitable[None]]


async def ask(store: SharedStore, life: int = 0) -> bool:
    """One request for a picture: whether it was admitted; it is written down."""
    sandbox = await store.sandbox(NAME)
    verdict = await admit(store)
    record = Record("r", 0, "POST", "/v1/x", "images.generate", sandbox=NAME)
    record.status = 200 if verdict.admitted else 429
    record.close()
    await store.write_down(record, life=sandbox.number)
    return verdict.admitted


async def admit(store: SharedStore) -> Verdict:
    sandbox = await store.sandbox(NAME)
    now = 1_743_379_200 * 10**9
    bill = Bill("r", now, "m", "256x256", 1, 16_000, "images.generate")
    return await sandbox.admit("m", limits=LIMITS, charge={IMAGES: 1}, now=now, bill=bill)


async def known(store: SharedStore) -> tuple[list[int], int]:
    """What a process knows: the statuses in the journal, and what was spent."""
    sandbox = await store.sandbox(NAME)
    account = await sandbox.account()
    return sorted(record.status for record in await sandbox.requests()), account.spent


async def back(*stores: SharedStore) -> None:
    """Wait until all have their log again."""
    await until(lambda: not any(store.outage.is_on for store in stores))


async def until(is_so: Callable[[], bool]) -> None:
    """Let others go on until something is so, or they can't."""
    for turn in range(20_000):
        if is_so():
            return
        await asyncio.sleep(0 if turn < 1_000 else 0.001)  # it may wait for a thread
    raise AssertionError("it never is")


def used(use: Use, number: int = 2, policy: Policy = "local") -> Log:
    log = Log()
    stores = [store_over(LocalSteps(log), policy=policy) for _ in range(number)]

    async def run() -> None:
        await use(log, *stores)
        await back(*stores)
        first, *others = [await known(store) for store in stores]
        assert others == [first] * len(others)

    asyncio.run(run())
    return log


def test_each_counts_for_itself_while_it_is_away_and_all_is_in_the_journal_afterwards() -> None:
    async def use(log: Log, one: SharedStore, other: SharedStore) -> None:
        told: list[str] = []
        one.notice = told.append
        assert await ask(one)
        assert await ask(other)
        await one.sync()
        log.is_away = True
        assert [await ask(one) for _ in range(5)] == [True] * 3 + [False] * 2
        assert [await ask(other) for _ in range(5)] == [True] * 3 + [False] * 2
        assert (one.health.degraded, one.health.errors > 0) == (True, True)
        log.is_away = False
        await back(one, other)
        assert (await known(one))[0] == [200] * 8 + [429] * 4
        assert not await ask(one)
        assert not one.health.degraded
        assert told[0] == (
            "WARNING the shared state is away: limits count for this process alone, what is set may be lost. "
            "the log is away, says a test"
        )
        assert told[1:] == [
            "The shared state is back after 0.0 s. It was told 8 steps that this process had taken "
            "alone; 0 others are lost."
        ]

    used(use)


def test_after_one_failure_nobody_waits_for_the_log_again() -> None:
    async def use(log: Log, one: SharedStore) -> None:
        pauses: list[asyncio.Future[None]] = []

        async def sleep(seconds: float) -> None:
            assert seconds == 0.5
            pauses.append(asyncio.get_running_loop().create_future())
            await pauses[-1]

        one._recovery._sleep = sleep
        await ask(one)
        log.is_away, before = True, log.asked
        for _ in range(20):
            await ask(one)
        await asyncio.sleep(0)
        assert (log.asked - before, len(pauses)) == (2, 1)  # that failure, and a look at once
        log.is_away = False
        pauses[0].set_result(None)
        await back(one)

    used(use, 1)


def test_steps_whose_answer_was_lost_are_taken_once() -> None:
    async def use(log: Log, one: SharedStore, other: SharedStore) -> None:
        await ask(one)
        log.loses_answers = True
        assert await ask(one)
        assert await ask(one)
        log.loses_answers = log.is_away = False
        await back(one)
        assert await known(other) == ([200] * 3, 48_000)

    used(use)


def test_who_waits_while_it_goes_away_is_answered_too() -> None:
    async def use(log: Log, one: SharedStore, other: SharedStore) -> None:
        await ask(one)
        log.is_away = True
        assert await asyncio.gather(*(ask(one) for _ in range(6))) == [True] * 4 + [False] * 2
        log.is_away = False
        await back(one)
        assert (await known(other))[0] == [200] * 5 + [429] * 2

    used(use)


def test_a_log_that_was_emptied_is_told_what_all_of_them_know() -> None:
    async def use(log: Log, *stores: SharedStore) -> None:
        for store in stores:
            await ask(store)
        log.lose()
        for store in stores:  # each meets it, and none knows what the others did last
            await ask(store)
        await back(*stores)
        for store in stores:
            assert (await known(store))[0] == [200] * 6

    used(use, 3)


def test_what_nobody_but_one_process_had_heard_of_is_told_by_it() -> None:
    async def use(log: Log, one: SharedStore, other: SharedStore) -> None:
        await ask(one)
        await known(other)
        await ask(one)  # which the other has not heard of
        log.lose()
        await ask(other)  # it is the first to see that
        await back(other)
        await ask(one)
        await back(one)
        assert await known(one) == ([200] * 4, 64_000)

    used(use)


def test_a_process_that_begins_while_it_is_empty_takes_nothing_from_the_others() -> None:
    async def use(log: Log, one: SharedStore) -> None:
        await ask(one)
        log.lose()
        log.is_empty = False
        late = store_over(LocalSteps(log))
        await ask(late)
        log.of, log.left = 0, 0
        await ask(one)
        await back(one)
        assert await known(one) == await known(late) == ([200] * 3, 48_000)

    used(use, 1)


def test_sandboxes_that_began_alone_are_one_in_the_end() -> None:
    async def use(log: Log, one: SharedStore, other: SharedStore) -> None:
        await one.sandbox("b" * 24)
        await other.sync()
        log.is_away = True
        await one.sandbox("c" * 24)
        await ask(one)
        await ask(other)
        log.is_away = False
        await back(one, other)
        assert await known(one) == ([200, 200], 32_000)

    used(use)


def test_what_an_earlier_life_asked_for_is_not_told_to_a_later_one() -> None:
    async def use(log: Log, one: SharedStore, other: SharedStore) -> None:
        await ask(one)
        log.is_away = True
        await ask(one)
        log.is_away = False
        log.steps.append(_renewal())
        await back(one)
        assert await known(one) == ([], 0)
        sandbox = await other.sandbox(NAME)
        assert len(await sandbox.late()) == 1

    def _renewal() -> bytes:
        from mockserver.store import codec

        return codec.written(0, None, 0, "renew", [NAME, Options()])

    used(use)


def test_no_more_is_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outage, "KEPT", 4)

    async def use(log: Log, one: SharedStore, other: SharedStore) -> None:
        told: list[str] = []
        one.notice = told.append
        await ask(one)
        log.is_away = True
        for _ in range(3):
            await ask(one)
        sandbox = await one.sandbox(NAME)
        await sandbox.advance(1)
        log.is_away = False
        await back(one)
        assert "It was told 4 steps" in told[-1]
        assert "3 others are lost" in told[-1]

    used(use)


def test_all_that_can_be_is_allowed_where_a_setting_says_so() -> None:
    async def use(log: Log, one: SharedStore) -> None:
        await ask(one)
        log.is_away = True
        assert [await ask(one) for _ in range(9)] == [True] * 9
        assert one.health.warning == "the shared state is away: nothing is limited"
        log.is_away = False
        await back(one)
        assert await known(one) == ([200] * 10, 160_000)

    used(use, 1, "allow")


def test_requests_are_refused_where_a_setting_says_so_and_those_that_were_served_written_down() -> (
    None
):
    async def use(log: Log, one: SharedStore) -> None:
        await ask(one)
        sandbox = await one.sandbox(NAME)
        log.is_away = True
        with pytest.raises(ApiError) as refused:
            await ask(one)
        assert refused.value.reason is Reason.STATE_AWAY
        record = Record("r", 0, "POST", "/v1/x", "images.generate", sandbox=NAME)
        record.status = 200
        record.close()
        await one.write_down(record, life=sandbox.number)
        log.is_away = False
        await back(one)
        assert await known(one) == ([200] * 2, 16_000)

    used(use, 1, "refuse")


def test_uploads_are_kept_aside_for_this_process() -> None:
    async def use(log: Log, one: SharedStore) -> None:
        await one.keep("a", b"shared", until=9, now=0)
        log.is_away = True
        await one.keep("b", b"own", until=9, now=0)
        assert await one.kept("b") == b"own"
        assert await one.kept("a") is None
        log.is_away = False
        await back(one)
        assert (await one.kept("a"), await one.kept("b")) == (b"shared", b"own")

    used(use, 1)


def test_a_log_that_goes_away_again_while_it_is_told_is_told_later() -> None:
    async def use(log: Log, one: SharedStore, other: SharedStore) -> None:
        await ask(one)
        log.is_away = True
        await ask(one)
        log.is_away, log.loses_answers = False, True
        await until(lambda: log.last >= 5)
        await ask(one)
        log.is_away = log.loses_answers = False
        await back(one)
        assert await known(other) == ([200] * 3, 48_000)

    used(use)


def test_what_goes_wrong_with_a_foreign_log_is_said_once() -> None:
    async def use(log: Log, one: SharedStore) -> None:
        told: list[str] = []
        one.notice = told.append
        await ask(one)
        log.is_away = True
        await ask(one)
        log.is_away, log.saved = False, log.saved._replace(pieces=[b"nonsense"])
        await until(lambda: len(told) > 1)
        for _ in range(9):
            await asyncio.sleep(0)
        assert [line.split(":")[0] for line in told[1:]] == ["ERROR the shared state can't be read"]
        log.saved = log.saved._replace(pieces=[])
        await back(one)

    used(use, 1)


def test_the_time_that_it_took_is_told() -> None:
    clock, told = ManualClock(), list[str]()
    log = Log()
    store = store_over(LocalSteps(log), clock)
    store.notice = told.append

    async def run() -> None:
        log.is_away = True
        await store.sync()
        clock.advance(12.34)
        log.is_away = False
        await back(store)

    asyncio.run(run())
    assert told[1].startswith("The shared state is back after 12.3 s.")

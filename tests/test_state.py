"""What a sandbox keeps is bounded, goes with it, and outlasts others where somebody set it up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from sys import getsizeof
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.core.errors import ApiError, Reason
from mockserver.core.journal import FIELDS, Attempt, Record, sent_fields
from mockserver.core.rules.effects import Effect
from mockserver.core.rules.magic_words import Words
from mockserver.core.rules.parser import RuleError
from mockserver.core.rules.rule import Rule, When
from mockserver.core.sandbox import Options
from mockserver.core.sandbox.clock import WAITS, Wait
from mockserver.core.sandbox.eviction import KEPT
from mockserver.core.sandbox.logs import RECORDS
from mockserver.core.sandbox.rulebook import RULE_BYTES, WORDS
from mockserver.core.weight import weight
from mockserver.facts import load
from mockserver.store import Sandbox
from mockserver.store.memory import MemoryStore
from mockserver.store.sandbox import MemorySandbox
from tests.conftest import Api, error, generate
from tests.in_process import client_of
from tests.test_control import HERE

DELAYED = Rule(When(), Effect(delay=1.0))
LIKE_A_FILE = "x" * 90_000
SECOND = 1_000_000_000
Step = Callable[[Sandbox], Awaitable[Any]]


def record(number: int = 0, **values: Any) -> Record:
    attempt = Attempt(b"%d" % number, "a", None)
    made = Record(f"r{number}", 0, "POST", "/v1/x", "images.generate", attempt=attempt, **values)
    made.close()
    return made


# -- bytes -------------------------------------------------------------------------------------


def taken(value: Any) -> int:
    """The bytes of a value as Python tells them."""
    match value:
        case dict():
            return getsizeof(value) + sum(taken(k) + taken(v) for k, v in value.items())
        case list():
            return getsizeof(value) + sum(map(taken, value))
        case None | bool():
            return 0
        case _:
            return getsizeof(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_no_value_takes_more_than_it_weighs(value: Any) -> None:
    value = json.loads(json.dumps(value))  # a text that was encoded once may carry its bytes along
    assert taken(value) <= weight(value)


@given(st.lists(st.tuples(st.text(max_size=9), st.integers(0, 400_000)), max_size=150))
def test_the_fields_of_a_record_have_a_bound_however_many_and_long(
    told: list[tuple[str, int]],
) -> None:
    body = {name * 30: "é" * length for name, length in told}
    assert weight(sent_fields(body)) <= FIELDS


def test_forty_large_posts_take_no_more_than_a_journal(api: Api) -> None:
    store = MemoryStore()
    client = client_of(create_app(configured(log_format="none"), store=store))
    body: dict[str, Any] = {f"unknown{i}": LIKE_A_FILE for i in range(100)}
    for number in range(8):
        assert generate(client, prompt=str(number), **body).status_code == 400
    assert store.size < 5 * 1024 * 1024


def test_what_tells_retries_keeps_nothing_of_what_was_sent() -> None:
    async def write() -> int:
        sandbox = MemorySandbox("x", 1, Options(), [])
        for number in range(50):
            sandbox.record(record(number, fields={"prompt": LIKE_A_FILE}), number=1)
        await sandbox.forget(only=["requests"])
        sandbox.record(record(51), number=1)
        return sandbox.size

    assert asyncio.run(write()) < 20_000


async def waits(sandbox: Sandbox, number: int) -> None:
    await sandbox.tell_wait(Wait(b"%d" % number, 0, 1000, SECOND, 1))


async def words(sandbox: Sandbox, number: int) -> None:
    prompt = f"mock:429x2 {number} {'x' * 900}"
    rule = Words({w.name: w.then for w in load().magic_words.values()}).rule(prompt)
    assert rule is not None
    await sandbox.claim([rule])


async def requests(sandbox: MemorySandbox, number: int) -> None:
    sandbox.record(record(number), number=sandbox.number)


async def late(sandbox: MemorySandbox, number: int) -> None:
    sandbox.record(record(number), number=-1)


async def rules_of_a_moment(sandbox: Sandbox, number: int) -> None:
    rule = await sandbox.add(DELAYED)
    await sandbox.claim([rule])
    await sandbox.remove(rule.id)


@pytest.mark.parametrize("step", [waits, words, requests, late, rules_of_a_moment])
def test_no_table_of_a_sandbox_grows_for_ever(
    step: Callable[[MemorySandbox, int], Awaitable[None]],
) -> None:
    async def sizes() -> list[int]:
        sandbox, found = MemorySandbox("x", 1, Options(), []), []
        for number in range(2_200):
            await step(sandbox, number)
            found.append(sandbox.size)
        return found

    found = asyncio.run(sizes())
    assert len({RECORDS, WAITS, WORDS, 1_000}) == 1
    assert max(found) <= found[1_099] * 1.01
    assert found[-1] < 4 * 1024 * 1024


def test_a_prompt_without_a_magic_word_is_remembered_nowhere() -> None:
    found = Words({"500": {"error": "internal"}})
    assert found.rule("a fox " * 100) is None
    assert not hasattr(found.rule, "cache_info")
    magic = found.rule("mock:500 " * 100)
    assert magic is not None
    assert len(magic.id) < 60


def test_rules_have_a_bound_in_one_sandbox_and_in_all() -> None:
    large = Rule(When(), Effect(image="x" * (RULE_BYTES // 3)))

    async def fill(store: MemoryStore) -> tuple[int, str]:
        added = 0
        for name in "abcdefghij":
            sandbox = await store.sandbox(name)
            for _ in range(2):
                try:
                    await sandbox.add(large)
                    added += 1
                except RuleError as refused:
                    return added, refused.sentence
        return added, ""

    async def one(store: MemoryStore) -> None:
        sandbox = await store.sandbox("a")
        for _ in range(2):
            await sandbox.add(large)
        with pytest.raises(RuleError, match="of a sandbox may take 32 MiB; remove some first"):
            await sandbox.add(large)
        assert len(sandbox.rules) == 2
        await sandbox.put(Rule(When(), Effect(delay=1.0), id="r1"))
        await sandbox.add(large)

    asyncio.run(one(MemoryStore()))
    added, words = asyncio.run(fill(MemoryStore()))
    assert (added, "of all sandboxes may take 128 MiB" in words) == (11, True)


# -- all sandboxes together --------------------------------------------------------------------


def test_all_sandboxes_have_a_bound_and_idle_ones_pay_for_it_with_their_journals() -> None:
    async def fill() -> None:
        store = MemoryStore(state_bytes=1_000_000, now=lambda: 5 * SECOND)
        first = await store.sandbox("first")
        await first.add(DELAYED)
        for number in range(60):
            sandbox = await store.sandbox(f"{number}")
            for request in range(10):
                await store.write_down(
                    record(request, sandbox=f"{number}", fields={"x": "x" * 5_000}), life=0
                )
                assert store.size <= 1_000_000
        assert len(await store.sandboxes()) == 61
        assert len(first.rules) == 1
        assert len(await sandbox.requests()) == 10
        assert [len(await s.requests()) for s in await store.sandboxes()][:40] == [0] * 40

    asyncio.run(fill())


def test_what_is_dropped_or_begun_anew_is_no_longer_counted() -> None:
    async def many() -> list[int]:
        store, sizes = MemoryStore(sandboxes=3), []
        for number in range(30):
            sandbox = await store.sandbox(f"{number}")
            old = await store.find(f"{number - 1}")
            await store.write_down(record(sandbox=f"{number}", fields={"x": LIKE_A_FILE}), life=0)
            if old:
                await old.forget(only=["requests", "rules"])
            await store.renew(f"{number}", Options(standing=number % 2 == 0))
            cast(MemorySandbox, sandbox).record(record(fields={"x": LIKE_A_FILE}), number=1)
            sizes.append(store.size)
            await store.renew(f"{number}", Options())
        return sizes

    sizes = asyncio.run(many())
    assert len(set(sizes[3:])) == 1


# -- who goes ----------------------------------------------------------------------------------


async def used(sandbox: Sandbox) -> None:
    await requests(cast(MemorySandbox, sandbox), 1)


async def scripted(sandbox: Sandbox) -> None:
    await sandbox.add(DELAYED)


async def moved(sandbox: Sandbox) -> None:
    await sandbox.advance(SECOND)


def set_to(**options: Any) -> Step:
    async def configure(sandbox: Sandbox) -> None:
        await sandbox.configure(options)

    configure.__name__ = next(iter(options))
    return configure


SET_UP = [
    scripted,
    moved,
    set_to(budget=0),
    set_to(tier="2"),
    set_to(as_of="today"),
    set_to(seed="7"),
    set_to(per_minute=3),
    set_to(standing=True),
]


def survivors(before: dict[str, Step | None], then: int, most: int, *, idle: int = 0) -> list[str]:
    """Who is left of these once `then` new keys came, which nobody sets up."""
    time = [SECOND]

    async def run() -> list[str]:
        store = MemoryStore(sandboxes=most, now=lambda: time[0])
        for name, step in before.items():
            sandbox = await store.sandbox(name)
            if step:
                await step(sandbox)
        time[0] += idle
        for number in range(then):
            await used(await store.sandbox(f"new{number}"))
        return [s.name for s in await store.sandboxes() if s.name in before]

    return asyncio.run(run())


@pytest.mark.parametrize("step", SET_UP, ids=lambda s: s.__name__)
def test_what_was_set_up_outlasts_any_number_of_other_keys(step: Step) -> None:
    assert survivors({"mine": step, "other": used}, then=50, most=5) == ["mine"]


def test_those_with_nothing_in_them_go_first_then_those_that_were_only_used() -> None:
    before: dict[str, Step | None] = {"used": used, "empty": None, "mine": scripted}
    left = [survivors(before, then=number, most=3) for number in range(4)]
    assert left == [["used", "empty", "mine"], ["used", "mine"], ["mine"], ["mine"]]


def test_of_those_that_nobody_used_for_an_hour_the_set_up_ones_go_last() -> None:
    before: dict[str, Step | None] = {"mine": scripted, "used": used, "used too": used}
    late = KEPT + 1
    assert survivors(before, then=2, most=3, idle=late) == ["mine"]
    assert survivors(before, then=3, most=3, idle=late) == []
    assert survivors(before, then=9, most=3, idle=late - 1) == ["mine"]


def full() -> tuple[TestClient, ManualClock]:
    """A server with room for two sandboxes, both of which have a budget."""
    clock = ManualClock()
    store = MemoryStore(sandboxes=2, now=clock.now)
    app = create_app(configured(log_format="none"), clock=clock, store=store)
    client = TestClient(app)
    for key in ("sk-mock-me", "sk-mock-other"):
        client.put("/_mock/ledger", json={"budget_usd": 0}, headers={"Mock-Sandbox-Key": key})
    return client, clock


def test_a_new_key_is_refused_in_clear_words_where_all_are_set_up_and_in_use() -> None:
    client, _ = full()
    for answer in (
        generate(client, key="sk-mock-new"),
        client.post("/_mock/sandbox", json={}, headers={"Mock-Sandbox-Key": "sk-mock-new"}),
        client.get("/_mock/rules", headers={"Mock-Sandbox-Key": "sk-mock-new"}),
    ):
        assert (answer.status_code, error(answer)["code"]) == (503, "sandboxes_full")
        assert "all 2 are set up" in error(answer)["message"]
        assert "POST /_mock/sandbox with {}" in error(answer)["message"]
        assert answer.headers["x-should-retry"] == "false"
    assert client.get("/v1/nope").status_code == 404  # nobody's requests have no place either
    assert error(generate(client))["code"] == "billing_hard_limit_reached"
    assert client.get("/_mock/sandboxes").status_code == 200


def test_the_words_of_a_full_server_are_a_way_out_and_so_is_an_hour() -> None:
    client, clock = full()
    assert client.post("/_mock/sandbox", json={}, headers=HERE).status_code == 200
    assert generate(client, key="sk-mock-new").status_code == 200
    client, clock = full()
    clock.advance(3601)
    assert generate(client, key="sk-mock-new").status_code == 200


def test_who_scripts_a_sandbox_by_its_name_uses_it() -> None:
    client, clock = full()
    names = [s["name"] for s in client.get("/_mock/sandboxes").json()["sandboxes"]]
    for _ in range(3):
        clock.advance(1800)
        client.get(f"/_mock/rules?sandbox={names[0]}")
    for key in ("sk-mock-new", "sk-mock-newer"):
        assert generate(client, key=key).status_code == 200
    left = [s["name"] for s in client.get("/_mock/sandboxes").json()["sandboxes"]]
    assert names[0] in left
    assert names[1] not in left


# -- what goes with a sandbox ------------------------------------------------------------------


def test_the_log_warns_once_for_a_sandbox_and_its_lives_but_again_once_it_was_dropped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = ManualClock(1_790_000_000)
    store = MemoryStore(sandboxes=1, now=clock.now)
    app = create_app(configured(log_format="text"), clock=clock, store=store)
    client = client_of(app)

    def warnings(key: str) -> int:
        generate(client, key=key)
        return capsys.readouterr().err.count("would refuse this today")

    assert [warnings("sk-mock-me"), warnings("sk-mock-me")] == [1, 0]
    client.post("/_mock/sandbox", json={}, headers=HERE)
    assert [warnings("sk-mock-me"), warnings("sk-mock-b"), warnings("sk-mock-me")] == [0, 1, 1]


def test_a_store_without_room_says_which_reason() -> None:
    async def fill() -> None:
        store = MemoryStore(sandboxes=1)
        await (await store.sandbox("a")).add(DELAYED)
        await store.sandbox("b")

    with pytest.raises(ApiError) as refused:
        asyncio.run(fill())
    assert refused.value.reason is Reason.SANDBOXES_FULL

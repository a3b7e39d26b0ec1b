"""Which of several rules counts: one order, and effects that add up where they don't contradict."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.rules.effects import EFFECTS, PLAIN, changed
from mockserver.core.rules.parser import effect_of, rule_of
from mockserver.core.rules.precedence import added, in_order, joined, with_rule
from mockserver.core.rules.rule import Rule
from mockserver.core.sandbox import Options
from mockserver.store import EVERYONE
from mockserver.store.sandbox import MemorySandbox

#: One of each kind.
ALL: dict[str, Any] = {
    "error": "internal",
    "rate_limit": {"retry_after": 20},
    "refuse": True,
    "quota": True,
    "respond": 409,
    "gateway": 502,
    "headers": {"x-a": "b"},
    "delay": 0,
    "stall": True,
    "disconnect": 0,
    "lose": "before_head",
    "drip": 9,
    "content_type": "text/html",
    "bad_json": True,
    "pictures": 0,
    "response_format": "url",
    "stream": {"end": "break"},
    "picture": "truncated",
    "expired_url": True,
    "image": "eA==",
    "addresses": {"https://example.com/fox.png": "eA=="},
    "download": 500,
}
BESIDE = {"delay", "drip", "headers", "addresses"}
INSTEAD = {"error", "rate_limit", "refuse", "quota", "respond", "gateway", "stall"}
one = st.sampled_from(list(ALL)).map(lambda n: {n: ALL[n]})
several = st.lists(one, min_size=1, max_size=5)


def claimed(*rules: Rule, times: int = 1) -> list[list[tuple[str, list[str]]]]:
    """For so many requests the names of the rules that fire, each with the kinds that it adds."""
    box = MemorySandbox("s", 1, Options(), rules)

    async def ask() -> list[list[tuple[str, list[str]]]]:
        found = [await box.claim(box.rules) for _ in range(times)]
        return [[(f.rule.name, [*changed(f.part)]) for f in fired] for fired in found]

    return asyncio.run(ask())


def rule(name: str, *, next: bool = False, times: int | None = None, **then: Any) -> Rule:
    parts = {"next": True} if next else {}
    parts |= {} if times is None else {"times": times}  # type: ignore[dict-item]
    return rule_of({"name": name, "then": then or {"quota": True}, **parts}, "file")


def test_there_is_an_example_of_every_effect() -> None:
    assert ALL.keys() == EFFECTS.keys()


# -- the order ---------------------------------------------------------------------------------


def test_rules_are_tried_as_the_documentation_says() -> None:
    everyone = MemorySandbox(EVERYONE, 0, Options(), ())
    file = [rule("file 1"), rule("file next", next=True), rule("file 2")]
    box = MemorySandbox("s", 1, Options(), file, everyone=everyone)

    async def add(box: MemorySandbox, *names: str) -> None:
        for name in names:
            origin = "all" if box is everyone else "call"
            await box.add(rule(name, next="next" in name)._replace(origin=origin))

    async def write() -> list[str]:
        await add(everyone, "all 1", "all next 1")
        await add(box, "own 1", "own next 1", "own 2", "own next 2")
        await add(everyone, "all 2", "all next 2")
        return [r.name for r in box.rules]

    queue = ["own next 1", "own next 2", "all next 1", "all next 2", "file next"]
    others = ["own 2", "own 1", "all 2", "all 1", "file 2", "file 1"]
    assert asyncio.run(write()) == [*queue, *others]


def test_a_rule_that_is_put_keeps_its_place() -> None:
    box = MemorySandbox("s", 1, Options(), ())

    async def put() -> list[str]:
        for name in "abc":
            await box.add(rule(name, quota=True)._replace(origin="call"))
        await box.put(rule("B", quota=True)._replace(origin="call", id="r2"))
        return [r.name for r in box.rules]

    assert asyncio.run(put()) == ["c", "B", "a"]


@given(st.lists(st.tuples(st.sampled_from(["call", "all", "file"]), st.booleans()), max_size=9))
def test_the_order_is_that_of_the_place_whoever_writes_when(
    written: list[tuple[str, bool]],
) -> None:
    rules: list[Rule] = []
    for number, (origin, waits) in enumerate(written):
        made = rule(str(number), next=waits, quota=True)._replace(origin=origin)
        rules = with_rule(rules, made)
    assert in_order(rules) == rules
    for before, after in pairwise(rules):
        assert before.next or not after.next
        if before.next == after.next and before.origin == after.origin:
            assert (int(before.name) < int(after.name)) == before.next


# -- what adds up ------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ALL)
def test_two_effects_add_up_unless_they_contradict(first: str) -> None:
    for second in ALL:
        (fired,) = claimed(
            rule("older", **{second: ALL[second]}), rule("newer", **{first: ALL[first]})
        )
        both = first in BESIDE or second in BESIDE or not INSTEAD & {first, second}
        if first == second or {first, second} == {"picture", "image"}:
            both = False
        assert [name for name, _ in fired] == (["newer", "older"] if both else ["newer"]), second


def test_headers_add_up_by_name() -> None:
    (fired,) = claimed(
        rule("older", headers={"X-A": "older", "x-b": "older"}),
        rule("newer", headers={"x-a": "newer"}),
    )
    assert fired == [("newer", ["headers"]), ("older", ["headers"])]
    effect = joined(
        effect_of({"headers": {"x-a": "1"}}), added(effect_of({"headers": {"x-a": "1"}}), effect_of({"headers": {"x-a": "2", "x-b": "3"}}))
    )  # fmt: skip
    assert dict(effect.headers) == {"x-a": "1", "x-b": "3"}


def test_no_delay_is_a_delay_that_goes_before_a_longer_one() -> None:
    assert claimed(rule("slow", delay=5), rule("at once", delay=0)) == [[("at once", ["delay"])]]


def test_one_rule_may_do_several_things_that_two_may_not() -> None:
    both: dict[str, Any] = {"error": "internal", "disconnect": 9, "delay": 1}
    (fired,) = claimed(rule("older", picture="truncated"), rule("newer", **both))
    assert fired == [("newer", ["error", "delay", "disconnect"])]


def test_next_rules_meet_one_request_each_in_the_order_in_which_they_were_written() -> None:
    queue = [rule("a", next=True, delay=1), rule("b", next=True, times=2, quota=True)]
    names = [[name for name, _ in fired] for fired in claimed(*queue, rule("on", drip=9), times=4)]
    assert names == [["a", "on"], ["b", "on"], ["b", "on"], ["on"]]


def test_a_rule_that_adds_nothing_is_not_used_up() -> None:
    found = claimed(
        rule("once", times=1, picture="truncated"), rule("new", next=True, quota=True), times=3
    )
    assert [[name for name, _ in fired] for fired in found] == [["new"], ["once"], []]


@given(several)
def test_what_is_added_is_of_the_rule_and_of_no_kind_that_was_decided(
    thens: list[dict[str, Any]],
) -> None:
    effect = PLAIN
    for further in map(effect_of, thens):
        part = added(effect, further)
        assert changed(part).items() <= changed(further).items()
        assert changed(part).keys().isdisjoint(changed(effect))
        effect = joined(effect, part)
        assert added(effect, further) == PLAIN
    assert changed(effect_of(thens[0])).items() <= changed(effect).items()

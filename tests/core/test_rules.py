"""Rules as values: matched, counted; magic words, near misses, the journal."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mockserver.core.journal import (
    DEPTH,
    ITEMS,
    TEXT,
    Attempt,
    Record,
    sent_fields,
)
from mockserver.core.near_misses import (
    closest,
    differences,
    distance,
    nearest,
    nearest_rules,
    shown,
)
from mockserver.core.rules.magic_words import Words
from mockserver.core.rules.parser import rule_of, when_of
from mockserver.core.rules.rule import Rule
from mockserver.core.sandbox import Options
from mockserver.core.sandbox.clock import Wait, scaled
from mockserver.core.sandbox.logs import RECORD_BYTES, RECORDS
from mockserver.core.sandbox.retries import Call, Tried, is_retry
from mockserver.facts import load
from mockserver.store.sandbox import MemorySandbox

WORDS = load().magic_words
MILLISECOND = 1_000_000


def rule(**parts: Any) -> Rule:
    return rule_of({"then": {"quota": True}} | parts)


def sandbox(*rules: Rule, **options: Any) -> MemorySandbox:
    return MemorySandbox("s", 1, Options(**options), rules)


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("mock:429x0", ["'mock:429x0' is no magic word: did you mean mock:429?"]),
        ("a fox mock:refsue", ["'mock:refsue' is no magic word: did you mean mock:refuse?"]),
        ("mock:REFUSE.", ["'mock:REFUSE.' is no magic word: did you mean mock:refuse?"]),
        ("MOCK:429x2", ["'MOCK:429x2' is no magic word: did you mean mock:429?"]),
        ("mock:slow", ["'mock:slow' is no magic word: did you mean mock:slow=5s?"]),
        ("mock:slow=soon", ["'mock:slow=soon' is no magic word: did you mean mock:slow=5s?"]),
        ("mock:429 mock:truncate", ["'mock:truncate' is no magic word: did you mean mock:truncated?"]),
        ("mock:turtle, mock:turtle", [f"'mock:turtle' is no magic word: it is one of {', '.join(WORDS)}"]),
        ("mock:429 mock:slow=5s mock:refuse. (mock:429x2)", []),
        ("a mock: fox, hammock:refsue, https://mock/", []),
    ],
)  # fmt: skip
def test_what_looks_like_a_magic_word_is_told(prompt: str, said: list[str]) -> None:
    assert Words({w.name: w.then for w in WORDS.values()}).misspelt(prompt) == said


def record(number: int = 0, **values: Any) -> Record:
    path = "/v1/images/generations"
    made = Record(f"req_{number}", 0, "POST", path, "images.generate", **values)
    made.close()
    return made


# -- matching and counting ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "matches"),
    [
        ({}, True),
        ({"prompt": "a red fox"}, True),
        ({"prompt": "a red"}, False),
        ({"prompt": {"contains": "red"}}, True),
        ({"prompt": {"regex": "r.d fox$"}}, True),
        ({"prompt": {"regex": "^red"}}, False),
        ({"model": "dall-e-*", "n": 1}, True),
        ({"n": True}, False),
        ({"user": None}, True),
        ({"user": {"contains": ""}}, False),
    ],
    ids=str,
)
def test_all_fields_of_a_condition_must_be_so(when: dict[str, Any], matches: bool) -> None:
    given = {"prompt": "a red fox", "model": "dall-e-2", "n": 1}
    assert when_of(when).matches(given) is matches


async def fired(box: MemorySandbox, times: int) -> list[str]:
    found = [await box.claim(box.rules) for _ in range(times)]
    return ["".join(one.rule.id for one in claimed) for claimed in found]


def test_times_count_down_and_next_goes_first_and_then_the_newest() -> None:
    box = sandbox(rule(times=1))

    async def asked() -> list[str]:
        await box.add(rule(times=2))
        await box.add(rule(next=True))
        await box.add(rule(times=2))
        return await fired(box, 6)

    assert asyncio.run(asked()) == ["r2", "r3", "r3", "r1", "r1", "f1"]
    assert (box.counted("r1").fired, box.counted("r3")) == (2, (6, 2))


def test_the_kth_call_is_counted_whatever_other_rules_do() -> None:
    box = sandbox(*(rule(when={"call": k}) for k in (1, 2, 4)))
    assert asyncio.run(fired(box, 5)) == ["f1", "f2", "", "f3", ""]


def test_a_rule_that_is_put_in_anothers_place_is_counted_anew() -> None:
    box = sandbox(rule(times=1))

    async def asked() -> None:
        assert await fired(box, 2) == ["f1", ""]
        (old,) = box.rules
        await box.put(old)
        assert await fired(box, 2) == ["f1", ""]
        await box.put(rule())
        assert [*box.rules] == [old]

    asyncio.run(asked())


def test_waits_that_ran_side_by_side_end_side_by_side() -> None:
    box = sandbox(standing=True)

    async def asked() -> None:
        assert box.now(5) == 5
        for body in (b"a", b"b"):
            await box.tell_wait(Wait(body, 5, 12_000, 5 + 12_000 * MILLISECOND, 12))
        back = 5 + scaled(12_000) * MILLISECOND
        assert await box.serve_wait(b"a", back - 1) == 0
        assert await box.serve_wait(b"a", back) == 12_000
        assert await box.serve_wait(b"b", back) == 0
        assert box.offset == 12_000 * MILLISECOND

    asyncio.run(asked())


def test_a_wait_shrinks_to_thousandths_but_never_to_nothing() -> None:
    assert [scaled(ms) for ms in (0, 1, 1000, 1001, 20_000)] == [1, 1, 1, 2, 20]


# -- magic words -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "name", "times"),
    [
        ("a fox mock:500", "mock:500", None),
        ("mock:429x2, please", "mock:429x2", 2),
        ("Wait: mock:slow=5s.", "mock:slow=5s", None),
        ("mock:slow=250ms mock:500", "mock:slow=250ms", None),
        ("mock:slow", None, None),
        ("mock:slow=x", None, None),
        ("amock:500", None, None),
        ("mock:5000", None, None),
        ("mock:bad-jsonp", None, None),
        ("mock: 500", None, None),
    ],
)
def test_a_word_is_magic_only_where_it_stands_alone(
    prompt: str, name: str | None, times: int | None
) -> None:
    found = Words({w.name: w.then for w in WORDS.values()}).rule(prompt)
    assert (found and found.name, found and found.times) == (name, times)


def test_a_rule_of_a_word_is_for_its_very_prompt_whatever_stands_in_it() -> None:
    words = Words({w.name: w.then for w in WORDS.values()})
    found = [words.rule(f"mock:500{tail}") for tail in ("", " a", " \ud800", "")]
    ids = [one.id for one in found if one and one.origin == "magic"]
    assert ids[0] == ids[3] == "magic:6dbd79eeee5c972f72aa4664f598b997"
    assert len(set(ids)) == 3


@pytest.mark.parametrize(("told", "seconds"), [("5s", 5), ("250ms", 0.25), ("1.5m", 90), ("3", 3)])
def test_a_time_after_a_word_is_in_seconds(told: str, seconds: float) -> None:
    found = Words({"slow": {"delay": "$"}}).rule(f"mock:slow={told}")
    assert found is not None
    assert found.then.delay == seconds


# -- near misses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "got", "words"),
    [
        ("a red fox", "a red  fox", "'a red  fox'  (only the white space differs)"),
        ("a red fox", "A red fox", "'A red fox'  (only the case differs)"),
        ("a red fox", "a red fix", "'a red fix'  (did you mean this?)"),
        ("a red fox", "zzz", "'zzz'"),
        ("2", 2, "2  (it is of type int)"),
        (2, "2", "'2'  (it is of type str)"),
        (2, 3, "3"),
        ("a red fox", None, "nothing"),
    ],
)
def test_a_difference_says_how_small_it_is(wanted: Any, got: Any, words: str) -> None:
    (found,) = differences(when_of({"prompt": wanted}), {"prompt": got})
    assert str(found) == f"≠ prompt: wanted {wanted!r}, got {words}"


def test_a_part_of_a_text_is_told_by_how_it_was_wanted() -> None:
    (found,) = differences(when_of({"prompt": {"contains": "fox"}}), {"prompt": "a FOX"})
    assert str(found) == "≠ prompt: wanted contains 'fox', got 'a FOX'"
    (found,) = differences(when_of({"prompt": {"contains": "Fox"}}), {"prompt": "fox"})
    assert str(found) == "≠ prompt: wanted contains 'Fox', got 'fox'  (only the case differs)"
    (found,) = differences(when_of({"size": "a"}), {"size": "b"}, {"size"})
    assert str(found) == "≠ size: wanted 'a', got 'b'  (filled in: the client sent none)"


def test_of_many_rules_the_three_closest_are_told() -> None:
    rules = [rule(when={"n": n}, name=str(n)) for n in range(1, 6)]
    told = "≠ n: wanted {0}, got 9  (filled in: the client sent none)"
    assert nearest_rules(rules, {"n": 9}, {"n"}) == [f' "{n}": {told.format(n)}' for n in (1, 2, 3)]


def test_what_differs_in_less_is_closer() -> None:
    asked = [{"model": "a", "prompt": "x"}, {"model": "a", "prompt": "a fix"}, {"model": "b"}]
    assert closest(when_of({"model": "a", "prompt": "a fox"}), asked) == [1, 0, 2]
    rules = [rule(when={"model": "dall-e-3"}, name="other"), rule(when={"prompt": "x  y"})]
    lines = nearest_rules(rules, {"model": "a", "prompt": "x y"}, most=1)
    assert lines == [
        " no_credit: ≠ prompt: wanted 'x  y', got 'x y'  (only the white space differs)"
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"prompt": "b"}, {"model": "b"}),  # a field costs by what it tells
        ({"n": 2, "size": "b"}, {"operation": "b"}),
        ({"prompt": "a blue fox"}, {"n": 2}),  # likeness halves a cost at the most
        ({"prompt": "a blue fox"}, {"prompt": "zzz"}),
    ],
    ids=str,
)
def test_what_costs_less_is_closer(one: dict[str, Any], other: dict[str, Any]) -> None:
    wanted = {"operation": "images.edit", "model": "a", "prompt": "a red fox", "n": 1, "size": "a"}
    when = when_of(wanted)
    assert distance(when, wanted) == 0
    assert closest(when, [wanted | one, wanted | other, wanted]) == [2, 0, 1]
    assert closest(when, [wanted | other, wanted | one, wanted], most=1) == [2]


def test_another_thing_that_is_missed_costs_as_a_field_does_and_of_equals_the_last_is_closer() -> (
    None
):
    when = when_of({"n": 1})
    assert closest(when, [{"n": 1}, {"n": 2}, {"n": 1}], also=[1, 0, 0]) == [2, 1, 0]
    assert closest(when, [{"n": 1}] * 4) == [3, 2, 1]
    assert nearest([when, when], {"n": 2}) == [0, 1]  # of rules the first


def test_of_a_value_the_first_60_characters_are_shown() -> None:
    assert shown("x" * 58) == "'" + "x" * 58 + "'"
    assert shown("x" * 59) == "'" + "x" * 58 + "…"


# -- the journal -------------------------------------------------------------------------------


def test_the_journal_is_bounded_by_count() -> None:
    box = sandbox()

    async def write() -> list[Record]:
        for number in range(RECORDS + 5):
            box.record(record(number), number=1)
        return await box.requests()

    kept = asyncio.run(write())
    assert (len(kept), kept[0].id) == (RECORDS, "req_5")


def test_the_journal_is_bounded_by_bytes_and_keeps_the_last_whatever_its_size() -> None:
    box, half = sandbox(), "x" * (RECORD_BYTES // 2)

    async def write(**fields: Any) -> list[Record]:
        box.record(record(fields=fields), number=1)
        return await box.requests()

    counts = [len(asyncio.run(write(prompt=half))) for _ in range(3)]
    assert counts == [1, 1, 1]
    assert len(asyncio.run(write(deep=[{"x": [half, half, half]}]))) == 1
    assert [len(asyncio.run(write(prompt="x"))) for _ in range(2)] == [1, 2]


def test_fields_are_written_down_within_bounds_and_as_json_can_say_them() -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    sent = sent_fields(
        {"prompt": "é" * (TEXT + 1), "n": float("inf"), "deep": deep, "many": [0] * 1000, "x": None}
    )
    assert sent["prompt"] == "é" * TEXT + "…"
    assert (sent["n"], sent["x"], len(sent["many"])) == ("inf", None, ITEMS)
    assert str(sent["deep"]).count("[") == DEPTH
    assert len(sent_fields(dict.fromkeys(map(str, range(1000))))) == ITEMS
    assert sent_fields([1]) == {}


@pytest.mark.parametrize(
    ("number", "status", "connection", "expected"),
    [
        (1, 429, "other", True),
        (1, 200, "other", True),  # the client counts, and is believed
        (0, 500, "same", False),
        (2, 500, "same", False),
        (None, 500, "same", True),
        (None, 429, "same", True),
        (None, 500, "other", False),
        (None, 200, "same", False),
        (None, 400, "same", False),
    ],
)
def test_what_is_a_retry(number: int | None, status: int, connection: str, expected: bool) -> None:
    before = Attempt(b"x", "same", 0 if number is not None else None)
    earlier = Tried(before, Call("x"), record(status=status).asks_again)
    assert is_retry(Attempt(b"x", connection, number), earlier) is expected
    assert not is_retry(Attempt(b"y", connection, number), earlier)


def test_retries_of_two_equal_calls_go_one_to_each() -> None:
    box = sandbox()

    async def write() -> list[Record]:
        for place, number in enumerate([0, 0, 1, 1, 2, 2]):
            attempt = Attempt(b"x", str(place), number)
            box.record(record(place, status=500, attempt=attempt), number=1)
        return await box.requests()

    kept = asyncio.run(write())
    assert [r.retries for r in kept] == [0, 0, 1, 1, 2, 2]
    assert sorted(r.call for r in kept) == ["req_0"] * 3 + ["req_1"] * 3

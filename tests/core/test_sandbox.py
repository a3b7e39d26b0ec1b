"""The parts of a sandbox as values: transitions keep what they do not touch, and their bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.journal import Attempt, Record
from mockserver.core.limits import Bucket
from mockserver.core.rules.effects import Effect
from mockserver.core.rules.rule import Rule, When
from mockserver.core.sandbox import FARTHEST, Options, rulebook
from mockserver.core.sandbox.account import Account, Money
from mockserver.core.sandbox.clock import Clock, Wait, advance, look, scaled, serve
from mockserver.core.sandbox.eviction import KEPT, Summary, to_drop, to_shed
from mockserver.core.sandbox.logs import write_down
from mockserver.core.sandbox.retries import Tried, follow
from mockserver.core.sandbox.state import State, emptied
from mockserver.core.sandbox.varied_pictures import take_back

SECOND = 1_000_000_000
BODY = b"x"
ATTEMPTS = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.none() | st.integers(0, 3),
        st.sampled_from([0, 200, 307, 429, 500]),
    ),
    max_size=150,
)


def record(number: int, attempt: Attempt | None = None, status: int = 200) -> Record:
    return Record(f"r{number}", 0, "POST", "/v1/x", status=status, attempt=attempt)


# -- calls -------------------------------------------------------------------------------------


@given(ATTEMPTS)
def test_each_request_belongs_to_one_call_whose_attempts_are_numbered_in_order(
    sent: list[tuple[str, int | None, int]],
) -> None:
    tried: list[Tried] = []
    last: dict[str, int] = {}
    for place, (connection, count, status) in enumerate(sent):
        attempt = Attempt(BODY, connection, count)
        call, tried = follow(record(place, attempt, status), attempt, tried)
        if call.id == f"r{place}":
            assert call.retries == 0
        else:
            assert call.retries - last[call.id] in (0, 1)  # led on, or tried again
        last[call.id] = call.retries
        assert tried[-1].call == call
        assert len({t.call.id for t in tried}) == len(tried) <= 128


@pytest.mark.parametrize("counts", [True, False])
def test_a_hundred_equal_calls_at_once_are_tried_again_each(counts: bool) -> None:
    tried: list[Tried] = []
    calls: list[tuple[str, int]] = []
    for place in range(200):  # all are refused, and then asked again
        retry, caller = divmod(place, 100)
        attempt = Attempt(BODY, f"c{caller}", retry if counts else None)
        call, tried = follow(record(place, attempt, 503), attempt, tried)
        calls.append(call)
    assert len({call for call, _ in calls}) == 100
    assert [retries for _, retries in calls] == [0] * 100 + [1] * 100


def test_a_request_without_an_attempt_is_a_call_and_a_late_one_or_a_download_is_none() -> None:
    asked, download = record(1), replace(record(2), path="/private/x")
    assert write_down(asked, (), is_late=False) == ([("requests", asked)], ("r1", 0), ())
    assert write_down(asked, (), is_late=True) == ((("late", asked),), None, ())
    assert write_down(download, (), is_late=False) == ((("downloads", download),), None, ())


# -- clock -------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 10**18)), st.booleans())
def test_no_clock_goes_back_or_farther_than_it_may(moves: list[int], standing: bool) -> None:
    clock, before = Clock(), 0
    for real, move in enumerate(moves):
        clock, now = look(advance(clock, move), real, standing=standing)
        assert before <= now <= FARTHEST * SECOND + real
        before = now


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_wait_that_was_served_is_over(milliseconds: int, moved: int) -> None:
    clock, now = look(Clock(moved), 5, standing=True)
    wait = Wait(BODY, 5, milliseconds, now + milliseconds * 1_000_000, scaled(milliseconds))
    clock, served = serve(clock, wait, 10**15, standing=True)
    assert served == milliseconds
    assert look(clock, 10**15, standing=True)[1] == wait.until


# -- repeats -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "repeat", "left"), [(3, 2, 2), (3, 1, 3), (1, 0, 0)])
def test_only_the_last_number_is_given_back(count: int, repeat: int, left: int) -> None:
    assert take_back(count, repeat) == left


# -- a sandbox as a whole ----------------------------------------------------------------------

BEGUN = rulebook.begun(rulebook.numbered([Rule(When(), Effect(delay=1.0), origin="file")]))
FIRST = State(Options(tier="1", per_minute=5, budget=7), BEGUN)
USED = State(
    Options(tier="2", per_minute=6, budget=8, seed="s"),
    rulebook.write(BEGUN, Rule(When(), Effect(delay=2.0)), "r")[0],
    Account({("m", "images"): Bucket(0, 0)}, Money(9)),
    Clock(5, 6),
)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("requests", USED),
        ("rules", USED._replace(rules=BEGUN._replace(ids=1))),
        (
            "limits",
            USED._replace(
                options=USED.options._replace(tier="1", per_minute=5),
                account=Account(money=Money(9)),
            ),
        ),
        (
            "ledger",
            USED._replace(
                options=USED.options._replace(budget=7),
                account=USED.account._replace(money=Money()),
            ),
        ),
        ("clock", USED._replace(clock=Clock())),
    ],
)
def test_a_part_that_is_emptied_goes_back_to_its_beginning_and_no_other(
    part: str, expected: State
) -> None:
    assert emptied(USED, part, FIRST) == expected


NOW = 10 * KEPT
SUMMARIES = st.lists(
    st.builds(
        lambda used, is_set_up, is_empty, size: Summary(
            "", used, is_set_up, is_empty and not is_set_up, size, size // 2
        ),
        st.sampled_from([NOW, NOW - KEPT - 1]),
        st.booleans(),
        st.booleans(),
        st.integers(2, 30),
    ),
    max_size=12,
).map(lambda found: [s._replace(name=str(place)) for place, s in enumerate(found)])


@given(SUMMARIES, st.integers(0, 100))
def test_who_is_set_up_and_in_use_is_never_dropped_nor_is_the_last_used(
    sandboxes: list[Summary], most: int
) -> None:
    taken = sum(s.size for s in sandboxes)
    gone, shed = to_shed(sandboxes, taken, most, NOW)
    in_use = {s.name for s in sandboxes if s.used == NOW}
    assert not gone & in_use
    assert not gone & {*shed}
    assert not {s.name for s in sandboxes[-1:]} & {*gone, *shed}
    left = sum(s.size for s in sandboxes if s.name not in gone)
    left -= sum(s.spare for s in sandboxes if s.name in shed)
    others = [s for s in sandboxes[:-1] if s.name not in gone]
    assert left <= most * 15 // 16 or len(shed) == len(others)
    dropped = to_drop(sandboxes, 3, NOW)
    assert not {*dropped} & {s.name for s in sandboxes if s.is_set_up and s.name in in_use}

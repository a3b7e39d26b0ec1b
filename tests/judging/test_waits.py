"""What a verdict says of waits: too short, none, all at once; and of what is under way at once."""

from typing import Any

from mockserver.core.judging.findings import Surroundings
from tests.judging.records import HTTPX, Told, asked, found, limited

PATCHED = Surroundings(waits_are_real=False)


def _impatient(pause: float, **told: Any) -> list[Told]:
    """A call that is told to wait 20 s three times, and tries again after a pause."""
    tries = [limited(f"r{i}", i * (pause + 0.001), call="r0", retries=i, **told) for i in range(3)]
    return [*tries, asked("r3", 3 * (pause + 0.001), call="r0", retries=3)]


def test_a_wait_shorter_than_told_is_found() -> None:
    finding = found(*_impatient(0.5))["retry-after-ignored"]
    assert finding.seen == "waited 0.5 s where the server said 20 s (3 of 3 retries)"
    assert finding.severity == "warning"
    assert finding.requests == ("r1", "r2", "r3")


def test_a_wait_as_long_as_told_is_none() -> None:
    assert not found(*_impatient(20.0))


def test_a_wait_that_a_timer_ended_early_is_none() -> None:
    assert not found(*_impatient(19.5))


def test_of_a_standing_clock_the_wait_that_was_sent_counts_and_the_told_one_is_shown() -> None:
    assert not found(*_impatient(0.02, sent_ms=20, standing=True))
    finding = found(*_impatient(0.003, sent_ms=20, standing=True))["retry-after-ignored"]
    said = "waited 3 ms where the server said 20 s, sent as 20 ms (3 of 3 retries)"
    assert finding.seen == said


def test_a_back_off_longer_than_what_a_standing_clock_sent_is_none() -> None:
    assert not found(*_impatient(0.5, sent_ms=20, standing=True))


def test_a_clock_that_a_test_moved_on_has_been_waited_for() -> None:
    later = asked("r1", 0.01, call="r0", retries=1, moved=20.0)
    assert not found(limited("r0", call="r0", standing=True), later | {"standing": True})


def test_waits_are_not_judged_where_sleeping_was_patched() -> None:
    assert not found(*_impatient(0.001), around=PATCHED)


def test_a_test_that_asks_once_more_is_no_program_that_does_not_wait() -> None:
    assert not found(limited("r0"), asked("r1", 0.01, same_connection=True))


def test_a_loop_of_the_program_is_told_from_a_test_that_asks_twice_by_the_lines_that_led_there() -> (
    None
):
    twice = limited("r0", client=HTTPX), asked("r1", 0.5, client=HTTPX)
    loop = Surroundings(chains={"r0": "test.py:3 api.py:9", "r1": "test.py:3 api.py:9"})
    assert "retry-after-ignored" in found(*twice, around=loop)
    test = Surroundings(chains={"r0": "test.py:3 api.py:9", "r1": "test.py:4 api.py:9"})
    assert not found(*twice, around=test, but=["never-retried"])


def test_equal_calls_one_after_the_other_that_wait_for_nothing_are_a_loop() -> None:
    tries = [limited(f"r{i}", i * 0.5, client=HTTPX) for i in range(3)]
    assert found(*tries)["retry-after-ignored"].seen.endswith("(2 of 2 retries)")


def test_equal_calls_at_once_are_nobodys_retries() -> None:
    """Several are answered before the next of them comes: as parts of one call, n = 1 each."""
    parts = [limited(f"r{i}", i * 0.003) for i in range(4)]
    assert not found(*parts, but=["never-retried"])
    chains = Surroundings(chains=dict.fromkeys(("r0", "r1", "r2", "r3"), "api.py:9"))
    assert not found(*parts, around=chains, but=["never-retried"])


def test_what_came_over_one_connection_came_one_after_the_other() -> None:
    tries = [limited(f"r{i}", i * 0.003, same_connection=i > 0) for i in range(4)]
    assert found(*tries)["retry-after-ignored"].seen.endswith("(3 of 3 retries)")


def test_the_longest_wait_that_was_ignored_is_shown_of_several_calls() -> None:
    one, other = _impatient(0.5), [limited("s0", 60, 5, call="s0"), asked("s1", 60.1, call="s0")]
    finding = found(*one, *other)["retry-after-ignored"]
    assert finding.seen == "waited 0.5 s where the server said 20 s (4 of 4 retries)"


# -- storms --------------------------------------------------------------------------------------


def _hammer(number: int, pause: float, **told: Any) -> list[Told]:
    return [
        asked(f"r{i}", i * (pause + 0.001), 503, reason="overloaded", call="r0", retries=i, **told)
        for i in range(number)
    ]


def test_many_attempts_without_a_pause_are_a_storm() -> None:
    finding = found(*_hammer(12, 0.01))["retry-storm"]
    assert finding.seen == "asked for the same 12 times in 0.12 s"


def test_as_many_with_pauses_are_none() -> None:
    assert not found(*_hammer(12, 0.5))


def test_a_few_attempts_are_no_storm() -> None:
    assert not found(*_hammer(6, 0.0))


def test_where_time_stands_still_a_client_that_does_not_pause_does_as_it_is_told() -> None:
    assert not found(*_hammer(12, 0.001, standing=True))


def test_a_storm_against_a_wait_that_was_told_is_one_where_time_stands_still_too() -> None:
    tries = [
        limited(f"r{i}", i * 0.002, sent_ms=20, call="r0", retries=i, standing=True)
        for i in range(12)
    ]
    assert {"retry-storm", "retry-after-ignored"} == found(*tries).keys()


def test_no_storm_is_seen_where_sleeping_was_patched() -> None:
    assert not found(*_hammer(12, 0.0), around=PATCHED)


# -- herds ---------------------------------------------------------------------------------------


def _herd(waits: list[float], **told: Any) -> list[Told]:
    """Calls that fail together, and try again after these waits."""
    failed = [
        asked(f"f{i}", i * 0.001, 503, reason="overloaded", fields={"prompt": str(i)}, **told)
        for i, _ in enumerate(waits)
    ]
    again = [
        asked(f"g{i}", i * 0.001 + 0.001 + w, call=f"f{i}", retries=1, fields={"prompt": str(i)})
        for i, w in enumerate(waits)
    ]
    return [*failed, *again]


def test_calls_that_fail_together_and_come_back_together_lack_jitter() -> None:
    finding = found(*_herd([0.5] * 8))["retry-without-jitter"]
    assert finding.seen == (
        "8 calls failed together and tried again in the same moment, 0.5 s later"
    )
    assert finding.severity == "note"


def test_calls_whose_waits_differ_have_jitter() -> None:
    assert not found(*_herd([0.38, 0.4, 0.42, 0.44, 0.46, 0.48, 0.49, 0.5]))


def test_waits_that_the_server_told_need_no_jitter() -> None:
    wait = {"told_ms": 500, "sent_ms": 500}
    assert not found(*_herd([0.5] * 8, wait=wait))


def test_two_calls_with_the_same_wait_are_no_herd() -> None:
    assert not found(*_herd([0.5, 0.5]))


# -- limits --------------------------------------------------------------------------------------


def _burst(number: int, *, apart: float = 0.001, retried: bool = False) -> list[Told]:
    """Calls that begin one after the other, of which five pass."""
    asked_for = []
    for i in range(number):
        told: Told = {"fields": {"prompt": str(i)}, "milliseconds": 300}
        if i < 5:
            asked_for.append(asked(f"r{i}", i * apart, **told))
            continue
        trace = ["limit 5 a minute: 5 used, 1 more is too many"]
        refused = limited(f"r{i}", i * apart, trace=trace, scripted=True, **told)
        asked_for.append(refused | {"milliseconds": 1})
        if retried:
            asked_for.append(asked(f"s{i}", 30 + i, call=f"r{i}", retries=1, **told))
    return asked_for


def test_more_under_way_than_the_limit_lets_through_is_found_where_pictures_are_lost() -> None:
    finding = found(*_burst(12), but=["never-retried"])["over-limit-in-flight"]
    assert finding.seen == (
        "had 6 requests under way at once where 5 pictures a minute pass; 7 came to nothing"
    )


def test_it_is_none_where_retries_bring_all_of_them() -> None:
    assert not found(*_burst(12, retried=True))


def test_calls_one_after_the_other_are_not_under_way_at_once() -> None:
    assert not found(*_burst(12, apart=1.0), but=["never-retried"])


def test_a_rate_limit_that_a_rule_made_says_nothing_of_what_is_under_way() -> None:
    scripted = [r | {"trace": ["rule r1 rate_limited: rate_limited"]} for r in _burst(12)]
    assert not found(*scripted, but=["never-retried"])

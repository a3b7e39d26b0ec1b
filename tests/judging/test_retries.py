"""What a verdict says of retries: after answers that stay, and none after those that pass."""

from typing import Any

import pytest

from mockserver.core.judging.findings import Surroundings
from mockserver.core.judging.verdict import judged
from tests.judging.records import HTTPX, SDK, Told, asked, found, journal, limited


def _loop(number: int, status: int, pause: float = 1.0, **told: Any) -> list[Told]:
    return [asked(f"r{i}", i * pause, status, client=HTTPX, **told) for i in range(number)]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "unknown_parameter"),
        (401, "incorrect_key"),
        (400, "refused"),
        (400, "hard_limit"),
        (429, "no_credit"),
        (403, "unverified"),
    ],
)
def test_what_stays_refused_is_retried_in_vain(status: int, reason: str) -> None:
    finding = found(*_loop(4, status, reason=reason))["retried-in-vain"]
    assert finding.seen == f"asked for the same 3 times more after {status} {reason}, which stays"
    assert finding.requests == ("r1", "r2", "r3")


def test_a_program_that_gives_up_on_what_stays_refused_is_right() -> None:
    assert not found(asked("r0", 0, 400, reason="unknown_parameter"))


def test_another_prompt_after_a_refusal_is_no_retry() -> None:
    fields = ({"prompt": "a fox"}, {"prompt": "a kind fox"}, {"prompt": "a very kind fox"})
    tries = [asked(f"r{i}", i, 400, reason="refused", fields=one) for i, one in enumerate(fields)]
    assert not found(*tries)


def test_a_test_that_has_the_same_refused_twice_is_no_program_that_retries() -> None:
    assert not found(*_loop(2, 400, reason="unknown_parameter"))


def test_the_retries_that_an_sdk_makes_of_every_429_are_not_the_programs() -> None:
    tries = [
        asked(f"r{i}", i, 429, reason="no_credit", call="r0", retries=i, client=SDK)
        for i in range(3)
    ]
    assert not found(*tries)


def test_more_of_them_than_an_sdk_makes_unasked_are_worth_a_note() -> None:
    """It can't be told to make them after a rate limit alone."""
    tries = [
        asked(f"r{i}", i, 429, reason="no_credit", call="r0", retries=i, client=SDK)
        for i in range(5)
    ]
    assert found(*tries)["retried-in-vain"].severity == "note"


def test_a_loop_around_an_sdk_that_has_no_money_is_the_programs() -> None:
    tries = [
        asked(f"r{i}", i, 429, reason="no_credit", call=f"r{i - i % 3}", retries=i % 3, client=SDK)
        for i in range(9)
    ]
    finding = found(*tries)["retried-in-vain"]
    assert finding.seen.startswith("asked for the same twice more after 429")
    assert finding.severity == "warning"


def test_a_retry_of_a_picture_that_came_out_badly_may_help() -> None:
    assert not found(*_loop(4, 400, reason="picture_refused"))


def test_a_retry_after_the_clock_was_moved_on_may_help() -> None:
    tries = [r | {"moved": i * 3600.0} for i, r in enumerate(_loop(4, 429, reason="usage_limit"))]
    assert not found(*tries)


def test_a_person_who_repeats_a_command_is_no_program() -> None:
    tries = [r | {"client": "curl/8.5.0"} for r in _loop(4, 400, reason="unknown_parameter")]
    assert not found(*tries)


def test_lines_of_a_batch_are_nobodys_retries() -> None:
    lines = [r | {"batch": "batch_1"} for r in _loop(4, 400, reason="unknown_parameter")]
    assert not found(*lines)


def test_the_same_refused_an_hour_later_is_asked_anew() -> None:
    assert not found(*_loop(4, 400, pause=3600, reason="unknown_parameter"))


# -- never ---------------------------------------------------------------------------------------


def test_a_program_that_gives_up_at_the_first_transient_failure_is_noted() -> None:
    finding = found(limited("r0", client=HTTPX))["never-retried"]
    assert finding.seen == "gave up at the first 429 rate_limit_exceeded"
    assert finding.severity == "note"


def test_a_test_that_looks_at_a_failure_has_wanted_it() -> None:
    assert not found(limited("r0"), around=Surroundings(passed=True))


def test_an_answer_that_may_forbid_a_retry_is_none_to_retry_after() -> None:
    assert not found(asked("r0", 0, 503, effects=["gateway.503", "headers"]))


def test_a_program_that_retries_is_not() -> None:
    assert not found(limited("r0", client=HTTPX), asked("r1", 21, client=HTTPX, call="r0"))


def test_a_program_that_retries_elsewhere_may_have_its_reasons() -> None:
    retried = limited("r0", client=HTTPX), asked("r1", 21, client=HTTPX, call="r0")
    assert not found(*retried, limited("s0", 40, client=HTTPX, fields={"prompt": "a cat"}))


def test_a_wait_that_no_sdk_serves_is_no_reason_to_retry() -> None:
    assert not found(limited("r0", wait=300))


def test_a_timeout_is_no_reason_to_retry_for_it_may_be_paid_for() -> None:
    assert not found(asked("r0", 0, 499, usd=0.04, paid="lost", ended="left"))


def test_no_money_is_no_reason_to_retry() -> None:
    assert not found(asked("r0", 0, 429, reason="no_credit", code="insufficient_quota"))


def test_what_two_places_of_a_program_did_are_two_findings() -> None:
    lost = limited("r0"), limited("s0", 1, fields={"prompt": "a cat"})
    sites = Surroundings(sites={"r0": "api.py:3", "s0": "api.py:9"})
    assert [f.requests for f in judged(journal(*lost), sites)] == [("r0",), ("s0",)]
    assert [f.requests for f in judged(journal(*lost))] == [("r0", "s0")]

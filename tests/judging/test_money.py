"""What a verdict says of money: paid twice, for nothing, or for what was thrown away."""

from typing import Any

from mockserver.core.judging.findings import Surroundings
from tests.judging.records import AI_SDK, HTTPX, Told, asked, found


def _lost(id_: str, at: float = 0.0, status: int = 499, **told: Any) -> Told:
    """One that was made and paid for, and of which the client got nothing."""
    return asked(id_, at, status, usd=0.04, paid="lost", **{"ended": "left", **told})


def test_a_retry_after_a_timeout_buys_again() -> None:
    again = asked("r1", 3, call="r0", retries=1)
    finding = found(_lost("r0", milliseconds=2000), again)["paid-twice"]
    assert finding.seen == (
        "paid 2 times for one call, $0.04 more than once: asked again after an answer that got lost"
    )
    assert (finding.severity, finding.requests) == ("error", ("r1",))


def test_retries_that_get_lost_as_well_are_paid_for_as_well() -> None:
    tries = [_lost(f"r{i}", i * 3, call="r0", retries=i, milliseconds=2000) for i in range(3)]
    assert found(*tries)["paid-twice"].seen.startswith("paid 3 times for one call, $0.08 more")


def test_a_line_that_broke_in_the_picture_is_lost_too() -> None:
    broken = _lost("r0", status=200, ended="cut", effects=["disconnect"])
    assert "paid-twice" in found(broken, asked("r1", 1, call="r0", retries=1))


def test_a_program_that_asks_nothing_more_after_a_timeout_pays_once() -> None:
    assert not found(_lost("r0"))


def test_two_equal_calls_on_purpose_are_paid_for_once_each() -> None:
    assert not found(asked("r0"), asked("r1", 1), asked("r2", 2))


def test_a_refusal_costs_nothing_and_may_be_retried() -> None:
    refused = asked("r0", 0, 503, reason="overloaded")
    assert not found(refused, asked("r1", 1, call="r0", retries=1))


def test_what_left_before_it_was_accepted_costs_nothing() -> None:
    gone = asked("r0", 0, 499, ended="left")
    assert not found(gone, asked("r1", 1, call="r0", retries=1))


def test_where_it_may_have_been_the_test_that_asked_again_it_is_a_note() -> None:
    again = _lost("r0"), asked("r1", 3)
    assert found(*again)["paid-twice"].severity == "note"
    loop = Surroundings(chains={"r0": "test.py:3 api.py:9", "r1": "test.py:3 api.py:9"})
    assert found(*again, around=loop)["paid-twice"].severity == "error"
    test = Surroundings(chains={"r0": "test.py:3 api.py:9", "r1": "test.py:4 api.py:9"})
    assert not found(*again, around=test)


def test_a_program_that_asks_again_as_an_answer_had_no_picture_has_seen_that_it_had_none() -> None:
    empty = asked("r0", paid="lost", effects=["pictures.0"])
    loop = Surroundings(chains={"r0": "test.py:3 api.py:9", "r1": "test.py:3 api.py:9"})
    finding = found(empty, asked("r1", 3), around=loop, but=["received-and-asked-again"])
    assert finding["paid-twice"].severity == "note"
    assert finding["paid-twice"].seen.endswith("asked again after an answer that had no picture")


def test_equal_calls_that_time_out_at_once_are_not_retries_of_each_other() -> None:
    assert not found(_lost("r0", milliseconds=2000), _lost("r1", 0.001, milliseconds=2000))


# -- thrown away ---------------------------------------------------------------------------------


def test_an_answer_that_had_arrived_and_is_asked_for_again_was_thrown_away() -> None:
    finding = found(asked("r0"), asked("r1", 1, call="r0", retries=1))["received-and-asked-again"]
    assert finding.seen == (
        "threw away 1 answer that had arrived ($0.04), and asked for the same again"
    )


def test_the_same_call_made_twice_threw_nothing_away() -> None:
    assert not found(asked("r0"), asked("r1", 1))


def test_a_loop_that_asks_again_for_what_a_rule_had_made_odd_is_a_note() -> None:
    odd = [asked(f"r{i}", i, effects=["content_type"]) for i in range(3)]
    finding = found(*odd)["received-and-asked-again"]
    assert (finding.severity, finding.requests) == ("note", ("r1", "r2"))
    assert not found(*odd[:2])
    loop = Surroundings(chains={"r0": "test.py:3 api.py:9", "r1": "test.py:3 api.py:9"})
    assert [*found(*odd[:2], around=loop)] == ["received-and-asked-again"]
    few = [asked(f"r{i}", i, effects=["pictures.1"]) for i in range(3)]
    assert not found(*few)


def test_a_retry_after_an_answer_that_broke_off_threw_nothing_away() -> None:
    cut = asked("r0", ended="cut", effects=["disconnect"])
    assert not found(cut, asked("r1", 1, call="r0", retries=1))


# -- parallel ------------------------------------------------------------------------------------


def _parallel(ended: float, **told: Any) -> list[Told]:
    """Three calls at once, of which one is refused after a second; the others end so much later."""
    refused = asked("r0", 0, 400, reason="refused", milliseconds=1000, fields={"prompt": "0"})
    lost = [
        _lost(f"r{i}", 0.01 * i, milliseconds=round(1000 + ended * 1000 - 10 * i), **told)
        | {"fields": {"prompt": str(i), "model": "m"}}
        for i in (1, 2)
    ]
    return [refused, *lost]


def test_calls_that_are_dropped_because_another_failed_are_paid_for() -> None:
    finding = found(*_parallel(0.02))["paid-for-nothing"]
    assert finding.seen == (
        "dropped 2 calls that were paid for ($0.08) when another at the same time failed"
    )
    assert finding.requests == ("r1", "r2")


def test_calls_that_are_let_run_are_paid_for_something() -> None:
    refused, *_ = _parallel(0)
    whole = [asked(f"r{i}", 0.01 * i, milliseconds=2000, fields={"prompt": str(i)}) for i in (1, 2)]
    assert not found(refused, *whole)


def test_calls_that_time_out_later_of_their_own_accord_were_not_dropped() -> None:
    assert not found(*_parallel(5))


def test_calls_that_were_not_paid_for_yet_cost_nothing() -> None:
    refused, *left = _parallel(0.02)
    assert not found(refused, *(r | {"usd": 0.0, "paid": ""} for r in left))


def _parts(client: str, status: int = 400) -> list[Told]:
    parts = [asked(f"r{i}", 0.001 * i, client=client, fields={"n": 1}) for i in (1, 2)]
    refused = asked("r0", 0, status, reason="refused", client=client, fields={"n": 1})
    return [refused if status != 200 else asked("r0", client=client), *parts]


def test_parts_of_a_call_are_lost_where_the_client_takes_all_or_nothing() -> None:
    finding = found(*_parts(AI_SDK))["paid-for-nothing"]
    assert finding.seen.startswith("dropped 2 calls that were paid for ($0.08)")


def test_parts_of_which_none_failed_are_not() -> None:
    assert not found(*_parts(AI_SDK, status=200))


def test_of_other_clients_nobody_knows_what_they_do_with_the_parts_that_came() -> None:
    assert not found(*_parts(HTTPX))

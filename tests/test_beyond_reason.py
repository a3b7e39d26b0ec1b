"""Admission in one step; numbers, names and days beyond reason. State: see `test_state`."""

from __future__ import annotations

import asyncio

import pytest

from mockserver.core.decoding import MOST
from mockserver.core.rules.parser import RuleError, rule_of
from mockserver.core.sandbox import Options
from mockserver.core.sandbox.clock import Wait
from mockserver.store.sandbox import MemorySandbox
from tests.conftest import GENERATIONS, Api, error, generate
from tests.test_control import HERE, ask

LIKE_A_FILE = "x" * 90_000
SECOND = 1_000_000_000

# -- admission ---------------------------------------------------------------------------------


def test_a_budget_that_is_lowered_meanwhile_undoes_nothing(api: Api) -> None:
    client = api()
    ask(client, "PUT", "limits", json={"per_minute": 1})
    assert generate(client).status_code == 200
    ask(client, "PUT", "ledger", json={"budget_usd": 5})
    assert generate(client).status_code == 429
    ask(client, "PUT", "ledger", json={"budget_usd": 0})
    assert error(generate(client))["code"] == "billing_hard_limit_reached"
    assert ask(client, "GET", "ledger")["spent_usd"] == 0.016


# -- numbers beyond reason ---------------------------------------------------------------------

HUGE = int("9" * 60)


@pytest.mark.parametrize("text", ["1e400", "-1e999", "NaN", "Infinity"])
def test_what_json_can_t_say_again_the_control_api_does_not_read(api: Api, text: str) -> None:
    client = api()
    body = '{"when": {"user": N}, "then": {"quota": true}}'.replace("N", text)
    told = client.post(
        "/_mock/rules", content=body, headers=HERE | {"content-type": "application/json"}
    )
    assert told.status_code == 400
    assert text in error(told)["message"]
    assert ask(client, "GET", "rules")["rules"] == []


@pytest.mark.parametrize("number", [HUGE, MOST + 2, -HUGE], ids=["huge", "over", "negative"])
@pytest.mark.parametrize(
    ("asked", "body"),
    [
        ("PUT limits", '{"per_minute": N}'),
        ("POST sandbox", '{"per_minute": N}'),
        ("POST sandbox", '{"budget_usd": N}'),
        ("PUT ledger", '{"budget_usd": N}'),
        ("POST rules", '{"then": {"quota": true}, "times": N}'),
        ("POST rules", '{"then": {"quota": true}, "when": {"call": N}}'),
        ("POST rules", '{"then": {"disconnect": N}}'),
        ("POST rules", '{"then": {"drip": N}}'),
        ("POST rules", '{"then": {"delay": N}}'),
        ("POST rules", '{"then": {"rate_limit": {"retry_after": N}}}'),
        ("POST requests/wait", '{"count": N}'),
        ("POST requests/wait", '{"timeout": N}'),
        ("POST clock/advance", '{"seconds": N}'),
    ],
)
def test_a_number_beyond_reason_is_refused_by_name(
    api: Api, asked: str, body: str, number: int
) -> None:
    method, path = asked.split()
    headers = HERE | {"Content-Type": "application/json"}
    told = body.replace("N", str(number))
    answer = api().request(method, f"/_mock/{path}", content=told, headers=headers)
    assert answer.status_code == 400, answer.text
    assert " must be " in error(answer)["message"]


def test_a_name_and_a_seed_are_no_files(api: Api) -> None:
    with pytest.raises(RuleError, match="name must have at most 1000 characters"):
        rule_of({"then": {"quota": True}, "name": LIKE_A_FILE})
    answer = api().post("/_mock/sandbox", json={"seed": LIKE_A_FILE}, headers=HERE)
    assert "seed must have at most 1000 characters" in error(answer)["message"]


@pytest.mark.parametrize("count", ["9" * 5_000, "-1", "1.5", "²", "", " 1", "x"])
def test_a_count_of_retries_that_is_none_is_passed_over(api: Api, count: str) -> None:
    headers = {"x-stainless-retry-count": count.encode("latin-1", "replace")}
    answer = api().post(GENERATIONS, json={"prompt": "x"}, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 200


@pytest.mark.parametrize("day", ["9999-12-30", "9999-12-31"])
def test_no_clock_moves_beyond_the_last_day_there_is(api: Api, day: str) -> None:
    client = api()
    ask(client, "POST", "sandbox", json={"as_of": day, "standing": True})
    for _ in range(2):
        ask(client, "POST", "clock/advance", json={"seconds": 10 * 86_400})
        assert generate(client).status_code == 400  # the models are gone
        assert client.get("/v1/models").status_code == 200


def test_waits_move_a_clock_no_further_than_it_may_be_moved() -> None:
    async def moved() -> int:
        sandbox = MemorySandbox("x", 1, Options(standing=True), [])
        for number in range(10):
            far = 10**15
            await sandbox.tell_wait(Wait(b"x", number, 1000, (number + 1) * far * 1_000_000, 1))
            await sandbox.serve_wait(b"x", 10**18)
        return sandbox.offset

    assert asyncio.run(moved()) == 3650 * 86_400 * SECOND

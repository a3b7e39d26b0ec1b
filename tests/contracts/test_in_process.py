"""The mock keeps the contract of a day, called as an application of this process."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from schemathesis import Case

from contracts.judging import (
    CAREFUL,
    FULL,
    NearMiss,
    Probe,
    Server,
    Stray,
    in_process,
    judge,
    judge_near_miss,
    judge_stray,
    judge_without_key,
    near_misses_of,
    probes_of,
    requests_of,
    strays_of,
)
from mockserver.app import create_app
from mockserver.config import configured

#: In dialect B with DALL·E too; and with GPT image models alone, where undeclared methods get an
#: empty 404.
JUNE, LAST = date(2025, 6, 15), date(2026, 9, 1)
DAYS = (None, JUNE, LAST)
#: On other days than the default one: each keyword is broken once all the same.
BRIEF = replace(FULL, name="brief", examples=8, uploads=8)


def server_of(day: date | None) -> Server:
    dated = {"as_of": str(day)} if day else {}
    return in_process(create_app(configured(tier="off", log_format="none", **dated)))


SERVERS = {day: server_of(day) for day in DAYS}


def on_each_day(found: dict[date | None, list[Any]]) -> pytest.MarkDecorator:
    """One test for each of these things of a day, named by both."""
    rows = [
        pytest.param(day, thing, id=f"{day or 'default'} {getattr(thing, 'name', thing)}")
        for day, things in found.items()
        for thing in things
    ]
    return pytest.mark.parametrize(("day", "thing"), rows)


@requests_of(FULL).parametrize()
def test_every_answer_in_process_keeps_the_contract(case: Case[Any]) -> None:
    judge(case, SERVERS[None])


@pytest.mark.slow
@requests_of(BRIEF, JUNE).parametrize()
def test_every_answer_of_june_2025_keeps_the_contract_of_that_day(case: Case[Any]) -> None:
    judge(case, SERVERS[JUNE])


@requests_of(CAREFUL, JUNE).parametrize()
def test_a_careful_run_as_of_june_2025_finds_no_fault(case: Case[Any]) -> None:
    judge(case, SERVERS[JUNE])


@pytest.mark.slow
@requests_of(BRIEF, LAST).parametrize()
def test_where_dall_e_is_gone_every_answer_keeps_the_contract(case: Case[Any]) -> None:
    judge(case, SERVERS[LAST])


@on_each_day({day: near_misses_of(FULL, day) for day in DAYS})
def test_a_request_that_only_just_breaks_a_rule_is_refused_in_process(
    day: date | None, thing: NearMiss
) -> None:
    judge_near_miss(thing, SERVERS[day])


@on_each_day({day: probes_of(FULL, day) for day in DAYS})
def test_a_request_without_a_key_is_refused_in_process(day: date | None, thing: Probe) -> None:
    judge_without_key(thing, SERVERS[day])


@on_each_day({day: strays_of(day) for day in DAYS})
def test_what_is_not_there_is_refused_in_process(day: date | None, thing: Stray) -> None:
    judge_stray(thing, SERVERS[day])

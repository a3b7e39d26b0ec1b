"""The mock keeps the contract, called as an application of this process."""

from __future__ import annotations

from typing import Any

import pytest
from schemathesis import Case

from contracts.judging import (
    FULL,
    NearMiss,
    Probe,
    in_process,
    judge,
    judge_near_miss,
    judge_without_key,
    near_misses_of,
    probes_of,
    requests_of,
)
from mockserver.app import create_app
from mockserver.config import configured

SERVER = in_process(create_app(configured(tier="off", log_format="none")))


@requests_of(FULL).parametrize()
def test_every_answer_in_process_keeps_the_contract(case: Case[Any]) -> None:
    judge(case, SERVER)


@pytest.mark.parametrize("miss", near_misses_of(FULL), ids=lambda miss: miss.name)
def test_an_upload_that_breaks_a_rule_is_refused_in_process(miss: NearMiss) -> None:
    judge_near_miss(miss, SERVER)


@pytest.mark.parametrize("probe", probes_of(FULL), ids=str)
def test_a_request_without_a_key_is_refused_in_process(probe: Probe) -> None:
    judge_without_key(probe, SERVER)

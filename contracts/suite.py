"""The contract as a pytest suite for any server. It starts none.

    images-mock &
    IMAGES_CONTRACT_BASE_URL=http://127.0.0.1:6780/v1 pytest --pyargs contracts.suite

IMAGES_CONTRACT_BASE_URL: the server to judge, as clients write it; it ends in /v1.
IMAGES_CONTRACT_API_KEY: the key to send; `sk-mock-contract` unless set. OPENAI_API_KEY is not
    read, so that nobody pays because a variable was still there. No report shows it.
IMAGES_CONTRACT_PROFILE: `full` or `careful`; unless set, full for this machine and careful for any
    other host: a handful of good requests for one small picture each, ten pictures at the most.
    Uploads that break a rule are sent under `full` alone: a server that took one would send a bill.
IMAGES_CONTRACT_AS_OF: the day whose API the server is held to, as 2025-06-15 (for the mock: what
    its --as-of says), with the sizes that the API took. Unless set, the default day's, with those
    of the model page too, as the mock is without --as-of.
"""

# ruff: noqa: TID251 - the environment enters the suite here

from __future__ import annotations

import os
from typing import Any

import pytest
from schemathesis import Case

from contracts.document.build import day_in
from contracts.judging import (
    KEY,
    PROFILES,
    NearMiss,
    Probe,
    Server,
    Stray,
    at,
    judge,
    judge_near_miss,
    judge_stray,
    judge_without_key,
    near_misses_of,
    probes_of,
    profile_for,
    requests_of,
    strays_of,
)
from contracts.target.key import Key

BASE_URL = os.environ.get("IMAGES_CONTRACT_BASE_URL", "http://127.0.0.1:6780/v1")
API_KEY = Key(os.environ.get("IMAGES_CONTRACT_API_KEY") or KEY)
CHOSEN = os.environ.get("IMAGES_CONTRACT_PROFILE")
PROFILE = PROFILES[CHOSEN] if CHOSEN else profile_for(BASE_URL)
AS_OF = os.environ.get("IMAGES_CONTRACT_AS_OF")
DAY = day_in(AS_OF) if AS_OF else None


@pytest.fixture(scope="module")
def server() -> Server:
    """The server to judge."""
    return at(BASE_URL, PROFILE, API_KEY)


@pytest.mark.parametrize("probe", probes_of(PROFILE, DAY), ids=str)
def test_a_request_without_a_key_is_refused(probe: Probe, server: Server) -> None:
    """Without a key nothing is answered."""
    judge_without_key(probe, server)


@pytest.mark.parametrize("miss", near_misses_of(PROFILE, DAY), ids=lambda miss: miss.name)
def test_an_upload_that_breaks_a_rule_is_refused(miss: NearMiss, server: Server) -> None:
    """What no schema says of a file is said by a table of bad ones."""
    judge_near_miss(miss, server)


@pytest.mark.parametrize("stray", strays_of(DAY), ids=str)
def test_what_is_not_there_is_refused(stray: Stray, server: Server) -> None:
    """Paths and methods that the day does not have."""
    judge_stray(stray, server)


@requests_of(PROFILE, DAY).parametrize()
def test_every_answer_keeps_the_contract(case: Case[Any], server: Server) -> None:
    """With one, everything that the contract says holds."""
    judge(case, server)

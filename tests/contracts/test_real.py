"""The real API as a target, by a stand-in with a key, prices and differences of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from http.client import HTTPConnection
from pathlib import Path
from time import time
from typing import Any

import pytest

from contracts.cases import trials
from contracts.exchange import json_request
from contracts.run import run
from contracts.target import Capped, NotObserved
from contracts.target.http import HttpTarget
from contracts.target.opening import Opening, Terms
from mockserver.testing import ImagesMock
from tests.contracts.paying import CENT, KEY, SMALL, WRONG, ask_often, sums
from tests.contracts.stand_in import (
    Reply,
    Sent,
    StandIn,
    error,
    standing_in,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "money" / "ledger.sqlite"


class Real:
    """A stand-in for the real API: it lets one key in, sends a bill, and differs from the mock."""

    def __init__(self, mock: ImagesMock, prices: Callable[[dict[str, Any]], int]) -> None:
        self._port, self._prices = int(mock.address.rpartition(":")[2]), prices
        self.billed, self.bad_keys = 0, 0

    def __call__(self, sent: Sent) -> Reply:
        if sent.path.startswith("/_mock"):
            return error(404, f"Invalid URL ({sent.method} {sent.path})")
        if sent.key != KEY:
            self.bad_keys += 1
            return error(401, "Incorrect API key provided: sk-***.", "invalid_api_key")
        line = HTTPConnection("127.0.0.1", self._port)
        line.request(sent.method, sent.path, sent.body or None, dict(sent.headers))
        answer = line.getresponse()
        body = answer.read()
        line.close()
        if sent.method == "POST" and answer.status == 200:
            is_json = sent.headers["content-type"] == "application/json"
            self.billed += self._prices(json.loads(sent.body) if is_json else {})
        told = [
            (n, v) for n, v in answer.getheaders() if n.startswith(("x-", "openai", "content-type"))
        ]
        return Reply(answer.status, body, (*told, ("cf-ray", "8f0-FRA")))


@contextmanager
def the_real_api(ledger: Path, cap: int | None) -> Iterator[tuple[HttpTarget, Real, StandIn]]:
    with ImagesMock(tier="off") as mock:
        real = Real(mock, lambda asked: {"dall-e-2": 16_000}.get(asked.get("model", ""), 10_915))
        with standing_in(real) as server:
            environment = {"IMAGES_MOCK_REAL_API_KEY": KEY, "OPENAI_API_KEY": "sk-not-this-one"}
            opening = Opening(environment, lambda: 0.0, real=server.url)
            with opening.target("real", Terms(cap=cap, ledger=ledger)) as target:
                yield target, real, server


def test_the_real_api_is_asked_for_what_is_free_unless_a_cap_is_named(ledger: Path) -> None:
    with the_real_api(ledger, None) as (target, real, _):
        assert target.name == "the real API"
        assert target.ask(WRONG).answer.status == 400
        assert target.ask(WRONG._replace(key="bad")).answer.status == 401
        with pytest.raises(NotObserved, match="--max-usd X pays for it"):
            target.ask(SMALL, pays=True)
        assert (real.billed, real.bad_keys) == (0, 1)


def test_the_real_api_is_paid_for_the_cheapest_alone_and_up_to_the_cap(ledger: Path) -> None:
    dear = json_request("POST", "/images/generations", {"prompt": "x", "model": "dall-e-2", "n": 2})
    with the_real_api(ledger, 5 * CENT) as (target, real, _):
        with pytest.raises(NotObserved, match="one picture of the smallest size"):
            target.ask(dear, pays=True)
        with pytest.raises(Capped):
            ask_often(target, 9)
        assert real.billed == 48_000


def test_no_request_to_the_real_api_has_another_key(ledger: Path) -> None:
    with the_real_api(ledger, None) as (target, _, server):
        target.ask(WRONG)
        assert {sent.key for sent in server.sent} == {KEY}


@pytest.mark.slow
@pytest.mark.parametrize("cap", [5 * CENT, 200 * CENT])
def test_a_whole_run_never_costs_more_than_its_cap_nor_than_its_ledger_says(
    cap: int, ledger: Path
) -> None:
    day = date(2026, 11, 28)
    with ImagesMock(tier="off", as_of=str(day)) as mock:
        real = Real(mock, lambda _: 0)
        with standing_in(real) as server:
            opening = Opening({"IMAGES_MOCK_REAL_API_KEY": KEY}, time, real=server.url)
            with opening.target("real", Terms(day, cap=cap, ledger=ledger)) as target:
                book = run(trials(day, today=day, quick=True, costly=True), target)
            kept = sums(server.url, ledger)
        billed = round(mock.sandbox(KEY).spent * 1e6)
    assert 0 < billed <= kept.spent + kept.reserved <= cap
    assert target.spent * 1_000_000 == kept.spent + kept.reserved
    assert ("cap" in book.ended) == (cap == 5 * CENT)

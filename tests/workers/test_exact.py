"""Four workers of a server, and requests that come to all of them: no limit, rule or budget is passed."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.life import OF_SANDBOX, Serving, generation, request, serving
from tests.shared import installed
from tests.store.views import server as redis_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux spreads connections"),
]
NUMBERS = count()


@pytest.fixture(params=["sqlite", *installed()])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Serving]:
    state = f"sqlite:{tmp_path / 'mock.db'}"
    if request.param != "sqlite":
        state = redis_server(request.param).url(options=f"?prefix=exact-{next(NUMBERS)}")
    with serving("--workers", "4", "--state", state, "--on-state-outage", "refuse") as running:
        yield running


def control(server: Serving, method: str, path: str, **body: Any) -> Any:
    asked = request(method, f"/_mock/{path}", json.dumps(body).encode(), header=OF_SANDBOX)
    status, told = server.ask(asked)
    assert status in (200, 201), told
    return told


def asked(server: Serving, number: int, at_once: int) -> Counter[int]:
    """How often each status was answered to so many requests."""
    with ThreadPoolExecutor(at_once) as pool:
        sent = [generation(prompt=f"fox {i}", n=1, response_format="url") for i in range(number)]
        return Counter(status for status, _ in pool.map(server.ask, sent))


def test_four_workers_admit_a_hundred_of_a_thousand(server: Serving) -> None:
    """The clock stands: no minute goes by meanwhile, however busy the machine is."""
    control(server, "POST", "sandbox", per_minute=100, standing=True)
    assert asked(server, 1_000, 16) == {200: 100, 429: 900}
    assert control(server, "POST", "requests/count")["count"] == 1_000


def test_a_rule_for_two_requests_fires_twice_for_64_callers_of_four_workers(
    server: Serving,
) -> None:
    control(server, "POST", "sandbox", per_minute=1_000)
    control(server, "POST", "rules", then={"error": "overloaded"}, times=2)
    found = asked(server, 64, 64)
    assert (found.total() - found[200], found[200]) == (2, 62)


def test_four_workers_spend_no_more_than_the_budget(server: Serving) -> None:
    control(server, "POST", "sandbox", per_minute=1_000, budget_usd=0.16)
    found = asked(server, 100, 16)
    assert control(server, "GET", "ledger")["spent_usd"] <= 0.16
    assert found[200] == 10

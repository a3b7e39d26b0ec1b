"""A real server killed, stopped and emptied under load of two hosts' processes: all is counted."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from itertools import cycle
from threading import Event, Lock
from typing import Any

import pytest

from tests.life import Serving, serving
from tests.shared import RedisServer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it stops processes by signals"),
]
CALLERS = 4
#: Seconds for an outage that nobody waits: 0.3 on a machine with time, and some for one without.
LONGEST = 3.0
PRICE = 0.016  # US dollars of a request
KEY = {"Authorization": "Bearer sk-mock-shared", "Content-Type": "application/json"}


class Load:
    """Callers that ask one host after the other, one request at a time each, until they are told."""

    def __init__(self, ports: list[int]) -> None:
        self._ports, self._over, self._lock = ports, Event(), Lock()
        self.answers: list[tuple[float, float, int, str]] = []  # when, how long, status, warning

    def _call(self, number: int) -> None:
        connections = [HTTPConnection("127.0.0.1", port, timeout=30) for port in self._ports]
        for connection in cycle(connections):
            if self._over.is_set():
                break
            begun = time.monotonic()
            body = json.dumps({"prompt": f"fox {number}", "response_format": "url"})
            connection.request("POST", "/v1/images/generations", body, KEY)
            answer = connection.getresponse()
            answer.read()
            took = time.monotonic() - begun
            warning = answer.getheader("mock-warning", "")
            with self._lock:
                self.answers.append((begun, took, answer.status, warning))
        for connection in connections:
            connection.close()

    @contextmanager
    def running(self) -> Iterator[None]:
        """While all of them ask."""
        with ThreadPoolExecutor(CALLERS) as pool:
            calls = [pool.submit(self._call, number) for number in range(CALLERS)]
            try:
                yield
            finally:
                self._over.set()
        for call in calls:
            call.result()

    def grows(self, more: int, is_so: Callable[[str], bool] = lambda _: True) -> None:
        """Wait for so many more answers with such a warning."""
        begun, end = len(self.answers), time.monotonic() + 30
        while sum(is_so(warning) for *_, warning in self.answers[begun:]) < more:
            assert time.monotonic() < end, Counter(w for *_, w in self.answers[begun:])
            self._over.wait(0.01)

    def longest(self, since: float = 0, until: float = float("inf")) -> float:
        """The longest of those that were asked in a span."""
        return max(
            took for begun, took, *_ in self.answers if begun + took > since and begun < until
        )


def told(port: int, path: str) -> Any:
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("GET", path, headers={"Mock-Sandbox-Key": "sk-mock-shared"})
        return json.loads(connection.getresponse().read())


def is_away(warning: str) -> bool:
    return "the shared state is away" in warning


@contextmanager
def hosts(server: RedisServer, *options: str) -> Iterator[list[Serving]]:
    """Two of them, each a server of its own."""
    given = "--state", server.url(), *options
    with serving(*given) as one, serving(*given) as other:
        yield [one, other]


def away(server: RedisServer, how: str) -> Callable[[], None]:
    """Let it go away; what brings it back."""
    if how == "stopped":
        server.stop()
        return server.go_on
    server.kill()
    return server.start


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_nobody_waits_and_each_answer_is_in_the_journal_and_the_ledger_once(
    server: RedisServer, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with hosts(server, "--tier", "off") as both:
        load = Load([one.port for one in both])
        with load.running():
            load.grows(200)
            begun = time.monotonic()
            back = away(server, how)
            load.grows(40, is_away)
            asked = time.monotonic()
            back()
            there = time.monotonic()
            load.grows(200, lambda warning: not is_away(warning))
        last = max(at for at, _, _, warning in load.answers if is_away(warning))
        usual, longest = load.longest(until=begun), load.longest(since=begun)
        summaries = [told(one.port, "/_mock/requests/summary") for one in both]
        ledgers = [told(one.port, "/_mock/ledger") for one in both]
    served = [status for _, _, status, _ in load.answers]
    with capsys.disabled():
        sys.stdout.write(
            f"\n{how}: {len(served)} requests; longest {usual * 1000:.0f} ms before, "
            f"{longest * 1000:.0f} ms since; back {last - there:.2f} s after it was there\n"
        )
    assert {*served} == {200}
    assert longest < LONGEST + usual, asked
    assert last - there < 30
    assert summaries[0] == summaries[1]
    assert ledgers[0] == ledgers[1]
    assert round(ledgers[0]["spent_usd"] / PRICE) == len(served)


def test_a_limit_is_as_wide_as_it_is_said_to_be_over_all_of_them(server: RedisServer) -> None:
    with hosts(server, "--limits", "100/min", "--workers", "2") as both:
        load = Load([one.port for one in both])
        with load.running():
            load.grows(300)
        summaries = [told(one.port, "/_mock/requests/summary") for one in both]
    statuses = Counter(status for _, _, status, _ in load.answers)
    spent = max(at + took for at, took, *_ in load.answers) - load.answers[0][0]
    assert 100 <= statuses[200] <= 100 + 100 * spent / 60 + 1
    assert summaries[0] == summaries[1]

"""Two hosts of four workers each over one Redis: one truth, and a cable that is cut for a while."""

from __future__ import annotations

import json
import sys
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import cycle, product
from pathlib import Path
from threading import Event, Lock
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.life import OF_SANDBOX, answer, generation, parted, request, serving
from tests.shared import SERVERS, UNHURRIED, RedisServer
from tests.workers import soon
from tests.workers.network import Host, Network, network

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has networks of their own"),
]
WORKERS = 4
TOKEN = "of-two-hosts"
#: Seconds for an outage that nobody waits: 0.3 on a machine with time, and some for one without.
LONGEST = 3.0
PRICE = 0.016  # US dollars of a picture
#: A round trip may take long where it is no matter of time.
PATIENT = f"""
import mockserver.store.redis as redis, mockserver.store.redis_line as line
redis.RedisSteps.__init__.__defaults__ = ({UNHURRIED},)
line._CONNECT = {UNHURRIED}
"""
CONTROL = f"{OF_SANDBOX}\r\nAuthorization: Bearer {TOKEN}"


class Hosts(NamedTuple):
    """Two hosts, and what is between them."""

    network: Network
    all: list[Host]

    def begin(self, **options: Any) -> None:
        """Begin anew, as one of them is told."""
        told(self.all[0], "POST", "sandbox", **options)

    def asked(self, number: int, at_once: int) -> Counter[int]:
        """How often each status was answered to so many requests, of which each host gets half."""
        hosts = cycle(self.all)
        with ThreadPoolExecutor(at_once) as pool:
            asked = [
                pool.submit(next(hosts).ask, picture(prompt=f"fox {i}")) for i in range(number)
            ]
            return Counter(one.result()[0] for one in asked)

    def agreed(self, method: str, path: str) -> Any:
        """What each of them says, however often it is asked: all of its workers."""
        first, *others = [
            told(host, method, path) for host, _ in product(self.all, range(2 * WORKERS))
        ]
        assert all(other == first for other in others)
        return first


def picture(**fields: object) -> bytes:
    return generation(**{"n": 1, "response_format": "url"} | fields)


def told(host: Host, method: str, path: str, **body: Any) -> Any:
    data = json.dumps(body).encode() if method == "POST" else b""
    status, found = host.ask(request(method, f"/_mock/{path}", data, header=CONTROL))
    assert status in (200, 201), found
    return found


@contextmanager
def two_hosts(folder: Path, before: str = "") -> Iterator[Hosts]:
    """Two of them, and a server that both reach; `before` is Python that runs in each first."""
    with ExitStack() as stack:
        made = stack.enter_context(network(2))
        with made.bridge.inside():
            redis = RedisServer(SERVERS[0], folder, made.ADDRESS)
        stack.callback(redis.kill)
        found = []
        for number, space in enumerate(made.hosts):
            address = made.address(number)
            given = "--host", address, "--control-token", TOKEN, "--workers", str(WORKERS)
            log = stack.enter_context((folder / f"{number}.log").open("w"))
            with space.inside():
                server = serving(*given, "--state", redis.url(), before=before, stderr=log)
                running = stack.enter_context(server)
            found.append(Host(running.process, running.port, address, space))
        yield Hosts(made, found)
        for log_of_one in folder.glob("*.log"):
            assert "Traceback" not in log_of_one.read_text()


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Two that take no slow moment of this machine for an outage, in which each counts alone."""
    with two_hosts(tmp_path_factory.mktemp("hosts"), PATIENT) as made:
        yield made


def test_two_hosts_admit_a_hundred_of_a_thousand(hosts: Hosts) -> None:
    """The clock stands: no minute goes by meanwhile, however busy the machine is."""
    hosts.begin(per_minute=100, standing=True)
    assert hosts.asked(1_000, 16) == {200: 100, 429: 900}
    assert hosts.agreed("POST", "requests/count")["count"] == 1_000
    journals = [told(host, "GET", "requests?limit=1000")["requests"] for host in hosts.all]
    assert journals[0] == journals[1]
    assert len({record["id"] for record in journals[0]}) == 1_000


def test_a_rule_for_two_requests_fires_twice_for_64_callers_of_two_hosts(hosts: Hosts) -> None:
    hosts.begin(per_minute=1_000)
    told(hosts.all[1], "POST", "rules", then={"error": "overloaded"}, times=2)
    found = hosts.asked(64, 64)
    assert (found.total() - found[200], found[200]) == (2, 62)
    journal = hosts.agreed("GET", "requests")["requests"]
    assert Counter(record["status"] for record in journal) == found


def test_two_hosts_spend_no_more_than_the_budget(hosts: Hosts) -> None:
    hosts.begin(per_minute=1_000, budget_usd=10 * PRICE)
    assert hosts.asked(100, 16)[200] == 10
    assert hosts.agreed("GET", "ledger")["spent_usd"] == 10 * PRICE


def test_a_picture_is_the_same_to_the_byte_whichever_host_draws_and_sends_it(hosts: Hosts) -> None:
    one, other = hosts.all
    drawn = []
    for order in ((one, other), (other, one), (other, other)):
        hosts.begin(per_minute=1_000, standing=True)
        asked = picture(size="256x256", response_format="b64_json")
        drawn.append([host.ask(asked)[1]["data"][0]["b64_json"] for host in order])
    assert drawn[0] == drawn[1] == drawn[2]
    hosts.begin(per_minute=1_000, standing=True)
    url = urlsplit(one.ask(picture(size="256x256"))[1]["data"][0]["url"])
    assert url.netloc == f"{one.address}:{one.port}"
    get = request("GET", f"{url.path}?{url.query}", header="Accept: */*")
    sent = [host.ask(get) for host in (one, other, one.seen_from(other), other.seen_from(one))]
    assert sent == [(200, b64decode(drawn[0][0]))] * 4


# -- a host that is cut off --------------------------------------------------------------------


class Answered(NamedTuple):
    """An answer under load."""

    host: int
    begun: float
    took: float
    status: int
    is_alone: bool  # it says that the state is away


class Load:
    """Two callers of each host, which ask until they are told to end; a hundred times a second."""

    def __init__(self, hosts: list[Host]) -> None:
        self._hosts, self._over, self._lock = hosts, Event(), Lock()
        self.answers: list[Answered] = []

    def _call(self, number: int) -> None:
        host = self._hosts[number]
        data = host.named(picture())
        while not self._over.wait(0.02):
            begun = time.monotonic()
            with host.connect() as connection:
                connection.sendall(data)
                found = answer(connection)
            took, (status, _) = time.monotonic() - begun, parted(found)
            is_alone = b"the shared state is away" in found
            with self._lock:
                self.answers.append(Answered(number, begun, took, status, is_alone))

    @contextmanager
    def running(self) -> Iterator[None]:
        """While all of them ask."""
        with ThreadPoolExecutor(4) as pool:
            calls = [pool.submit(self._call, number) for number in (0, 1, 0, 1)]
            try:
                yield
            finally:
                self._over.set()
        for call in calls:
            call.result()

    def grows(self, more: int, *, of: int, is_alone: bool) -> None:
        """Wait for so many more answers of a host that are so."""
        begun = len(self.answers)
        soon(
            lambda: (
                sum(one.host == of and one.is_alone == is_alone for one in self.answers[begun:])
                >= more
            )
        )


class Cut(NamedTuple):
    """When a host was cut off, when it was no longer, and what was answered."""

    begun: float
    ended: float
    answers: list[Answered]


def cut_off(hosts: Hosts) -> Cut:
    """Cut the first one off for a second, under load."""
    load = Load(hosts.all)
    with load.running():
        load.grows(40, of=0, is_alone=False)
        begun = time.monotonic()
        with hosts.network.cut(0):
            load.grows(20, of=0, is_alone=True)
            soon(lambda: time.monotonic() > begun + 1)
        ended = time.monotonic()
        load.grows(40, of=0, is_alone=False)
        soon(lambda: time.monotonic() > ended + 2)
    return Cut(begun, ended, load.answers)


def test_a_host_that_is_cut_off_goes_on_alone_and_nothing_is_lost_when_it_is_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with two_hosts(tmp_path) as hosts:
        hosts.begin(per_minute=1_000_000)
        cut = cut_off(hosts)
        served = len(cut.answers)
        soon(lambda: {told(h, "POST", "requests/count")["count"] for h in hosts.all} == {served})
        journal = hosts.agreed("GET", f"requests?limit={served}")["requests"]
        spent = hosts.agreed("GET", "ledger")["spent_usd"]
    alone = [one for one in cut.answers if one.is_alone]
    back = max(one.begun for one in alone) - cut.ended
    hit, others = list[float](), list[float]()
    for one in cut.answers:
        is_hit = one.host == 0 and one.begun + one.took > cut.begun
        (hit if is_hit else others).append(one.took)
    with capsys.disabled():
        sys.stdout.write(
            f"\ncut off: {served} requests, {len(alone)} of them alone; longest "
            f"{max(others) * 1000:.0f} ms of who was not, {max(hit) * 1000:.0f} ms of who was; "
            f"back after {back:.2f} s\n"
        )
    assert {one.status for one in cut.answers} == {200}
    assert max(hit) < LONGEST + max(others)
    assert back < 30
    assert len({record["id"] for record in journal}) == served
    assert round(spent / PRICE) == served

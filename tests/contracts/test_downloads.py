"""Pictures are fetched wherever they lie: without the key, and only from where it is safe to go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contracts.discretion import Key
from contracts.exchange import Answer, Request
from contracts.target import NotObserved
from contracts.target.downloads import Downloads, where
from contracts.target.http import HttpTarget
from contracts.target.line import Line, Place, Silence, place_of
from contracts.target.opening import Opening, Terms
from tests.contracts.stand_in import MODELS, Reply, Sent, StandIn, error, standing_in

KEY = "sk-canary-of-downloads"
PNG = Reply(200, b"\x89PNG", (("content-type", "image/png"),))


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("93.184.216.34", "everywhere"),
        ("2606:4700::1111", "everywhere"),
        ("127.0.0.1", "loopback"),
        ("127.9.9.9", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("10.0.0.1", "private"),
        ("192.168.1.1", "private"),
        ("fd00::1", "private"),
        ("::ffff:10.0.0.1", "private"),
        ("64:ff9b::a00:1", "private"),
        ("2002:a00:1::", "private"),
        ("64:ff9b::7f00:1", "loopback"),
        ("169.254.169.254", "nowhere"),
        ("::ffff:169.254.169.254", "nowhere"),
        ("fe80::1%eth0", "nowhere"),
        ("100.64.0.1", "nowhere"),
        ("0.0.0.0", "nowhere"),
        ("::", "nowhere"),
        ("224.0.0.1", "nowhere"),
        ("255.255.255.255", "nowhere"),
    ],
)
def test_an_address_says_who_can_reach_it(address: str, home: str) -> None:
    assert where(address) == home


class Net(Line):
    """Hosts that are not there: what is asked of which address."""

    def __init__(self, answers: Callable[[Place, Request], Answer] | None = None) -> None:
        super().__init__([], lambda: pytest.fail("no line is opened"))
        self.asked: list[tuple[str, str, list[str]]] = []
        self._answers = answers or (lambda *_: Answer(200, (), b"picture"))

    def send(
        self, place: Place, request: Request, key: Key | None, patience: float, **further: Any
    ) -> Answer | Silence:
        assert key is None
        assert not request.headers
        self.asked.append((place.netloc, request.path, [*further["addresses"]]))
        return self._answers(place, request)


HOSTS = {
    "api.test": ["93.184.216.34"],
    "files.test": ["93.184.216.35", "2606:4700::1111"],
    "mixed.test": ["93.184.216.35", "10.0.0.1"],
    "inside.test": ["10.0.0.7"],
    "target.inside.test": ["10.0.0.8"],
    "localhost": ["127.0.0.1", "::1"],
}


def downloads(base_url: str, net: Net, **options: Any) -> Downloads:
    def look_up(place: Place, patience: float) -> list[str]:
        return HOSTS.get(place.host, [place.host] if place.host[0].isdigit() else [])

    return Downloads(net, place_of(base_url), look_up=look_up, **options)


@pytest.mark.parametrize(
    ("base_url", "url", "at"),
    [
        ("https://api.test/v1", "https://api.test/a.png?b=c", []),
        ("http://127.0.0.1:1/v1", "http://127.0.0.1:1/a.png?b=c", []),
        ("https://api.test/v1", "https://files.test/a.png?b=c", HOSTS["files.test"]),
        ("http://127.0.0.1:1/v1", "https://files.test/a.png?b=c", HOSTS["files.test"]),
        ("http://127.0.0.1:1/v1", "http://localhost:2/a.png?b=c", HOSTS["localhost"]),
        ("http://target.inside.test/v1", "http://inside.test/a.png?b=c", HOSTS["inside.test"]),
    ],
)
def test_a_picture_is_fetched_where_it_lies(base_url: str, url: str, at: list[str]) -> None:
    net = Net()
    answer = downloads(base_url, net).get(url, 5)
    assert answer.body == b"picture"
    assert net.asked == [(place_of(url).netloc, "/a.png?b=c", at)]


@pytest.mark.parametrize(
    ("base_url", "url", "reason"),
    [
        ("https://api.test/v1", "http://files.test/a.png", "not behind https"),
        ("https://api.test/v1", "http://127.0.0.1/a.png", "not everybody's"),
        ("https://api.test/v1", "https://localhost/a.png", "not everybody's"),
        ("https://api.test/v1", "https://inside.test/a.png", "not everybody's"),
        ("https://api.test/v1", "https://mixed.test/a.png", "not everybody's"),
        ("https://api.test/v1", "http://169.254.169.254/latest", "not everybody's"),
        ("http://127.0.0.1:1/v1", "http://10.0.0.1/a.png", "not everybody's"),
        ("http://target.inside.test/v1", "http://127.0.0.1/a.png", "not everybody's"),
        ("http://target.inside.test/v1", "http://169.254.169.254/a", "not everybody's"),
        ("https://api.test/v1", "https://nowhere.test/a.png", "no such host"),
        ("https://api.test/v1", "https://costly.test/a.png", "no host of pictures"),
        ("https://api.test/v1", "ftp://files.test/a.png", "can't be followed"),
        ("https://api.test/v1", "file:///etc/passwd", "can't be followed"),
        ("https://api.test/v1", "a.png", "can't be followed"),
        ("https://api.test/v1", "https://me:secret@files.test/", "can't be followed"),
        ("https://api.test/v1", "https://files.test:port/", "can't be followed"),
    ],
)
def test_where_no_run_goes_is_not_observed(base_url: str, url: str, reason: str) -> None:
    net = Net()
    with pytest.raises(NotObserved, match=reason):
        downloads(base_url, net, never=["costly.test"]).get(url, 5)
    assert net.asked == []


def test_other_hosts_can_be_left_alone_and_the_targets_own_is_not() -> None:
    net = Net()
    own = downloads("https://api.test/v1", net, elsewhere=False)
    with pytest.raises(NotObserved, match="--no-downloads"):
        own.get("https://files.test/a.png", 5)
    assert own.get("https://api.test/a.png", 5).status == 200


def test_each_hop_of_a_redirect_is_held_to_the_same() -> None:
    hops = {"files.test": "https://api.test/b.png", "api.test": "http://169.254.169.254/c"}

    def answers(place: Place, request: Request) -> Answer:
        return Answer(302, (("location", hops[place.host]),), b"")

    net = Net(answers)
    with pytest.raises(NotObserved, match="not everybody's"):
        downloads("https://api.test/v1", net).get("https://files.test/a.png", 5)
    assert [path for _, path, _ in net.asked] == ["/a.png", "/b.png"]


def test_a_url_that_leads_in_circles_ends() -> None:
    net = Net(lambda *_: Answer(302, (("location", "/again"),), b""))
    with pytest.raises(NotObserved, match="leads on more than 3 times"):
        downloads("https://api.test/v1", net).get("https://api.test/a.png", 5)
    assert len(net.asked) == 4


@pytest.fixture
def server() -> Iterator[StandIn]:
    with standing_in(lambda sent: PNG if sent.path == "/a.png" else MODELS) as found:
        yield found


def test_no_download_has_the_key(server: StandIn, tmp_path: Any) -> None:
    def other(sent: Sent) -> Reply:
        return Reply(302, b"", (("location", server.url.replace("/v1", "/a.png")),))

    opening = Opening({"IMAGES_CONTRACT_API_KEY": KEY}, lambda: 5.0)
    with (
        standing_in(other) as elsewhere,
        opening.target(server.url, Terms(ledger=tmp_path)) as target,
    ):
        exchange = target.fetch(f"{elsewhere.url}/x.png")
        assert (exchange.answer.status, exchange.answer.body) == (200, PNG.body)
        assert exchange.request.key == "none"
        assert elsewhere.sent[0].key == server.sent[-1].key == ""


def test_a_picture_has_a_greatest_size(server: StandIn) -> None:
    line = Line([], lambda: pytest.fail("no TLS"))
    found = line.send(place_of(server.url), Request("GET", "/a.png"), None, 5, most=3)
    assert found == Silence("endless", "an answer of more than 3 bytes")
    line.close()


def test_a_host_that_costs_money_is_no_host_of_pictures(server: StandIn, tmp_path: Any) -> None:
    opening = Opening({"IMAGES_CONTRACT_API_KEY": KEY}, lambda: 5.0)
    opened = opening.target(server.url, Terms(ledger=tmp_path))
    with opened as target, pytest.raises(NotObserved, match="no host of pictures"):
        target.fetch("https://api.openai.com/a.png")


def test_a_url_that_nobody_answers_is_an_answer_of_status_0() -> None:
    with standing_in(lambda _: PNG) as gone:
        pass
    target = HttpTarget("http://127.0.0.1:1/v1", Key(KEY), None, now=lambda: 0.0)
    exchange = target.fetch(f"{gone.url}/a.png")
    assert (exchange.answer.status, exchange.request.path) == (0, f"{gone.url}/a.png")


def test_a_picture_that_is_not_there_is_an_answer() -> None:
    with standing_in(lambda _: error(404)) as server:
        target = HttpTarget(server.url, Key(KEY), None, now=lambda: 0.0)
        assert target.fetch(f"{server.url}/a.png").answer.status == 404
        target._line.close()

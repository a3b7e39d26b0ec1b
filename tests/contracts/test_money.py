"""The money of an account: never a cent more than its cap, whatever becomes of requests and processes."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from contracts.discretion import Key
from contracts.exchange import Request, json_request
from contracts.run import exit_code, run
from contracts.target import Capped, Lost, NotObserved, Target
from contracts.target.http import HttpTarget, Patience
from contracts.target.ledger import Ledger, Sums, usd
from contracts.target.opening import Opening, Terms
from contracts.trials import Outcome, Promise, Trial, Verdict
from mockserver.testing import ImagesMock
from tests.contracts.stand_in import (
    MODELS,
    PICTURE,
    Answers,
    Reply,
    Sent,
    StandIn,
    as_json,
    error,
    standing_in,
)

KEY = "sk-canary-account"
CENT = 10_000  # micro-dollars
#: $0.016 at the most, and by the price list.
SMALL = json_request(
    "POST", "/images/generations", {"prompt": "x", "model": "dall-e-2", "size": "256x256"}
)
#: $0.010915 at the most; what it did cost is told by its usage.
BY_TOKENS = json_request(
    "POST",
    "/images/generations",
    {"prompt": "x", "model": "gpt-image-1", "size": "1024x1024", "quality": "low"},
)
WRONG = json_request("POST", "/images/generations", {"prompt": "x", "model": "dall-e-2", "n": 0})


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "money" / "ledger.sqlite"


@contextmanager
def opened(
    url: str, ledger: Path, cap: int | None = 50 * CENT, **terms: Any
) -> Iterator[HttpTarget]:
    opening = Opening({"IMAGES_CONTRACT_API_KEY": KEY}, lambda: 0.0, sleep=lambda _: None)
    with opening.target(url, Terms(cap=cap, ledger=ledger, **terms)) as target:
        yield target


def sums(url: str, ledger: Path, key: str = KEY) -> Sums:
    port = url.rpartition(":")[2].partition("/")[0]
    return Ledger(ledger, lambda: 0.0).sums(Key(key).account(f"loopback:{port}"))


def paying(picture: Answers = lambda _: PICTURE) -> Answers:
    """An API that has models for nothing."""
    free = {True: MODELS, False: error(404)}
    return lambda sent: free[bool(sent.key)] if sent.method == "GET" else picture(sent)


def ask_often(target: HttpTarget, times: int) -> None:
    for _ in range(times):
        target.ask(SMALL, pays=True)


def with_usage(tokens: int) -> Reply:
    told = {"input_tokens": 7, "output_tokens": tokens, "total_tokens": 7 + tokens}
    return as_json(200, {"created": 1, "data": [{"b64_json": ""}], "usage": told})


# -- who pays ------------------------------------------------------------------------------------


def test_without_a_cap_nothing_that_costs_is_sent(ledger: Path) -> None:
    with standing_in(paying()) as api, opened(api.url, ledger, None) as target:
        with pytest.raises(NotObserved, match="--paid --max-usd X"):
            target.ask(SMALL, pays=True)
        assert target.ask(Request("GET", "/models")).answer.status == 200
        assert api.paid == []
    assert not ledger.exists()


def test_a_price_is_reserved_and_settled(ledger: Path) -> None:
    seen = []

    def picture(sent: Sent) -> Reply:
        seen.append(sums(api.url, ledger))
        return PICTURE

    with standing_in(paying(picture)) as api, opened(api.url, ledger) as target:
        target.ask(SMALL, pays=True)
        assert seen == [Sums(0, 16_000)]
        assert sums(api.url, ledger) == Sums(16_000, 0)


def test_usage_says_what_it_did_cost(ledger: Path) -> None:
    with standing_in(paying(lambda _: with_usage(100))) as api, opened(api.url, ledger) as target:
        target.ask(BY_TOKENS, pays=True)
        assert sums(api.url, ledger) == Sums(7 * 10 + 100 * 40, 0)


def test_at_the_cap_nothing_more_is_sent_over_all_runs(ledger: Path) -> None:
    with standing_in(paying()) as api:
        for _ in range(2):
            with opened(api.url, ledger, 5 * CENT) as target:
                with pytest.raises(Capped, match=r"the cap of \$0\.05 is reached: \$0\.048 spent"):
                    ask_often(target, 9)
                assert target.ask(Request("GET", "/models")).answer.status == 200
        assert len(api.paid) == 3
        with opened(api.url, ledger, 7 * CENT) as target:
            target.ask(SMALL, pays=True)


def test_what_has_no_price_is_not_sent(ledger: Path) -> None:
    request = json_request("POST", "/images/generations", {"prompt": "x", "model": "dall-e-9"})
    with standing_in(paying()) as api, opened(api.url, ledger) as target:
        with pytest.raises(NotObserved, match="the model 'dall-e-9' has no price"):
            target.ask(request, pays=True)
        assert api.paid == []


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        (error(400), Sums(0, 0)),
        (error(403), Sums(0, 0)),
        (error(429, "busy", retry_after="1"), Sums(0, 0)),
        (error(401, "no", "invalid_api_key"), Sums(0, 0)),
        (error(500), Sums(0, 16_000)),
        (None, Sums(0, 16_000)),
        (Reply(200, b"no JSON"), Sums(16_000, 0)),
    ],
)
def test_a_refusal_is_free_and_what_is_not_clear_stays_reserved(
    reply: Reply | None, kept: Sums, ledger: Path
) -> None:
    with standing_in(paying(lambda _: reply)) as api:
        with opened(api.url, ledger) as target, suppress(NotObserved, Lost):
            target.ask(SMALL, pays=True)
        assert sums(api.url, ledger) == kept


def test_what_hangs_stays_reserved(ledger: Path) -> None:
    done = threading.Event()

    def hang(_: Sent) -> Reply:
        done.wait(9)
        return PICTURE

    with standing_in(paying(hang)) as api:
        with opened(api.url, ledger, patience=Patience(call=0.2)) as target:
            with pytest.raises(NotObserved, match="no whole answer"):
                target.ask(SMALL, pays=True)
            assert len(api.paid) == 1  # it was not sent again
        done.set()
        assert sums(api.url, ledger) == Sums(0, 16_000)


def test_a_request_that_never_left_is_free(ledger: Path) -> None:
    with standing_in(paying()) as api, opened(api.url, ledger) as target:
        pass
    with pytest.raises(Lost, match="Nobody answers"):  # whoever was there has gone
        target.ask(SMALL, pays=True)
    assert sums(api.url, ledger) == Sums(0, 0)


def test_a_price_above_the_price_list_ends_all_paying(ledger: Path) -> None:
    with standing_in(paying(lambda _: with_usage(9000))) as api, opened(api.url, ledger) as target:
        target.ask(BY_TOKENS, pays=True)
        with pytest.raises(NotObserved, match=r"a picture cost \$0\.36007, more than"):
            target.ask(BY_TOKENS, pays=True)
        assert len(api.paid) == 1


def test_an_upload_that_should_be_refused_and_is_accepted_is_paid_for_once(ledger: Path) -> None:
    for cap in (None, 50 * CENT):
        with standing_in(paying()) as api, opened(api.url, ledger, cap) as target:
            assert target.ask(WRONG).answer.status == 200
            with pytest.raises(NotObserved, match="no more of its kind are sent"):
                target.ask(WRONG)
            assert len(api.paid) == 1
            assert sums(api.url, ledger) == Sums(20_000, 0)


def test_what_should_be_refused_is_not_sent_where_its_price_would_break_the_cap(
    ledger: Path,
) -> None:
    with standing_in(paying()) as api, opened(api.url, ledger, CENT) as target:
        with pytest.raises(Capped):
            target.ask(WRONG)
        assert api.paid == []


def test_a_ledger_that_can_not_be_used_ends_the_run(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("this is no database, and it is long enough to tell" * 40)
    with standing_in(paying()) as api, opened(api.url, tmp_path / "ledger") as target:
        with pytest.raises(Lost, match=r"can't be used: file is not a database\.\n.*--ledger FILE"):
            target.ask(SMALL, pays=True)
        assert api.paid == []


def test_the_ledger_knows_neither_key_nor_host_nor_prompt_and_is_its_owners(ledger: Path) -> None:
    with standing_in(paying()) as api, opened(api.url, ledger) as target:
        target.ask(SMALL, pays=True)
        content = ledger.read_bytes()
    assert b"canary" not in content
    assert b"127.0.0.1" not in content
    assert b"prompt" not in content
    assert ledger.stat().st_mode & 0o777 == 0o600


def test_each_key_and_host_is_an_account_and_this_machine_is_one_host(ledger: Path) -> None:
    key, other = Key(KEY), Key("sk-another-account")
    assert len({key.account("a:1"), key.account("b:1"), other.account("a:1")}) == 3
    with standing_in(paying()) as api:
        for url in (api.url, api.url.replace("127.0.0.1", "localhost")):
            with opened(url, ledger) as target:
                target.ask(SMALL, pays=True)
        assert sums(api.url, ledger).spent == 32_000


@pytest.mark.parametrize(
    ("micro", "told"),
    [
        (0, "$0.00"),
        (16_000, "$0.016"),
        (500_000, "$0.50"),
        (1, "$0.000001"),
        (12_000_000, "$12.00"),
    ],
)
def test_amounts_are_told_exactly(micro: int, told: str) -> None:
    assert usd(micro) == told


# -- a run ---------------------------------------------------------------------------------------


def trial(number: int, request: Request = SMALL, *, pays: bool = True) -> Trial:
    def judge(target: Target) -> Iterator[Verdict]:
        status = target.ask(request, pays=pays).answer.status
        yield Verdict("It is answered.", exchange=None, told=str(status))

    return Trial(f"t{number}", Promise("images.generate", 200, "a"), judge, pays)


def test_a_run_that_meets_the_cap_goes_on_with_what_is_free_and_ends_with_6(ledger: Path) -> None:
    free = trial(9, Request("GET", "/models"), pays=False)
    with standing_in(paying()) as api, opened(api.url, ledger, 2 * CENT) as target:
        book = run([trial(1), trial(2), free], target)
    assert exit_code(book) == 6
    assert book.ended.startswith("the cap of $0.02 is reached")
    (row,) = book.rows.values()
    assert row.counts.total() == 3
    assert row.counts[Outcome.UNSEEN] == 1


# -- gateways ------------------------------------------------------------------------------------


def passed_on(mock: ImagesMock, paid: list[str], *, all_of_it: bool = False) -> Answers:
    """A gateway before a mock, that asks an account for pictures."""
    port = int(mock.address.rpartition(":")[2])
    own = {"connection", "host"}

    def answers(sent: Sent) -> Reply:
        if sent.method == "POST" and not sent.path.startswith("/_mock"):
            paid.append(sent.path)
            return PICTURE
        named = {n.strip().lower() for n in sent.headers.get("connection", "").split(",")}
        left_out = set() if all_of_it else own | named
        headers = {name: value for name, value in sent.headers.items() if name not in left_out}
        line = HTTPConnection("127.0.0.1", port)
        line.putrequest(sent.method, sent.path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            line.putheader(name, value)
        line.endheaders(sent.body or None)
        answer = line.getresponse()
        reply = Reply(answer.status, answer.read(), (("content-type", "application/json"),))
        line.close()
        return reply

    return answers


def test_a_mock_is_free_and_needs_no_ledger(ledger: Path) -> None:
    with ImagesMock() as mock, opened(mock.url, ledger, None) as target:
        for _ in range(3):
            assert target.ask(SMALL, pays=True).answer.status == 200
    assert not ledger.exists()


def test_a_gateway_before_a_mock_is_no_mock(ledger: Path) -> None:
    paid: list[str] = []
    with (
        ImagesMock() as mock,
        standing_in(passed_on(mock, paid)) as gateway,
        opened(gateway.url, ledger, None) as target,
    ):
        with pytest.raises(NotObserved, match="something passes requests on"):
            target.ask(SMALL, pays=True)
        assert not target.has
    assert paid == []


def test_a_gateway_that_hides_itself_is_found_out_by_its_first_answer(ledger: Path) -> None:
    paid: list[str] = []
    with (
        ImagesMock() as mock,
        standing_in(passed_on(mock, paid, all_of_it=True)) as gateway,
        opened(gateway.url, ledger, None) as target,
        pytest.raises(Lost, match="did not come from the mock"),
    ):
        target.ask(SMALL, pays=True)
    assert len(paid) == 1


# -- many at once --------------------------------------------------------------------------------


def test_threads_share_a_cap(ledger: Path) -> None:
    with standing_in(paying()) as api, opened(api.url, ledger, 10 * CENT) as target:

        def ask() -> None:
            for _ in range(3):
                with suppress(NotObserved):
                    target.ask(SMALL, pays=True)

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(api.paid) == 6
        assert sums(api.url, ledger) == Sums(96_000, 0)


#: A run in a process of its own: as many pictures as it gets.
RUN = """
import sys
from contextlib import suppress
from pathlib import Path
from contracts.target import Capped
from contracts.target.opening import Opening, Terms
from tests.contracts.test_money import KEY, SMALL
url, ledger, cap = sys.argv[1:]
opening = Opening({"IMAGES_CONTRACT_API_KEY": KEY}, lambda: 0.0)
with suppress(Capped), opening.target(url, Terms(cap=int(cap), ledger=Path(ledger))) as target:
    for _ in range(1000):
        target.ask(SMALL, pays=True)
"""


def started(url: str, ledger: Path, cap: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", RUN, url, str(ledger), str(cap)]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2])


@pytest.mark.slow
def test_processes_share_a_cap(ledger: Path) -> None:
    with standing_in(paying()) as api:
        runs = [started(api.url, ledger, 30 * CENT) for _ in range(4)]
        assert [one.wait(60) for one in runs] == [0, 0, 0, 0]
        assert len(api.paid) == 18
        assert sums(api.url, ledger) == Sums(288_000, 0)


@pytest.mark.slow
def test_a_reservation_of_a_process_that_was_killed_stays_counted(ledger: Path) -> None:
    killed: list[int] = []
    runs: list[subprocess.Popen[bytes]] = []

    def picture(_: Sent) -> Reply:
        if len(api.paid) % 3 == 2 and len(killed) < len(runs) - 1:
            victim = runs[len(killed)]
            killed.append(victim.pid)
            os.kill(victim.pid, signal.SIGKILL)
        return PICTURE

    with standing_in(paying(picture)) as api:
        runs += [started(api.url, ledger, 30 * CENT) for _ in range(3)]
        codes = sorted(one.wait(60) for one in runs)
        assert codes[-1] == 0
        assert -signal.SIGKILL in codes
        kept = sums(api.url, ledger)
        assert kept.spent + kept.reserved <= 30 * CENT
        assert len(api.paid) * 16_000 <= kept.spent + kept.reserved  # each was counted
        with opened(api.url, ledger, 30 * CENT) as target, pytest.raises(Capped):
            ask_often(target, 1000)
        assert len(api.paid) * 16_000 <= 30 * CENT


def test_a_transaction_that_is_broken_off_leaves_nothing_behind(ledger: Path) -> None:
    book = Ledger(ledger, lambda: 0.0)
    book.reserve("a", 1, 10, "x")
    file = sqlite3.connect(ledger, isolation_level=None)
    file.execute("begin immediate")
    file.execute("update entry set reserved = 10")
    file.close()
    assert book.sums("a") == Sums(0, 1)
    book.reserve("a", 9, 10, "x")
    with pytest.raises(Capped):
        book.reserve("a", 1, 10, "x")


# -- the real API, by a stand-in -----------------------------------------------------------------


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
            self.billed += self._prices(json.loads(sent.body))
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
        with pytest.raises(NotObserved, match="only the smallest size"):
            target.ask(dear, pays=True)
        with pytest.raises(Capped):
            ask_often(target, 9)
        assert real.billed == 48_000


def test_no_request_to_the_real_api_has_another_key(ledger: Path) -> None:
    with the_real_api(ledger, None) as (target, _, server):
        target.ask(WRONG)
        assert {sent.key for sent in server.sent} == {KEY}

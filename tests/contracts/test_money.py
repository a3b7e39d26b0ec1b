"""The money of an account: never a cent more than its cap, whatever becomes of requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

from contracts.discretion import Key
from contracts.exchange import Request, json_request
from contracts.run import exit_code, is_beyond, run
from contracts.target import ABOVE_CAP, THRIFT, Capped, Lost, NotObserved, Target
from contracts.target.http import Patience
from contracts.target.ledger import Ledger, Sums, usd
from contracts.target.money import Purse
from contracts.trials import Outcome, Promise, Trial, Verdict
from mockserver.testing import ImagesMock
from tests.contracts.paying import (
    BY_TOKENS,
    CENT,
    KEY,
    SMALL,
    WRONG,
    ask_often,
    opened,
    paying,
    sums,
    with_usage,
)
from tests.contracts.stand_in import (
    PICTURE,
    Answers,
    Reply,
    Sent,
    error,
    standing_in,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "money" / "ledger.sqlite"


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


def test_what_is_dearer_than_the_whole_cap_is_not_sent_and_ends_nothing(ledger: Path) -> None:
    with standing_in(paying()) as api, opened(api.url, ledger, CENT) as target:
        with pytest.raises(NotObserved, match="alone may cost more than the whole cap") as reason:
            target.ask(SMALL, pays=True)
        assert not isinstance(reason.value, Capped)
        assert not is_beyond(str(reason.value))  # nobody else may see its promise
        assert (api.paid, sums(api.url, ledger)) == ([], Sums(0, 0))


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
        with opened(api.url, ledger, patience=Patience(call=1)) as target:
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


def test_who_pays_for_the_cheapest_alone_does_not_ask_what_can_not_be_read(ledger: Path) -> None:
    twice = Request("POST", "/images/generations", (), b'{"n": 1, "n": 1}')
    for thrifty, reason in ((True, THRIFT), (False, "what it would cost is not known")):
        purse = Purse(Ledger(ledger, lambda: 0.0), "", CENT, "", thrifty=thrifty)
        with pytest.raises(NotObserved, match=reason):
            purse.opened(twice, pays=True)


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
        with pytest.raises(NotObserved, match="more than the whole cap") as reason:
            target.ask(WRONG)
        assert not isinstance(reason.value, Capped)
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


def test_what_no_run_of_these_terms_can_show_does_not_count_as_missing() -> None:
    assert is_beyond(ABOVE_CAP)
    assert is_beyond(THRIFT)
    assert not is_beyond("the cap of $0.05 is reached: $0.048 spent, $0.00 reserved")

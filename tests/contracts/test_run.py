"""A run counts what it asks for, and says what it asked for last."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any, NoReturn, cast

from contracts.exchange import Exchange, Request
from contracts.report.summary import summarised
from contracts.run import exit_code, run
from contracts.target import Lost, Target
from contracts.trials import Outcome, Trial, Verdict
from tests.contracts.told import EDIT, GENERATE, GOOD, LISTED, RUN, exchange, held, trial


class Shop:
    """A target that takes a cent for each answer, and is gone after some of them."""

    base_url, has, day = "http://127.0.0.1:1/v1", frozenset[str](), None

    def __init__(self, answers: int = 100) -> None:
        self.spent, self._left = Decimal(0), answers

    def ask(self, request: Request, *, pays: bool = False) -> Exchange:
        if not self._left:
            raise Lost("nobody is there any more")
        self._left -= 1
        self.spent += Decimal("0.01")
        return exchange(request, body=b'{"data":[{"url":"http://127.0.0.1:1/a.png"}]}')

    def fetch(self, url: str) -> Exchange:
        return exchange(Request("GET", url, key="none"), status=404)


def asking(number: int) -> Trial:
    def judge(number: int, target: Target) -> Iterator[Verdict]:
        for _ in range(number):
            target.ask(GOOD, pays=True)
        target.fetch("http://127.0.0.1:1/a.png")
        yield held()

    return trial(number=number)._replace(judge=partial(judge, number))


def tried(target: Shop, *trials: Trial) -> Any:
    return run(trials, cast("Target", target))


def test_each_row_has_its_calls_pictures_seconds_and_cents() -> None:
    row = tried(Shop(), asking(1), asking(2)).rows[GENERATE]
    tally = row.tally
    assert (tally.calls, tally.pictures, tally.seconds, tally.usd) == (5, 3, 2.5, Decimal("0.03"))
    assert row.statuses == {200: 3}  # a download is no answer of the operation's


def test_a_run_that_is_lost_tells_its_last_request_and_what_was_paid() -> None:
    book = tried(Shop(answers=2), asking(1), asking(2))
    assert (book.ended, book.last, exit_code(book)) == ("nobody is there any more", GOOD, 6)
    assert book.rows[GENERATE].tally.usd == Decimal("0.02")
    last = summarised(book, RUN).last
    assert last is not None
    assert last.line.startswith("curl -i http://127.0.0.1:1/v1/images/generations")


def test_a_run_that_is_interrupted_tells_what_it_saw() -> None:
    def judge(_: Target) -> NoReturn:
        raise KeyboardInterrupt

    interrupted = trial(EDIT)._replace(judge=judge)
    listed = trial(LISTED)._replace(judge=lambda _: iter([held()]))
    book = tried(Shop(), listed, interrupted, asking(1))
    assert (book.ended, exit_code(book)) == ("The run was interrupted.", 6)
    assert book.rows[LISTED].outcome == Outcome.HELD
    assert book.rows[EDIT].reason == "the run ended before"
    assert book.rows[GENERATE].reason == "not tried"


def test_what_a_server_has_no_means_to_show_is_no_reason_to_doubt_it() -> None:
    ends = trial(EDIT)._replace(needs=frozenset({"clock", "limits"}))
    assert exit_code(tried(Shop(), asking(1), ends)) == 0
    assert exit_code(tried(Shop(), ends)) == 6  # nothing was seen at all
    assert exit_code(tried(Shop(), asking(1), ends, trial(LISTED))) == 6


def test_a_fault_of_a_check_ends_no_run_and_is_not_green() -> None:
    def faulty(_: Target) -> Iterator[Verdict]:
        raise KeyError("data")

    book = tried(Shop(), trial()._replace(judge=faulty), asking(2))
    assert "a check failed by itself (KeyError: 'data')" in book.ended
    assert exit_code(book) == 6
    assert book.rows[GENERATE].tally.calls == 3

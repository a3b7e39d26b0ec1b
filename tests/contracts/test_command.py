"""`images-mock contract run` as a user meets it: what it prints, and its exit code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals, raise_signal
from typing import Any, NoReturn

import pytest
from click.testing import CliRunner, Result

from contracts.cli import contract
from contracts.trials import Trial
from mockserver.testing import ImagesMock
from tests.contracts.mutants import MUTANTS, proxy
from tests.contracts.mutants.altering import Defect, honest
from tests.contracts.mutants.plan import brief

JUNE = date(2025, 6, 15)


class Plan:
    """A run's plan, of few trials that are made fast; it keeps what a run asked it for."""

    def __init__(self) -> None:
        self.asked: list[tuple[date | None, bool, bool]] = []

    def __call__(
        self, day: date | None, *, today: date, quick: bool = False, costly: bool = False
    ) -> Iterator[Trial]:
        self.asked.append((day, quick, costly))
        return (trial for trial in brief(day, today)[::9] if not costly or _has_a_price(trial))


def _has_a_price(trial: Trial) -> bool:
    """What an edit of a file costs that is no picture, nobody knows: it is not sent."""
    return trial.promise.operation != "images.edit"


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Plan:
    plan = Plan()
    monkeypatch.setattr("contracts.cases.trials", plan)
    return plan


def run(*options: Any) -> Result:
    return CliRunner().invoke(contract, ["run", *map(str, options)])


def told(result: Result) -> str:
    """All that is printed, with one space where there are several."""
    return " ".join(result.output.split())


def test_the_mock_keeps_what_it_promises_without_being_told_more(plan: Plan) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    assert "target the mock, in process at http://127.0.0.1:" in told(result)
    assert "observed broken core not observed calls pictures seconds USD" in told(result)
    assert plan.asked == [(None, False, False)]


def test_a_quick_run_of_a_day_is_planned_for_it(plan: Plan) -> None:
    result = run("--quick", "--as-of", JUNE)
    assert result.exit_code == 0, result.output
    assert f"day {JUNE}" in told(result)
    assert plan.asked == [(JUNE, True, False)]


def test_a_mock_by_its_url_is_tried_like_the_one_in_process(plan: Plan) -> None:
    with ImagesMock(log_format="none") as mock:
        result = run("--target", mock.url)
    assert result.exit_code == 0, result.output
    assert f"target {mock.url}" in told(result)
    assert plan.asked == [(None, False, False)]


@pytest.mark.parametrize(
    ("defect", "code", "says"),
    [
        (honest, 0, "all"),
        pytest.param(
            MUTANTS["a row too few"][0],
            5,
            "A picture has the size that was asked for",
            marks=pytest.mark.slow,
        ),
        (MUTANTS["another code"][0], 5, "An error has the code that the API gives it"),
    ],
    ids=["honest", "a row too few", "another code"],
)
def test_a_server_that_may_cost_something_is_tried_for_so_much(
    plan: Plan, tmp_path: Path, defect: Defect, code: int, says: str
) -> None:
    paid = ["--paid", "--max-usd", "5", "--ledger", tmp_path / "ledger"]
    with ImagesMock(tier="off", log_format="none") as mock, proxy.served(defect, mock.url) as url:
        result = run("--target", url, *paid)
    assert result.exit_code == code, result.output
    assert says in told(result)
    assert plan.asked == [(None, False, True)]


def test_a_day_that_there_is_not_is_refused_before_anything_is_sent(plan: Plan) -> None:
    result = run("--as-of", "2025-02-30")
    assert result.exit_code == 2
    assert "'2025-02-30'" in result.output
    assert plan.asked == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("usage of a stream off by one", ["--quick"]),
        ("the key inside an error", ["--quick"]),
        ("a model that serves is not listed", ["--quick"]),
        ("created in milliseconds", []),
    ],
)
def test_the_whole_plan_finds_what_is_wrong_with_a_server(
    tmp_path: Path, name: str, options: list[str]
) -> None:
    defect, says = MUTANTS[name]
    paid = ["--paid", "--max-usd", "50", "--ledger", tmp_path / "ledger"]
    with ImagesMock(tier="off", log_format="none") as mock, proxy.served(defect, mock.url) as url:
        result = run("--target", url, *paid, *options)
    assert result.exit_code == 5, result.output
    assert re.search(says, result.output)


def interrupt(number: Signals, *_: Any, **__: Any) -> NoReturn:
    raise_signal(number)
    pytest.fail("nobody was interrupted")


def test_a_run_that_is_interrupted_tells_what_it_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> Iterator[Trial]:
        *seen, last = [trial for trial in brief(None, date(2026, 11, 28)) if not trial.pays][:3]
        yield from seen
        yield last._replace(judge=partial(interrupt, SIGTERM))

    monkeypatch.setattr("contracts.cases.trials", interrupted)
    result = run()
    assert result.exit_code == 6
    assert "The run was interrupted." in told(result)
    assert re.search("something could not be learned: 1 of [23] promises", told(result))


def test_a_run_that_is_interrupted_before_it_began_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contracts.cases.trials", partial(interrupt, SIGINT))
    result = run()
    assert (result.exit_code, told(result)) == (6, "The run was interrupted before it began.")


def test_a_report_that_can_not_be_written_is_printed_all_the_same(
    plan: Plan, tmp_path: Path
) -> None:
    taken = tmp_path / "report"
    (taken / "report.json").mkdir(parents=True)
    result = run("--report", taken)
    assert result.exit_code == 2
    assert "promises that could be observed hold" in told(result)
    assert f"{taken / 'report.json'} can't be written: Is a directory" in told(result)

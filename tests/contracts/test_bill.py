"""A dry run shows what a paid one would cost, and sends nothing; its options are held together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from contracts import cases
from contracts.cli import contract
from contracts.exchange import Request, json_request
from contracts.target import Target
from contracts.target.opening import Opening, Terms, rehearsed
from contracts.trials import Promise, Trial, Verdict
from tests.contracts.stand_in import MODELS, StandIn, standing_in

PROMISE = Promise("images.generate", 200, "a")
SMALL = json_request(
    "POST", "/images/generations", {"prompt": "x", "model": "dall-e-2", "size": "256x256"}
)
LARGE = json_request("POST", "/images/generations", {"prompt": "x", "model": "dall-e-2"})
NONE = json_request("POST", "/images/generations", {"prompt": "x", "model": "dall-e-9"})


def trial(name: str, *requests: Request, pays: bool = True, needs: str = "") -> Trial:
    def judge(target: Target) -> Iterator[Verdict]:
        for request in requests:
            assert target.ask(request, pays=pays).answer.status in (200, 400)
            yield Verdict("It is answered.")

    return Trial(name, PROMISE, judge, pays, needs=frozenset(needs.split()))


TRIALS = [
    trial("small", SMALL),
    trial("twice", SMALL, SMALL),
    trial("large", LARGE),
    trial("unpriced", NONE),
    trial("free", Request("GET", "/models"), pays=False),
    trial("refused", NONE, pays=False),
    trial("moved", SMALL, needs="clock"),
]


@pytest.mark.parametrize(
    ("target", "cap", "expected"),
    [
        (
            "real",
            None,
            ["$0.016  small", "$0.032  twice (2 requests)", "$0.048  at the most, for 3 requests"],
        ),
        (
            "http://127.0.0.1:1/v1",
            20_000,
            [
                "$0.016  small",
                "$0.032  twice (2 requests)",
                "$0.02  large",
                "$0.068  at the most, for 4 requests",
                "$0.02  is the cap: what is beyond it would not be observed",
            ],
        ),
        ("mock", None, ["$0.00  at the most, for 0 requests"]),
    ],
)
def test_a_bill_names_each_trial_that_would_be_paid_for(
    target: str, cap: int | None, expected: list[str], tmp_path: Path
) -> None:
    opening, terms = Opening({}, lambda: 0.0), Terms(cap=cap, ledger=tmp_path / "ledger")
    told = [*rehearsed(opening, target, terms, TRIALS)]
    assert [line.strip() for line in told] == [*expected, "Nothing was sent."]
    assert not (tmp_path / "ledger").exists()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMAGES_MOCK_LEDGER", str(tmp_path / "ledger"))
    monkeypatch.delenv("IMAGES_CONTRACT_API_KEY", raising=False)
    monkeypatch.setattr(cases, "trials", lambda *_, **__: TRIALS[:3])
    with standing_in(lambda _: MODELS) as server:
        yield server


def invoked(*options: str) -> Result:
    return CliRunner().invoke(contract, ["run", *options])


def test_a_dry_run_sends_nothing(run: StandIn) -> None:
    done = invoked("--target", run.url, "--paid", "--max-usd", "0.50", "--dry-run")
    assert done.exit_code == 0, done.output
    assert done.output.endswith("$0.068  at the most, for 4 requests\nNothing was sent.\n")
    assert run.sent == []


def test_a_paid_run_tells_what_it_spent_and_its_cap_ends_with_6(run: StandIn) -> None:
    done = invoked("--target", run.url, "--paid", "--max-usd", "0.04")
    assert done.exit_code == 6, done.output
    assert "the cap of $0.04 is reached: $0.032 spent" in done.output
    assert len(run.paid) == 2
    assert "cap" not in invoked("--target", run.url, "--paid", "--max-usd", "0.10").output
    assert len(run.paid) == 6


def test_without_paying_nothing_that_costs_is_sent(run: StandIn) -> None:
    done = invoked("--target", run.url)
    assert done.exit_code == 6
    assert "--paid --max-usd X pays for it, up to X" in done.output
    assert run.paid == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--paid"], "--paid and --max-usd X go together"),
        (["--max-usd", "1"], "--paid and --max-usd X go together"),
        (["--paid", "--max-usd", "much"], "'much' is no amount of dollars"),
        (["--paid", "--max-usd", "-1"], "'-1' is no amount of dollars"),
        (["--paid", "--max-usd", "inf"], "'inf' is no amount of dollars"),
        (["--paid", "--max-usd", "0.0000001"], "'0.0000001' is no amount of dollars"),
        (["--timeout", "0"], "0"),
    ],
)
def test_options_that_mean_nothing_are_told(options: list[str], told: str, run: StandIn) -> None:
    done = invoked("--target", run.url, *options)
    assert done.exit_code == 2
    assert told in done.output
    assert run.sent == []


def test_the_real_api_without_its_key_is_told_and_openai_api_key_is_not_read(
    run: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-for-other-programs")
    monkeypatch.delenv("IMAGES_MOCK_REAL_API_KEY", raising=False)
    done = invoked("--target", "real", "--max-usd", "1")
    assert done.exit_code == 6
    assert done.output.startswith("The real API needs a key in IMAGES_MOCK_REAL_API_KEY")

"""A run that learns nothing is not green: it says why in few lines, and ends with exit code 6."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from contracts.cli import contract
from contracts.exchange import Answer
from mockserver.testing import ImagesMock
from tests.contracts.mutants import proxy
from tests.contracts.mutants.altering import Defect
from tests.contracts.mutants.plan import brief


@pytest.fixture(scope="module")
def mock() -> Iterator[ImagesMock]:
    with ImagesMock(tier="off", log_format="none") as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def few_trials() -> Iterator[None]:
    """A run's plan is of few trials, none of which takes seconds to be made."""
    planned = brief()[::4]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("contracts.cases.trials", lambda *_, **__: iter(planned))
        yield


def tried(url: str) -> list[str]:
    """What a run prints that ends with exit code 6."""
    result = CliRunner().invoke(contract, ["run", "--target", url])
    assert result.exit_code == 6, result.output
    return result.output.strip().splitlines()


def always(status: int, code: str, **headers: str) -> Defect:
    """A server that has one answer."""
    error = {"message": "No, thanks.", "type": "requests", "param": None, "code": code}
    told = (("content-type", "application/json"), *headers.items())
    return lambda request, ask: Answer(status, told, json.dumps({"error": error}).encode())


@pytest.mark.parametrize(
    ("key", "why", "most"),
    [
        ("revoked", "refuses the API key (401): Incorrect API key provided: sk-mock-***oked", 2),
        ("no-credit", "has no credit left for this key: You exceeded your current quota", 45),
        ("free", "429: Rate limit exceeded for images per minute", 45),
        ("unverified", "403: Your organization must be verified to use the model", 45),
    ],
)
def test_a_key_that_gets_no_picture_makes_no_green_run(
    mock: ImagesMock, monkeypatch: pytest.MonkeyPatch, key: str, why: str, most: int
) -> None:
    monkeypatch.setenv("IMAGES_CONTRACT_API_KEY", f"sk-mock-{key}")
    told = tried(mock.url)
    assert any(why in line for line in told)
    assert len(told) <= most


@pytest.mark.parametrize(
    ("answers", "why", "most"),
    [
        (always(401, "invalid_api_key"), "refuses the API key (401): No, thanks.", 2),
        (always(429, "rate_limit_exceeded"), "answers nothing but 429, 10 times in a row: No", 40),
        (always(429, "insufficient_quota"), "has no credit left for this key: No, thanks.", 40),
        (always(429, "requests", **{"retry-after": "3600"}), "nothing but 429, 10 times", 40),
    ],
    ids=["401", "429", "no credit", "429 for an hour"],
)
def test_a_server_that_has_no_other_answer_makes_no_green_run(
    mock: ImagesMock, answers: Defect, why: str, most: int
) -> None:
    with proxy.served(answers, mock.url) as url:
        told = tried(url)
    assert any(why in line for line in told)
    assert len(told) <= most

"""The mock keeps the contract, called over a socket; and what a careful run costs at the most."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import requests
from schemathesis import Case

from contracts.judging import (
    CAREFUL,
    FULL,
    BudgetSpent,
    CappedSession,
    NearMiss,
    Probe,
    Server,
    Stray,
    at,
    judge,
    judge_near_miss,
    judge_stray,
    judge_without_key,
    near_misses_of,
    pictures_in,
    probes_of,
    profile_for,
    requests_of,
    strays_of,
)
from mockserver.testing import ImagesMock

IMAGES = ["/images/generations", "/images/edits", "/images/variations"]


@pytest.fixture(scope="module")
def judged() -> Iterator[Server]:
    """The mock on a real socket, without limits."""
    with ImagesMock(tier="off") as mock:
        yield at(mock.url, FULL)


@pytest.mark.slow  # the same in process is not
@requests_of(FULL).parametrize()
def test_every_answer_over_a_socket_keeps_the_contract(case: Case[Any], judged: Server) -> None:
    judge(case, judged)


@pytest.mark.parametrize("miss", near_misses_of(FULL), ids=lambda miss: miss.name)
def test_an_upload_that_breaks_a_rule_is_refused_over_a_socket(
    miss: NearMiss, judged: Server
) -> None:
    judge_near_miss(miss, judged)


@pytest.mark.parametrize("probe", probes_of(FULL), ids=str)
def test_a_request_without_a_key_is_refused_over_a_socket(probe: Probe, judged: Server) -> None:
    judge_without_key(probe, judged)


@pytest.mark.parametrize("stray", strays_of(), ids=str)
def test_what_is_not_there_is_refused_over_a_socket(stray: Stray, judged: Server) -> None:
    judge_stray(stray, judged)


@pytest.mark.slow
def test_a_careful_run_of_the_suite_makes_ten_small_pictures_at_the_most(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with ImagesMock(tier="off", log_format="json") as mock:
        monkeypatch.setenv("IMAGES_CONTRACT_BASE_URL", mock.url)
        monkeypatch.setenv("IMAGES_CONTRACT_PROFILE", "careful")
        run = pytester.runpytest_subprocess("--pyargs", "contracts.suite", "-p", "no:cacheprovider")
    sent = 2 * len(probes_of(CAREFUL)) + len(strays_of())
    run.assert_outcomes(passed=sent, skipped=1)  # no near misses
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    made = [line for line in map(json.loads, lines) if line.get("status") == 200 and "n" in line]
    assert {line["path"] for line in made} == {f"/v1{path}" for path in IMAGES}
    assert len(IMAGES) <= sum(line["n"] for line in made) <= 10
    assert {(line["model"], line["size"]) for line in made} == {("dall-e-2", "256x256")}


@pytest.mark.slow
def test_a_careful_run_of_later_models_makes_ten_small_pictures_at_the_most_too(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    day = "2026-09-01"
    probes, strays = probes_of(CAREFUL, date.fromisoformat(day)), strays_of(date.fromisoformat(day))
    with ImagesMock(tier="off", log_format="json", as_of=day) as mock:
        monkeypatch.setenv("IMAGES_CONTRACT_BASE_URL", mock.url)
        monkeypatch.setenv("IMAGES_CONTRACT_PROFILE", "careful")
        monkeypatch.setenv("IMAGES_CONTRACT_AS_OF", day)
        run = pytester.runpytest_subprocess("--pyargs", "contracts.suite", "-p", "no:cacheprovider")
    run.assert_outcomes(passed=2 * len(probes) + len(strays), skipped=1)
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    made = [line for line in map(json.loads, lines) if line.get("status") == 200 and "n" in line]
    assert 1 <= sum(line["n"] for line in made) <= 10
    assert {(line["model"], line["size"]) for line in made} == {("gpt-image-1", "1024x1024")}
    assert sum(line["usd"] for line in made) < 0.1


def test_a_day_before_the_api_is_no_day_for_the_suite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGES_CONTRACT_AS_OF", "2022-11-02")
    done = subprocess.run(
        [sys.executable, "-c", "import contracts.suite"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "before 2022-11-03, the first day" in done.stderr


def test_beyond_the_budget_nothing_is_sent() -> None:
    session = CappedSession(budget=3)
    with pytest.raises(BudgetSpent):
        session.post("http://127.0.0.1:9/v1/images/generations", json={"prompt": "x", "n": 4})


def test_a_form_counts_for_all_that_it_asks_for() -> None:
    session = CappedSession(budget=3)
    files = {"image": ("image.png", b"x" * 70_000, "image/png")}
    with pytest.raises(BudgetSpent, match="4 more"):
        session.post("http://127.0.0.1:9/v1/images/variations", data={"n": "4"}, files=files)


def test_near_misses_are_for_servers_that_send_no_bill() -> None:
    assert near_misses_of(CAREFUL) == []
    assert {miss.path for miss in near_misses_of(FULL)} == set(IMAGES[1:])


@pytest.mark.parametrize(
    ("texts", "pictures"),
    [
        ([], 1),
        (["7"], 7),
        (["2.0"], 2),
        ([" 3 "], 3),
        (["1e1"], 10),
        (["two"], 1),
        (["-5"], 1),
        (["nan"], 1),
        (["inf"], float("inf")),
        (["1", "9"], 9),
        (["9", "1"], 9),
    ],
)
@pytest.mark.parametrize("name", ["n", "n[]", "n[0]"])
def test_a_form_is_read_generously_where_it_is_counted(
    name: str, texts: list[str], pictures: float
) -> None:
    files = [("image", (None, "x")), *((name, (None, text)) for text in texts)]
    prepared = requests.Request("POST", "http://x/", files=files).prepare()
    assert pictures_in(prepared.body, prepared.headers["content-type"]) == pictures


def test_a_request_counts_even_if_it_fails(judged: Server) -> None:
    session = CappedSession(budget=1)
    url = f"{judged.base_url}/images/generations"
    assert session.post(url, json={"prompt": "x"}).status_code == 401
    with pytest.raises(BudgetSpent):
        session.post(url, json={"prompt": "x"})


@pytest.mark.parametrize(
    ("body", "pictures"),
    [
        (None, 0),
        (b'{"prompt": "x"}', 1),
        (b'{"prompt": "x", "n": 7}', 7),
        (b'{"prompt": "x", "n": 2.0}', 2),
        (b'{"prompt": "x", "n": null}', 1),
        (b'{"prompt": "x", "n": "9"}', 1),
        (b'{"n": -5}', 1),
        (b'{"n": 1e400}', float("inf")),
        (b"[1]", 1),
        (b"\xff", 1),
    ],
)
def test_a_body_counts_for_what_it_could_buy(body: bytes | None, pictures: float) -> None:
    assert pictures_in(body) == pictures


@pytest.mark.parametrize(
    ("base_url", "profile"),
    [
        ("http://127.0.0.1:6780/v1", FULL),
        ("http://localhost:6780/v1", FULL),
        ("http://images.localhost/v1", FULL),
        ("http://[::1]:6780/v1", FULL),
        ("https://api.openai.com/v1", CAREFUL),
        ("http://images-mock:6780/v1", CAREFUL),
        ("http://127.0.0.1.example.test/v1", CAREFUL),
        ("http://10.0.0.1/v1", CAREFUL),
        ("not a url", CAREFUL),
    ],
)
def test_only_this_machine_is_tried_without_care(base_url: str, profile: object) -> None:
    assert profile_for(base_url) is profile

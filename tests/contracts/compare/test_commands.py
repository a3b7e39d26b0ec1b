"""The commands, from their arguments to their exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import contracts.cases
from contracts.cli import contract
from contracts.compare.recording import Case
from contracts.trials import Trial
from tests.contracts.compare.stand_in import (
    CANARY,
    FREE,
    TODAY,
    different,
    stand_in,
    written,
)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few trials in place of all."""

    def trials(*args: Any, **kwargs: Any) -> Iterator[Trial]:
        return iter(FREE)

    monkeypatch.setattr(contracts.cases, "trials", trials)
    monkeypatch.setattr("contracts.compare.commands.time", lambda: NOW)


NOW = 1_795_867_200.0  # on TODAY


def contracted(*args: object) -> Result:
    return CliRunner().invoke(contract, [str(arg) for arg in args], catch_exceptions=False)


@pytest.fixture
def recorded(mock_cases: list[Case], tmp_path: Path) -> Path:
    """A directory with what the mock answered."""
    written(mock_cases, tmp_path / "recorded")
    return tmp_path / "recorded"


def test_what_is_recorded_runs_again_offline(tmp_path: Path) -> None:
    done = contracted("record", "-o", tmp_path / "there")
    assert (done.exit_code, done.output.splitlines()[0]) == (
        0,
        f"4 of 4 cases are recorded in {tmp_path / 'there'}",
    )
    again = contracted("run", "--target", f"recording:{tmp_path / 'there'}", "--allow-stale")
    assert again.exit_code == 0, again.output


def test_recording_tells_of_each_field_that_nobody_knows(mock_url: str, tmp_path: Path) -> None:
    def new(path: str, status: int, headers: dict[str, str], body: bytes) -> Any:
        return status, headers | {"x-new": CANARY}, body

    with stand_in(mock_url, new) as url:
        done = contracted("record", "--target", url, "-o", tmp_path / "there")
    assert "kept as its shape alone: images.generate header x-new" in done.output
    assert CANARY not in done.output


def test_nobody_there_is_told_and_leaves_no_file(tmp_path: Path) -> None:
    done = contracted("record", "--target", f"recording:{tmp_path}", "-o", tmp_path / "there")
    assert (done.exit_code, "has no recording" in done.output) == (6, True)


def test_no_command_shows_or_writes_the_key(
    mock_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def telling(path: str, status: int, headers: dict[str, str], body: bytes) -> Any:
        told = f"{CANARY} in words".encode()
        body = body.replace(b"is not one of", told).replace(
            b'"type":', b'"' + told + b'": 1, "type":'
        )
        return status, headers | {"openai-version": CANARY, CANARY: "1"}, body

    monkeypatch.setenv("IMAGES_CONTRACT_API_KEY", CANARY)
    with stand_in(mock_url, telling) as url:
        outputs = [
            contracted("record", "--target", url, "-o", tmp_path / "there").output,
            contracted(
                *("parity", "--target", url, "--against", mock_url),
                *("--html", tmp_path / "parity.html", "--json", tmp_path / "parity.json"),
            ).output,
            contracted("parity", "--target", f"recording:{tmp_path / 'there'}").output,
        ]
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    texts = [*outputs, *(file.read_text("utf-8") for file in files)]
    assert len(files) == len(FREE) + 2
    assert any("[API key]" in text for text in texts)
    assert [text for text in texts if CANARY in text or "canary" in text] == []


def test_parity_with_itself_is_green(recorded: Path) -> None:
    done = contracted("parity", "--target", f"recording:{recorded}", "--against", "mock")
    assert done.exit_code == 0, done.output


def test_a_recording_is_compared_as_of_its_own_day(
    mock_cases: list[Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day, asked = date(2025, 6, 15), []
    origin = mock_cases[0].origin._replace(day=day)
    written([replace(mock_cases[0], origin=origin)], tmp_path)

    def trials(of: date | None, **kwargs: Any) -> Iterator[Trial]:
        asked.append(of)
        return iter(())

    monkeypatch.setattr(contracts.cases, "trials", trials)
    contracted("parity", "--target", f"recording:{tmp_path}")
    assert asked == [day]


def test_parity_writes_what_differs_as_lines_json_and_a_page(
    mock_url: str, recorded: Path, tmp_path: Path
) -> None:
    page, told = tmp_path / "parity.html", tmp_path / "parity.json"
    with stand_in(mock_url, different) as url:
        done = contracted(
            *("parity", "--target", url, "--against", f"recording:{recorded}"),
            *("--html", page, "--json", told),
        )
    assert done.exit_code == 5
    assert "wording       images.generate error.message" in done.output
    assert json.loads(told.read_text("utf-8"))["verdicts"]["wording"] == 1
    assert "<mark>none</mark>" in page.read_text("utf-8")


def test_a_known_gap_of_a_file_is_none_and_a_bad_file_is_named(
    mock_url: str, recorded: Path, tmp_path: Path
) -> None:
    gaps = tmp_path / "gaps.toml"
    gaps.write_text('[[gap]]\nfield = "*"\nreason = "x"\nuntil = 2099-01-01\n', "utf-8")
    with stand_in(mock_url, different) as url:
        known = ("parity", "--target", url, "--against", f"recording:{recorded}", "--gaps", gaps)
        assert contracted(*known).exit_code == 0
    gaps.write_text('[[gap]]\nfield = "*"\n', "utf-8")
    done = contracted(*known)
    assert done.exit_code == 2
    assert "gap 1 lacks its reason" in done.output


@pytest.mark.parametrize(("days", "code"), [(91, 0), (181, 6)])
def test_an_old_recording_warns_and_then_fails(
    days: int, code: int, mock_cases: list[Case], tmp_path: Path
) -> None:
    for case in mock_cases:
        old = case.origin._replace(recorded=TODAY - timedelta(days=days))
        written([Case(**{n: getattr(case, n) for n in NAMES} | {"origin": old})], tmp_path)
    done = contracted("parity", "--target", f"recording:{tmp_path}")
    assert done.exit_code == code, done.output
    assert f"{days} days ago" in done.output
    assert contracted("parity", "--target", f"recording:{tmp_path}", "--allow-stale").exit_code == 0


NAMES = (
    *("id", "operation", "status", "branch", "origin"),
    *("exchanges", "references", "unknown"),
)


def test_drift_has_an_exit_code_for_who_could_not_be_looked_at(tmp_path: Path) -> None:
    told = tmp_path / "drift.json"
    assert contracted("drift", "--json", told).exit_code == 0
    assert json.loads(told.read_text("utf-8"))["could_not_look"] == []
    blind = contracted("drift", "--document", tmp_path / "none.yaml")
    assert (blind.exit_code, "could not look: document" in blind.output) == (6, True)


def test_a_run_is_held_to_what_a_program_relies_on(recorded: Path, tmp_path: Path) -> None:
    sent = {"operation": "images.generate", "size": "7"}
    record = {"operation": "images.generate", "fields": sent, "status": 400}
    journal, relied = tmp_path / "journal.json", tmp_path / "relied.toml"
    journal.write_text(json.dumps({"requests": [record]}), "utf-8")
    assert contracted("from-journal", journal, "-o", relied).exit_code == 0
    done = contracted("run", "--only", relied, "--target", f"recording:{recorded}", "--allow-stale")
    assert done.exit_code == 0, done.output
    assert "all 1 promises that could be observed hold" in done.output


def test_a_journal_that_is_none_is_named(tmp_path: Path) -> None:
    done = contracted("from-journal", tmp_path / "none.json")
    assert (done.exit_code, "none.json can't be read" in done.output) == (2, True)


def test_a_file_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = CliRunner().invoke(contract, ["drift", "--json", str(tmp_path / "file" / "x")])
    assert done.exit_code == 2
    assert done.output == f"Error: {tmp_path}/file/x can't be written: Not a directory\n"

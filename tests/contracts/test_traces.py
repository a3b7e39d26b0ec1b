"""A run leaves nothing where it was started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

#: Three trials of each operation alone, so that this takes no time.
SOME = """
import sys
from itertools import islice
import contracts.cases
whole = contracts.cases.trials
contracts.cases.trials = lambda *told, **more: islice(whole(*told, **more), 3)
from contracts.cli import contract
contract(["run", "--quick"])
"""


def run_in(folder: Path, *command: str) -> None:
    made = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True)
    assert made.returncode in (0, 6), made.stderr
    assert "exit code" in made.stdout
    assert not made.stderr
    assert not [*folder.iterdir()]


def test_a_short_run_leaves_nothing(tmp_path: Path) -> None:
    run_in(tmp_path, "-c", SOME)


@pytest.mark.slow
def test_a_quick_run_leaves_nothing(tmp_path: Path) -> None:
    run_in(tmp_path, "-m", "mockserver", "contract", "run", "--quick")

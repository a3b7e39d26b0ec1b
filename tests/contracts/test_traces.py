"""A run leaves nothing where it was started."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

#: What Hypothesis does before it draws a text.
DRAWING = """
from contextlib import nullcontext
from hypothesis.internal.charmap import charmap
from contracts.traceless import traceless

with {how}():
    charmap()
"""


def run_in(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    ran = [sys.executable, *command]
    return subprocess.run(ran, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("how", "left"), [("traceless", []), ("nullcontext", [".hypothesis"])])
def test_hypothesis_leaves_nothing_where_it_is_told_so(
    tmp_path: Path, how: str, left: list[str]
) -> None:
    drawn = run_in(tmp_path, "-c", DRAWING.format(how=how))
    assert drawn.returncode == 0, drawn.stderr
    assert [path.name for path in tmp_path.iterdir()] == left


@pytest.mark.slow
def test_a_quick_run_leaves_nothing(tmp_path: Path) -> None:
    of_a_day = ("--as-of", "2023-01-01")  # a third of the cases, made and sent in the same way
    made = run_in(tmp_path, "-m", "mockserver", "contract", "run", "--quick", *of_a_day)
    assert made.returncode == 0, made.stdout + made.stderr
    assert not made.stderr
    assert not [*tmp_path.iterdir()]

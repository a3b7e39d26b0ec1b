"""What the mock answers to the whole contract: recorded, replayed, and put beside itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from contracts.cli import contract


@pytest.mark.slow
def test_a_recording_of_the_mock_keeps_the_contract_and_is_the_mocks_own(tmp_path: Path) -> None:
    there, told = tmp_path / "there", tmp_path / "parity.json"

    def contracted(*args: object) -> None:
        done = CliRunner().invoke(contract, [str(arg) for arg in args])
        assert done.exit_code == 0, done.output

    of_a_day = ("--as-of", "2023-01-01")  # a third of the cases, and as many kinds of answers
    contracted("record", *of_a_day, "-o", there)
    contracted("run", *of_a_day, "--target", f"recording:{there}")
    contracted("parity", *of_a_day, "--target", f"recording:{there}", "--json", told)
    assert json.loads(told.read_text("utf-8"))["divergence"]["core"] == 0
    sizes = [file.stat().st_size for file in there.iterdir()]
    assert len(sizes) > 200
    assert max(sizes) < 200_000

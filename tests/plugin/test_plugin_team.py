"""A run against a server that teams share: its sandboxes are the team's."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.testing import ImagesMock
from tests.plugin.conftest import run_plain


def test_a_run_is_of_the_team_whose_control_token_it_has(
    downstream: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code = """
    def test_counted(images_mock):
        poster()
        assert images_mock.api_key.startswith("sk-mock-art-")
        images_mock.assert_called_once()
    """
    file = tmp_path / "tokens.toml"
    file.write_text('art = "art-t0ken"\n')
    monkeypatch.setenv("IMAGES_MOCK_CONTROL_TOKEN", "art-t0ken")
    with ImagesMock(control_token_file=str(file)) as mock:
        there = f"--images-mock-url={mock.url}"
        run_plain(downstream, code, there, "--images-mock-team=art").assert_outcomes(passed=1)

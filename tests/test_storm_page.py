"""The page on storms: its program and test are files, and what it shows is what they come to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = Path(__file__).parent / "how_to" / "storm"
PAGE = (ROOT / "docs" / "storm.md").read_text("utf-8")


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for variable in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "mockserver.pytest_plugin")
    for file in FILES.glob("*.py"):
        pytester.path.joinpath(file.name).write_text(file.read_text("utf-8"), "utf-8")
    return pytester


def stormed(project: pytest.Pytester) -> list[str]:
    result = project.runpytest_subprocess("--images-mock-storm", "--images-mock-storm-patience=2")
    result.assert_outcomes(passed=1)
    return result.outlines


def test_the_page_shows_each_file_letter_for_letter() -> None:
    shown = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert sorted(shown) == sorted(f.read_text("utf-8") for f in FILES.glob("*.py"))


@pytest.mark.slow
def test_the_page_shows_what_the_storm_finds(project: pytest.Pytester) -> None:
    (shown,) = re.findall(r"^```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    lines = [" ".join(line.split()) for line in stormed(project)]
    assert [line for line in shown.splitlines() if " ".join(line.split()) not in lines] == []


@pytest.mark.slow
def test_in_the_mended_program_it_finds_nothing(project: pytest.Pytester) -> None:
    project.path.joinpath("poster.py").write_text((FILES / "mended.py").read_text("utf-8"), "utf-8")
    assert "19 runs of 1 test: 19 clean error" in stormed(project)

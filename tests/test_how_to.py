"""The how-tos: each is a test file of a user, run in a project of its own, and shown in the docs."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from mockserver.core.rules.parser import rule_of

ROOT = Path(__file__).parent.parent
FILES = sorted((Path(__file__).parent / "how_to").glob("test_*.py"))
PAGE = ROOT / "docs" / "how-to.md"
Plugged = Callable[..., pytest.RunResult]


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for variable in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        monkeypatch.delenv(variable, raising=False)
    for file in FILES:
        pytester.path.joinpath(file.name).write_text(file.read_text("utf-8"), "utf-8")
    return pytester


@pytest.fixture
def few_plugins(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Plugged:
    """Runs it with those that it needs: to load every plugin takes seconds."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    plugins = ("-p", "anyio", "-p", "mockserver.pytest_plugin")
    return partial(project.runpytest_subprocess, "-W", "error", *plugins)


#: The one that takes as long as all the others; they can run side by side.
LONG = "test_contract.py"


@pytest.mark.parametrize(
    "files",
    [
        pytest.param([LONG], marks=pytest.mark.slow, id="contract"),
        pytest.param([f"--ignore={LONG}"], id="others"),
    ],
)
def test_each_how_to_passes_without_a_warning(few_plugins: Plugged, files: list[str]) -> None:
    check(few_plugins(*files), least=1 if files == [LONG] else len(FILES))


@pytest.mark.slow
def test_each_how_to_passes_on_several_workers(few_plugins: Plugged) -> None:
    # The long one runs a contract, which no test beside it has a part in.
    check(few_plugins("-p", "xdist", "-n", "2", f"--ignore={LONG}"), least=len(FILES))


@pytest.mark.slow
def test_each_how_to_passes_beside_every_plugin_that_is_here(project: pytest.Pytester) -> None:
    # pytest-asyncio warns of a setting that nobody here has made.
    check(project.runpytest_subprocess("-W", "error", "-p", "no:asyncio"))


def check(result: pytest.RunResult, least: int = len(FILES) + 1) -> None:
    outcomes = result.parseoutcomes()
    assert outcomes.pop("passed") >= least
    assert outcomes == {}
    assert result.ret == 0


@pytest.mark.slow
def test_the_one_without_pytest_runs_without_pytest(project: pytest.Pytester) -> None:
    command = [sys.executable, "-m", "unittest", "test_unittest"]
    done = subprocess.run(command, cwd=project.path, capture_output=True, text=True)
    assert done.stderr.endswith("OK\n"), done.stderr


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are out of the way")
def test_the_page_shows_each_how_to_letter_for_letter() -> None:
    shown = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert sorted(shown) == sorted(f.read_text("utf-8") for f in FILES)


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are out of the way")
def test_the_rules_that_the_page_shows_can_be_read() -> None:
    shown = re.findall(r"^```toml\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    rules = [rule_of(rule) for text in shown for rule in tomllib.loads(text).get("rules", ())]
    assert all(rule.then.reply for rule in rules)
    assert len(rules) == 2

"""What the README says is so: its examples run, as those of the site's first page do; and it is short."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mockserver.testing import ImagesMock

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def block(text: str, part: str) -> str:
    """The first block of Python that has a part in it."""
    blocks: list[str] = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return next(b for b in blocks if part in b)


@pytest.mark.usefixtures("closing")
def test_the_first_example_runs_as_it_stands(server: ImagesMock) -> None:
    code = block(README, "a red fox in the snow").replace("http://127.0.0.1:6780", server.address)
    known: dict[str, object] = {}
    exec(code, known)
    png = known["png"]
    assert isinstance(png, bytes)
    picture = ROOT / "docs" / "fox.png"
    if picture.exists():  # not beside the wheel
        assert png == picture.read_bytes()


def test_the_examples_of_the_plugin_run_as_they_stand(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # all others take seconds to load
    monkeypatch.setenv("PYTEST_PLUGINS", "mockserver.pytest_plugin")
    pages = {
        name: (ROOT / "docs" / f"{name}.md").read_text("utf-8") for name in ("index", "plugin")
    }
    for name, text in ({"readme": README} | pages).items():
        pytester.makepyfile(**{f"test_{name}": block(text, "def test_the_program_tries_again")})
    pytester.runpytest_subprocess().assert_outcomes(passed=4)


def test_the_two_commands_are_there() -> None:
    assert "$ pip install . && images-mock\nREADY http://127.0.0.1:6780\n" in README
    assert "$ pip install -e '.[test]' && pytest\n" in README


def test_it_is_short() -> None:
    assert README.count("\n") <= 150

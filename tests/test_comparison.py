"""docs/comparison.md: what it says that others do is what they do."""

from __future__ import annotations

import os
import re
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.terminal import File, Terminal, Typed, is_as_told, steps
from tests.test_tutorial import reader

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "comparison.md"
if not PAGE.exists():
    pytest.skip("the docs are out of the way", allow_module_level=True)
TEXT = PAGE.read_text("utf-8")
PLUGINS = "respx.plugin,pytest_httpx,pytest_httpx2,requests_mock.contrib._pytest_plugin"


def test_each_server_of_the_table_is_one_that_the_contract_was_held_to() -> None:
    table = TEXT.partition("\n## Servers\n")[2]
    named = re.findall(r"^\| ([\w-]+) ([\d.]+) \|", table, re.MULTILINE)
    held = re.findall(
        r'^package = "(?:@?[\w/-]+/)?([\w-]+)(?:@|==)([\d.]+)"',
        (ROOT / "docs" / "contract-servers.toml").read_text("utf-8"),
        re.MULTILINE,
    )
    assert named == [("steady" if name == "cli" else name, number) for name, number in held]


def need_neighbours() -> None:
    """Skip where they are missing; on CI that is a fault of the installation."""
    if not os.environ.get("CI"):
        pytest.importorskip("pytest_httpx2", reason="pip install '.[neighbours]'")


@pytest.mark.neighbours
def test_what_is_seen_of_the_sdk_and_what_replays_is_as_the_page_says(tmp_path: Path) -> None:
    need_neighbours()
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": PLUGINS}
    with Terminal(tmp_path, reader(**alone)) as terminal:
        for step in steps(TEXT):
            match step:
                case File(name, content):
                    (tmp_path / name).write_text(content, "utf-8")
                case Typed(command, told) if not command.startswith("pip "):
                    said = terminal.type(command)
                    assert is_as_told(said, told), said


@pytest.mark.neighbours
def test_the_versions_that_were_tried_are_named() -> None:
    """Where they are others by now, what the test above found counts, and the page is to be dated anew."""
    need_neighbours()
    (line,) = re.findall(r"^\$ pip install --quiet (.*)$", TEXT, re.MULTILINE)
    tried = dict(named.split("==") for named in line.split())
    assert {name: version(name).split(".")[0] for name in tried} == {
        name: number.split(".")[0] for name, number in tried.items()
    }

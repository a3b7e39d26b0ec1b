"""SECURITY.md names tests, files and settings that exist, and claims nothing without one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mockserver.settings import SETTINGS

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "SECURITY.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="it is not beside the wheel")
TEXT = PAGE.read_text("utf-8") if PAGE.exists() else ""
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in TEXT.splitlines()
    if line.startswith("| ") and not line.startswith(("| **", "| threat"))
]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_threat_has_a_control_and_a_test() -> None:
    assert len(ROWS) > 20
    assert [row for row in ROWS if len(row) != 3 or not all(row)] == []
    assert [row[0] for row in ROWS if not TEST.search(row[2])] == []


def test_every_test_that_is_named_exists() -> None:
    def exists(path: str, name: str) -> bool:
        file = ROOT / path
        return file.exists() and bool(
            re.search(rf"^ *(async )?def {name}\(", file.read_text(), re.M)
        )

    assert [test for test in TEST.findall(TEXT) if not exists(*test)] == []


def test_every_file_that_is_named_exists() -> None:
    named = re.findall(r"`((?:[\w-]+/)*[\w-]+\.(?:py|toml|txt|md))(?:::\w+)?`", TEXT)
    assert len(named) > 30
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_setting_that_is_named_exists() -> None:
    named = set(re.findall(r"`--([a-z-]+)`", TEXT))
    assert named <= {setting.name for setting in SETTINGS}


def test_it_is_short_and_linked_from_the_readme() -> None:
    assert TEXT.count("\n") <= 130
    assert "](SECURITY.md)" in (ROOT / "README.md").read_text("utf-8")

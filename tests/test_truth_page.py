"""docs/truth.md: its counts are those of the evidence, its command says what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from mockserver.cli import cli
from mockserver.evidence.findings import LEVELS
from tests.terminal import Typed, is_as_told, steps

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "truth.md"
if not PAGE.exists():
    pytest.skip("the docs are out of the way", allow_module_level=True)
TEXT = PAGE.read_text("utf-8")


def test_each_level_is_told_with_as_many_rows_as_the_evidence_has() -> None:
    evidence = (DOCS / "evidence.md").read_text("utf-8")
    counted = dict(re.findall(r"^\| ([a-z ]+) \| .+ \| (\d+) \|$", evidence, re.MULTILINE))
    assert dict(re.findall(r"^\| ([a-z ]+) \| (\d+) \|", TEXT, re.MULTILINE)) == counted
    assert list(counted) == list(LEVELS)


def test_what_is_typed_says_what_it_says() -> None:
    typed = [step for step in steps(TEXT) if isinstance(step, Typed)]
    assert typed
    for command, told in typed:
        name, *arguments = command.split()
        assert name == "images-mock"
        said = CliRunner().invoke(cli, arguments).output
        assert is_as_told(said, told), said

"""The contract of any kind of day as Spectral reads it, with the rules that are shipped beside it."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path

import pytest

from contracts.document.build import DOCUMENT, build, rendered
from tests.node import INSTALL, npm

PACKAGES = Path(__file__).parent.parent / "spectral" / "package.json"
RULES = DOCUMENT.with_name("spectral.yaml")
#: With the words of 2023, with streams and with an operation that serves no more, at the last one.
DAYS = (date(2023, 1, 1), date(2025, 6, 15), date(2026, 9, 1), date(2026, 12, 2))


@pytest.mark.javascript
def test_spectral_has_nothing_to_say_of_any_day(tmp_path: Path) -> None:
    if not shutil.which("npm") and not os.environ.get("CI"):
        pytest.skip("npm is not installed: install Node.js 18 or newer")
    shutil.copy(PACKAGES, tmp_path)
    shutil.copy(RULES, tmp_path)
    shutil.copy(DOCUMENT, tmp_path / "default.yaml")
    for day in DAYS:
        (tmp_path / f"{day}.yaml").write_text(rendered(build("api", day)), "utf-8")
    installed = npm(tmp_path, *INSTALL)
    assert installed.returncode == 0, installed.stderr
    files = ["default.yaml", *(f"{day}.yaml" for day in DAYS)]
    lint = ("lint", "--ruleset", RULES.name, "--fail-severity=hint", *files)
    said = npm(tmp_path, "exec", "--", "spectral", *lint)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "No results with a severity of 'hint' or higher found" in said.stdout

"""The recipe for JavaScript: run with the real SDK under Vitest, and shown in the docs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mockserver.testing import ImagesMock

RECIPE = Path(__file__).parent / "javascript"
PAGE = Path(__file__).parent.parent / "docs" / "javascript.md"
FILES = sorted([*RECIPE.glob("*.js"), RECIPE / "package.json"])
OWN = ("OPENAI_", "IMAGES_MOCK_", "NODE_OPTIONS", "VITEST", "npm_")
INSTALL = ("install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")


def npm(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run(folder, "npm", *arguments, **variables)


def run(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ambient = {k: v for k, v in os.environ.items() if not k.startswith(OWN)}
    return subprocess.run(
        command,
        cwd=folder,
        env=ambient | {"PATH": path} | variables,
        capture_output=True,
        text=True,
        timeout=300,
    )


def verdict(project: Path, **variables: str) -> dict[str, Any]:
    done = npm(project, "test", "--silent", "--", "--reporter=json", **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the recipe with its packages installed."""
    if not shutil.which("npm") and not os.environ.get("CI"):
        pytest.skip("npm is not installed: install Node.js 18 or newer")
    folder = tmp_path_factory.mktemp("javascript")
    for file in FILES:
        shutil.copy(file, folder)
    done = npm(folder, *INSTALL)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.javascript
def test_the_recipe_starts_a_server_and_passes(project: Path) -> None:
    told = verdict(project)
    assert told["numPassedTests"] == told["numTotalTests"] == 4


@pytest.mark.javascript
def test_two_files_share_a_running_server_each_with_a_key_of_its_own(
    project: Path, server: ImagesMock
) -> None:
    again = shutil.copy(project / "poster.test.js", project / "again.test.js")
    before = sandboxes(server)
    told = verdict(project, IMAGES_MOCK_URL=server.url)
    Path(again).unlink()
    assert told["numPassedTests"] == told["numTotalTests"] == 8
    assert sandboxes(server) == before + 2


def sandboxes(server: ImagesMock) -> int:
    return len(httpx2.get(f"{server.address}/_mock/sandboxes", trust_env=False).json()["sandboxes"])


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are out of the way")
def test_the_page_shows_each_file_letter_for_letter() -> None:
    page = re.compile(r"^`([^`\n]+)`\n\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)
    shown = dict(page.findall(PAGE.read_text("utf-8")))
    assert shown == {file.name: file.read_text("utf-8") for file in FILES}

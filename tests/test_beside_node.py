"""Types of uploads, and what the API has beside images, used by the official SDK for JavaScript under Node."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from mockserver.testing import ImagesMock
from tests.stream_cases import NODE
from tests.test_javascript import INSTALL, RECIPE, npm, run

PARTS = ("edits", "files", "batches", "costs", "responses")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the scripts and the SDK are."""
    if not shutil.which("npm") and not os.environ.get("CI"):
        pytest.skip("npm is not installed: install Node.js 18 or newer")
    made = tmp_path_factory.mktemp("beside")
    for part in PARTS:
        shutil.copy(RECIPE / f"{part}.mjs", made)
    found = re.search(r"openai (\S+)", NODE)
    assert found
    done = npm(made, *INSTALL, f"openai@{found[1]}")
    assert done.returncode == 0, done.stderr
    return made


@pytest.mark.javascript
@pytest.mark.parametrize("part", PARTS)
def test_the_sdk_for_node_gets_what_it_was_made_for(
    folder: Path, server: ImagesMock, part: str
) -> None:
    box = server.sandbox(f"sk-mock-node-{part}").begin(per_minute=1000)
    done = run(folder, "node", "--test", f"{part}.mjs", **box.env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^\S+ fail 0$", done.stdout, re.MULTILINE), done.stdout
    assert not [r for r in box.requests if r.status >= 500]

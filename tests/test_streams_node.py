"""Streams read by the official SDK for JavaScript under Node."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from mockserver.testing import ImagesMock
from tests.stream_cases import CASES, NODE
from tests.test_javascript import INSTALL, RECIPE, npm, run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the script and the SDK are."""
    if not shutil.which("npm") and not os.environ.get("CI"):
        pytest.skip("npm is not installed: install Node.js 18 or newer")
    made = tmp_path_factory.mktemp("streams")
    shutil.copy(RECIPE / "streams.mjs", made)
    found = re.search(r"openai (\S+)", NODE)
    assert found
    done = npm(made, *INSTALL, f"openai@{found[1]}")
    assert done.returncode == 0, done.stderr
    return made


@pytest.mark.javascript
def test_node_sees_what_the_page_says(folder: Path, server: ImagesMock) -> None:
    box = server.sandbox().begin(per_minute=1000)
    variables = {"IMAGES_MOCK_URL": box.url, "OPENAI_API_KEY": box.api_key}
    done = run(folder, "node", "streams.mjs", *[json.dumps(c.then) for c in CASES], **variables)
    assert done.returncode == 0, done.stderr
    seen = dict(
        zip([c.script for c in CASES], map(json.loads, done.stdout.splitlines()), strict=True)
    )
    assert seen == {c.script: {"types": c.node, "raised": c.raised[1]} for c in CASES}

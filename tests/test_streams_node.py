"""Streams read by the official SDK for JavaScript under Node."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mockserver.testing import ImagesMock
from tests.node import installed, run
from tests.stream_cases import CASES, NODE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the script and the SDK are."""
    found = re.search(r"openai (\S+)", NODE)
    assert found
    scripts = sorted((Path(__file__).parent / "javascript").glob("*.mjs"))
    return installed(tmp_path_factory, "scripts", scripts, f"openai@{found[1]}")


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

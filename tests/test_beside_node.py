"""Types of uploads, and what the API has beside images, used by the official SDK for JavaScript under Node."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mockserver.testing import ImagesMock
from tests.node import run
from tests.test_streams_node import folder

__all__ = ["folder"]
PARTS = ("edits", "files", "batches", "costs", "responses")


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

"""The recipes for load, and the shape that they meet: what waits in line, and how long."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from mockserver.testing import ImagesMock
from tests.deploy.manifests import DEPLOY

pytestmark = pytest.mark.deploy

LOAD = DEPLOY / "load"
USERS, PLACES, LATENCY, SECONDS = 12, 2, 0.1, 5


def missing(reason: str) -> None:
    """Skip, but not in CI."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def test_users_of_locust_wait_in_line_as_long_as_there_are_more_of_them_than_places() -> None:
    if find_spec("locust") is None:
        missing("locust is not installed: pip install '.[deploy]'")
    with ImagesMock(tier="off", latency=f"{LATENCY}s", capacity=PLACES) as mock:
        command = [sys.executable, "-m", "locust", "-f", str(LOAD / "locustfile.py")]
        command += ["--host", mock.address, "--headless", "--only-summary", "--json"]
        command += ["-u", str(USERS), "-r", str(USERS), "-t", f"{SECONDS}s"]
        told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        asked = mock.sandbox("sk-mock-load").requests
    assert told.returncode == 0, told.stderr
    found = {(row["method"], row["name"]): row for row in json.loads(told.stdout)}
    assert found.keys() == {(m, n) for m in ("POST", "server") for n in ("generate", "stream")}
    assert not any(row["num_failures"] for row in found.values())
    row = found["POST", "generate"]
    both = row["num_requests"] + found["POST", "stream"]["num_requests"]
    assert 10 < both <= PLACES / LATENCY * (SECONDS + 1)  # no more than there are places for
    # In a closed loop all users are there all the time: each waits for all others.
    least = USERS * LATENCY / PLACES
    assert row["total_response_time"] / row["num_requests"] / 1000 > least / 2
    lines = [line for r in asked for line in r.trace if line.startswith("waited in line")]
    behind = [int(line.rpartition(" ")[2]) for line in lines]
    assert max(behind) == USERS - PLACES - 1


def test_the_recipe_for_k6_is_a_module_of_javascript(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        missing("node is not there")
    module = tmp_path / "k6.mjs"
    shutil.copy(LOAD / "k6.js", module)
    told = subprocess.run([str(node), "--check", str(module)], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr

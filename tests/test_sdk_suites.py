"""The vendor's own suites, out of the installed SDK's source distribution. None of it is kept here."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

import pytest

from mockserver.testing import ImagesMock

KEY = "My API Key"  # theirs
SUITES = ("test_images", "test_models")
PIP = [sys.executable, "-m", "pip", "download", "-q", "--no-binary", ":all:", "--no-deps"]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked sources of the `openai` that is installed."""
    directory, wanted = tmp_path_factory.mktemp("sdk"), f"openai-{version('openai')}"
    command = [*PIP, "--dest", str(directory), wanted.replace("-", "==")]
    subprocess.run(command, check=True, timeout=300)
    with tarfile.open(directory / f"{wanted}.tar.gz") as archive:
        archive.extractall(directory, filter="data")
    return directory / wanted


@pytest.mark.clients
def test_the_sdks_own_suites_pass_whole(sources: Path) -> None:
    files = [f"tests/api_resources/{name}.py" for name in SUITES]
    plugins = ("-p", "xdist", "-p", "pytest_asyncio.plugin", "-n", "0", "-q")
    with ImagesMock(validation="schema", log_format="none") as mock:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *plugins, *files],
            cwd=sources,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "OPENAI_"))},
                "TEST_API_BASE_URL": mock.url,
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            },
            capture_output=True,
            text=True,
            timeout=300,
        )
        requests = mock.sandbox(KEY).requests
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    assert "skipped" not in done.stdout.splitlines()[-1]
    asked = {(r.operation, r.status) for r in requests if r.operation}
    assert asked == {("images.generate", 200), ("images.edit", 200), ("images.vary", 200)}

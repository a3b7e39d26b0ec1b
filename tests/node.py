"""Node in tests: its programs, and packages that are installed once for all tests of a run."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

INSTALL = ("install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")
_OWN = ("OPENAI_", "IMAGES_MOCK_", "NODE_OPTIONS", "VITEST", "JEST", "npm_")


def npm(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run(folder, "npm", *arguments, **variables)


def run(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=300,
    )


def environment(**variables: str) -> dict[str, str]:
    """That of this process without what leads anywhere, and with images-mock on the PATH."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ambient = {k: v for k, v in os.environ.items() if not k.startswith(_OWN)}
    return ambient | {"PATH": path} | variables


def installed(
    runs: pytest.TempPathFactory, name: str, files: Iterable[Path], *packages: str
) -> Path:
    """A folder of these files and of packages: made once, for all workers of a run."""
    if not shutil.which("npm") and not os.environ.get("CI"):
        pytest.skip("npm is not installed: install Node.js 18 or newer")
    root = runs.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    folder, done = root / name, root / f"{name}.installed"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for file in files:
                (shutil.copytree if file.is_dir() else shutil.copy)(file, folder / file.name)
            told = npm(folder, *INSTALL, *packages)
            assert told.returncode == 0, told.stderr
            done.touch()
    return folder

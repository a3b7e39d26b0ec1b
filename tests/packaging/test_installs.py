"""What is released: wheel and sdist, looked into, and installed by uv and pipx. By pip CI installs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from mockserver import __version__
from tests.packaging.schemas import tool

pytestmark = pytest.mark.packaging
ROOT = Path(__file__).parents[2]


def ran(*words: str | Path, cwd: Path, **variables: str) -> str:
    done = subprocess.run(
        words,
        cwd=cwd,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("dist")
    ran(
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "-t",
        "wheel",
        "-t",
        "sdist",
        "-d",
        made,
        cwd=ROOT,
    )
    return made


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    [found] = dist.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def sdist(dist: Path) -> Path:
    [found] = dist.glob("*.tar.gz")
    return found


def test_their_checkers_find_nothing(wheel: Path, sdist: Path) -> None:
    assert ran(tool("twine"), "check", "--strict", wheel, sdist, cwd=ROOT).count("PASSED") == 2
    assert ran(tool("check-wheel-contents"), wheel, cwd=ROOT).strip().endswith("OK")


def test_the_sdist_has_what_its_tests_need_and_makes_the_same_wheel(
    wheel: Path, sdist: Path, tmp_path: Path
) -> None:
    with tarfile.open(sdist) as file:
        file.extractall(tmp_path, filter="data")
    [source] = tmp_path.iterdir()
    ran(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=source)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()
    some = [
        "tests/test_security_page.py",
        "tests/test_verdict_page_of_docs.py",
        "tests/core/test_days.py",
    ]
    said = ran(
        sys.executable, "-m", "pytest", "-q", "-n", "0", *some, cwd=source, PYTHONPATH=str(source)
    )
    assert re.search(r"\d+ passed", said)


def test_uv_installs_it_as_a_tool_and_runs_it_without(wheel: Path, tmp_path: Path) -> None:
    kept = {
        "UV_TOOL_DIR": str(tmp_path / "tools"),
        "UV_TOOL_BIN_DIR": str(tmp_path / "bin"),
        "UV_PYTHON": sys.executable,
        "UV_NO_CONFIG": "1",
    } | as_pip_has_it()
    ran(tool("uv"), "tool", "install", wheel, cwd=tmp_path, **kept)
    serves(tmp_path / "bin" / "images-mock", cwd=tmp_path)
    said = ran(tool("uvx"), "--from", wheel, "images-mock", "--version", cwd=tmp_path, **kept)
    assert __version__ in said


def test_pipx_runs_it_and_installs_it(wheel: Path, tmp_path: Path) -> None:
    kept = {
        "PIPX_HOME": str(tmp_path / "home"),
        "PIPX_BIN_DIR": str(tmp_path / "bin"),
        "PIPX_DEFAULT_PYTHON": sys.executable,
        "PIPX_DEFAULT_BACKEND": "uv",  # what one waits for is not pipx
    } | as_pip_has_it()
    ran(tool("pipx"), "install", wheel, cwd=tmp_path, **kept)
    serves(tmp_path / "bin" / "images-mock", cwd=tmp_path)
    said = ran(
        tool("pipx"), "run", "--spec", wheel, "images-mock", "--version", cwd=tmp_path, **kept
    )
    assert __version__ in said


def as_pip_has_it() -> dict[str, str]:
    """Where pip looks for packages, for uv, which reads no configuration of pip's."""
    said = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    index = re.search(r"\.index-url='([^']+)'", said)
    found = (
        os.environ.get("UV_DEFAULT_INDEX")
        or os.environ.get("PIP_INDEX_URL")
        or (index and index[1])
    )
    return {"UV_DEFAULT_INDEX": found} if found else {}


def serves(command: Path, *, cwd: Path) -> None:
    """That an installed command starts a server, which another call of it finds."""
    assert __version__ in ran(command, "--version", cwd=cwd)
    with subprocess.Popen([command, "--port", "0", "--ready-file", cwd / "address"]) as server:
        try:
            ran(command, "wait", "--ready-file", cwd / "address", "--timeout", "60s", cwd=cwd)
        finally:
            server.terminate()
    assert server.returncode == 0

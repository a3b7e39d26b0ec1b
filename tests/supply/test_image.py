"""The Dockerfile's own commands, run without a container: what they install, tell, and build."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from supply import lock
from supply.sbom import PACKAGE
from tests.supply.pins import SERVER
from tests.test_determinism import interpreter

pytestmark = pytest.mark.matrix
ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")


class Built(NamedTuple):
    """What stands for the image's file system."""

    base: Path  # the environment that stands for the base image's Python
    source: Path
    opt: Path
    wheel: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    version = ".".join(map(str, lock.python_of(DOCKERFILE)))
    python = interpreter(version)
    if not python:
        pytest.skip(f"there is no Python {version}")
    root = tmp_path_factory.mktemp("image")
    made = Built(root / "base", root / "source", root / "opt", root / "wheel")
    subprocess.run([python, "-m", "venv", made.base], check=True)
    copy(made.source)
    for commands in build_commands():
        there = commands.replace("/opt/images-mock", str(made.opt))
        run(made, re.sub(r"(?<=\s)/wheel", str(made.wheel), there), made.source)
    return made


def build_commands() -> list[str]:
    """What the stage that builds runs, a shell's line each."""
    stage = DOCKERFILE.split("\nFROM ")[1].replace("\\\n", " ")
    return re.findall(r"^RUN (.+)$", stage, re.MULTILINE)


def copy(to: Path) -> None:
    """What .dockerignore lets into the image."""
    to.mkdir()
    let_in = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE)
    for name in let_in:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, to)


def run(made: Built, command: str, directory: Path) -> str:
    """The output of a shell's line, with the base's Python first in the path."""
    path = f"{made.base / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PIP_QUIET": "1"}
    done = subprocess.run(
        ["sh", "-ec", command], cwd=directory, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert done.returncode == 0, command
    return done.stdout


def test_exactly_what_is_pinned_is_installed_and_told(built: Built) -> None:
    document: dict[str, Any] = json.loads((built.opt / "sbom.cdx.json").read_text("utf-8"))
    told = {c["name"]: c["version"] for c in document["components"] if c["type"] == "library"}
    assert told == {name: str(release.version) for name, release in SERVER.items()}
    installed = {path.name.split("-")[0].lower() for path in built.opt.rglob("*.dist-info")}
    assert installed == {name.replace("-", "_") for name in (*SERVER, PACKAGE)}


def test_the_font_is_told_as_a_part_of_the_package(built: Built) -> None:
    document = json.loads((built.opt / "sbom.cdx.json").read_text("utf-8"))
    assert [c["name"] for c in document["metadata"]["component"]["components"]] == ["GNU Unifont"]


def test_the_installed_command_runs(built: Built) -> None:
    assert PACKAGE.removeprefix("openai-") in run(
        built, "opt/bin/images-mock --version", built.opt.parent
    )


def test_a_wheel_is_the_same_bytes_wherever_and_whenever_it_is_built(
    built: Built, tmp_path: Path
) -> None:
    copy(tmp_path / "elsewhere")
    for path in (tmp_path / "elsewhere").rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o700 if path.is_dir() else 0o600)
    run(built, f"python -m hatchling build -t wheel -d {tmp_path}", tmp_path / "elsewhere")
    [first], [second] = built.wheel.glob("*.whl"), tmp_path.glob("*.whl")
    assert (first.name, first.read_bytes()) == (second.name, second.read_bytes())


def test_the_source_distribution_has_what_users_of_it_read(built: Built, tmp_path: Path) -> None:
    run(built, f"python -m hatchling build -t sdist -d {tmp_path}", ROOT)
    [path] = tmp_path.glob("*.tar.gz")
    with tarfile.open(path) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
    assert {"SECURITY.md", "README.md", "LICENSE", "supply/requirements.txt"} <= names
    assert not [name for name in names if name.startswith(".ci")]

"""The container's packages: pinned in step with pyproject.toml, by hashes that hold on both machines."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from supply import lock
from supply.sbom import PACKAGE
from tests.supply.pins import BUILD, SERVER, SUPPLY, Release, needed

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
ANEW = "python3.13 supply/lock.py pins them anew"
#: What an older Python needs in the place of its own modules.
OF_OLDER_PYTHONS = {"typing-extensions", "tomli"}


@pytest.mark.parametrize(
    ("requirements", "pinned"),
    [
        pytest.param(PROJECT["project"]["dependencies"], SERVER, id="server"),
        pytest.param(PROJECT["build-system"]["requires"], BUILD, id="build"),
    ],
)
def test_what_the_project_needs_is_pinned_within_its_bounds(
    requirements: list[str], pinned: dict[str, Release]
) -> None:
    for one in map(Requirement, requirements):
        assert pinned[one.name].version in one.specifier, ANEW


def test_nothing_is_pinned_that_nobody_needs() -> None:
    assert {*SERVER} - OF_OLDER_PYTHONS == needed(PACKAGE) - {PACKAGE} - OF_OLDER_PYTHONS


@pytest.mark.parametrize("name", ["requirements.txt", "build.txt"])
def test_no_registry_is_named(name: str) -> None:
    assert not re.search(r"://|^-|@ ", (SUPPLY / name).read_text("utf-8"), re.MULTILINE)


def test_a_copy_on_this_machine_is_not_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    told = '{"install": [{"metadata": {"name": "X", "version": "1"}, "download_info": {"url": "file:///x"}}]}'
    done = subprocess.CompletedProcess([], 0, told)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    with pytest.raises(lock.Mistake, match="PIP_CONFIG_FILE"):
        list(lock.resolved(["x"], "x86_64"))


def test_two_versions_of_one_package_are_not_pinned() -> None:
    one, other = lock.Pin("x", "1", "a" * 64), lock.Pin("x", "2", "b" * 64)
    with pytest.raises(lock.Mistake, match="different versions"):
        lock.written([one, other])
    assert lock.written([one, one._replace(sha256="c" * 64)]).count("--hash=") == 2


def test_only_the_dockerfiles_own_python_pins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (2, 7, 18))
    with pytest.raises(lock.Mistake, match="3.13"):
        lock.main()


@pytest.mark.matrix
@pytest.mark.parametrize("machine", lock.MACHINES)
@pytest.mark.parametrize("name", ["requirements.txt", "build.txt"])
def test_each_hash_is_of_a_wheel_for_that_machine(name: str, machine: str, tmp_path: Path) -> None:
    major, minor = lock.python_of((ROOT / "Dockerfile").read_text("utf-8"))
    asked = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        str(tmp_path),
    ]
    asked += ["--require-hashes", "--only-binary=:all:", f"--python-version={major}.{minor}"]
    asked += [*lock.platforms(machine), "-r", str(SUPPLY / name)]
    subprocess.run(asked, check=True)
    pinned = SERVER if name == "requirements.txt" else BUILD
    assert len(list(tmp_path.glob("*.whl"))) == len(pinned)

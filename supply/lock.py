"""Pins what the container installs: versions and hashes, as pip reports them. Installs nothing.

    python3.13 supply/lock.py

Writes, beside this file, `requirements.txt` (what the server needs) and `build.txt` (what makes its
wheel): of each release the wheels that pip takes on Linux, on x86_64 and on aarch64. No address of
a registry is written, so that each user's own is asked; a hash is the same everywhere.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
ROOT = HERE.parent
MACHINES = ("x86_64", "aarch64")
#: Minor versions of the C library that a wheel may want: Debian 13, and so the image, has 2.41.
GLIBC = range(5, 42)


class Pin(NamedTuple):
    """A wheel that pip would install."""

    name: str  # as in a requirement: lower case, with hyphens
    version: str
    sha256: str


class Mistake(Exception):
    """Why nothing is written; the text is for the user."""


def main() -> None:
    """Write both files anew."""
    wanted = python_of((ROOT / "Dockerfile").read_text("utf-8"))
    if sys.version_info[:2] != wanted:
        # pip judges a requirement's markers by the Python that runs it.
        raise Mistake("run this with the Dockerfile's Python, {}.{}".format(*wanted))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    for name, requirements in {
        "requirements.txt": project["project"]["dependencies"],
        "build.txt": project["build-system"]["requires"],
    }.items():
        pins = {pin for machine in MACHINES for pin in resolved(requirements, machine)}
        (HERE / name).write_text(written(pins), "utf-8")


def python_of(dockerfile: str) -> tuple[int, int]:
    """Major and minor version of the Python in every stage of a Dockerfile."""
    (version,) = set(re.findall(r"^FROM python:(\d+)\.(\d+)-", dockerfile, re.MULTILINE))
    return int(version[0]), int(version[1])


def platforms(machine: str) -> list[str]:
    """The options by which pip takes wheels for a machine of this kind, newest first."""
    names = [f"manylinux_2_{minor}_{machine}" for minor in reversed(GLIBC)]
    return [f"--platform={name}" for name in (*names, f"manylinux2014_{machine}")]


def resolved(requirements: Iterable[str], machine: str) -> Iterator[Pin]:
    """The newest wheels that fit the requirements, and theirs."""
    asked = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
    asked += ["--disable-pip-version-check", "--report=-", "--target=unused"]
    asked += ["--only-binary=:all:", *platforms(machine), *requirements]
    done = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=True)
    for found in json.loads(done.stdout)["install"]:
        told, where = found["metadata"], found["download_info"]
        if not where["url"].startswith("https:"):
            raise Mistake(
                f"{told['name']} comes from a copy on this machine, whose bytes may be others: "
                "name a file without extra-index-url and find-links by PIP_CONFIG_FILE"
            )
        name = re.sub(r"[-_.]+", "-", told["name"]).lower()
        yield Pin(name, told["version"], where["archive_info"]["hashes"]["sha256"])


def written(pins: Iterable[Pin]) -> str:
    """A requirements file with hashes: https://pip.pypa.io/en/stable/topics/secure-installs/."""
    releases: dict[tuple[str, str], list[str]] = {}
    for pin in sorted(pins):
        releases.setdefault(pin[:2], []).append(pin.sha256)
    if len(releases) != len({name for name, _ in releases}):
        raise Mistake("the machines get different versions: pin the older one in pyproject.toml")
    lines = ["# Written by supply/lock.py, for the Dockerfile.\n"]
    for (name, version), hashes in releases.items():
        each = "".join(f" \\\n    --hash=sha256:{sha256}" for sha256 in hashes)
        lines.append(f"{name}=={version}{each}\n")
    return "".join(lines)


if __name__ == "__main__":
    try:
        main()
    except Mistake as mistake:
        sys.exit(str(mistake))

"""What is pinned, and what is needed here."""

from __future__ import annotations

import re
from importlib.metadata import requires
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.version import Version

SUPPLY = Path(__file__).parents[2] / "supply"


class Release(NamedTuple):
    """One pinned release."""

    version: Version
    hashes: tuple[str, ...]  # one for each machine, or one for both


def pins(name: str) -> dict[str, Release]:
    """What a requirements file with hashes pins, by the package."""
    text = (SUPPLY / name).read_text("utf-8").replace("\\\n", " ")
    found = re.findall(r"^([\w.-]+)==(\S+)((?: +--hash=sha256:[0-9a-f]{64})+)$", text, re.MULTILINE)
    assert len(found) == len([line for line in text.splitlines() if not line.startswith("#")])
    return {
        package: Release(Version(version), tuple(re.findall(r"[0-9a-f]{64}", hashes)))
        for package, version, hashes in found
    }


SERVER = pins("requirements.txt")
BUILD = pins("build.txt")


def needed(package: str) -> set[str]:
    """The names of all that a package needs on this system, as installed; its own is among them."""
    found, waiting = set[str](), [package]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        each = map(Requirement, requires(name) or [])
        waiting += [
            r.name.lower() for r in each if not r.marker or r.marker.evaluate({"extra": ""})
        ]
    return {name.replace("_", "-") for name in found}

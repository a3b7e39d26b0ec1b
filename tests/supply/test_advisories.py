"""Nothing is installed, pinned or admitted that a known advisory speaks of."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from supply.sbom import PACKAGE
from tests.supply.pins import BUILD, SERVER, needed

ROOT = Path(__file__).parents[2]
BOOK: dict[str, Any] = tomllib.loads((ROOT / "supply/advisories.toml").read_text("utf-8"))
NONE_FOUND = frozenset(BOOK["none_found"])
KNOWN = [
    (package, advisory)
    for package, advisories in BOOK.items()
    if package not in ("looked", "none_found")
    for advisory in advisories
]
EACH = pytest.mark.parametrize(
    ("package", "advisory"), [pytest.param(p, a, id=f"{p}:{a['ids'][0]}") for p, a in KNOWN]
)
NAME = re.compile(r"CVE-20\d\d-\d{4,}|GHSA(-[2-9cfghjmpqrvwx]{4}){3}|PYSEC-20\d\d-\d+")
KEYS = {"ids", "date", "fixed", "what", "reaches", "apart", "unused", "source"}
SOURCES = {
    path: path.read_text("utf-8")
    for path in (ROOT / "mockserver").rglob("*.py")
    if path.name != "build.py"  # which makes the font's file, by hand
}


@EACH
def test_an_advisory_says_all_that_is_asked(package: str, advisory: dict[str, Any]) -> None:
    assert all(NAME.fullmatch(name) for name in advisory["ids"])
    assert KEYS - {"date", "reaches", "apart", "unused"} <= advisory.keys() <= KEYS
    assert ("reaches" in advisory) != ("apart" in advisory)
    assert package in SERVER


def test_no_advisory_is_told_twice() -> None:
    names = [name for _, advisory in KNOWN for name in advisory["ids"]]
    assert len(names) == len(set(names))


def test_of_every_package_it_is_known_whether_there_are_advisories() -> None:
    """A new dependency wants a look, and an entry, or a place among those without one."""
    looked_at = {package for package, _ in KNOWN} | NONE_FOUND
    assert {*SERVER, *BUILD, *needed(PACKAGE)} - {PACKAGE} == looked_at


@EACH
def test_what_it_does_not_reach_by_is_used_nowhere(package: str, advisory: dict[str, Any]) -> None:
    for name in advisory.get("unused", ()):
        assert [path for path, text in SOURCES.items() if name in text] == [], name


@EACH
def test_what_is_installed_is_without_it(package: str, advisory: dict[str, Any]) -> None:
    assert Version(version(package)) >= Version(advisory["fixed"])


@EACH
def test_what_the_container_installs_is_without_it(package: str, advisory: dict[str, Any]) -> None:
    assert SERVER[package].version >= Version(advisory["fixed"])


@EACH
def test_what_would_reach_the_server_is_not_admitted(
    package: str, advisory: dict[str, Any]
) -> None:
    if "reaches" not in advisory:
        return
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    [ours] = [r for r in map(Requirement, project["dependencies"]) if r.name.lower() == package]
    [bound] = [Version(s.version) for s in ours.specifier if s.operator == ">="]
    assert bound >= Version(advisory["fixed"])

"""What the package consists of is told truly, in CycloneDX, and always in the same bytes."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from mockserver.pictures import font
from supply.sbom import PACKAGE, bom

ROOT = Path(__file__).parents[2]
FONT = ROOT / "mockserver/pictures/font/unifont.cdx.json"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def told() -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "supply/sbom.py")], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def document(told: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told)
    return found


@pytest.mark.parametrize("what", ["packages", "font"])
def test_it_is_valid(what: str, told: str) -> None:
    text = told if what == "packages" else FONT.read_text("utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_two_runs_tell_the_same(document: dict[str, Any]) -> None:
    assert bom() == document


def test_every_dependency_is_there_with_its_version_and_licence(document: dict[str, Any]) -> None:
    parts = {part["name"]: part for part in document["components"]}
    for name in ("click", "faker", "httptools", "pillow", "starlette", "uvicorn", "anyio", "h11"):
        assert parts[name]["version"] == version(name)
        assert parts[name]["licenses"]


def test_only_what_the_server_needs_is_there(document: dict[str, Any]) -> None:
    assert not {"pytest", "openai", "schemathesis"} & {c["name"] for c in document["components"]}


def test_it_is_told_what_needs_what(document: dict[str, Any]) -> None:
    needs = {d["ref"]: d["dependsOn"] for d in document["dependencies"]}
    [whole] = [ref for ref in needs if ref.startswith(f"pkg:pypi/{PACKAGE}@")]
    assert f"pkg:pypi/starlette@{version('starlette')}" in needs[whole]
    assert {ref for refs in needs.values() for ref in refs} < {*needs}


def test_what_a_wheel_carries_is_told_under_it(document: dict[str, Any]) -> None:
    [pillow] = [part for part in document["components"] if part["name"] == "pillow"]
    assert {"FreeType", "libwebp"} <= {part["name"] for part in pillow["components"]}


def test_the_font_s_own_document_is_of_the_file_that_is_there() -> None:
    [part] = json.loads(FONT.read_text("utf-8"))["components"]
    data = (FONT.parent / font.DATA_FILE).read_bytes()
    assert part["hashes"][0]["content"] == hashlib.sha256(data).hexdigest()
    assert part["version"] in font.DATA_FILE


def test_the_wheel_carries_the_font_s_document() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["sbom-files"] == [str(FONT.relative_to(ROOT))]

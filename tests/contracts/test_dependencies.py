"""What the contract imports is what its extra installs, so that it runs where nothing else is."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import contracts

PACKAGE = Path(contracts.__file__).parent
PROJECT = Path(__file__).parents[2] / "pyproject.toml"
#: Distributions that are imported by another name.
NAMES = {"pillow": "PIL", "pyyaml": "yaml", "jsonschema-rs": "jsonschema_rs"}
#: Only for those who call it from a test, which is where it is.
OF_TESTS = {"httpx", "httpx2", "openai", "pytest"}


def imported(file: Path) -> set[str]:
    """The packages that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_each_import_is_installed_by_the_extra() -> None:
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    told = [*project["dependencies"], *project["optional-dependencies"]["contracts"]]
    names = {re.split(r"[ <>=\[;]", line)[0] for line in told}
    there = {NAMES.get(name, name.replace("-", "_")) for name in names}
    files = PACKAGE.rglob("*.py")
    wanted = set().union(*map(imported, files)) - {"contracts", "mockserver"} - OF_TESTS
    assert wanted - there - sys.stdlib_module_names == set()

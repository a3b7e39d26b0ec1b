"""What judges files: programs of the environment, and schemas as check-jsonschema brings them."""

from __future__ import annotations

import json
import os
import sys
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest

BIN = Path(sys.executable).parent


def needs(package: str) -> None:
    """Skip where a package is missing, but not in CI."""
    _skip_unless(find_spec(package) is not None, package)


def tool(name: str) -> Path:
    """A program of the environment; the same where it is missing."""
    _skip_unless((BIN / name).exists(), name)
    return BIN / name


def _skip_unless(is_there: bool, what: str) -> None:
    if not is_there:
        reason = f"{what} is not installed: pip install '.[packaging]'"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def judged(document: Any, schema: str) -> list[str]:
    """What is wrong with a document."""
    needs("check_jsonschema")
    vendor = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    [file] = [f for f in vendor.iterdir() if f.name.startswith(f"{schema}.") or f.name == schema]
    known = json.loads(file.read_text("utf-8"))
    # YAML 1.1 reads the key `on` as true.
    asked = {"on" if key is True else key: value for key, value in document.items()}
    checker = jsonschema.validators.validator_for(known)(known)
    return [error.message for error in checker.iter_errors(asked)]

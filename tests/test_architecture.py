"""Rules of the source itself that no linter knows."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from mockserver.facts import load

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "mockserver").rglob("*.py"))
ALL = [
    p
    for d in ("mockserver", "contracts", "tests", "bench", "supply")
    for p in (ROOT / d).rglob("*.py")
]
in_the_tree = pytest.mark.skipif(not SOURCES, reason="the sources are out of the way")


@in_the_tree
def test_model_ids_are_facts_and_appear_in_no_code() -> None:
    ids = load().models.keys()
    assert [(p.name, i) for p in SOURCES for i in ids if i in p.read_text("utf-8")] == []


@in_the_tree
def test_no_file_is_longer_than_400_lines() -> None:
    assert [p.name for p in ALL if p.read_text("utf-8").count("\n") > 400] == []


@in_the_tree
def test_every_module_says_first_what_it_is_for() -> None:
    def first_line(path: Path) -> str:
        return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").partition("\n")[0]

    assert [p.name for p in SOURCES if len(first_line(p)) < 20] == []


def modules_after(code: str) -> set[str]:
    program = f"{code}\nimport sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    names = done.stdout.split()
    return {*names, *(name.partition(".")[0] for name in names)}


def test_a_server_loads_nothing_that_it_does_not_need() -> None:
    loaded = modules_after(
        "from mockserver.testing import ImagesMock\nwith ImagesMock() as m: print(m.url)"
    )
    heavy = {"PIL", "faker", "openai", "httpx", "httpx2", "schemathesis", "hypothesis", "pydantic"}
    of_few_requests = {"difflib", "mockserver.api.azure", "mockserver.facts.words.azure"}
    of_tls = {"trustme", "cryptography", "mockserver.server.door", "mockserver.server.entered"}
    assert not (heavy | of_few_requests | of_tls) & loaded


def test_the_command_line_loads_no_server() -> None:
    loaded = modules_after("import mockserver.cli")
    assert not {"starlette", "uvicorn", "PIL", "faker", "asyncio", "uvloop"} & loaded

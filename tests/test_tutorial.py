"""docs/tutorial.md, followed word for word: its files, its lines, and what it says comes of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.terminal import File, Terminal, Typed, is_as_told, steps

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "tutorial.md"
if not PAGE.exists():
    pytest.skip("the docs are out of the way", allow_module_level=True)
SERVE, ADDRESS = "images-mock", "http://127.0.0.1:6780"
#: What would have pytest report in another way, or lead a client elsewhere.
_AMBIENT = re.compile(r"OPENAI_|IMAGES_MOCK_|PYTEST_|CI$|BUILD_NUMBER|GITHUB_|.*_proxy$", re.I)


def reader(**variables: str) -> dict[str, str]:
    """The environment of somebody who reads the page; the Python is the one that runs this."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {name: value for name, value in os.environ.items() if not _AMBIENT.match(name)}
    return kept | {"PATH": path, "COLUMNS": "80"} | variables


@contextmanager
def serving(folder: Path, command: str, environment: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The server of the first terminal: all that it says until it is ready, and its address."""
    process = subprocess.Popen(
        ["bash", "-c", f"exec {command}"],
        cwd=folder,
        env=environment | {"IMAGES_MOCK_PORT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout
        said = ""
        for line in process.stdout:
            said += line
            if line.startswith("READY "):
                break
        yield said, said.split()[-1]
    finally:
        process.terminate()
        process.communicate(timeout=60)


def follow(folder: Path, environment: dict[str, str], skip: str = "(?!)") -> str:
    """Do what the page says, and return the page to look at; the port is any that is free."""
    all_steps = list(steps(PAGE.read_text("utf-8")))
    at = [isinstance(step, Typed) and step.command == SERVE for step in all_steps].index(True)
    with Terminal(folder, environment) as first:
        for step in all_steps[:at]:
            do(step, first, folder, ADDRESS, skip)
        place = Path(first.type("pwd").strip())
        # What the first terminal has activated, its server has.
        command = first.type(f"command -v {SERVE}").strip()
    with serving(place, command, environment) as (said, address):
        told = all_steps[at]
        assert isinstance(told, Typed)
        assert is_as_told(said.replace(address, ADDRESS), told.told), said
        with Terminal(place, environment | {"IMAGES_MOCK_PORT": port_of(address)}) as second:
            for step in all_steps[at + 1 :]:
                do(step, second, place, address, skip)
        return httpx2.get(address, headers={"Accept": "text/html"}).text


def port_of(address: str) -> str:
    return address.rpartition(":")[2]


def do(step: File | Typed, terminal: Terminal, folder: Path, address: str, skip: str) -> None:
    if isinstance(step, File):
        (folder / step.name).write_text(step.content.replace(ADDRESS, address), "utf-8")
    elif not re.search(skip, step.command):
        said = terminal.type(step.command.replace(ADDRESS, address)).replace(address, ADDRESS)
        if step.command.startswith("pip "):  # what it warns of is the machine's
            said = re.sub(r"^(WARNING.*|\[notice\].*|)\n", "", said, flags=re.MULTILINE)
        assert is_as_told(said, step.told), (
            f"$ {step.command}\n{said}\n-- but the page says\n{step.told}"
        )


def test_what_a_page_tells_is_held_against_what_was_said_but_for_what_passes() -> None:
    said = "ran\n3 passed in 1.25s\nwaited 5 ms on 2026-11-29\nmore\nand more\nthe end, at last\n"
    told = "ran\n3 passed in 7.5s\nwaited 9 ms on 2025-01-01\n...\nthe end, …\n"
    assert is_as_told(said, told)
    assert not is_as_told(said, told.replace("3 passed", "4 passed"))
    assert not is_as_told(said, told.replace("...\n", ""))
    assert not is_as_told(said, told.replace("…", ""))


@pytest.mark.slow
def test_the_tutorial_says_what_comes_of_it(tmp_path: Path) -> None:
    installed = {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_PLUGINS": "mockserver.pytest_plugin",
    }
    page = follow(tmp_path, reader(**installed), r"\.venv|pip install")
    for prompt in ("a red fox in the snow", "a lighthouse at dawn", "mock:refuse"):
        assert prompt in page


@pytest.mark.matrix
def test_the_tutorial_works_where_nothing_is_installed(tmp_path: Path) -> None:
    (tmp_path / "openai-images-mock").symlink_to(ROOT)
    follow(tmp_path, reader())

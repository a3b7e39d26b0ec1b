"""A page of the docs as its reader follows it: files are written, lines are typed, answers compared."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_STEP = re.compile(
    r"^`(?P<name>[\w./-]+)`\n\n```\w+\n(?P<content>.*?)^```"
    r"|^```console\n(?P<console>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
_TYPED = re.compile(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


class File(NamedTuple):
    """A file that the page shows under its name."""

    name: str
    content: str


class Typed(NamedTuple):
    """A line that the page has its reader type, and what it says comes of it."""

    command: str
    told: str


def steps(page: str) -> Iterator[File | Typed]:
    """What a reader does, from the page's top to its end."""
    for step in _STEP.finditer(page):
        if step["name"]:
            yield File(step["name"], step["content"])
        else:
            yield from (Typed(*typed) for typed in _TYPED.findall(step["console"]))


class Terminal:
    """One shell for many lines, as a terminal is."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def type(self, command: str) -> str:
        """All that a line says, on both streams."""
        assert self._shell.stdin
        assert self._shell.stdout
        # `exec` and a colon keep a last line without an end apart from the mark.
        self._shell.stdin.write(f"{{ {command}\n}} < /dev/null\necho; echo {_MARK}\n")
        self._shell.stdin.flush()
        said = ""
        for line in self._shell.stdout:
            if line == f"{_MARK}\n":
                return said.removesuffix("\n")
            said += line
        raise AssertionError(f"the shell ended at {command!r}: {said}")

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self._shell.communicate(timeout=60)


_MARK = "-- that was it --"
#: What is other in each run: times, days, ids.
_PASSING = (
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "DAY"),
    (re.compile(r"\b\d+ ms\b|(?<=waited )[\d.]+ m?s\b|(?<=in )[\d.]+s\b.*"), "TIME"),
    # A slow machine may have waited long enough by itself, once.
    (re.compile(r"\b[12] of 2 retries"), "RETRIES"),
    (re.compile(r"\([12] of 2$", re.MULTILINE), "(RETRIES"),
    (re.compile(r"\breq_[0-9a-f]{32}\b"), "REQUEST"),
)


def is_as_told(said: str, told: str) -> bool:
    """Whether a line says what the page says; `...` stands for any lines, `…` for any rest of one."""
    lines = (
        r"(?:.*\n)*?" if line == "..." else _pattern(line) + r"\n"
        for line in _lasting(told).splitlines()
    )
    return bool(re.fullmatch("".join(lines), _lasting(said)))


def _pattern(line: str) -> str:
    return ".*".join(map(re.escape, line.split("…")))


def _lasting(text: str) -> str:
    for passing, name in _PASSING:
        text = passing.sub(name, text)
    return text

"""A user's suite on the plugin, beside the same on pytest-httpx2, which fakes in process.

200 tests with one call of the official SDK and one assertion each. They differ in the fixture, and
in the line that pytest-httpx2 needs to know its canned answer.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.rows import Row, interleaved, run

ROUNDS = 5
TESTS = 200
NAME = f"suite of {TESTS} tests"
PEER = "pytest-httpx2"
HEAD = """
from openai import OpenAI

client = OpenAI()
ANSWER = {"created": 1764298800, "data": [{"url": "https://example.com/fox.png"}]}
"""
TEST = """

def test_{number}({fixture}):
    {first}
    answer = client.images.generate(prompt="fox {number}", size="256x256")
    assert answer.data[0].url.startswith("http")
"""
CANNED = 'httpx2_mock.post("https://api.openai.com/v1/images/generations").respond(json=ANSWER)'


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of one run of a suite."""

    process: float
    tests: float  # as pytest counts them: collection, set-up, call and teardown
    cpu: float  # of the process


def rows() -> Iterator[Row]:
    """By the wall clock, the least of some runs."""
    beside = f"the same suite on {PEER}"
    aims = {f"{NAME}: whole process": "<= 1.1", f"{NAME}: the tests alone": "<= 1.2"}
    try:
        beside += f" {version(PEER)}"
    except PackageNotFoundError:
        for name, aim in aims.items():
            yield Row(name, beside, aim, note=f"{PEER} is not installed")
        return
    with TemporaryDirectory() as ours, TemporaryDirectory() as theirs:
        _write(ours, "images_mock", "pass")
        _write(theirs, "httpx2_mock", CANNED)
        plugins = {ours: "mockserver.pytest_plugin", theirs: "pytest_httpx2"}
        measures = [partial(_ran, directory, plugin) for directory, plugin in plugins.items()]
        mine, other = map(_least, interleaved(ROUNDS, measures))
    note = f"CPU {mine.cpu:.2f} s beside {other.cpu:.2f} s"
    pairs = ((mine.process, other.process), (mine.tests, other.tests))
    for (name, aim), (a, b) in zip(aims.items(), pairs, strict=True):
        yield Row(name, beside, aim, a / b, f"{a:.2f} s", f"{b:.2f} s", note)


def _write(directory: str, fixture: str, first: str) -> None:
    tests = (TEST.format(number=n, fixture=fixture, first=first) for n in range(TESTS))
    Path(directory, "test_suite.py").write_text("".join([HEAD, *tests]), "utf-8")


def _ran(directory: str, plugin: str) -> Took:
    command = [sys.executable, "-m", "pytest", "-q", "--disable-plugin-autoload", "-p", plugin]
    spent = run(command, directory, {**os.environ, "OPENAI_API_KEY": "sk-mock-bench"})
    passed = re.search(rf"{TESTS} passed in ([\d.]+)s", spent.output)
    if passed is None:
        raise RuntimeError(spent.output)
    return Took(spent.wall, float(passed[1]), spent.cpu)


def _least(runs: list[Took]) -> Took:
    return Took(min(r.process for r in runs), min(r.tests for r in runs), min(r.cpu for r in runs))

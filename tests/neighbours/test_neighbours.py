"""The plugin beside others that test suites have: a run for each case of the table."""

from __future__ import annotations

import os
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version

import pytest

from mockserver.testing import ImagesMock
from tests.neighbours.case import Case
from tests.neighbours.cases import CASES
from tests.neighbours.table import PAGE, names_in, table
from tests.plugin.conftest import PLUGINS, downstream, run

pytestmark = pytest.mark.neighbours
__all__ = ["downstream"]  # a fixture


def _need(name: str) -> None:
    """Skip where a package is missing; on CI that is a fault of the installation."""
    try:
        version(name)
    except PackageNotFoundError:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"{name} is not installed: pip install '.[neighbours]'")


@pytest.mark.parametrize("case", [pytest.param(c, id=c.id) for c in CASES])
def test_it_works_beside(
    downstream: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    case: Case,
) -> None:
    _need(case.name)
    monkeypatch.setenv("PYTEST_PLUGINS", ",".join((PLUGINS, *case.plugins)))
    for name, content in case.files.items():
        (downstream.path / name).write_text(content, "utf-8")
    with ExitStack() as stack:
        shared = stack.enter_context(ImagesMock()) if case.shared else None
        where = [f"--images-mock-url={shared.url}"] if shared else []
        result = run(downstream, case.code, *case.arguments, *where, "-p", "no:cacheprovider")
    outcomes = result.parseoutcomes()
    assert {k: n for k, n in outcomes.items() if not k.startswith("warn")} == case.outcome
    for line in case.lines:
        result.stdout.fnmatch_lines([line])


def test_the_page_has_the_table_of_these_cases() -> None:
    assert names_in(PAGE.read_text("utf-8")) == names_in(table()), (
        "python -m tests.neighbours.table writes it anew"
    )

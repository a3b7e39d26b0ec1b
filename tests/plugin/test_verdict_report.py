"""How findings stand in a terminal: columns where they fit, two lines where they don't."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.core.judging.findings import Finding, Severity
from mockserver.pytest_plugin.verdict.report import Found, Place, Report, commands, table


def found(
    test: str, seen: str = "waited 0.5 s", *, line: int | None = 41, at: str = "error"
) -> Found:
    told = Finding("retry-after-ignored", Severity(at), seen, ()).as_json()
    place = Place(test, "tests/test_api.py", 7, ["req_1"])
    return Found(told, ("poster/api.py", line) if line else None, [place])


def test_columns_are_aligned_where_a_line_has_room() -> None:
    rows = [found("t.py::test_a"), found("t.py::test_b", "did", line=None)]
    assert table(rows, 100) == [
        ["  poster/api.py:41  waited 0.5 s  retry-after-ignored  t.py::test_a"],
        ["  req_1             did           retry-after-ignored  t.py::test_b"],
    ]


def test_a_narrow_terminal_has_two_lines_for_each() -> None:
    rows = [found("t.py::test_a", "waited 0.5 s where the server said 20 s (3 of 3 retries)")]
    assert table(rows, 80) == [
        [
            "  poster/api.py:41  waited 0.5 s where the server said 20 s (3 of 3 retries)",
            "                    retry-after-ignored  t.py::test_a",
        ]
    ]
    assert table(rows, 50) == [
        [
            "  poster/api.py:41",
            "    waited 0.5 s where the server said 20 s (3 of",
            "    3 retries)",
            "    retry-after-ignored  t.py::test_a",
        ]
    ]


def test_equal_ones_are_one_and_the_gravest_come_first() -> None:
    report = Report()
    report.add("b", [found("b")])
    report.add("a", [found("a", at="note"), found("a"), found("a", line=None)])
    report.add("c", [])
    assert [(f.severity, f.where, [t.test for t in f.tests]) for f in report.found] == [
        ("error", "poster/api.py:41", ["a", "b"]),
        ("error", "req_1", ["a"]),
        ("note", "poster/api.py:41", ["a"]),
    ]
    assert report.heading == "3 findings in 2 tests"


def test_what_a_worker_sends_is_what_it_found() -> None:
    worker, main = Report(), Report()
    worker.add("a", [found("a"), found("a", line=None)])
    worker.note("b", "TimeoutError: timed out")
    main.take(worker.sums())
    assert main.found == worker.found
    assert main.sums() == worker.sums()


@pytest.mark.parametrize(
    ("tests", "said"),
    [([], "no test asked for a picture"), (["a"], "nothing found in 1 test"), (["a", "b"], "nothing found in 2 tests")],
)  # fmt: skip
def test_it_says_where_nothing_was_found(tests: list[str], said: str) -> None:
    report = Report()
    for test in tests:
        report.add(test, [])
    assert report.heading == said


def test_an_annotation_is_beside_the_line_from_the_repository_on(tmp_path: Path) -> None:
    root = tmp_path / "service, one"
    rows = [found("a", "100 %:\nit, is"), found("a", line=None)]
    first, second = commands(rows, root, tmp_path)
    assert ",file=service%2C one/poster/api.py,line=41::100 %25:%0Ait, is%0Awhy: " in first
    assert ",file=service%2C one/tests/test_api.py,line=7::" in second

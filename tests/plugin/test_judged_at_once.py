"""What judges a run, all of it at once: each looks at the tests alone, and at no other's doing."""

from __future__ import annotations

import json

import pytest

from tests.plugin.conftest import run_plain

FILES = ("met.json", "met.html", "storm.json", "found.json", "kept.json")
ALL = (
    "--images-mock-verdict",
    "--images-mock-verdict-file=found.json",
    "--images-mock-coverage",
    "--images-mock-coverage-json=met.json",
    "--images-mock-coverage-html=met.html",
    "--images-mock-storm",
    "--images-mock-storm-kinds=refusal,quota",
    "--images-mock-storm-file=storm.json",
    "--images-mock-lint-against=gpt-image-2",
    "--images-mock-journal=kept.json",
)
ONE = """
    def test_one(): assert poster()
"""


def test_the_runs_of_a_storm_are_in_no_sum_and_in_no_journal(downstream: pytest.Pytester) -> None:
    result = run_plain(downstream, ONE, *ALL)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["2 runs of 1 test: *", "moving from dall-e-2 *: 1 of 1 request*"])
    kept = json.loads((downstream.path / "kept.json").read_text("utf-8"))
    assert [record["status"] for record in kept["requests"]] == [200]


def test_where_tests_are_collected_alone_nothing_is_told_and_no_file_is_touched(
    downstream: pytest.Pytester,
) -> None:
    result = run_plain(downstream, ONE, "--collect-only", "-q", *ALL)
    assert result.ret == 0
    result.stdout.no_fnmatch_line("*images_mock*")
    assert not [name for name in FILES if (downstream.path / name).exists()]


def test_of_a_run_without_pictures_a_verdict_has_one_line(downstream: pytest.Pytester) -> None:
    downstream.makepyfile("def test_nothing(): pass")
    result = downstream.runpytest_subprocess("--images-mock-verdict")
    result.stdout.fnmatch_lines(["images_mock verdict: no test asked for a picture"])
    result.stdout.no_fnmatch_line("*never met*")

"""What judges a run, all of it at once: each looks at the tests alone, and at no other's doing."""

from __future__ import annotations

import json

import pytest

from tests.plugin.conftest import run, run_plain

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


@pytest.mark.slow
def test_a_file_of_a_storm_that_can_not_be_written_is_said(downstream: pytest.Pytester) -> None:
    downstream.makefile(".txt", taken="")
    file = "--images-mock-storm-file=taken.txt/storm.json"
    result = run_plain(downstream, ONE, "--images-mock-storm", file)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["* images_mock storm *", "images_mock_storm_file can't be *"])


@pytest.mark.slow
def test_a_loop_of_the_test_itself_is_no_retry_of_the_program(downstream: pytest.Pytester) -> None:
    code = """
    def test_each(images_mock):
        images_mock.on().refuse()
        for _ in range(3):
            with pytest.raises(openai.BadRequestError):
                poster()

    def insists():
        for _ in range(3):
            try: return poster()
            except openai.BadRequestError: pass

    def test_program(images_mock):
        images_mock.on().refuse()
        insists()
    """
    wanted = "--images-mock-verdict-ignore=deprecated-parameter,error-swallowed"
    result = run(downstream, code, "--images-mock-verdict", wanted)
    result.stdout.fnmatch_lines(["images_mock verdict: 1 finding in 1 test", "*test_program*"])


def test_of_a_run_without_pictures_a_verdict_has_one_line(downstream: pytest.Pytester) -> None:
    downstream.makepyfile("def test_nothing(): pass")
    result = downstream.runpytest_subprocess("--images-mock-verdict")
    result.stdout.fnmatch_lines(["images_mock verdict: no test asked for a picture"])
    result.stdout.no_fnmatch_line("*never met*")

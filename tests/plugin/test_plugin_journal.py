"""`--images-mock-journal`: what all tests of a run asked for, in a file that can be judged later."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from mockserver.cli import cli
from mockserver.client.journal_file import read
from mockserver.client.verdict.judge import verdict_of
from tests.plugin.conftest import run_plain

pytestmark = pytest.mark.slow

CODE = """
    def stubborn(prompt):
        for _ in range(3):
            try: return poster(prompt, size="77x77")
            except Refused: pass
    def test_thrice(): stubborn("a fox")
    def test_once():
        with pytest.raises(Refused): poster("a fox", size="77x77")
    def test_download():
        with urlopen(poster("a heron", response_format="url")["data"][0]["url"]) as file: file.read()
    def test_nothing(): pass
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_each_test_is_a_sandbox_of_the_file_and_no_id_is_there_twice(
    downstream: pytest.Pytester, workers: str
) -> None:
    result = run_plain(
        downstream, CODE, "-n", workers, "--images-mock-verdict", "--images-mock-journal=run.json"
    )
    result.assert_outcomes(passed=4)
    journal = read(downstream.path / "run.json")
    asked = [*journal["requests"], *journal["downloads"]]
    tests = {"thrice": 3, "once": 1, "download": 2}
    by_test = {f"test_app.py::test_{name}": number for name, number in tests.items()}
    found = [record["test"] for record in asked]
    assert {test: found.count(test) for test in found} == by_test
    assert len({record["id"] for record in asked}) == 6
    assert len({record["sandbox"] for record in asked}) == 3
    (download,) = journal["downloads"]
    maker = next(r for r in journal["requests"] if r["id"] == download["made_by"])
    assert maker["downloads"] == [download["id"]]
    old = [one for one in verdict_of(journal).findings if one.id == "deprecated-parameter"]
    assert [one.test for one in old] == ["test_app.py::test_download"]
    assert [one.place and one.place[0] for one in old] == ["test_app.py"]


def test_a_journal_that_can_not_be_written_fails_no_run(
    downstream: pytest.Pytester, tmp_path: Path
) -> None:
    place = tmp_path / "none" / "run.json"
    result = run_plain(downstream, "    def test_it(): poster()", f"--images-mock-journal={place}")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["images_mock journal: not kept: *run.json can't be written: *"])


def test_a_run_that_asks_for_nothing_keeps_an_empty_journal(downstream: pytest.Pytester) -> None:
    run_plain(downstream, "    def test_it(): pass", "--images-mock-journal=run.json")
    judged = CliRunner().invoke(cli, ["verdict", "--journal", str(downstream.path / "run.json")])
    assert (judged.exit_code, "There was nothing to judge" in judged.output) == (0, True)

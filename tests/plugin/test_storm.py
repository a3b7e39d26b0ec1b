"""`--images-mock-storm`: how programs end under failures that their tests have not met."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.plugin.conftest import PLAIN

#: A program with a crash, a hang and a wrong success, and what it looks like without them.
PROGRAM = """
    import json, os
    from urllib.request import Request, urlopen
    URL, KEY = os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_API_KEY"]
    class NoPicture(Exception): pass

    def asked(prompt, timeout=60, **more):
        body = {"model": "dall-e-2", "prompt": prompt, "size": "256x256"} | more
        head = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        with urlopen(Request(f"{URL}/images/generations", json.dumps(body).encode(), head),
                     timeout=timeout) as answer:
            return json.load(answer)

    def crashes(prompt):
        return asked(prompt)["data"][0]["url"]          # line 16

    def hangs(prompt):
        try:
            return asked(prompt, timeout=None)["data"][0]["url"]
        except (OSError, IndexError) as error:
            raise NoPicture from error

    def swallows(prompt):
        try:
            return asked(prompt)["data"][0]["url"]
        except Exception:
            return "http://localhost/placeholder.png"

    def saved(prompt, path):
        with urlopen(crashes(prompt), timeout=60) as picture:
            path.write_bytes(picture.read())

    def checked(prompt, path):
        with urlopen(mended(prompt), timeout=60) as picture:
            content = picture.read()
        if not content.startswith(b"\\x89PNG"):
            raise NoPicture("no PNG came")
        path.write_bytes(content)

    def mended(prompt):
        try:
            return asked(prompt)["data"][0]["url"]
        except (OSError, ValueError, LookupError) as error:
            raise NoPicture(str(error)) from error
"""
TESTS = """
    import program, pytest
    def test_crashes(): assert program.crashes("a fox").startswith("http")
    def test_hangs(): assert program.hangs("a fox").startswith("http")
    def test_swallows(): assert program.swallows("a fox").startswith("http")
    def test_saved(tmp_path):
        program.saved("a fox", tmp_path / "fox.png")
        assert (tmp_path / "fox.png").exists()
"""
MENDED = """
    import program, pytest
    @pytest.mark.parametrize("prompt", ["a fox", "an owl"])
    def test_mended(prompt, images_mock): assert program.mended(prompt).startswith("http")
    def test_checked(tmp_path):
        program.checked("a fox", tmp_path / "fox.png")
        assert (tmp_path / "fox.png").exists()
"""
KINDS = "--images-mock-storm-kinds=no_pictures,refusal,timeout,expired_url,empty_download"
ARGUMENTS = (KINDS, "--images-mock-storm-patience=2", "--images-mock-storm-file=storm.json")


def storms(downstream: pytest.Pytester) -> dict[str, dict[str, str]]:
    """How each test ended, by kind of failure."""
    told: Any = json.loads((downstream.path / "storm.json").read_text("utf-8"))
    return {
        test["test"].partition("::")[2]: {run["kind"]: run["ended"] for run in test["runs"]}
        for test in told["tests"]
    }


def test_a_storm_finds_the_crash_the_hang_and_the_wrong_success(
    downstream: pytest.Pytester,
) -> None:
    downstream.makepyfile(program=PROGRAM, test_app=TESTS)
    result = downstream.runpytest_subprocess("--images-mock-storm", *ARGUMENTS)
    result.assert_outcomes(passed=4)
    assert result.ret == 0
    line = next(n for n, text in enumerate(PROGRAM.splitlines()) if "line 16" in text)
    result.stdout.fnmatch_lines(
        [
            "*= images_mock storm =*",
            "test_app.py::test_crashes",
            f"  no_pictures *crash  program.py:{line}  IndexError: list index out of range",
            "  clean error: refusal, timeout",
            "test_app.py::test_hangs",
            "  timeout *hang  program.py:*  1 request, and no end",
            "  clean error: no_pictures, refusal",
            "test_app.py::test_saved",
            "  empty_download *wrong success  program.py:*  served once, and nothing showed it",
            "test_app.py::test_swallows",
            "  refusal *wrong success *served once, and nothing showed it",
            "14 runs of 4 tests: 2 crash, 1 hang, 4 wrong success, 7 clean error",
        ]
    )
    assert storms(downstream)["test_saved"] == {
        "no_pictures": "crash",
        "expired_url": "clean error",
        "empty_download": "wrong success",
        "refusal": "clean error",
        "timeout": "clean error",
    }
    result.stdout.no_fnmatch_line("*late request*")
    result.stdout.fnmatch_lines(["*would have cost $0.064 with the real API"])  # of four pictures


@pytest.mark.slow
def test_it_says_nothing_of_the_mended_ones(downstream: pytest.Pytester) -> None:
    downstream.makepyfile(program=PROGRAM, test_app=MENDED)
    result = downstream.runpytest_subprocess("--images-mock-storm=fail", *ARGUMENTS)
    result.assert_outcomes(passed=3)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["11 runs of 3 tests: 11 clean error"])
    result.stdout.no_fnmatch_line("test_app.py::*")


@pytest.mark.slow
def test_it_fails_a_run_that_wants_it_and_adds_up_what_workers_found(
    downstream: pytest.Pytester,
) -> None:
    downstream.makepyfile(program=PROGRAM, test_app=TESTS)
    kinds = "--images-mock-storm-kinds=no_pictures,refusal"
    result = downstream.runpytest_subprocess(
        "--images-mock-storm=fail", *ARGUMENTS, kinds, "-n", "2"
    )
    result.assert_outcomes(passed=4)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["8 runs of 4 tests: 2 crash, 2 wrong success, 4 clean error"])
    assert len(storms(downstream)) == 4


MANY = """
    import unittest
    LOG, ONCE = open("log.txt", "a", buffering=1), []

    @pytest.fixture(scope="module")
    def wide():
        LOG.write("wide begins\\n")
        yield
        LOG.write("wide ends\\n")

    @pytest.fixture
    def narrow():
        LOG.write("narrow begins\\n")
        yield
        LOG.write("narrow ends\\n")

    @pytest.fixture(params=["asyncio"])
    def anyio_backend(request): return request.param

    def test_fixtures(wide, narrow): assert poster()["data"]
    class TestMethods:
        def setup_method(self): self.number = 0
        def test_method(self, wide):
            self.number += 1
            assert self.number == 1 and poster()["data"]
    class TestCase(unittest.TestCase):
        def setUp(self): self.number = 0
        def test_case(self):
            self.number += 1
            self.assertEqual(self.number, 1)
            self.assertTrue(poster()["data"])
        def test_parts(self):
            for prompt in ("a", "b"):
                with self.subTest(prompt): self.assertTrue(poster(prompt)["data"])
        def test_skipped_then(self):
            try: poster()
            except Refused as error: self.skipTest(str(error))
    def test_subtests(subtests):
        with subtests.test("a fox"): assert poster()["data"]
    @pytest.mark.anyio
    async def test_async(): assert poster()["data"]
    def test_own_rules_go_first(images_mock):
        images_mock.on().error("internal")
        with pytest.raises(Refused, match="server"): poster()
    def test_its_own_rule_is_served_before_the_storm(images_mock):
        images_mock.next.error("internal")
        with pytest.raises(Refused, match="server"): poster()
        with pytest.raises(Refused): raise Refused(poster())
    def test_met_itself(images_mock):
        images_mock.on().refuse()
        with pytest.raises(Refused): poster()
    def test_once():
        ONCE.append(1)
        assert poster() and ONCE == [1]
    def test_prints():
        try: poster()
        except Refused: print("it was refused")
    def test_nothing(): pass
    def test_fails():
        assert not poster()
    @pytest.mark.xfail
    def test_expected_to_fail(): assert not poster()
    @pytest.mark.skip
    def test_skipped(): pass
    def test_skips(): poster(); pytest.skip("not here")
    def test_last(wide): LOG.write("the last\\n")
"""


def test_only_what_passed_and_asked_for_pictures_runs_again_with_its_fixtures_anew(
    downstream: pytest.Pytester,
) -> None:
    downstream.makepyfile(test_app=PLAIN + MANY)
    kinds = "--images-mock-storm-kinds=refusal"
    result = downstream.runpytest_subprocess("--images-mock-storm", *ARGUMENTS, kinds)
    result.assert_outcomes(passed=14, failed=1, xfailed=1, skipped=2)
    clean = {"refusal": "clean error"}
    assert storms(downstream) == {
        "test_fixtures": clean,
        "TestMethods::test_method": clean,
        "TestCase::test_case": clean,
        "TestCase::test_parts": clean,
        "TestCase::test_skipped_then": {"refusal": "skipped"},
        "test_subtests": clean,
        "test_async[asyncio]": clean,
        "test_own_rules_go_first": {"refusal": "not met"},
        "test_its_own_rule_is_served_before_the_storm": {"refusal": "passed, and said so"},
        "test_once": {},
        "test_prints": {"refusal": "passed, and said so"},
    }
    result.stdout.fnmatch_lines(["*::test_once", "  left out: it does not pass twice: *"])
    log = (downstream.path / "log.txt").read_text("utf-8").splitlines()
    narrow = ["narrow begins", "narrow ends"]  # the test, once more without a failure, the storm
    assert log == ["wide begins", *narrow * 3, "the last", "wide ends"]


def test_nothing_of_a_storm_is_judged_counted_or_kept(downstream: pytest.Pytester) -> None:
    downstream.makepyfile(test_app=PLAIN + "    def test_it(): assert poster()['data']")
    files = ("--images-mock-verdict-file=v", "--images-mock-coverage-json=c")
    kept = ("--images-mock-journal=j", "--images-mock-artifacts=a")
    kinds = "--images-mock-storm-kinds=refusal,quota"
    result = downstream.runpytest_subprocess(
        "--images-mock-storm", *ARGUMENTS, kinds, *files, *kept
    )
    result.stdout.fnmatch_lines(["2 runs of 1 test: 2 clean error"])
    verdict, coverage, journal = (json.loads((downstream.path / n).read_text()) for n in "vcj")
    assert [f["id"] for f in verdict["findings"]] == ["deprecated-parameter"]
    assert {r["status"] for r in journal["requests"]} == {200}
    assert len(journal["requests"]) == 1
    assert not (downstream.path / "a").exists()
    assert {kind["state"] for kind in coverage["failures"]} <= {"never met", "out of reach"}


def test_what_a_fixture_of_a_module_says_as_it_ends_is_an_error_as_ever(
    downstream: pytest.Pytester,
) -> None:
    code = """
    @pytest.fixture(scope="module")
    def wide():
        yield
        raise ValueError("it can't end")
    def test_wide(wide): assert poster()
    """
    downstream.makepyfile(test_app=PLAIN + code)
    bound = "--images-mock-storm-most=2"
    result = downstream.runpytest_subprocess("--images-mock-storm", bound)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*ValueError: it can't end", "2 runs of 1 test: *", "*left out*"])


def test_options_that_cannot_be_followed_are_refused(downstream: pytest.Pytester) -> None:
    for option, why in {
        "kinds=refusl": "*images_mock_storm_kinds: 'refusl' is no kind of failure; did you mean *",
        "most=0": "*images_mock_storm_most must be a number above 0, not '0'",
        "patience=long": "*images_mock_storm_patience must be a number above 0, not 'long'",
    }.items():
        result = downstream.runpytest_inprocess(
            "--images-mock-storm", f"--images-mock-storm-{option}", plugins=[]
        )
        assert result.ret == 4
        result.stderr.fnmatch_lines([why])


def test_nothing_of_it_is_loaded_where_it_is_off() -> None:
    code = "import mockserver.pytest_plugin, sys; print([m for m in sys.modules if 'storm' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n"

"""`--images-mock-verdict`: what is told of the program under test, where, and how it is chosen."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from mockserver.pytest_plugin.verdict.report import Found, Place, Report
from mockserver.testing import ImagesMock

pytestmark = pytest.mark.slow

#: The program: a package of its own, with a helper that asks.
PROGRAM = """
    import asyncio, json, os, time
    from concurrent.futures import ThreadPoolExecutor
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    def asked(prompt):
        url, key = os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_API_KEY"]
        body = {"model": "dall-e-2", "prompt": prompt, "response_format": "b64_json"}
        head = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        return Request(f"{url}/images/generations", json.dumps(body).encode(), head)

    def poster(prompt="x"):
        with urlopen(asked(prompt), timeout=60) as answer:         # line 14
            return json.load(answer)

    def hurried(prompt="x"):
        for _ in range(4):
            try:
                return poster(prompt)                               # line 20
            except HTTPError as error:
                error.close()
                time.sleep(0.001)

    def beside():
        with ThreadPoolExecutor(4) as pool:
            return [task.exception() for task in [pool.submit(poster) for _ in range(4)]]

    def quiet():
        try:
            return poster()
        except HTTPError as error:
            error.close()
"""
TESTS = """
    import logging, sys, unittest
    import pytest
    from poster import api

    def test_hurried(images_mock):
        images_mock.next.rate_limit(times=3, retry_after=600)
        api.hurried()

    @pytest.mark.parametrize("which", "ab")
    def test_quiet(images_mock, which):
        images_mock.next.refuse()
        api.quiet()

    class TestOfUnittest(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def refused(self, images_mock):
            images_mock.next.refuse()
        def test_quiet(self):
            api.quiet()

    @pytest.mark.anyio
    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    async def test_async(images_mock, anyio_backend):
        images_mock.next.refuse()
        api.quiet()
"""
#: Nothing is wrong here, or it can't be known.
SILENT = """
    def test_good(images_mock):
        api.poster()

    def test_at_once(images_mock):
        images_mock.next.rate_limit(retry_after=600)
        assert [*map(type, api.beside())].count(type(None)) == 3

    def test_raised(images_mock):
        images_mock.next.refuse()
        with pytest.raises(OSError):
            api.poster()

    def test_logged(images_mock):
        images_mock.next.refuse()
        api.quiet()
        logging.getLogger("program").warning("no picture today")

    def test_written(images_mock):
        images_mock.next.refuse()
        api.quiet()
        print("no picture today", file=sys.stderr)

    def looks(code):
        assert code.status_code == 400
    def test_looked_at(images_mock):
        images_mock.next.refuse()
        api.quiet()
        if not api:
            looks(api)

    def test_patched(images_mock, monkeypatch):
        monkeypatch.setattr(api.time, "sleep", lambda _: None)
        images_mock.next.rate_limit(times=3, retry_after=600)
        api.hurried()

    @pytest.mark.images_mock(verdict_ignore=["error-swallowed"])
    def test_unwanted(images_mock):
        images_mock.next.refuse()
        api.quiet()

    def test_nothing(): pass
"""


@pytest.fixture
def program(downstream: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for name in ("GITHUB_ACTIONS", "GITHUB_WORKSPACE", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    package = downstream.mkpydir("poster")
    (package / "api.py").write_text(textwrap.dedent(PROGRAM), "utf-8")
    # Of a program that nobody keeps any more: of these the tests are not.
    downstream.makeini(
        "[pytest]\nimages_mock_verdict_ignore = deprecated-parameter, ignored-parameter\n"
    )
    return downstream


def told(result: pytest.RunResult) -> list[str]:
    """What stands in the terminal from the verdict's heading on, to the next section."""
    lines = result.stdout.lines
    begins = [i for i, line in enumerate(lines) if line.startswith("images_mock verdict:")]
    rest = lines[begins[-1] :]
    end = next(
        (i for i, line in enumerate(rest) if line.startswith(("===", "never met"))), len(rest)
    )
    return rest[:end]


def rows(lines: list[str]) -> list[tuple[str, ...]]:
    """Those with a finding in one line, by their columns."""
    return [tuple(part for part in line.split("  ") if part) for line in lines[1:]]


def test_a_finding_has_the_programs_line_what_was_seen_its_id_and_its_tests(
    program: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    program.makepyfile(test_app=TESTS + SILENT)
    result = program.runpytest_subprocess(
        "--images-mock-verdict", "--images-mock-verdict-file=v.json", "test_app.py"
    )
    result.assert_outcomes(passed=14)
    heading, *lines = told(result)
    assert heading == "images_mock verdict: 2 findings in 5 tests"
    found = [tuple(part.strip() for part in line.split("  ") if part) for line in lines[:2]]
    assert [(f[0], f[2], f[3]) for f in found] == [
        ("poster/api.py:14", "error-swallowed", "test_app.py::test_quiet[a] and 3 more"),
        ("poster/api.py:14", "retry-after-ignored", "test_app.py::test_hurried"),
    ]
    assert "where the server said 10 minutes, sent as 0.6 s (3 of 3 retries)" in found[1][1]
    commands = [line for line in result.stdout.lines if line.startswith("::")]
    assert [c.partition("::was")[0].partition("::waited")[0] for c in commands] == [
        "::error title=images-mock%3A error-swallowed,file=poster/api.py,line=14",
        "::warning title=images-mock%3A retry-after-ignored,file=poster/api.py,line=14",
    ]
    written = json.loads(Path("v.json").read_text("utf-8"))
    assert (written["images_mock_verdict"], written["tests"]) == (1, 13)
    swallowed = written["findings"][0]
    assert swallowed["site"] == "poster/api.py:14"
    assert [t["test"].partition("::")[2] for t in swallowed["tests"]] == [
        *("test_quiet[a]", "test_quiet[b]", "TestOfUnittest::test_quiet", "test_async[asyncio]"),
    ]
    assert {len(t["requests"]) for t in swallowed["tests"]} == {1}


def test_workers_tell_the_same_and_severities_fail_tests(program: pytest.Pytester) -> None:
    program.makepyfile(test_app=TESTS + SILENT)
    severity = "--images-mock-verdict-severity=retry-after-ignored=note"
    result = program.runpytest_subprocess("-n2", "-v", "--images-mock-verdict=warning", severity)
    result.assert_outcomes(passed=14, errors=4)
    heading, *lines = told(result)
    assert heading == "images_mock verdict: 2 findings in 5 tests"
    assert lines[0].split("  ")[-1] == "test_app.py::test_quiet[a] and 3 more"
    assert [line.split()[0] for line in lines[1:7]] == ["why", "fix", "source", *["also"] * 3]
    result.stdout.fnmatch_lines(["images_mock verdict: error-swallowed"])


def test_where_output_goes_by_nobody_knows_what_was_shown(program: pytest.Pytester) -> None:
    program.makepyfile(test_app=TESTS)
    nowhere = "--images-mock-verdict-file=test_app.py/v.json"
    result = program.runpytest_subprocess("-k", "quiet", "-s", nowhere)
    heading, unwritten = told(result)
    assert heading == "images_mock verdict: nothing found in 3 tests"
    assert unwritten.startswith("images_mock_verdict_file can't be written: ")
    assert result.ret == pytest.ExitCode.USAGE_ERROR


REPEATED = """
    ATTEMPTS = []
    def test_mended(images_mock):
        ATTEMPTS.append(1)
        images_mock.next.refuse()
        if len(ATTEMPTS) == 1:
            api.quiet()
            assert 0
        with pytest.raises(OSError):
            api.poster()
"""
AGAIN = """
    import pytest
    from _pytest.runner import runtestprotocol

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(item, nextitem):        # as pytest-rerunfailures does
        runtestprotocol(item, nextitem=nextitem, log=False)
        for report in runtestprotocol(item, nextitem=nextitem, log=False):
            item.ihook.pytest_runtest_logreport(report=report)
        return True
"""


def test_of_several_attempts_the_last_counts(program: pytest.Pytester) -> None:
    program.makeconftest(AGAIN)
    program.makepyfile(test_app=f"{TESTS.partition('def test_hurried')[0]}\n{REPEATED}")
    result = program.runpytest_subprocess("--images-mock-verdict")
    result.assert_outcomes(passed=1)
    assert told(result) == ["images_mock verdict: nothing found in 1 test"]


def test_a_server_of_somebody_elses_is_judged_with_request_ids(program: pytest.Pytester) -> None:
    program.makepyfile(test_app=TESTS)
    with ImagesMock() as mock:
        url = f"--images-mock-url={mock.url}"
        result = program.runpytest_subprocess("-k", "test_quiet[a]", "--images-mock-verdict", url)
    (found,) = rows(told(result))
    assert found[0].startswith("req_")
    assert found[-1] == "test_app.py::test_quiet[a]"


OFF = """
    def test_off(images_mock):
        assert api.quiet() is None or True
        loaded = [m for m in sys.modules if "judging" in m or "verdict_" in m or "sites" in m]
        assert not loaded
"""


def test_it_costs_nothing_while_it_is_off(program: pytest.Pytester) -> None:
    program.makepyfile(test_app=TESTS + OFF)
    result = program.runpytest_subprocess("-k", "off or quiet")
    result.assert_outcomes(passed=4)
    result.stdout.no_fnmatch_line("images_mock verdict*")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("ignore=error-swalowed", "images_mock_verdict_ignore must name findings, and 'error-swalowed' is none; did you mean error-swallowed?"),
        ("severity=retry-storm=eror", "images_mock_verdict_severity must say one of error, warning, note of a finding, not 'eror'"),
    ],
)  # fmt: skip
def test_a_slip_is_refused(program: pytest.Pytester, option: str, said: str) -> None:
    result = program.runpytest_subprocess(
        "--images-mock-verdict", f"--images-mock-verdict-{option}"
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.stderr.str()


def test_a_slip_of_a_marker_is_refused(program: pytest.Pytester) -> None:
    program.makepyfile(
        """
        import pytest
        @pytest.mark.images_mock(verdict_ignore=["retry-strom"])
        def test_it(): pass
        """
    )
    result = program.runpytest_subprocess()
    said = "has verdict_ignore=['retry-strom']; it must name findings, and 'retry-strom' is none; did you mean retry-storm?"
    assert said in result.stdout.str()


def test_what_differs_by_a_number_of_requests_alone_is_one_line() -> None:
    def found(seen: str, test: str) -> Found:
        told = {"id": "deprecated-parameter", "severity": "note", "seen": seen}
        return Found(told, ("api.py", 8), [Place(test, "test_api.py", 1, ["req_1"])])

    report = Report()
    report.add("a", [found("asked for 'x', which is gone (2 requests)", "a")])
    report.add("b", [found("asked for 'x', which is gone", "b")])
    report.add("c", [found("asked for 'y', which is gone (3 requests)", "c")])
    assert [(f.told["seen"], len(f.tests)) for f in report.found] == [
        ("asked for 'x', which is gone", 2),
        ("asked for 'y', which is gone (3 requests)", 1),
    ]

"""The plugin where tests replace what it stands on: only their own test may notice."""

from __future__ import annotations

import sys

import pytest

from tests.plugin.conftest import run, run_plain

pytestmark = pytest.mark.slow

BOOM = """
    def boom(*arguments, **named): raise ValueError("the test's own")
"""
PATCHED = [
    "http.client.HTTPConnection.request",
    "json.loads",
    "json.dumps",
    "socket.socket.sendall",
    "socket.socket",
    "socket.create_connection",
    "select.select",
    "threading.Thread.start",
    "time.time_ns",
    "time.time",
    "os.getpid",
    "mockserver.client.sandbox.Sandbox.report",
    "mockserver.client.connection.Remote.ask",
    "mockserver.client.sandbox.report_of",
]


def test_no_patch_of_a_failing_test_ends_the_run(downstream: pytest.Pytester) -> None:
    code = f"""{BOOM}
    @pytest.mark.parametrize("target", {PATCHED!r})
    @pytest.mark.parametrize("called", [True, False])
    def test_it(images_mock, monkeypatch, target, called):
        if called: poster()
        monkeypatch.setattr(target, boom)
        assert not "this"

    def test_afterwards(images_mock):
        poster()
        images_mock.assert_called_once()
    def test_unrelated(): pass
    """
    result = run_plain(downstream, code, "--tb=line")
    result.assert_outcomes(failed=2 * len(PATCHED), passed=2)
    result.stdout.no_fnmatch_line("*INTERNALERROR*")
    told = [line for line in result.outlines if "ValueError: the test's own" in line]
    assert told, "what fails in a report is a line of it"


def test_a_broken_sandbox_does_not_break_the_next(downstream: pytest.Pytester) -> None:
    code = f"""{BOOM}
    from mockserver.client.sandbox import Sandbox
    def test_it(images_mock, request):
        poster()
        whole = Sandbox.spent
        Sandbox.spent = property(boom)         # as it is where the server has lost it
        request.config.add_cleanup(lambda: setattr(Sandbox, "spent", whole))
    def test_unrelated(): pass
    def test_afterwards(images_mock):
        poster()
        images_mock.assert_called_once()
    """
    run_plain(downstream, code).assert_outcomes(passed=3)


def test_a_sandbox_that_cannot_begin_fails_who_needs_it_and_no_other(
    downstream: pytest.Pytester,
) -> None:
    code = f"""{BOOM}
    from mockserver.client.sandbox import Sandbox
    whole = Sandbox.begin
    Sandbox.begin = boom
    def test_first(images_mock): pass
    def test_unrelated(): pass
    def test_by_environment():
        poster()
        Sandbox.begin = whole
    def test_afterwards(images_mock):
        poster()
        images_mock.assert_called_once()
    """
    result = run_plain(downstream, code)
    result.assert_outcomes(errors=1, passed=3)
    result.stdout.fnmatch_lines(["images_mock: ValueError: the test's own"])


def test_a_time_limit_that_strikes_as_the_server_starts_fails_that_test_alone(
    downstream: pytest.Pytester,
) -> None:
    """As pytest-timeout's do, by a failure from a signal's handler, wherever the program is."""
    code = """
    from mockserver.client.sandbox import Sandbox
    whole = Sandbox.begin
    def late(*arguments, **named):
        Sandbox.begin = whole
        pytest.fail("Timeout")
    Sandbox.begin = late
    def test_first(images_mock): pass
    def test_afterwards(images_mock):
        poster()
        images_mock.assert_called_once()
    """
    result = run_plain(downstream, code)
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(["images_mock: *Timeout*"])


def test_no_thread_is_there_until_a_test_needs_one(downstream: pytest.Pytester) -> None:
    downstream.makeconftest("import threading\nAT_FIRST = threading.active_count()\n")
    code = """
    import os, sys, threading
    from conftest import AT_FIRST
    def threads(): return len(os.listdir("/proc/self/task")) if sys.platform == "linux" else 1
    COLLECTED = threads()
    def test_before():
        assert AT_FIRST == COLLECTED == threads() == threading.active_count() == 1
    def test_it(images_mock):
        poster()
        assert threading.active_count() > 1
    """
    run_plain(downstream, code, "-p", "no:xdist").assert_outcomes(passed=2)


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
@pytest.mark.parametrize("how", ["fork", "spawn", "program", "collected", "thread"])
def test_whoever_calls_first_is_answered(downstream: pytest.Pytester, how: str) -> None:
    """Without a fixture of ours nothing tells the plugin that the server is about to be called."""
    calls = {
        "fork": "child(multiprocessing.get_context('fork'))",
        "spawn": "child(multiprocessing.get_context('spawn'))",
        "program": "subprocess.run([sys.executable, '-c', PROGRAM], check=True)",
        "collected": "assert MADE.data",
        "thread": "t = threading.Thread(target=poster); t.start(); t.join()",
    }
    downstream.makepyfile(
        program="import openai\ndef post(): openai.OpenAI().images.generate(prompt='x')"
    )
    code = f"""
    import multiprocessing, subprocess, sys, threading
    import program
    PROGRAM = "import program; program.post()"
    MADE = poster() if {how == "collected"} else None
    def child(context):
        process = context.Process(target=program.post)
        process.start()
        process.join(60)
        assert process.exitcode == 0
    def test_it(request):
        {calls[how]}
        ambient = request.getfixturevalue("images_mock")
        assert len(ambient.requests) == {int(how != "collected")}
    """
    run(downstream, code).assert_outcomes(passed=1)


GONE = {
    "mock.patch.dict(os.environ, OPENAI_API_KEY='x', clear=True)": "unset",
    "mock.patch.dict(os.environ, OPENAI_BASE_URL='https://api.openai.com/v1')": (
        "'https://api.openai.com/v1'"
    ),
}


@pytest.mark.parametrize(("patch", "told"), GONE.items(), ids=["unset", "changed"])
def test_the_guard_says_which_variable_is_another_now(
    downstream: pytest.Pytester, patch: str, told: str
) -> None:
    code = f"""
    from unittest import mock
    def test_it():
        with {patch}:
            openai.OpenAI().images.generate(prompt="x")
    """
    result = run(downstream, code)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*OPENAI_BASE_URL is {told} now; the plugin had set it.*"])
    result.stdout.no_fnmatch_line("*has an address of its own*")


EMPTIED = ["mock.patch.dict(os.environ, clear=True)", "mock.patch.object(os, 'environ', {})"]


@pytest.mark.parametrize("patch", EMPTIED, ids=["cleared", "another"])
def test_an_emptied_environment_stops_neither_the_fixtures_nor_the_server(
    downstream: pytest.Pytester, patch: str
) -> None:
    code = f"""
    from unittest import mock
    @pytest.fixture
    def emptied():
        with {patch}: yield
    def test_it(emptied, images_mock, images_client):   # the first call starts the server
        images_mock.next.rate_limit(times=1)
        app = openai.OpenAI(base_url=images_mock.url, api_key=images_mock.api_key)
        for client in (images_client, app):
            client.images.generate(model="dall-e-2", prompt="x", size="256x256")
        assert [r.status for r in images_mock.requests] == [429, 200, 200]
    def test_afterwards(images_mock):
        poster()
        images_mock.assert_called_once()
    """
    run(downstream, code).assert_outcomes(passed=2)


def test_of_azures_variables_the_guard_says_the_same(downstream: pytest.Pytester) -> None:
    code = """
    from unittest import mock
    def test_it():
        mine = {"AZURE_OPENAI_ENDPOINT": "https://mine.openai.azure.com", "OPENAI_API_KEY": "x"}
        with mock.patch.dict(os.environ, mine):
            openai.AzureOpenAI().images.generate(model="x", prompt="x")
    """
    result = run(downstream, code)
    result.assert_outcomes(failed=1)
    told = "*AZURE_OPENAI_ENDPOINT is 'https://mine.openai.azure.com' now; the plugin had set it.*"
    result.stdout.fnmatch_lines([told])


def test_an_attempt_that_was_stopped_is_forgotten_as_the_next_begins(
    downstream: pytest.Pytester,
) -> None:
    downstream.makeconftest(
        """
    import pytest
    from _pytest.runner import runtestprotocol
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(item, nextitem):    # as plugins of reruns do
        for _ in range(2):
            item._initrequest()
            reports = runtestprotocol(item, nextitem=nextitem, log=False)
        for report in reports: item.ihook.pytest_runtest_logreport(report=report)
        return True
    """
    )
    code = """
    TRIES = []
    def test_it():
        TRIES.append(1)
        if len(TRIES) == 1:
            openai.OpenAI(base_url="https://api.openai.com/v1").images.generate(prompt="x")
        poster()
    """
    run(downstream, code).assert_outcomes(passed=1)

"""The pytest plugin in a project of somebody else's: the session, its environment, its options."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence

import pytest

from mockserver.testing import ImagesMock
from tests.plugin.conftest import CLIENT, PLAIN, run, run_plain

PROJECT = (
    CLIENT
    + """
    def test_the_environment_leads_to_the_mock(images_mock):
        assert os.environ["OPENAI_BASE_URL"] == images_mock.url == images_mock.env["OPENAI_BASE_URL"]
        answer = openai.OpenAI().images.generate(model="dall-e-2", prompt="a fox", size="256x256")
        assert answer.data[0].url.startswith(images_mock.url.removesuffix("/v1"))

    @pytest.mark.parametrize("again", range(2))
    def test_each_test_has_a_sandbox_of_its_own(images_mock, again):
        for _ in range(50):
            poster(n=10)
        with pytest.raises(openai.RateLimitError):
            poster(n=10)

    def test_a_test_without_the_fixture_has_one_too():
        assert poster().data
"""
)


@pytest.fixture
def project(downstream: pytest.Pytester) -> pytest.Pytester:
    downstream.makepyfile(test_app=PROJECT)
    return downstream


def discover(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on pytest finds its plugins itself."""
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    monkeypatch.delenv("PYTEST_PLUGINS")


@pytest.mark.parametrize(
    ("workers", "address"),
    [
        pytest.param([], r"http://127.0.0.1:\d+/v1", id="one process"),
        pytest.param(["-n", "2"], "an address for each worker", marks=pytest.mark.slow, id="two"),
    ],
)
def test_a_downstream_project_calls_the_mock_whose_address_is_told(
    project: pytest.Pytester, workers: Sequence[str], address: str
) -> None:
    result = project.runpytest_subprocess(*workers)
    result.assert_outcomes(passed=4)
    where = re.escape("(openai SDK and this environment), guard on")
    assert re.search(f"^images_mock: {address} {where}$", str(result.stdout), re.MULTILINE)
    result.stdout.fnmatch_lines(["these tests would have cost $16.03 with the real API"])


def test_requests_do_not_leave_by_a_proxy(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "intranet.test")
    monkeypatch.setenv("no_proxy", "elsewhere.test,intranet.test")
    project.makeconftest(
        """
        import os
        def pytest_unconfigure():
            print("AFTER", os.environ["NO_PROXY"], os.environ["no_proxy"])
        def pytest_configure():
            print("IN", os.environ["NO_PROXY"])
        """
    )
    result = project.runpytest_subprocess("-k", "environment", "-s")
    result.assert_outcomes(passed=1, deselected=3)
    result.stdout.fnmatch_lines(
        ["IN intranet.test,elsewhere.test,127.0.0.1,localhost,*openai.com,oaidalleapi*"]
    )


def test_the_environment_is_put_back(
    downstream: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")
    names = ("OPENAI_BASE_URL", "OPENAI_API_KEY", "NO_PROXY", "no_proxy")
    before = {name: os.environ.get(name) for name in names}
    program = f"""
import os, pytest, sys, threading
for code in range(5):
    assert pytest.main(["-q", "-p", "no:cacheprovider", f"ends_with_{{code}}"]) == code
    assert {{n: os.environ.get(n) for n in {names!r}}} == {before!r}
    assert not [t.name for t in threading.enumerate() if "images-mock" in t.name]
"""
    driver = downstream.makepyfile(driver=program)
    endings = {
        0: "def test_it(): assert poster()",
        1: "def test_it():\n        poster(); assert 0",
        2: "def test_it():\n        poster(); raise KeyboardInterrupt",
        3: "def test_it():\n        poster(); pytest.exit('enough', returncode=3)",
    }
    for code, test in endings.items():
        downstream.makepyfile(**{f"ends_with_{code}/test_{code}": PLAIN + "\n    " + test})
    downstream.mkdir("ends_with_4").joinpath("conftest.py").write_text("raise SystemError")
    done = downstream.run(sys.executable, driver)
    assert done.ret == 0, done.stderr.str()


@pytest.mark.slow
def test_a_crash_in_a_test_ends_the_run_all_the_same(downstream: pytest.Pytester) -> None:
    code = """
    def test_it(images_mock):
        images_mock.next.delay(30)
        import threading
        threading.Thread(target=poster, daemon=True).start()
        raise SystemExit(7)
    """
    downstream.makepyfile(test_app=CLIENT + code)
    result = downstream.runpytest_subprocess(timeout=20)  # less than the server would wait
    result.assert_outcomes(failed=1)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["option", "setting"])
def test_the_environment_can_be_left_alone(downstream: pytest.Pytester, where: str) -> None:
    code = """
        import os
        def test_it(images_mock):
            assert "OPENAI_BASE_URL" not in os.environ
            assert images_mock.env["OPENAI_BASE_URL"] == images_mock.url
    """
    downstream.makepyfile(test_app=code)
    if where == "setting":
        downstream.makeini("[pytest]\nimages_mock_env = off\n")
    result = downstream.runpytest_subprocess(
        *(["--images-mock-env=off"] if where == "option" else [])
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["images_mock: http:*/v1 (environment as is), guard on"])


def test_a_setting_that_is_none_is_refused(downstream: pytest.Pytester) -> None:
    downstream.makeini("[pytest]\nimages_mock_guard = maybe\n")
    result = downstream.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*images_mock_guard must be one of on, off, not 'maybe'*"])


def test_a_client_made_in_conftest_is_in_time(downstream: pytest.Pytester) -> None:
    downstream.makeconftest("import openai\nCLIENT = openai.OpenAI(max_retries=0)\n")
    code = """
        from conftest import CLIENT
        ASKED = CLIENT.images.generate(prompt="as it is imported", size="256x256")
        def test_it(images_mock):
            assert not images_mock.requests
            CLIENT.images.generate(prompt="x", size="256x256")
            assert len(images_mock.requests) == 1
    """
    downstream.makepyfile(test_app=code)
    downstream.runpytest_subprocess().assert_outcomes(passed=1)


def test_the_clock_stands_from_the_first_request_on(downstream: pytest.Pytester) -> None:
    code = """
    @pytest.mark.parametrize("number", range(2))
    def test_without_fixture(number):
        from mockserver.client.sandbox import Sandbox
        poster()
        mine = Sandbox(os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_API_KEY"])
        assert len({mine.clock.now for _ in range(5)}) == 1
        assert mine.spent == 0.016

    def test_with_fixture(images_mock):
        assert len({images_mock.clock.now for _ in range(5)}) == 1

    @pytest.mark.images_mock(real_time=True)
    def test_it_runs_if_told_so(images_mock):
        assert len({images_mock.clock.now for _ in range(5)}) > 1
    """
    run_plain(downstream, code).assert_outcomes(passed=4)


def test_the_marker_sets_up_the_sandbox(downstream: pytest.Pytester) -> None:
    code = """
    pytestmark = pytest.mark.images_mock(budget_usd=0.02)

    @pytest.mark.images_mock(tier="free")
    def test_tier():
        with pytest.raises(openai.RateLimitError): poster()

    @pytest.mark.images_mock(tier=1, sizes="api", latency="1ms", prices="billing", budget_usd=1)
    def test_numbers_and_more(images_mock):
        poster()
        with pytest.raises(openai.BadRequestError):
            APP.images.generate(model="dall-e-2", prompt="x", size="1024x1536")
        APP.images.generate(model="dall-e-2", prompt="x", size="1024x1024")
        assert images_mock.spent == pytest.approx(0.036)

    @pytest.mark.images_mock(per_minute=1, budget_usd=None)
    def test_the_closest_counts():
        poster()
        with pytest.raises(openai.RateLimitError): poster()

    def test_budget(images_client):
        images_client.images.generate(prompt="x", size="256x256")
        with pytest.raises(openai.BadRequestError, match="limit"): poster()
    """
    run(downstream, code, "--strict-markers").assert_outcomes(passed=4)


WRONG = {
    "unknown": (
        "teir='1'",
        "usage error: *images_mock of *::test_it has no 'teir'; did you mean tier?",
    ),
    "unlike any": ("colour=1", "*has no 'colour'; it is one of tier, as_of, *"),
    "positional": ("'1'", "usage error: *images_mock of *::test_it takes keywords only, not '1'"),
    "no such tier": ("tier=9", "usage error: *::test_it has tier=9; it must be one of free, 1, *"),
    "no day": ("as_of='soon'", "usage error: *::test_it has as_of='soon'; it *2023-12-01*"),
    "no list": ("prices='cheap'", "*::test_it has prices='cheap'; it must be one of model-page, *"),
    "no amount": ("budget_usd='x'", "*::test_it has budget_usd='x'; it must be an amount in USD *"),
    "no switch": ("real_time=None", "*::test_it has real_time=None; it must be True or False"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("said", "told"), WRONG.values(), ids=WRONG)
def test_a_marker_that_is_wrong_says_how(downstream: pytest.Pytester, said: str, told: str) -> None:
    code = f"\n    @pytest.mark.images_mock({said})\n    def test_it(images_mock): pass"
    result = run_plain(downstream, code)
    result.assert_outcomes(errors=1)  # while it is collected
    result.stdout.fnmatch_lines([told, "*Interrupted: 1 error during collection*"])


def test_a_wrong_marker_fails_no_other_test(downstream: pytest.Pytester) -> None:
    code = """
    @pytest.mark.images_mock(tier="ten")
    def test_first(images_mock): pass

    def test_second(images_mock): poster()

    def test_third(): pass
    """
    downstream.makepyfile(test_other="def test_it(images_mock): assert images_mock.url")
    result = run_plain(downstream, code, "--continue-on-collection-errors")
    result.assert_outcomes(passed=1, errors=1)  # of a file none is collected: as with parametrize
    result.stdout.fnmatch_lines(["*::test_first has tier='ten'; *"])


def test_a_project_sets_up_the_server(downstream: pytest.Pytester) -> None:
    conftest = """
        import pytest
        @pytest.fixture(scope="session")
        def images_mock_options(): return {options}
    """
    code = """
    def test_plain():
        with pytest.raises(Refused, match="Limit: 0"): poster()
    def test_fixture(images_mock):
        with pytest.raises(Refused, match="Limit: 0"): poster()
    """
    downstream.makeconftest(conftest.format(options={"tier": "free"}))
    run_plain(downstream, code).assert_outcomes(passed=2)
    result = run_plain(downstream, "\n    poster()\n" + code)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["usage error: images_mock_options: it is too late, *"])
    with ImagesMock() as mock:
        result = run_plain(downstream, code, f"--images-mock-url={mock.url}")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["usage error: images_mock_options: whoever runs the server *"])
    downstream.makeconftest(conftest.format(options={"teir": "free"}))
    result = run_plain(downstream, code)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["usage error: images_mock_options: *Did you mean tier?"])


def test_the_plugin_loads_nothing_heavy(
    downstream: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    heavy = (
        "{'starlette', 'uvicorn', 'PIL', 'faker', 'click', 'asyncio', 'ssl', 'http.client', "
        "'mockserver.testing', 'mockserver.client.sandbox', 'mockserver.server.listening', "
        "'mockserver.pytest_plugin.advice', 'mockserver.pytest_plugin.report'}"
    )
    downstream.makepyfile(
        test_app=f"import sys\ndef test_light():\n    assert not {heavy} & set(sys.modules)\n"
    )
    monkeypatch.setenv("PYTEST_PLUGINS", "mockserver.pytest_plugin")
    result = downstream.runpytest_subprocess()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*would have cost*")


def test_pytest_rewrites_none_of_our_modules_and_finds_others_as_before(
    downstream: pytest.Pytester,
) -> None:
    code = """
    import atexit, sys
    def ours(): return [f for f in sys.meta_path if f.__module__.startswith("mockserver")]
    atexit.register(lambda: print(f"left: {ours()}"))
    def test_loaders(images_mock):
        assert images_mock.begin().requests == []
        loaders = {n: type(m.__loader__).__name__ for n, m in sys.modules.items()
                   if n.startswith("mockserver.") and n != "mockserver.pytest_plugin"}
        assert "mockserver.server.listening" in loaders
        assert set(loaders.values()) == {"SourceFileLoader"}
    def test_others(tmp_path, monkeypatch):
        (tmp_path / "test_helper.py").write_text("def check(x): assert x == 1")
        monkeypatch.syspath_prepend(tmp_path)
        import test_helper
        assert type(test_helper.__loader__).__name__ == "AssertionRewritingHook"
    """
    result = run_plain(downstream, code)
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["left: []"])


@pytest.mark.slow
def test_it_is_found_where_it_is_installed(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    discover(monkeypatch)
    result = project.runpytest_subprocess("-k", "fixture")
    result.assert_outcomes(passed=1, deselected=3)
    result.stdout.fnmatch_lines(["images_mock: http:*"])


def test_the_plugin_can_be_switched_off(
    downstream: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    discover(monkeypatch)
    code = """
        import os
        def test_it(): assert "OPENAI_BASE_URL" not in os.environ
        def test_fixture(images_mock): pass
    """
    downstream.makepyfile(test_app=code)
    result = downstream.runpytest_subprocess("-p", "no:images_mock")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.no_fnmatch_line("images_mock: *")


def test_pytest_lists_markers_options_and_fixtures(downstream: pytest.Pytester) -> None:
    marked = downstream.runpytest_subprocess("--markers")
    marked.stdout.fnmatch_lines(["@pytest.mark.images_mock(tier=…, as_of=…, *"])
    options = downstream.runpytest_subprocess("--help")
    for name in (
        "env",
        "guard",
        "guarded-hosts",
        "url",
        "unused-rules",
        "unexpected-errors",
        "artifacts",
        "verdict-ignore",
        "verdict-severity",
        "verdict-file",
    ):
        options.stdout.fnmatch_lines([f"*--images-mock-{name}=*"])
    options.stdout.fnmatch_lines(["*images_mock_unused_rules (string)*"])
    fixtures = downstream.runpytest_subprocess("--fixtures")
    told = ("images_mock", "images_client", "async_images_client", "images_mock_server")
    for name in (*told, "images_mock_options"):
        fixtures.stdout.fnmatch_lines([f"{name}* -- *mockserver/pytest_*.py:*"])
    fixtures.stdout.no_fnmatch_line("_images*")

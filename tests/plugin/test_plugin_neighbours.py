"""The pytest plugin among others: workers, processes, event loops, fixtures of all scopes."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from mockserver.testing import ImagesMock
from tests.plugin.conftest import run, run_plain

pytestmark = pytest.mark.slow


def test_two_hundred_tests_in_several_workers_do_not_meet(downstream: pytest.Pytester) -> None:
    code = """
    @pytest.mark.parametrize("number", range(200))
    def test_it(images_mock, number):
        images_mock.next.rate_limit() if number % 2 else images_mock.budget(usd=0.05)
        if number % 2:
            with pytest.raises(Refused): poster(f"before {number}")
        poster(f"number {number}")
        assert [r.prompt for r in images_mock.requests][-1] == f"number {number}"
        assert len(images_mock.requests) == 1 + number % 2
        assert images_mock.spent == 0.016
    """
    result = run_plain(downstream, code, "-n", "2", "-q")
    result.assert_outcomes(passed=200)
    result.stdout.fnmatch_lines(["these tests would have cost $3.20 *"])


def test_several_processes_share_one_server(downstream: pytest.Pytester) -> None:
    code = """
    @pytest.mark.parametrize("number", range(60))
    def test_it(images_mock, number):
        poster(f"number {number}")
        assert [r.prompt for r in images_mock.requests] == [f"number {number}"]
    """
    with ImagesMock() as mock:
        result = run_plain(downstream, code, "-n", "2", f"--images-mock-url={mock.url}")
        result.assert_outcomes(passed=60)
        result.stdout.fnmatch_lines([f"images_mock: {mock.url} (*", "* cost $0.960 with *"])
    url = f"--images-mock-url={mock.url}"
    for workers in ([], ["-n", "2"]):
        gone = run_plain(downstream, code, url, *workers)
        gone.assert_outcomes()  # one word for all of them
        gone.stdout.fnmatch_lines([f"*images_mock: nobody answers at {mock.address}*"])
    run_plain(downstream, "\n    def test_else(): pass\n", url).assert_outcomes(passed=1)


def test_fixtures_of_module_and_session_have_sandboxes_too(downstream: pytest.Pytester) -> None:
    code = """
    @pytest.fixture(scope="session")
    def gallery(images_mock_server):
        sandbox = images_mock_server.sandbox("gallery").begin(tier="free")
        return sandbox

    @pytest.fixture(scope="module")
    def drawn(): return poster("of the module")

    @pytest.mark.parametrize("number", range(2))
    def test_it(drawn, gallery, images_mock, number):
        assert drawn.data
        assert gallery.url == images_mock.url
        assert len(images_mock.requests) == 1 - number
        own = APP.with_options(api_key=gallery.api_key)
        with pytest.raises(openai.RateLimitError): own.images.generate(prompt="x")
        assert len(gallery.requests) == 1 + number
    """
    run(downstream, code).assert_outcomes(passed=2)


def test_the_clients_are_the_sandbox_s_own(downstream: pytest.Pytester) -> None:
    code = """
    @pytest.mark.parametrize("number", range(3))
    def test_shared(images_client, images_mock, number):
        assert images_client.max_retries == openai.OpenAI().max_retries
        images_client.max_retries = 7
        images_client.images.generate(prompt=str(number))
        assert [r.prompt for r in images_mock.requests] == [str(number)]

    def test_async(async_images_client, images_mock):
        import asyncio
        for _ in range(2):   # an event loop after the other
            asyncio.run(async_images_client.images.generate(prompt="x"))
        images_mock.assert_called(times=2)

    @pytest.mark.anyio
    async def test_anyio(async_images_client, images_mock):
        await async_images_client.images.generate(prompt="x")
        images_mock.assert_called_once()
    """
    run(downstream, code, "-W", "error", "-k", "not trio").assert_outcomes(passed=5)


@pytest.mark.skipif(not find_spec("pytest_asyncio"), reason="pytest-asyncio is not installed")
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_it_gets_on_with_pytest_asyncio(downstream: pytest.Pytester, loop: str) -> None:
    downstream.makeini(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
    )
    code = f"""
    import asyncio, {loop}
    @pytest.mark.parametrize("number", range(3))
    async def test_it(async_images_client, images_mock, number):
        made = (async_images_client.images.generate(prompt="x") for _ in range(4))
        assert len(await asyncio.gather(*made)) == 4
        images_mock.assert_called(times=4)

    async def test_errors(async_images_client, images_mock):
        images_mock.next.delay(30)
        with pytest.raises(openai.APITimeoutError):
            await async_images_client.with_options(timeout=0.2, max_retries=0).images.generate(prompt="x")
    """
    if loop == "uvloop":
        code += """
    @pytest.fixture(scope="session")
    def event_loop_policy(): return uvloop.EventLoopPolicy()
    """
    strict = ("-W", "error", "-W", "default::DeprecationWarning")
    result = run(downstream, code, "-p", "pytest_asyncio.plugin", *strict)
    result.assert_outcomes(passed=4)


@pytest.mark.skipif(not find_spec("pytest_httpserver"), reason="pytest-httpserver is not installed")
def test_it_gets_on_with_pytest_httpserver(downstream: pytest.Pytester) -> None:
    code = """
    def test_both(images_mock, httpserver):
        httpserver.expect_request("/x").respond_with_data("hello")
        import urllib.request
        assert urllib.request.urlopen(httpserver.url_for("/x")).read() == b"hello"
        poster()
        images_mock.assert_called_once()
    """
    result = run(downstream, code, "-p", "pytest_httpserver.pytest_plugin")
    result.assert_outcomes(passed=1)


def test_without_the_sdk_its_fixtures_skip(downstream: pytest.Pytester) -> None:
    code = """
        import sys
        sys.modules["openai"] = None
        def test_sync(images_client): pass
        def test_async(async_images_client): pass
        def test_mock(images_mock): assert not images_mock.requests
    """
    downstream.makepyfile(test_app=code)
    result = downstream.runpytest_subprocess("-rs", "-W", "ignore::pytest.PytestDeprecationWarning")
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(["SKIPPED * openai is not installed"])

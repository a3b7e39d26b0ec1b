"""The pytest plugin in a project of somebody else's."""

from __future__ import annotations

import pytest

PROJECT = """
    import os, openai, pytest

    def test_the_environment_leads_to_the_mock(images_mock):
        assert os.environ["OPENAI_BASE_URL"] == images_mock.url == images_mock.env["OPENAI_BASE_URL"]
        answer = openai.OpenAI().images.generate(model="dall-e-2", prompt="a fox", size="256x256")
        assert answer.data[0].url.startswith(images_mock.url.removesuffix("/v1"))

    @pytest.mark.parametrize("again", range(2))
    def test_each_test_has_a_sandbox_of_its_own(images_mock, again):
        client = openai.OpenAI(max_retries=0)
        for _ in range(50):
            client.images.generate(prompt="x", n=10)
        with pytest.raises(openai.RateLimitError):
            client.images.generate(prompt="x", n=10)

    def test_without_the_fixture_nothing_is_set():
        assert "OPENAI_BASE_URL" not in os.environ
"""


@pytest.fixture
def downstream(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for variable in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        monkeypatch.delenv(variable, raising=False)
    pytester.makepyfile(test_app=PROJECT)
    return pytester


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "two workers"])
def test_a_downstream_project_calls_the_mock(
    downstream: pytest.Pytester, workers: list[str]
) -> None:
    result = downstream.runpytest_subprocess(*workers)
    result.assert_outcomes(passed=4)


def test_requests_do_not_leave_by_a_proxy(
    downstream: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "intranet.test")
    result = downstream.runpytest_subprocess("-k", "environment")
    result.assert_outcomes(passed=1, deselected=3)


def test_the_plugin_loads_nothing_heavy(
    downstream: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # other plugins load much
    heavy = "{'starlette', 'uvicorn', 'PIL', 'faker', 'click', 'asyncio', 'mockserver.testing'}"
    downstream.makepyfile(
        test_app=f"import sys\ndef test_light():\n    assert not {heavy} & set(sys.modules)\n"
    )
    result = downstream.runpytest_subprocess("-p", "mockserver.pytest_plugin")
    result.assert_outcomes(passed=1)


def test_the_plugin_can_be_switched_off(downstream: pytest.Pytester) -> None:
    result = downstream.runpytest_subprocess("-p", "no:images_mock")
    result.assert_outcomes(passed=1, errors=3)

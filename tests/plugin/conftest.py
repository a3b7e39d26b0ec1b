"""A project of somebody else's, in which the plugin runs."""

from __future__ import annotations

import pytest

CLIENT = """
    import openai, os, pytest
    APP = openai.OpenAI(max_retries=0)      # as it is imported
    def poster(prompt="x", **more):
        return APP.images.generate(model="dall-e-2", prompt=prompt, size="256x256", **more)
"""
#: The same by hand, where it does not matter who asks: the SDK takes a second in each process.
PLAIN = """
    import json, os, pytest
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen
    URL, KEY = os.environ["OPENAI_BASE_URL"], os.environ["OPENAI_API_KEY"]      # as it is imported
    class Refused(Exception): pass
    def poster(prompt="x", key=KEY, **more):
        body = {"model": "dall-e-2", "prompt": prompt, "size": "256x256"} | more
        head = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        asked = Request(f"{URL}/images/generations", json.dumps(body).encode(), head)
        try:
            with urlopen(asked, timeout=60) as answer: return json.load(answer)
        except HTTPError as error:
            with error: raise Refused(error.read().decode()) from None
"""
PLUGINS = "mockserver.pytest_plugin,xdist.plugin,anyio.pytest_plugin"
VARIABLES = ("OPENAI_BASE_URL", "OPENAI_API_KEY", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER")


@pytest.fixture
def downstream(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    # Those that the tests are about; all that are installed here take seconds to load.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", PLUGINS)
    return pytester


def run(downstream: pytest.Pytester, code: str, *arguments: str) -> pytest.RunResult:
    """A run of these tests, with a client that was made as they were imported."""
    downstream.makepyfile(test_app=CLIENT + code)
    return downstream.runpytest_subprocess(*arguments)


def run_plain(downstream: pytest.Pytester, code: str, *arguments: str) -> pytest.RunResult:
    """The same without the SDK."""
    downstream.makepyfile(test_app=PLAIN + code)
    return downstream.runpytest_subprocess(*arguments)

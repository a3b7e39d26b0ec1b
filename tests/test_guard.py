"""No test reaches the real API, by no library."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from mockserver.pytest_plugin import guard as module
from mockserver.pytest_plugin.guard import Guard

BY = {
    "openai": "import openai; openai.OpenAI(**REAL).images.generate(prompt='x')",
    "openai async": (
        "import asyncio, openai; asyncio.run(openai.AsyncOpenAI(**REAL).images.generate(prompt='x'))"
    ),
    "openai async under uvloop": (
        "import openai, uvloop; uvloop.run(openai.AsyncOpenAI(**REAL).images.generate(prompt='x'))"
    ),
    "httpx2": "import httpx2; httpx2.get(URL)",
    "requests": "import requests; requests.get(URL)",
    "urllib": "import urllib.request; urllib.request.urlopen(URL)",
    "http.client": (
        "import http.client; http.client.HTTPSConnection('API.OpenAI.com.').request('GET', '/')"
    ),
    "socket": "import socket; socket.gethostbyname('api.openai.com')",
    "aiohttp": "import asyncio; asyncio.run(by_aiohttp())",
    "aiohttp under uvloop": "import uvloop; uvloop.run(by_aiohttp())",
    "uvloop": ("import uvloop; uvloop.run(looked_up())"),
}
HEAD = """
import pytest

REAL = {"base_url": "https://api.openai.com/v1", "api_key": "sk-mock-me"}
URL = "https://api.openai.com/v1/models"

async def by_aiohttp():
    import aiohttp
    async with aiohttp.ClientSession() as session:
        await session.get(URL)

async def looked_up():
    import asyncio
    await asyncio.get_running_loop().getaddrinfo("api.openai.com", 443)
"""


def project(*statements: str) -> str:
    tests = (f"def test_{i}():\n    {s}\n" for i, s in enumerate(statements))
    return "\n".join((HEAD, *tests))


@pytest.fixture
def away(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for variable in ("PYTEST_ADDOPTS", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # they take seconds to load
    monkeypatch.setenv("PYTEST_PLUGINS", "mockserver.pytest_plugin")
    return pytester


def test_no_library_gets_through(away: pytest.Pytester) -> None:
    ways = [s for name, s in BY.items() if "aiohttp" not in name or find_spec("aiohttp")]
    away.makepyfile(test_escape=project(*ways))
    result = away.runpytest_subprocess("--tb=line")
    result.assert_outcomes(failed=len(ways))
    assert result.stdout.str().count("was about to reach api.openai.com") >= len(ways)
    for number in range(len(ways)):
        result.stdout.fnmatch_lines([f"*images_mock: test_escape.py::test_{number} was about*"])


def test_the_message_names_host_test_and_fix(away: pytest.Pytester) -> None:
    away.makepyfile(test_escape=project(BY["urllib"]))
    result = away.runpytest_subprocess()
    result.stdout.fnmatch_lines(
        [
            "E * images_mock: test_escape.py::test_0 was about to reach api.openai.com, *",
            "E * has an address of its own, or was made before the plugin had set OPENAI_BASE_URL.",
            "E * leave base_url out, or give it images_mock.url (here http://127.0.0.1:*/v1).",
            "E * leads what reads OPENAI_BASE_URL, OPENAI_API_BASE_URL or OPENAI_API_BASE.",
            "E * --images-mock-guard=off *",
        ]
    )


@pytest.mark.slow
def test_the_message_for_a_host_of_azures_names_what_leads_clients_of_azures(
    away: pytest.Pytester,
) -> None:
    azure = "import urllib.request; urllib.request.urlopen('https://Mine.openai.azure.com/openai')"
    away.makepyfile(test_escape=project(azure))
    result = away.runpytest_subprocess()
    result.stdout.fnmatch_lines(
        [
            "E * images_mock: test_escape.py::test_0 was about to reach mine.openai.azure.com, *",
            "E * or was made before the plugin had set AZURE_OPENAI_ENDPOINT.",
            "E * leave azure_endpoint out, or give it images_mock.address (here http://127.0.0.1:*[0-9]).",
            "E * leads what reads AZURE_OPENAI_ENDPOINT or AZURE_API_BASE.",
            'E * To let tests reach this host: images_mock_guarded_hosts = "!mine.openai.azure.com" *',
        ]
    )


@pytest.mark.slow
def test_a_proxy_hides_nothing(away: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    away.makepyfile(test_escape=project(BY["httpx2"], BY["requests"], BY["urllib"]))
    result = away.runpytest_subprocess("--tb=line")
    assert result.stdout.str().count("was about to reach api.openai.com") >= 3


@pytest.mark.parametrize(
    "phase", ["setup", *(pytest.param(p, marks=pytest.mark.slow) for p in ("teardown", "session"))]
)
def test_fixtures_are_guarded_too(away: pytest.Pytester, phase: str) -> None:
    call = "__import__('socket').getaddrinfo('api.openai.com', 443)"
    code = f"""
        import pytest
        @pytest.fixture(scope="{"session" if phase == "session" else "function"}")
        def broken():
            {"yield" if phase == "teardown" else "pass"}
            {call}
        def test_it(broken): pass
    """
    away.makepyfile(code)
    result = away.runpytest_subprocess()
    result.assert_outcomes(errors=1, passed=phase == "teardown")
    result.stdout.fnmatch_lines(["*images_mock: *::test_it was about to reach api.openai.com*"])


SWALLOWED = {
    "in a thread": (
        "import threading, socket; t = threading.Thread(target=attempt); t.start(); t.join()"
    ),
    "by a bare except": "attempt()",
}


@pytest.mark.parametrize("how", SWALLOWED.values(), ids=SWALLOWED)
def test_an_attempt_that_somebody_swallows_fails_the_test(away: pytest.Pytester, how: str) -> None:
    attempt = """
def attempt():
    import socket
    try: socket.getaddrinfo("api.openai.com", 443)
    except BaseException: pass

def test_before(): pass
"""
    away.makepyfile(test_escape=attempt + project(how) + "\ndef test_after(): pass\n")
    result = away.runpytest_subprocess()
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*images_mock: test_escape.py::test_0 was about to reach*"])


def test_other_hosts_can_be_guarded(away: pytest.Pytester) -> None:
    lookups = [
        f"import socket; socket.getaddrinfo({h!r}, 443)"
        for h in (
            "one.invalid",
            "east.two.invalid",
            "two.invalid",
            "api.openai.com",
        )
    ]
    away.makepyfile(test_escape=project(*lookups))
    away.makeini("[pytest]\nimages_mock_guarded_hosts = one.invalid, *.two.invalid\n")
    result = away.runpytest_subprocess("--tb=line")
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(
        [
            "*test_0 was about to reach one.invalid,*",
            "*test_1 was about to reach east.two.invalid,*",
        ]
    )
    result.stdout.no_fnmatch_line("*test_2 was about to*")
    result.stdout.fnmatch_lines(["*test_3 was about to reach api.openai.com,*"])


def test_a_host_that_is_spared_can_be_reached_and_no_other() -> None:
    spared = ["*.a.invalid", "!mine.a.invalid", "b.invalid", "!*.c.a.invalid"]
    guard = Guard(spared, "http://x/v1")
    guard.start()
    guard.watch("test")
    for host in ("mine.a.invalid", "any.c.a.invalid"):
        sys.audit("socket.gethostbyname", host)
    for host in ("his.a.invalid", "b.invalid", "not-mine.a.invalid"):
        with pytest.raises(pytest.fail.Exception, match=host):
            sys.audit("socket.gethostbyname", host)
    guard.stop()


@pytest.mark.parametrize("where", ["option", pytest.param("setting", marks=pytest.mark.slow)])
def test_it_can_be_switched_off(away: pytest.Pytester, where: str) -> None:
    away.makepyfile(
        """
        import socket, sys
        def test_it(monkeypatch):
            try: sys.audit("socket.getaddrinfo", "api.openai.com", 443, 0, 0, 0)
            except BaseException: assert False, "refused"
        """
    )
    if where == "setting":
        away.makeini("[pytest]\nimages_mock_guard = off\n")
    result = away.runpytest_subprocess(*(["--images-mock-guard=off"] if where == "option" else []))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["images_mock: *guard off"])


def test_it_is_idle_outside_of_tests(away: pytest.Pytester) -> None:
    away.makeconftest(
        """
        import sys
        def reach(): sys.audit("socket.getaddrinfo", "api.openai.com", 443, 0, 0, 0)
        reach()
        def pytest_collection_finish(): reach()
        def pytest_sessionfinish(): reach()
        """
    )
    away.makepyfile("def test_it(): pass")
    away.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_guard_off_duty_refuses_nothing() -> None:
    first, second = Guard(["a.invalid"], "http://x/v1"), Guard(["b.invalid"], "http://x/v1")
    for guard in (first, second):
        guard.start()
        guard.watch("test")
    with pytest.raises(pytest.fail.Exception, match="a.invalid"):
        sys.audit("socket.gethostbyname", "A.invalid.")
    first.stop()
    sys.audit("socket.gethostbyname", "a.invalid")
    with pytest.raises(pytest.fail.Exception, match="b.invalid"):
        sys.audit("socket.connect", object(), (b"b.invalid", 443))
    with pytest.raises(pytest.fail.Exception, match="b.invalid"):
        sys.audit("socket.gethostbyname", "ｂ.invalid")
    second.stop()
    sys.audit("socket.connect", object(), ("b.invalid", 443))
    assert (len(first.attempts), len(second.attempts)) == (1, 2)


def test_what_an_audit_hook_keeps_until_python_has_ended_is_not_pytest() -> None:
    kept = map(id, vars(module).values())
    assert id(pytest) not in kept


def test_uvloop_is_wrapped_whenever_it_is_imported() -> None:
    program = """
import sys
if sys.argv[1] == "before": import uvloop
from mockserver.pytest_plugin.guard import Guard
guard = Guard(["a.invalid"], ""); guard.start(); guard.watch("test")
import uvloop, importlib
async def main():
    import asyncio
    await asyncio.get_running_loop().create_connection(asyncio.Protocol, "a.invalid", 80)
try: uvloop.run(main())
except BaseException as error: print(type(error).__name__)
guard.stop()
assert not [f for f in sys.meta_path if type(f).__module__ == "mockserver.pytest_plugin.guard"]
"""
    for when in ("before", "after"):
        command = [sys.executable, "-c", program, when]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout == "Failed\n"

"""What docs/tls.md says is so: its lines run in a shell, its test passes, its programs are led here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockserver.testing import ImagesMock
from tests.node import INSTALL, npm
from tests.stream_cases import NODE
from tests.tls.entered import served

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tls.md"
PROGRAMS = Path(__file__).parent / "programs"
SCRIPT = ROOT / "tests" / "javascript" / "proxied.mjs"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the docs are out of the way")
TEXT = PAGE.read_text("utf-8") if PAGE.exists() else ""
LEFT_OUT = (
    "http",
    "no_proxy",
    "ssl_cert",
    "requests_ca",
    "curl_ca",
    "node_",
    "images_mock",
    "openai_",
)
REFUSED = "images-mock leads nothing to example.com:443"


def block(language: str, part: str) -> str:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    return next(text for text in found if part in text)


def environment(folder: Path) -> dict[str, str]:
    """That of a user whose `images-mock` is this one, and who has set no proxy."""
    kept = {k: v for k, v in os.environ.items() if not k.lower().startswith(LEFT_OUT)}
    kept.pop("SSL_CERT_DIR", None)
    command = folder / "bin" / "images-mock"
    command.parent.mkdir(exist_ok=True)
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m mockserver "$@"\n')
    command.chmod(0o755)
    return kept | {
        "PATH": os.pathsep.join([str(command.parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "IMAGES_MOCK_PORT": "0",
        "IMAGES_MOCK_READY_FILE": str(folder / "ready"),
    }


def shell(folder: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run lines; what they leave in the background ends with them."""
    ended = "trap 'code=$?; for one in $(jobs -p); do kill $one; done; wait; exit $code' EXIT\n"
    return subprocess.run(
        ["bash", "-eu", "-c", ended + script],
        env=environment(folder) | variables,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )


needs_shell = pytest.mark.skipif(
    not (shutil.which("bash") and shutil.which("curl")), reason="needs bash and curl"
)


@needs_shell
@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("a red fox in the snow", '"url": "https://api.openai.com/private/'),
        ("env --tls", '"object": "list"'),
        ("images-mock certificate", "is what programs shall trust"),
    ],
)
def test_the_lines_for_a_shell_do_what_they_say(tmp_path: Path, part: str, told: str) -> None:
    done = shell(tmp_path, block("sh", part))
    assert (done.returncode, told in done.stdout) == (0, True), done.stdout + done.stderr


@needs_shell
@pytest.mark.slow
def test_a_run_fails_that_wanted_to_reach_somebody(tmp_path: Path) -> None:
    with ImagesMock(proxy=True) as mock:
        script = block("sh", "tests wanted to reach")
        assert shell(tmp_path, script, IMAGES_MOCK_URL=mock.address).returncode == 0
        mock._access.refuse("example.com:443", 0)
        done = shell(tmp_path, script, IMAGES_MOCK_URL=mock.address)
    assert (done.returncode, done.stderr) == (
        1,
        "tests wanted to reach ['example.com:443']\n",
    )


@pytest.mark.slow
def test_the_test_passes_as_it_stands(tmp_path: Path) -> None:
    known: dict[str, object] = {}
    exec(block("python", "ImagesMock(proxy=True)"), known)
    test = known["test_the_program_gets_its_pictures_and_asks_nobody_else"]
    assert callable(test)
    test(tmp_path)


# -- in other languages


@pytest.fixture(scope="module")
def mock() -> Iterator[ImagesMock]:
    with served("uvloop", tls=False) as server:
        yield server


def run(mock: ImagesMock, folder: Path, script: str) -> list[str]:
    """The lines of a program that was led to the proxy."""
    for program in PROGRAMS.iterdir():
        shutil.copy(program, folder)
    done = shell(folder, script, **mock.environment(folder / "ca.pem"))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def needs(*commands: str) -> None:
    missing = [command for command in commands if not shutil.which(command)]
    if missing and not os.environ.get("CI"):
        pytest.skip(f"{', '.join(missing)} is not installed")


@pytest.mark.languages
@pytest.mark.parametrize(
    ("commands", "script", "said"),
    [
        (("go",), "GO111MODULE=off go run main.go", f'Get "https://example.com/": {REFUSED}'),
        (("ruby",), "ruby poster.rb", f'403 "{REFUSED}"'),
        (("php",), block("sh", "poster.php"), "CONNECT tunnel failed, response 403"),
        (("java", "keytool"), block("sh", "keytool"), "Tunnel failed, got: 403"),
    ],
)
def test_each_language_is_led_here_and_refused_elsewhere(
    mock: ImagesMock, tmp_path: Path, commands: tuple[str, ...], script: str, said: str
) -> None:
    needs(*commands)
    port = mock.proxy_url.rpartition(":")[2]
    assert run(mock, tmp_path, script.replace("6782", port)) == ["200", said]


@pytest.mark.javascript
def test_the_unmodified_sdk_for_node_is_led_here(mock: ImagesMock, tmp_path: Path) -> None:
    needs("node", "npm")
    version = re.search(r"openai (\S+)", NODE)
    assert version
    done = npm(tmp_path, *INSTALL, f"openai@{version[1]}", "undici@7")
    assert done.returncode == 0, done.stderr
    shutil.copy(SCRIPT, tmp_path)
    (told,) = run(mock, tmp_path, "node proxied.mjs")
    assert int(told) > 1000
    escapes = "fetch('https://example.com/').catch((e) => console.log(e.cause.cause.message))"
    agent = "import { EnvHttpProxyAgent, setGlobalDispatcher } from 'undici';"
    (tmp_path / "escape.mjs").write_text(
        f"{agent}\nsetGlobalDispatcher(new EnvHttpProxyAgent());\nawait {escapes};\n"
    )
    assert run(mock, tmp_path, "node escape.mjs") == [
        "Proxy response (403) !== 200 when HTTP Tunneling"
    ]
    assert "example.com:443" in mock.refused_hosts


def test_the_page_shows_the_script_letter_for_letter() -> None:
    assert block("js", "EnvHttpProxyAgent") == SCRIPT.read_text("utf-8")

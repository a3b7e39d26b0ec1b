"""What the Dockerfile promises, without a container: its commands run here as plain processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

DOCKERFILE = Path(__file__).parent.parent / "Dockerfile"
IN_CI = bool(os.environ.get("CI"))


def instructions() -> list[tuple[str, str]]:
    """Keyword and rest of each instruction of the last stage, with its lines joined."""
    text = re.sub(r"(?m)^#.*\n", "", DOCKERFILE.read_text("utf-8")).replace("\\\n", " ")
    found = [(line.split()[0], line.partition(" ")[2]) for line in text.splitlines() if line]
    last = max(i for i, (keyword, _) in enumerate(found) if keyword == "FROM")
    return found[last:]


def the(keyword: str) -> str:
    """The rest of the only instruction of this kind."""
    (rest,) = [rest for found, rest in instructions() if found == keyword]
    return rest.strip()


def exec_form(text: str) -> list[str]:
    """The words of a command that no shell will read."""
    words: list[str] = json.loads(text[text.index("[") :])
    return words


def image_environment() -> dict[str, str]:
    """The variables that the image sets, but for the path of its own file system."""
    pairs = dict(pair.split("=", 1) for pair in the("ENV").split())
    pairs.pop("PATH")
    return pairs


def needed(program: str) -> str:
    """The path of a program of this interpreter's environment; without it, the test is skipped."""
    found = shutil.which(program, path=str(Path(sys.executable).parent))
    if found is None:
        reason = f"{program} is not installed beside {sys.executable}"
        if IN_CI:
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def command(words: list[str]) -> list[str]:
    return [needed(words[0]), *words[1:]]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """As in the container, but on a free port of loopback, and with no home."""
    return image_environment() | {
        "IMAGES_MOCK_HOST": "127.0.0.1",
        "IMAGES_MOCK_PORT": str(free_port()),
        "HOME": str(tmp_path / "none"),
        "PATH": "",
    }


@contextmanager
def served(environment: dict[str, str], directory: Path) -> Iterator[subprocess.Popen[str]]:
    """The ENTRYPOINT, running; ended at the latest here."""
    words = command(exec_form(the("ENTRYPOINT")))
    process = subprocess.Popen(
        words,
        env=environment,
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def health(environment: dict[str, str]) -> int:
    words = command(exec_form(the("HEALTHCHECK")))
    return subprocess.run(words, env=environment, stderr=subprocess.DEVNULL).returncode


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    assert process.stdout.readline().startswith("READY ")


def test_hadolint_finds_nothing() -> None:
    found = subprocess.run(
        [needed("hadolint"), str(DOCKERFILE)], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout) == (0, "")


def test_no_frontend_is_fetched_from_the_network() -> None:
    assert "syntax=" not in DOCKERFILE.read_text("utf-8")


def test_the_image_runs_as_a_user_that_is_not_root() -> None:
    assert the("USER") == "10001:10001"


def test_the_image_tells_the_default_port() -> None:
    assert the("EXPOSE") == "6780"


def test_the_image_listens_beyond_the_container() -> None:
    assert image_environment()["IMAGES_MOCK_HOST"] == "0.0.0.0"


@pytest.mark.slow
def test_the_health_check_follows_the_server(environment: dict[str, str], tmp_path: Path) -> None:
    with served(environment, tmp_path) as process:
        wait_until_ready(process)
        assert health(environment) == 0
        process.terminate()
        process.wait(timeout=60)
        assert health(environment) != 0


def test_the_health_check_waits_for_a_server_that_starts(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with served(environment, tmp_path):
        assert health(environment) == 0


def test_sigterm_ends_the_server_with_success_in_under_two_seconds(
    environment: dict[str, str], tmp_path: Path
) -> None:
    def took() -> float:
        with served(environment, tmp_path) as process:
            wait_until_ready(process)
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0
        return time.monotonic() - begun

    assert any(took() < 2 for _ in range(5))  # a busy machine may take longer now and then


def test_the_server_starts_where_it_can_write_nothing(
    environment: dict[str, str], tmp_path: Path
) -> None:
    tmp_path.chmod(0o555)
    with served(environment, tmp_path) as process:
        wait_until_ready(process)
    assert not list(tmp_path.iterdir())

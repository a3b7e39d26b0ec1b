"""Odd interpreters, folders, users, clocks and neighbours: the same answers, or one clear line."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from base64 import b64decode
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mockserver.clock import ManualClock
from mockserver.server.sockets import listen
from tests.conftest import Api, generate
from tests.life import MULTIPART, Serving, command, form, generation, request, serving, upload

DAY = 86_400
_BARE = {"PATH": os.environ["PATH"]}
SURROUNDINGS: dict[str, dict[str, Any]] = {
    "optimised": {"flags": ["-O"]},
    "without docstrings": {"flags": ["-OO"]},
    "development": {"flags": ["-X", "dev", "-bb", "-W", "error"]},
    "warnings": {"env": {**os.environ, "PYTHONWARNINGS": "error"}},
    "hash seed": {"env": {**os.environ, "PYTHONHASHSEED": "4294967295"}},
    "no home": {"env": {**_BARE, "TMPDIR": "/nonexistent"}},
    "C": {"env": {**_BARE, "LC_ALL": "C"}},
    "ASCII": {
        "env": {**_BARE, "LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    },
    "deleted folder": {
        "before": "import os, tempfile\nos.chdir(tempfile.mkdtemp())\nos.rmdir(os.getcwd())",
    },
}


def _png() -> bytes:
    file = BytesIO()
    Image.new("RGBA", (64, 64)).save(file, "PNG")
    return file.getvalue()


def told(server: Serving) -> list[str]:
    """Digests of pictures, streams and files, asked in each way that loads something else."""
    small = {"size": "256x256", "response_format": "b64_json"}
    fields = {"model": "dall-e-2", "prompt": "a fox, ein Füchslein, 狐", "size": "256x256"}
    upright = {"model": "gpt-image-2", "quality": "low"}
    answers = [
        server.ask(generation(prompt="ein Füchslein, 狐, שועל", **small)),
        server.ask(generation(stream=True, partial_images=1, **upright)),
        server.ask(generation(output_format="webp", **upright)),
        server.ask(request("POST", "/v1/images/edits", form(fields, image=_png()), kind=MULTIPART)),
        server.ask(upload(b"x" * 2_000_000)),
        server.ask(request("GET", "/v1/files")),
        server.ask(request("GET", "/v1/nothing")),
    ]
    assert [status for status, _ in answers] == [200] * 6 + [404]
    pictures = [b64decode(answers[n][1]["data"][0]["b64_json"]) for n in (0, 2)]
    return [hashlib.sha256(data).hexdigest() for data in pictures]


@cache
def _usual() -> list[str]:
    with serving() as server:
        return told(server)


@pytest.mark.slow
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_the_answers_are_the_same_to_the_byte(name: str) -> None:
    with serving(**SURROUNDINGS[name]) as server:
        assert told(server) == _usual()
        log = server.end()
    assert "ERROR" not in log
    assert "F\\xfcchslein" in log if name == "ASCII" else "Füchslein" in log


@pytest.mark.slow
def test_of_twenty_starts_on_one_port_one_serves_and_nineteen_say_why_not(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    with serving() as first:
        port = str(first.port)
        first.end()
    begun = [
        subprocess.Popen(
            [*command("--ready-file", str(ready)), "--port", port],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(20)
    ]
    lines = [one.stdout.readline() for one in begun if one.stdout]
    (winner,) = [one for one, line in zip(begun, lines, strict=True) if line.startswith("READY")]
    assert ready.read_text() == f"http://127.0.0.1:{port}\n"
    winner.terminate()
    ends = {one: one.communicate(timeout=30)[1] for one in begun}
    assert sorted(one.returncode for one in begun) == [0] + [4] * 19
    assert all("Choose another address" in ends[one] for one in begun if one is not winner)
    assert not ready.exists()


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_folder_that_is_not_the_user_s_own_is_named_in_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    other = (
        "import os, sys, mockserver.cli, mockserver.server.listening, encodings.idna\n"
        "import mockserver.__main__, uvicorn.loops.auto, uvicorn.loops.asyncio, uvicorn.loops.uvloop\n"
        "import uvicorn.lifespan.off, uvloop\n"
        "from mockserver.app import create_app\ncreate_app()\n"  # all that is read: who comes may not
        "from mockserver.pictures import edits\nfrom mockserver.request import log\n"
        "os.chdir(sys.argv.pop())\nos.setgroups([])\nos.setgid(65534)\nos.setuid(65534)"
    )
    started = command("--ready-file", str(tmp_path / "ready"), before=other)
    done = subprocess.run(
        [*started, str(tmp_path)],
        env={**_BARE, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 3, done.stderr
    assert "can't be written: Permission denied" in done.stderr
    assert "Traceback" not in done.stderr


def run(program: str) -> subprocess.CompletedProcess[str]:
    """A program that has a server in a thread."""
    lines = (
        "import os, signal, sys, urllib.request",
        "from mockserver.testing import ImagesMock",
        "def live(mock): return urllib.request.urlopen(mock.address + '/_mock/live').status",
        program,
    )
    return subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.slow
@pytest.mark.parametrize("end", ["os._exit(0)", "sys.exit(0)"])
def test_a_fork_that_ends_leaves_its_parent_s_server_alone(end: str) -> None:
    done = run(
        f"with ImagesMock() as mock:\n"
        f"    if (child := os.fork()) == 0: {end}\n"
        f"    assert os.waitpid(child, 0)[1] == 0\n"
        f"    print(live(mock))\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n", "")


@pytest.mark.slow
def test_a_program_that_ends_with_a_running_server_ends_quietly() -> None:
    done = run("mock = ImagesMock().start()\nprint(live(mock))")
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n", "")


@pytest.mark.slow
def test_ctrl_c_within_a_test_stops_its_server_and_goes_on_as_that() -> None:
    done = run(
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a job of a shell ignores it
        "try:\n"
        "    with ImagesMock() as mock: signal.raise_signal(signal.SIGINT)\n"
        "except KeyboardInterrupt: print('stopped', not mock._thread._thread.is_alive())\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "stopped True\n", "")


@pytest.mark.parametrize("days", [-1, 1, -400], ids=["back", "on", "far back"])
def test_a_clock_that_jumps_changes_no_answer_but_what_has_expired(
    api: Api, clock: ManualClock, days: int
) -> None:
    client = api(limits="1/min")
    first = generate(client).json()["data"][0]["url"]
    assert client.get(first).status_code == 200
    clock.advance(days * DAY)
    assert client.get(first).status_code == 403
    full = generate(client)
    clock.advance(60)
    again = generate(client)
    assert (full.status_code, again.status_code) == ((200, 200) if days > 0 else (429, 200))
    if days < 0:
        assert int(full.headers["retry-after"]) <= 60
    assert client.get(again.json()["data"][0]["url"]).status_code == 200


def test_standard_files_that_are_closed_are_never_sockets() -> None:
    with listen(2, ("127.0.0.1", 0)) as listener:
        assert listener.fileno() > 2

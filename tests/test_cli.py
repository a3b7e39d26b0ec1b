"""The command line as processes: addresses, exit codes, signals, and no traceback ever."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from mockserver import __version__
from mockserver.cli import cli
from mockserver.settings import SETTINGS
from mockserver.testing import ImagesMock

IMAGES_MOCK = [sys.executable, "-m", "mockserver"]


def environment(**variables: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("IMAGES_MOCK_")}
    return kept | {"PYTHONPATH": os.pathsep.join(sys.path)} | variables


def run(*args: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*IMAGES_MOCK, *args],
        env=environment(**variables),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    return done


@contextmanager
def serving(
    *args: str, stdin: int | None = None, **variables: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server process, and the one line it wrote to stdout."""
    process = subprocess.Popen(
        [*IMAGES_MOCK, *args],
        env=environment(**variables),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


def test_stdout_is_one_line_and_everything_else_goes_to_stderr(tmp_path: Path) -> None:
    ready_file = tmp_path / "ready"
    with serving("--port", "0", "--ready-file", str(ready_file)) as (process, line):
        ready, address = line.split()
        assert ready == "READY"
        assert ready_file.read_text() == f"{address}\n"
        httpx2.post(f"{address}/v1/images/generations", json={"prompt": "secret-fox"})
        process.terminate()
        rest, errors = process.communicate(timeout=60)
    assert rest == ""
    assert "POST /v1/images/generations" in errors
    assert not ready_file.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_although_a_request_is_running(number: signal.Signals) -> None:
    with serving("serve", "--port", "0", "--latency", "99s") as (process, line):
        host, port = line.split()[1].removeprefix("http://").split(":")
        body = b'{"prompt": "x"}'
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(
                b"POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\n"
                b"Authorization: Bearer sk-mock-me\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
            )
            httpx2.get(f"http://{host}:{port}/_mock/live")
            process.send_signal(number)
            _, errors = process.communicate(timeout=50)  # before the request has its answer
    assert process.returncode == 0
    assert "Traceback" not in errors


def test_a_signal_during_an_upload_ends_it_without_a_traceback() -> None:
    with serving("--port", "0") as (process, line):
        host, port = line.split()[1].removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(
                b"POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\n"
                b"Authorization: Bearer sk-mock-me\r\nContent-Length: 100\r\n\r\n{"
            )
            httpx2.get(f"http://{host}:{port}/_mock/live")
            process.terminate()
            _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in errors


def test_a_signal_while_the_server_is_still_being_loaded_ends_it_cleanly_too() -> None:
    program = (
        "import os, weakref, mockserver.cli, mockserver.server.listening\n"
        "def run(*_):\n"
        "    thing = type('Thing', (), {})()\n"
        "    ref = weakref.ref(thing, lambda _: os.kill(os.getpid(), 15))\n"
        "    del thing  # an exception raised by the handler would be lost in here\n"
        "    print('went on')\n"
        "mockserver.server.listening.run = run\n"
        "mockserver.cli.main(['--port', '0'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (0, "", False)


@pytest.mark.parametrize("path", ["/no/such/directory/ready", "/tmp"])
def test_a_ready_file_that_can_not_be_written_is_a_configuration_error(path: str) -> None:
    done = run("--port", "0", "--ready-file", path)
    assert done.returncode == 3
    assert f"ready-file ({path}) can't be written" in done.stderr


def test_wait_gives_up_on_what_is_no_http_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = run("wait", f"127.0.0.1:{silent.getsockname()[1]}", "--timeout", "200ms")
    assert done.returncode == 4
    assert run("wait", "http://exa mple", "--timeout", "100ms").returncode == 4


class Stranger(BaseHTTPRequestHandler):
    """Any other server, which answers every path with 200 and JSON."""

    server_version, sys_version = "Stranger/1.0", ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "20")
        self.end_headers()
        self.wfile.write(b'{"status": "ready"}\n')

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def stranger() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as other:
        thread = Thread(target=other.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{other.server_port}"
        other.shutdown()
        thread.join()


def test_wait_takes_no_other_server_for_a_mock_and_says_who_answered(stranger: str) -> None:
    done = run("wait", stranger, "--timeout", "100ms")
    assert done.returncode == 4
    assert f"{stranger} answers 200, but is no images-mock (Stranger/1.0)" in done.stderr


def test_wait_takes_the_server_of_its_own_start_id_alone() -> None:
    with ImagesMock(start_id="build-7") as mock:
        assert run("wait", mock.url, IMAGES_MOCK_START_ID="build-7").returncode == 0
        other = run("wait", mock.url, "--start-id", "build-8", "--timeout", "100ms")
    assert other.returncode == 4
    assert "was started with --start-id build-7, not build-8" in other.stderr
    with ImagesMock() as mock:
        other = run("wait", mock.url, "--start-id", "build-8", "--timeout", "100ms")
    assert "was started without --start-id, not with build-8" in other.stderr


def test_wait_with_a_ready_file_looks_nowhere_else(server: ImagesMock, tmp_path: Path) -> None:
    port = server.address.rpartition(":")[2]
    none = tmp_path / "none"
    done = run("wait", "--port", port, "--ready-file", str(none), "--timeout", "100ms")
    assert done.returncode == 4
    assert f"ready-file ({none}) is not there" in done.stderr


def test_wait_with_a_ready_file_of_an_earlier_server_is_not_content(tmp_path: Path) -> None:
    ready_file = tmp_path / "ready"
    with ImagesMock() as later:
        ready_file.write_text(later.address)
        os.utime(ready_file, (1_000_000_000, 1_000_000_000))
        done = run("wait", "--ready-file", str(ready_file), "--timeout", "100ms")
    assert done.returncode == 4
    assert f"was started after {ready_file} was written" in done.stderr


@pytest.mark.parametrize("command", [["wait"], ["explain", "last"]])
def test_port_0_says_nothing_about_where_to_look(command: list[str]) -> None:
    done = run(*command, "--port", "0")
    assert done.returncode == 3
    assert "port (0) is any free one" in done.stderr
    assert "--ready-file" in done.stderr


def test_wait_takes_the_address_that_clients_have(server: ImagesMock) -> None:
    assert run("wait", server.url, "--timeout", "1s").returncode == 0


def test_malformed_http_is_noted_in_the_form_of_the_log() -> None:
    with serving("--port", "0", "--log-format", "json") as (process, line):
        host, port = line.split()[1].removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"NONSENSE\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 400")
        process.terminate()
        _, errors = process.communicate(timeout=60)
    assert {"message": "WARNING Invalid HTTP request received."} in [
        json.loads(line) for line in errors.splitlines() if line.startswith("{")
    ]


def test_a_taken_port_is_exit_code_4_and_names_the_setting(server: ImagesMock) -> None:
    port = server.address.rpartition(":")[2]
    done = run("--port", port)
    assert done.returncode == 4
    assert "--port" in done.stderr
    assert done.stdout == ""


def test_wait_finds_a_server_and_ignores_proxies(server: ImagesMock) -> None:
    nowhere = "http://127.0.0.1:9"
    found = run("wait", server.address, http_proxy=nowhere, HTTP_PROXY=nowhere)
    assert found.returncode == 0
    port = server.address.rpartition(":")[2]
    done = run("wait", "--timeout", "500ms", IMAGES_MOCK_HOST="0.0.0.0", IMAGES_MOCK_PORT=port)
    assert done.returncode == 0


def test_wait_gives_up_with_exit_code_4() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        done = run("wait", f"127.0.0.1:{unused.getsockname()[1]}", "--timeout", "100ms")
    assert done.returncode == 4
    assert "no images-mock was ready" in done.stderr


def test_wait_reads_the_ready_file_of_a_server_on_any_port(tmp_path: Path) -> None:
    ready_file = str(tmp_path / "ready")
    with serving("--port", "0", IMAGES_MOCK_READY_FILE=ready_file):
        assert run("wait", IMAGES_MOCK_READY_FILE=ready_file).returncode == 0


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["--tier", "9"], 3, "tier ('9') must be one of"),
        (["config", "show", "--port", "x"], 3, "port ('x') must be a number"),
        (["--prot", "1"], 2, "No such option"),
        (["swerve"], 2, "No such command 'swerve'. Did you mean 'serve'?"),
        (["verdct"], 2, "No such command 'verdct'. Did you mean 'verdict'?"),
        (["qqq"], 2, "No such command 'qqq'."),
        (["wait", "--timeout", "soon"], 2, "must be a time such as 250ms"),
        (["identify", "no-such-file"], 2, "does not exist"),
        (["--config", "no-such-file"], 2, "does not exist"),
    ],
)
def test_exit_codes_tell_usage_from_configuration(args: list[str], code: int, words: str) -> None:
    done = run(*args)
    assert done.returncode == code
    assert words in done.stderr


def test_an_unknown_variable_is_refused_with_a_suggestion() -> None:
    done = run("config", "show", IMAGES_MOCK_ALOWED_HOST="x")
    assert done.returncode == 3
    assert "Did you mean IMAGES_MOCK_ALLOWED_HOST?" in done.stderr


def test_config_show_tells_each_value_and_its_origin_but_no_secret(tmp_path: Path) -> None:
    (tmp_path / "mock.toml").write_text('seed = "7"\n')
    shown = run(
        "config", "show", "--port", "0",
        cwd=tmp_path, IMAGES_MOCK_CONTROL_TOKEN="hush", IMAGES_MOCK_CONFIG="mock.toml",
        IMAGES_MOCK_STATE="redis://me:hush@cache.test",
    )  # fmt: skip
    rows = {line.split()[0]: line.split(None, 2)[1:] for line in shown.stdout.splitlines()}
    assert rows.keys() == {s.name for s in SETTINGS}
    assert rows["port"] == ["0", "flag --port"]
    assert rows["seed"] == ["7", "file mock.toml"]
    assert rows["control-token"] == ["(hidden)", "environment IMAGES_MOCK_CONTROL_TOKEN"]
    assert rows["state"] == ["redis://***@cache.test", "environment IMAGES_MOCK_STATE"]
    assert "hush" not in shown.stdout


def test_identify_prints_which_request_made_a_picture(server: ImagesMock, tmp_path: Path) -> None:
    answer = httpx2.post(
        f"{server.url}/images/generations",
        json={"prompt": "żółw 🐢", "size": "256x256", "response_format": "b64_json", "n": 3},
        headers={"Authorization": "Bearer sk-mock-me"},
    )
    path = tmp_path / "picture.png"
    path.write_bytes(b64decode(answer.json()["data"][1]["b64_json"]))
    told = json.loads(run("identify", str(path)).stdout)
    assert (told["prompt"], told["size"], told["image"]) == ("żółw 🐢", "256x256", "2/3")
    path.write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    assert run("identify", str(path)).returncode == 2


def test_help_and_version_need_no_server() -> None:
    assert run("--version").stdout.startswith("images-mock, version ")
    assert "serve" in run("--help").stdout
    told = run("serve", "--help").stdout
    assert all(f"--{s.name}" in told for s in SETTINGS)


def test_the_version_is_told_alike_with_click_and_without() -> None:
    told = CliRunner().invoke(cli, ["--version"]).output
    assert run("--version").stdout == told == f"images-mock, version {__version__}\n"


def test_ipv6_loopback_can_be_listened_on() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with serving("--host", "::1", "--port", "0") as (_, line):
        address = line.split()[1]
        assert address.startswith("http://[::1]:")
        assert httpx2.get(f"{address}/_mock/ready").status_code == 200

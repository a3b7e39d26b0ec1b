"""The log of a server process, whatever its stderr is."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx2
import pytest

from mockserver.request.log_writer import WRITER
from mockserver.testing import ImagesMock
from tests.test_cli import IMAGES_MOCK, environment

LONG = "/v1/" + "x" * 900  # a line that takes a pipe's room
ASKED = {"prompt": "x"}
KEY = {"Authorization": "Bearer sk-mock-me"}


@contextmanager
def server(
    *args: str, stderr: int | IO[str], stdout: int = subprocess.PIPE, before: str = ""
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server process and its address, or what was written in its place."""
    words = [*IMAGES_MOCK, "--port", "0", *args]
    process = subprocess.Popen(
        ["sh", "-c", f'exec "$@" {before}', "sh", *words],
        env=environment(),
        stdout=stdout,
        stderr=stderr,
        text=True,
    )
    try:
        assert process.stdout
        yield process, process.stdout.readline().removeprefix("READY ").strip()
    finally:
        process.kill()
        process.communicate()


def pictures(address: str) -> int:
    url = f"{address}/v1/images/generations"
    return httpx2.post(url, json=ASKED, headers=KEY).status_code


def test_nobody_reads_the_log_and_every_request_is_answered() -> None:
    end, into = os.pipe()
    with server(stderr=into) as (process, address), httpx2.Client(timeout=60) as client:
        for _ in range(90):
            assert client.get(f"{address}{LONG}").status_code == 404
        assert pictures(address) == 200
        process.terminate()
        assert process.wait(60) == 0
    os.close(into)
    os.close(end)


def test_whoever_reads_the_log_may_leave() -> None:
    end, into = os.pipe()
    os.close(end)
    with server(stderr=into) as (process, address):
        assert [pictures(address), pictures(address)] == [200, 200]
        process.terminate()
        assert process.wait(60) == 0
    os.close(into)


def test_a_closed_stderr_is_borne() -> None:
    with server(stderr=subprocess.DEVNULL, before="2>&-") as (process, address):
        assert [pictures(address), pictures(address)] == [200, 200]
        process.terminate()
        assert process.wait(60) == 0


def test_a_full_stdout_is_borne(tmp_path: Path) -> None:
    ready = str(tmp_path / "ready")
    full = "1>/dev/full"
    with server("--ready-file", ready, stderr=subprocess.DEVNULL, before=full) as (process, _):
        wait = [*IMAGES_MOCK, "wait", "--ready-file", ready]
        subprocess.run(wait, env=environment(), check=True, timeout=30)
        process.terminate()
        assert process.wait(60) == 0


def test_the_last_lines_are_written_when_a_signal_ends_it() -> None:
    with server(stderr=subprocess.PIPE) as (process, address):
        with httpx2.Client() as client:
            for number in range(50):
                client.get(f"{address}/v1/x{number}")
        process.terminate()
        _, errors = process.communicate(timeout=60)
    assert [line.split()[3] for line in errors.splitlines()[2:]] == [
        f"/v1/x{number}" for number in range(50)
    ]


def test_every_line_of_the_json_log_is_json() -> None:
    with server("--log-format", "json", "--host", "0.0.0.0", stderr=subprocess.PIPE) as (
        process,
        address,
    ):
        assert pictures(address) == 200
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"nonsense\r\n\r\n")
            assert b"400" in connection.recv(100)
        other = [*IMAGES_MOCK, "--port", port, "--log-format", "json"]
        taken = subprocess.run(other, env=environment(), capture_output=True, text=True)
        process.terminate()
        _, errors = process.communicate(timeout=60)
    assert taken.returncode == 4
    lines = [json.loads(line) for line in (errors + taken.stderr).splitlines()]
    told = [line["message"] for line in lines if "message" in line]
    assert [message.split()[0] for message in told] == [
        *("images-mock", "Listening", "WARNING", "WARNING", "images-mock", "images-mock:")
    ]
    assert [line["status"] for line in lines if "status" in line] == [200]


def test_a_server_in_a_thread_leaves_none_that_writes(capfd: pytest.CaptureFixture[str]) -> None:
    with ImagesMock(log_format="text") as mock:
        assert pictures(mock.address) == 200
    assert WRITER.is_idle
    assert "200 POST /v1/images/generations" in capfd.readouterr().err

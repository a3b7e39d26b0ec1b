"""`images-mock explain last`: which server it asks, and what it says."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx2
import pytest

from mockserver.cli_group import NOT_READY
from mockserver.testing import ImagesMock
from tests.test_cli import run, serving, stranger

__all__ = ["stranger"]


def test_explain_last_tells_what_became_of_the_last_request() -> None:
    with ImagesMock() as mock:
        sandbox = mock.sandbox("sk-mock-cli").begin()
        sandbox.on(prompt="a red fox").refuse()
        headers = {"Authorization": f"Bearer {sandbox.api_key}"}
        asked = {"prompt": "a red  fox"}
        httpx2.post(f"{mock.url}/images/generations", json=asked, headers=headers)
        done = run("explain", "last", "--url", mock.address)
    assert done.returncode == 0
    assert done.stdout.startswith("200 POST /v1/images/generations")
    assert "only the white space differs" in done.stdout
    gone = run("explain", "last", "--url", mock.address)
    assert (gone.returncode, gone.stdout) == (NOT_READY, "")
    assert "no images-mock answers" in gone.stderr


@pytest.mark.slow
def test_explain_last_finds_the_server_as_other_commands_do(tmp_path: Path) -> None:
    ready_file = tmp_path / "ready"
    with serving("--port", "0", "--ready-file", str(ready_file)) as (_, line):
        address = line.split()[1]
        for key in ("sk-mock-one", "sk-mock-two"):
            httpx2.get(f"{address}/v1/models", headers={"Authorization": f"Bearer {key}"})
        port = address.rpartition(":")[2]
        (tmp_path / "images-mock.toml").write_text(f"port = {port}\n")
        found = [
            run("explain", "last", "--port", port),
            run("explain", "last", IMAGES_MOCK_PORT=port),
            run("explain", "last", "--ready-file", str(ready_file)),
            run("explain", "last", "--config", str(tmp_path / "images-mock.toml")),
            run("explain", "last", cwd=tmp_path),
        ]
        first = run("explain", "last", "--port", port, "--key", "sk-mock-one").stdout
        none = run("explain", "last", "--port", port, "--key", "sk-mock-three")
    assert {f.stdout.splitlines()[0].partition("(")[0] for f in found} == {"200 GET /v1/models  "}
    assert first != found[0].stdout
    assert none.returncode == 4


def test_explain_last_says_in_one_line_that_nobody_or_another_server_answers(stranger: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        refused = run("explain", "last", IMAGES_MOCK_PORT=str(unused.getsockname()[1]))
    assert refused.returncode == 4
    assert all(fix in refused.stderr for fix in ("--url", "--port", "IMAGES_MOCK_PORT"))
    other = run("explain", "last", "--url", stranger)
    assert other.returncode == 4
    assert "is no images-mock" in other.stderr
    assert len(other.stderr.splitlines()) == len(refused.stderr.splitlines()) == 1


def test_what_explain_last_alone_takes_is_refused_elsewhere() -> None:
    done = run("explain", "invalid_size", "--port", "6780")
    assert done.returncode == 2
    assert "--port goes with `explain last`" in done.stderr

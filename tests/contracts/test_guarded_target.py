"""The plugin's guard lets a run of the contract reach the target that was named, and nobody else.

Where a network of one's own can be had, a stand-in bears the real name there: the real API is never
contacted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.target import line
from mockserver.client.environment import REAL
from mockserver.pytest_plugin import guard as module
from mockserver.pytest_plugin.guard import Guard


@pytest.fixture
def guard() -> Iterator[Guard]:
    found = Guard(["a.invalid", "b.invalid"], "http://x/v1")
    found.start()
    found.watch("test")
    yield found
    found.stop()


def look_up(host: str) -> None:
    sys.audit("socket.getaddrinfo", host, 443, 0, 0, 0)


def test_who_names_a_target_and_who_listens_call_it_the_same() -> None:
    assert line._AUDIT == module._TARGET


def test_the_named_target_is_let_through_as_long_as_it_is_named(guard: Guard) -> None:
    with line._named("A.invalid."):
        look_up("a.invalid")
        with pytest.raises(pytest.fail.Exception, match="b.invalid"):
            look_up("b.invalid")
    with pytest.raises(pytest.fail.Exception, match="a.invalid"):
        look_up("a.invalid")


def test_what_another_thread_does_meanwhile_is_refused(guard: Guard) -> None:
    refused = []

    def stray() -> None:
        try:
            look_up("a.invalid")
        except BaseException as error:
            refused.append(error)

    with line._named("a.invalid"):
        thread = threading.Thread(target=stray)
        thread.start()
        thread.join()
    assert len(refused) == 1


def test_a_target_that_can_not_be_reached_is_named_no_more(guard: Guard) -> None:
    place = line.Place(False, "a.invalid", 1)
    assert line.addresses_of(place, 3) == []
    with pytest.raises(pytest.fail.Exception, match="a.invalid"):
        look_up("a.invalid")


#: Runs where the real name leads to this machine alone, as nobody else is there.
STORY = """
import socket, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
import pytest
from contracts.exchange import json_request
from contracts.target.opening import Opening, Terms

REAL = "api.openai.com"
ASKED = []

class StandIn(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        ASKED.append((self.command, self.path, self.headers["authorization"]))
        self.rfile.read(int(self.headers.get("content-length", 0)))
        told = b'{"object": "list", "data": []}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)
    do_POST = do_GET
    def log_message(self, *_): pass

@pytest.fixture(scope="session")
def port():
    with ThreadingHTTPServer(("127.0.0.1", 0), StandIn) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port
        server.shutdown()

def test_a_run_reaches_the_target_that_is_named(port, tmp_path):
    opening = Opening({"IMAGES_CONTRACT_API_KEY": "sk-stand-in-key"}, now=lambda: 0.0)
    url = f"http://{REAL}:{port}/v1"
    with opening.target(url, Terms(ledger=tmp_path / "ledger")) as target:
        exchange = target.ask(json_request("POST", "/images/generations", {}))
    assert exchange.answer.status == 200
    assert ("POST", "/v1/images/generations", "Bearer sk-stand-in-key") in ASKED

def test_what_a_test_itself_sends_there_is_refused(port):
    import urllib.request
    urllib.request.urlopen(f"http://{REAL}:{port}/v1/models")
"""


#: Brings loopback up (SIOCSIFFLAGS), for machines without `ip`.
UP = (
    "import fcntl, socket, struct; "
    'fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14s", b"lo", 0x41, b""))'
)


@pytest.mark.slow
def test_in_a_network_of_its_own_a_stand_in_bears_the_real_name(tmp_path: Path) -> None:
    apart = ["unshare", "--map-root-user", "--net", "--mount", "--fork"]
    if not shutil.which("unshare") or subprocess.run([*apart, "true"]).returncode:
        pytest.skip("unshare gives no network of one's own here")
    (tmp_path / "hosts").write_text(f"127.0.0.1 localhost {REAL}\n")
    (tmp_path / "test_story.py").write_text(STORY)
    tests = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "mockserver.pytest_plugin",
        "-p",
        "no:cacheprovider",
    ]
    program = "\n".join(
        (
            "set -e",
            f"mount --bind {tmp_path}/hosts /etc/hosts",
            f"{sys.executable} -c '{UP}'",
            f"cd {tmp_path}",
            f"exec {' '.join(tests)} --tb=short",
        )
    )
    variables = {**os.environ, "PYTHONPATH": str(Path.cwd()), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [*apart, "sh", "-c", program], capture_output=True, text=True, env=variables, timeout=60
    )
    told = done.stdout + done.stderr
    assert "1 failed, 1 passed" in told, told
    assert f"test_what_a_test_itself_sends_there_is_refused was about to reach {REAL}" in told

"""A server in a process of its own, started for a measurement and ended after it. Sends no load."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryFile

HOST = "127.0.0.1"
PATH = "/v1/images/generations"
HEADERS = {"Authorization": "Bearer sk-mock-bench", "Content-Type": "application/json"}
_PATIENCE = 30  # seconds for a start
# The limit is checked and never reached.
MOCK = ("mockserver", "--port", "0", "--limits", "999999999/min")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server process on loopback."""

    pid: int
    port: int

    def ask(self, body: bytes) -> bytes:
        """The answer to one generation request on a new connection."""
        connection = HTTPConnection(HOST, self.port, timeout=30)
        try:
            connection.request("POST", PATH, body, HEADERS)
            response = connection.getresponse()
            if response.status != 200:
                raise RuntimeError(f"the server answered {response.status}: {response.read()!r}")
            return response.read()
        finally:
            connection.close()

    def cpu_seconds(self) -> float:
        """CPU time used so far, by Linux's clock of that process (clock_getcpuclockid(3))."""
        return time.clock_gettime(~self.pid << 3 | 2)

    def resident_mib(self) -> float:
        """Memory in RAM (from Linux's /proc)."""
        for line in Path(f"/proc/{self.pid}/status").read_text("utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("/proc tells no VmRSS")


@contextmanager
def running(*module: str) -> Iterator[Server]:
    """`python -m MODULE …`, once its line READY has come. It writes its log to a file."""
    with TemporaryFile() as log:
        command = [sys.executable, "-m", *module]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            yield Server(process.pid, _port(process))
        finally:
            _end(process)


def free_port() -> int:
    """A port of loopback that nobody listens on, for a server that can't choose one and tell."""
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def waited_for(command: Sequence[str], port: int) -> Iterator[Server]:
    """A server that tells nothing, once it accepts on that port."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, text=True)
    try:
        _wait(process, port)
        yield Server(process.pid, port)
    finally:
        _end(process)


def _wait(process: subprocess.Popen[str], port: int) -> None:
    last = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < last:
        try:
            socket.create_connection((HOST, port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{process.args!r} did not start")


def _port(process: subprocess.Popen[str]) -> int:
    line = process.stdout.readline() if process.stdout else ""
    word, _, address = line.strip().partition(" ")
    if word != "READY":
        raise RuntimeError(f"{process.args!r} did not start")
    return int(address.rpartition(":")[2])


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()

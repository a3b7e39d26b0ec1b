"""Servers as processes, and raw requests to them: what a client sees when one of them suffers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from tests.conftest import GENERATIONS, PATIENCE

LOOPS = ("uvloop", "asyncio")
_START = "from mockserver.__main__ import main; main()"
_WITHOUT_UVLOOP = "import sys; sys.modules['uvloop'] = None"
MULTIPART = "multipart/form-data; boundary=b"
KEY = "Authorization: Bearer sk-mock-me"
OF_SANDBOX = "Mock-Sandbox-Key: sk-mock-me"


def command(
    *args: str, loop: str = "uvloop", before: str = "", flags: Sequence[str] = ()
) -> list[str]:
    """What starts a server on any free port; `before` is Python that runs first."""
    lines = [before, _WITHOUT_UVLOOP if loop == "asyncio" else "", _START]
    return [sys.executable, *flags, "-c", "\n".join(lines), "--port", "0", *args]


@dataclass
class Serving:
    """A server process that is ready."""

    process: subprocess.Popen[str]
    port: int

    def connect(self) -> socket.socket:
        """A connection whose reads end in time."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def ask(self, data: bytes) -> tuple[int, Any]:
        """The status and content of an answer, JSON where it is that."""
        with self.connect() as connection:
            connection.sendall(data)
            return parted(answer(connection))

    def live(self) -> None:
        """Return once the server has come round, with all that was sent before."""
        assert self.ask(request("GET", "/_mock/live"))[0] == 200

    def cpu(self) -> float:
        """Seconds of CPU time that it has used."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def end(self, number: int = signal.SIGTERM) -> str:
        """Its log, once a signal has ended it cleanly."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0
        assert "Traceback" not in errors
        return errors


@contextmanager
def serving(*args: str, env: Mapping[str, str] | None = None, **how: Any) -> Iterator[Serving]:
    """A server until its test ends; `how` is of `command` or of Popen."""
    of_command = {name: how.pop(name) for name in ("loop", "before", "flags") if name in how}
    kept = {k: v for k, v in os.environ.items() if not k.startswith("IMAGES_MOCK_")}
    process = subprocess.Popen(
        command(*args, **of_command),
        env=(kept if env is None else dict(env)) | {"PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
        encoding="utf-8",
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | how,
    )
    try:
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("READY"), process.communicate()[1]
        yield Serving(process, int(line.rpartition(":")[2]))
    finally:
        process.kill()
        process.communicate()


def request(
    method: str,
    path: str,
    body: bytes = b"",
    *,
    header: str = KEY,
    kind: str = "application/json",
    length: int | None = None,
) -> bytes:
    """A request as it goes over the wire, behind which the connection ends."""
    length = len(body) if length is None else length
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\nConnection: close\r\n"
    of_body = f"Content-Type: {kind}\r\nContent-Length: {length}\r\n" if length else ""
    return f"{head}{of_body}\r\n".encode() + body


def generation(**fields: object) -> bytes:
    """A request for a picture."""
    return request("POST", GENERATIONS, json.dumps({"prompt": "a fox"} | fields).encode())


def rule(then: Mapping[str, object]) -> bytes:
    """A request for a rule that each request meets."""
    return request("POST", "/_mock/rules", json.dumps({"then": then}).encode(), header=OF_SANDBOX)


def form(fields: Mapping[str, str], **files: bytes) -> bytes:
    """A body of multipart/form-data."""
    parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()] + [
        f'name="{name}"; filename="{name}.png"\r\nContent-Type: image/png\r\n\r\n'.encode() + data
        for name, data in files.items()
    ]
    begin = b"--b\r\nContent-Disposition: form-data; "
    return b"".join(b"%b%b\r\n" % (begin, part) for part in parts) + b"--b--\r\n"


def upload(data: bytes) -> bytes:
    """A request that keeps a file."""
    return request("POST", "/v1/files", form({"purpose": "user_data"}, file=data), kind=MULTIPART)


def answer(connection: socket.socket) -> bytes:
    """All that comes until the line is closed; nothing of a line that is broken first."""
    found = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(1 << 16):
            found += piece
    return found


def parted(data: bytes) -> tuple[int, Any]:
    """The status and content of an answer that is whole; (0, b"") where there is none."""
    if not data:
        return 0, b""
    head, _, body = data.partition(b"\r\n\r\n")
    told = dict(line.lower().split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:])
    if "content-length" in told:
        assert len(body) == int(told["content-length"]), data[-200:]
    is_json = told["content-type"].startswith("application/json")
    return int(data[9:12]), json.loads(body) if is_json else body

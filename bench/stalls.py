"""How long a server holds its loop beside work that is large, and what memory it takes for it.

A server in a process of its own, with a tick on its loop every two milliseconds. What lies between
two ticks is a stall; its own is what it has CPU time for: the rest of it others on the machine had.
`python -m bench.stalls serve` is that server: a line on its stdin is answered with its figures.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from bench.rows import Row
from mockserver.config import configured
from mockserver.server.listening import Server, listening_socket

HOST = "127.0.0.1"
TICK = 0.002  # seconds
EDITS, BATCHES = "/v1/images/edits", "/v1/batches"
JSON = "application/json"
BOUNDARY = "boundary-of-the-bench"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
MB = 1_000_000
LINES = 2_000  # of a batch
ROUNDS = 3


class Figures(NamedTuple):
    """The longest stall since they were asked for last, and memory."""

    wall: float  # seconds
    own: float  # seconds
    peak: float  # MiB
    resident: float  # MiB


Sent = tuple[str, bytes, str]  # path, body, content type


@dataclass(frozen=True, slots=True)
class Watched:
    """A server that tells how long it stood still."""

    process: subprocess.Popen[str]
    port: int

    def figures(self) -> Figures:
        """Those since the last call; memory's peak begins anew."""
        if not self.process.stdin or not self.process.stdout:
            raise RuntimeError("a server without a line to it")
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return Figures(*json.loads(self.process.stdout.readline()))

    def ask(self, path: str, body: bytes | None = None, kind: str = JSON) -> tuple[int, bytes]:
        """Status and content of an answer."""
        connection = HTTPConnection(HOST, self.port, timeout=600)
        headers = {"Authorization": "Bearer sk-mock-bench", "Content-Type": kind}
        try:
            connection.request("GET" if body is None else "POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def ask_at_once(self, times: int, sent: Sent) -> set[int]:
        """The statuses of so many equal requests at once."""
        with ThreadPoolExecutor(times) as pool:
            return {status for status, _ in pool.map(lambda _: self.ask(*sent), range(times))}


@contextmanager
def watched(*options: str) -> Iterator[Watched]:
    """Such a server, which refuses nothing for its number."""
    command = [sys.executable, "-m", "bench.stalls", "serve", *options]
    pipe, root = subprocess.PIPE, Path(__file__).parent.parent
    process = subprocess.Popen(command, text=True, cwd=root, stdin=pipe, stdout=pipe)
    try:
        yield Watched(process, int(process.stdout.readline() if process.stdout else 0))
    finally:
        process.kill()
        process.communicate()


def form(*files: tuple[str, bytes], **fields: str) -> tuple[bytes, str]:
    """A body of files and texts, and its type."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="%s"'
    parts = [f"{head % name}\r\n\r\n{value}\r\n".encode() for name, value in fields.items()]
    for name, data in files:
        kind = 'filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
        parts += [f"{head % name}; {kind}".encode(), data, b"\r\n"]
    return b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()]), FORM


def rows() -> Iterator[Row]:
    """A row for each kind of what is large."""
    edit = {"model": "gpt-image-2", "prompt": "x"}
    junk = os.urandom(60 * MB)
    url = "data:image/png;base64," + b64encode(junk[: 44 * MB]).decode()
    in_json = json.dumps({**edit, "images": [{"image_url": url}]}).encode()
    values = b'{"prompt": [' + b"1," * (30 * MB) + b"1]}"
    works: dict[str, tuple[int, Sent]] = {
        "nothing": (1, ("/v1/models", b"{}", JSON)),
        "a form of 60 MB": (1, (EDITS, *form(("image", junk), **edit))),
        "JSON of 60 MB with a picture": (1, (EDITS, in_json, JSON)),
        "JSON of 60 MB with 30 million numbers": (1, ("/v1/images/generations", values, JSON)),
        "twenty forms of 60 MB at once": (20, (EDITS, *form(("image", junk), **edit))),
    }
    for name, (times, sent) in works.items():
        yield _row(name, [_figures(partial(_sent, times, sent)) for _ in range(ROUNDS)])
    yield _row(f"a batch of {LINES} lines", [_figures(_batch)])


def _row(name: str, found: Sequence[Figures]) -> Row:
    least = min(one.own for one in found)
    grown = min(one.peak - one.resident for one in found)
    wall = min(one.wall for one in found)
    sizes = f"{1000 * wall:.0f} ms wall", f"+{grown:.0f} MiB"
    return Row(f"longest stall beside {name}", "memory", "<= 100 ms", 1000 * least, *sizes)


def _figures(work: Callable[[Watched], None]) -> Figures:
    with watched() as server:
        small = form(("image", b"x"), model="gpt-image-2", prompt="x")
        server.ask(EDITS, *small)  # what is loaded first
        before = server.figures()
        work(server)
        return server.figures()._replace(resident=before.resident)


def _sent(times: int, sent: Sent, server: Watched) -> None:
    server.ask_at_once(times, sent)


def _batch(server: Watched) -> None:
    path = "/v1/images/generations"
    bodies = [{"model": "gpt-image-2", "prompt": f"{number}"} for number in range(LINES)]
    asked = {"method": "POST", "url": path}
    lines = [json.dumps({**asked, "custom_id": b["prompt"], "body": b}) for b in bodies]
    _, told = server.ask("/v1/files", *form(("file", "\n".join(lines).encode()), purpose="batch"))
    body = {"input_file_id": json.loads(told)["id"], "endpoint": path, "completion_window": "24h"}
    _, told = server.ask(BATCHES, json.dumps(body).encode())
    batch = json.loads(told)
    while batch["status"] not in ("completed", "failed"):
        batch = json.loads(server.ask(f"{BATCHES}/{batch['id']}")[1])


# -- the server


def serve(options: Sequence[str]) -> None:
    """Serve, tick, and answer each line of stdin with the figures."""
    names = [name.removeprefix("--").replace("-", "_") for name in options[::2]]
    chosen = {"tier": "off", "log_format": "none"} | dict(zip(names, options[1::2], strict=True))
    listener, probe = listening_socket(HOST, 0), Probe()

    def ready() -> None:
        gc.freeze()  # as `run` does
        gc.enable()
        probe.task = asyncio.get_running_loop().create_task(probe.tick())
        print(listener.getsockname()[1], flush=True)

    Thread(target=probe.answer, daemon=True).start()
    Server(configured(**chosen), ready).run([listener])


class Probe:
    """The longest stalls of a loop, by the wall's clock and by the process' own."""

    def __init__(self) -> None:
        self._wall = self._own = 0.0
        self.task: asyncio.Task[None] | None = None

    async def tick(self) -> None:
        """Look at the clocks, for ever."""
        wall, cpu = time.monotonic(), time.process_time()
        while True:
            await asyncio.sleep(TICK)
            wall_now, cpu_now = time.monotonic(), time.process_time()
            gap = wall_now - wall - TICK
            self._wall = max(self._wall, gap)
            self._own = max(self._own, min(gap, cpu_now - cpu))
            wall, cpu = wall_now, cpu_now

    def answer(self) -> None:
        """Tell the figures whenever a line comes, and begin anew."""
        for _ in sys.stdin:
            status = Path("/proc/self/status").read_text("utf-8")
            told = dict(line.split(":", 1) for line in status.splitlines())
            memory = [int(told[name].split()[0]) / 1024 for name in ("VmHWM", "VmRSS")]
            print(json.dumps([self._wall, self._own, *memory]), flush=True)
            self._wall = self._own = 0.0
            Path("/proc/self/clear_refs").write_text("5", "utf-8")


if __name__ == "__main__" and sys.argv[1:2] == ["serve"]:
    serve(sys.argv[2:])

"""Several processes that serve one address, as processes: beside them no store is shared yet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import PATIENCE
from tests.life import Serving, serving

#: Each has the memory of its own: what they are told apart by is looked at, not what they share.
APART = "import mockserver.config as config; config._refuse_strangers = lambda *_: None\n"
#: In the server's process: a request that keeps Python busy, and who answers.
SLOW = """
import os, time, mockserver.server.listening as listening
made = listening.create_app
def create_app(*given, **named):
    app = made(*given, **named)
    async def served(scope, receive, send):
        head, _, seconds = scope["path"].rpartition("/")
        if head == "/busy":
            end = time.monotonic() + float(seconds)
            while time.monotonic() < end: pass
        if head in ("/busy", "/who"):
            told = b"%08d" % os.getpid()
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"8")]})
            await send({"type": "http.response.body", "body": told})
        else:
            await app(scope, receive, send)
    served.state = app.state
    return served
listening.create_app = create_app
"""
#: As where the system spreads no connections: one socket for all.
SHARED = "import mockserver.server.sockets as s; s.spread = lambda one, number: [one] * number\n"
WHO = b"GET /who/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
BUSY = WHO.replace(b"/who/", b"/busy/%d")


@contextmanager
def together(*args: str, before: str = "", number: int = 2, **how: Any) -> Iterator[Serving]:
    """A server of so many workers."""
    with serving("--workers", str(number), *args, before=APART + before, **how) as server:
        yield server


def workers_of(server: Serving) -> list[int]:
    """The processes that serve."""
    pid = server.process.pid
    try:
        return [*map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    except OSError:
        return []


def is_there(pid: int) -> bool:
    """Whether a process is there, dead ones included that nobody has looked after."""
    return Path(f"/proc/{pid}").exists()


def lives(pid: int) -> bool:
    """Whether a process is there, and is not dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def cpu(pid: int) -> float:
    """Seconds of CPU time that a process has used."""
    return time.clock_gettime(~pid << 3 | 2)


def soon(holds: Callable[[], object], seconds: float = PATIENCE) -> float:
    """Wait until something holds; the seconds that it took."""
    start = time.monotonic()
    while not holds():
        assert time.monotonic() - start < seconds, "it never came about"
        time.sleep(0.002)
    return time.monotonic() - start


def has_replaced(server: Serving, dead: int) -> bool:
    """Whether there are two workers, of which this is none."""
    return len(found := workers_of(server)) == 2 and dead not in found

"""Processes that share what they know: a real Redis or Valkey, and what is tested with it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import redis

from mockserver.clock import ManualClock
from mockserver.store.memory import MemoryStore
from mockserver.store.outage import Policy
from mockserver.store.redis import RedisSteps
from mockserver.store.shared import SharedStore
from mockserver.store.steps import Steps

SERVERS = ("redis-server", "valkey-server")
ROOM = 1024 * 1024  # bytes for uploads
UNHURRIED = 20.0  # seconds of a round trip where it is no matter of time


def installed() -> list[str]:
    """The servers to test with: of Redis in any case, so that a test may say that it is missing."""
    return [name for name in SERVERS if name == SERVERS[0] or shutil.which(name)]


class RedisServer:
    """A server on a free port of an address of this machine, that keeps nothing on disk."""

    def __init__(self, program: str, directory: Path, address: str = "127.0.0.1") -> None:
        found = shutil.which(program)
        if found is None and not os.environ.get("CI"):
            pytest.skip(f"{program} is not there: apt-get install {program}")
        self._program, self._directory, self._address = found or program, directory, address
        with socket.create_server((address, 0)) as free:
            self.port: int = free.getsockname()[1]
        self.start()

    def start(self, *options: str) -> None:
        """Start it, with nothing in it; return once it answers."""
        given = {"port": self.port, "bind": self._address, "save": "", "appendonly": "no"}
        given |= {"dir": self._directory, "logfile": "", "protected-mode": "no"}
        words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
        command = [self._program, *words, *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        lines = iter(self.process.stdout.readline, "")
        assert any("Ready to accept" in line for line in lines), "it has ended"

    def client(self) -> redis.Redis:
        """A client that waits for its answers."""
        return redis.Redis(self._address, self.port, protocol=2, driver_info=None)

    def url(self, user: str = "", database: int = 0, options: str = "") -> str:
        """Where it is."""
        return f"redis://{user}{self._address}:{self.port}/{database}{options}"

    def kill(self) -> None:
        """End it without a word."""
        self.process.kill()
        self.process.communicate()

    def stop(self) -> None:
        """Let it accept connections, and answer nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it answer again."""
        self.process.send_signal(signal.SIGCONT)


async def sleep_at_once(seconds: float) -> None:
    """Let others go on."""
    await asyncio.sleep(0)


def steps_at(url: str, patience: float = UNHURRIED) -> RedisSteps:
    """A log there."""
    return RedisSteps(url, ROOM, patience)


def store_over(
    steps: Steps,
    clock: ManualClock | None = None,
    policy: Policy = "local",
    sleep: Callable[[float], Awaitable[None]] = sleep_at_once,
) -> SharedStore:
    """A store over a log, whose background never waits long."""
    now = (clock or ManualClock()).now
    return SharedStore(steps, lambda time: MemoryStore(now=time), now, "a form", policy, sleep)

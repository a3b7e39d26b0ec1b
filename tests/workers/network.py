"""Hosts of one machine, each in a network of its own, and a bridge between them. Tests nothing.

The networks have no names: each ends with the last process and file that uses it, whatever happens.
Nothing that listens in one is reached from outside of them.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.conftest import PATIENCE
from tests.life import Serving

_NEW = 0x40000000  # Linux' CLONE_NEWNET
_HERE = "/proc/thread-self/ns/net"


def _lacking() -> str | None:
    """What there has to be for networks, and is not."""
    if sys.platform != "linux":
        return "Linux"
    if shutil.which("ip") is None:
        return "ip: apt-get install iproute2"
    try:
        with closing(Space()):
            return None
    except OSError as error:
        return f"root: {error}"


def _called(name: str, *given: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*given):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


@contextmanager
def _back() -> Iterator[None]:
    """Have the thread be where it was, when it is over."""
    before = os.open(_HERE, os.O_RDONLY)
    try:
        yield
    finally:
        _called("setns", before, _NEW)
        os.close(before)


class Space:
    """A network of its own, with nothing in it but itself."""

    def __init__(self) -> None:
        with _back():
            _called("unshare", _NEW)
            self._file = os.open(_HERE, os.O_RDONLY)
        self.path = f"/proc/{os.getpid()}/fd/{self._file}"
        self.set("link set lo up")

    @contextmanager
    def inside(self) -> Iterator[None]:
        """What this thread makes is in there: processes, sockets."""
        with _back():
            _called("setns", self._file, _NEW)
            yield

    def set(self, *lines: str) -> None:
        """Have `ip` do this in there."""
        for line in lines:
            with self.inside():
                subprocess.run(["ip", *line.split()], check=True)

    def close(self) -> None:
        """Use it no longer."""
        os.close(self._file)


class Network:
    """A bridge, and hosts that have a cable to it each."""

    ADDRESS = "10.28.0.1"  # of the bridge

    def __init__(self, hosts: int) -> None:
        self.bridge = Space()
        self.bridge.set(
            "link add name bridge type bridge",
            f"address add {self.ADDRESS}/24 dev bridge",
            "link set bridge up",
        )
        self.hosts = [self._host(number) for number in range(hosts)]

    def _host(self, number: int) -> Space:
        made = Space()
        made.set(
            f"link add cable type veth peer name to{number} netns {self.bridge.path}",
            f"address add {self.address(number)}/24 dev cable",
            "link set cable up",
        )
        self.bridge.set(f"link set to{number} master bridge up")
        return made

    def address(self, number: int) -> str:
        """Of a host."""
        return f"10.28.0.{number + 2}"

    @contextmanager
    def cut(self, number: int) -> Iterator[None]:
        """Meanwhile a host reaches itself only."""
        self.bridge.set(f"link set to{number} down")
        try:
            yield
        finally:
            self.bridge.set(f"link set to{number} up")

    def close(self) -> None:
        """Use it no longer."""
        for space in (*self.hosts, self.bridge):
            space.close()


@dataclass
class Host(Serving):
    """A server of a host, and where its clients are."""

    address: str
    space: Space

    def connect(self) -> socket.socket:
        """A connection of a client."""
        with self.space.inside():
            made = socket.socket()
        made.settimeout(PATIENCE)
        made.connect((self.address, self.port))
        return made

    def ask(self, data: bytes) -> tuple[int, Any]:
        """The status and content of an answer to a request, which names the host by its address."""
        return super().ask(self.named(data))

    def named(self, data: bytes) -> bytes:
        """A request that names the host by its address."""
        return data.replace(b"Host: localhost", f"Host: {self.address}:{self.port}".encode())

    def seen_from(self, other: Host) -> Host:
        """The same, for clients that are there where another one is."""
        return replace(self, space=other.space)


@contextmanager
def network(hosts: int) -> Iterator[Network]:
    """A network until its test ends, which is skipped where none can be made.

    In CI alone for want of a right: what can be installed is.
    """
    lacks = _lacking()
    if lacks and (lacks.startswith("root") or not os.environ.get("CI")):
        pytest.skip(f"hosts need {lacks}")
    assert not lacks
    with closing(Network(hosts)) as made:
        yield made

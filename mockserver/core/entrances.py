"""How else than by its plain address the server can be reached: as it is set. Opens nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

Entrance = int | Literal["on"] | None  # a port; one near the server's own; none at all
HERE = ("localhost", "127.0.0.1", "::1", "host.docker.internal")  # who answers under any name


def port(value: str) -> int:
    """A TCP port; 0 lets the system choose."""
    if not re.fullmatch("[0-9]{1,5}", value) or int(value) > 65_535:
        raise ValueError("must be a number from 0 (any free port) to 65535")
    return int(value)


def entrance(value: str) -> Entrance:
    """`on`, `off`, or the port to listen on."""
    if value in ("on", "off"):
        return "on" if value == "on" else None
    try:
        return port(value)
    except ValueError:
        raise ValueError("must be on, off, or a port from 0 (any free one) to 65535") from None


def host_name(value: str) -> str:
    """A host name without port; `*.` before it takes every name under it."""
    if not re.fullmatch(r"(\*\.)?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?", value):
        raise ValueError("must be a host name without a port, as images.test or *.images.test")
    return value.lower().rstrip(".")


class Names:
    """Host names, and all those below some: `*.` before a name stands for them.

    Args:
        names: in any letters.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.all = tuple(dict.fromkeys(name.lower() for name in names))
        self._exact = frozenset(self.all)
        self._below = tuple(name[1:] for name in self.all if name.startswith("*."))

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        name = name.lower().rstrip(".")
        return name in self._exact or name.endswith(self._below)

"""A socket that listens. Light: the plugin loads it without the server."""

from __future__ import annotations

import os
import socket
from typing import Any

BACKLOG = 2048


def listen(family: int, address: Any) -> socket.socket:
    """A socket that accepts connections at this address already.

    Raises:
        OSError: the address is taken, or not this machine's.
    """
    _hold_standard_files()
    # asyncio turns Nagle off only where the protocol is spelled out: else 40 ms a request.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(address)
    listener.listen(BACKLOG)
    return listener


def _hold_standard_files() -> None:
    """Open those of 0, 1 and 2 that are closed: libuv aborts where it has to close one of them."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)

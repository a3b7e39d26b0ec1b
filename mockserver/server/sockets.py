"""A socket that listens. Light: the plugin loads it without the server."""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

BACKLOG = 2048


def listen(family: int, address: Any, *, with_others: bool = False) -> socket.socket:
    """A socket that accepts connections at this address already.

    With others: whether more sockets of this user may listen there, each of which agrees.

    Raises:
        OSError: the address is taken, or not this machine's.
    """
    _hold_standard_files()
    # asyncio turns Nagle off only where the protocol is spelled out: else 40 ms a request.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if with_others:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def spread(listener: socket.socket, number: int) -> list[socket.socket]:
    """So many sockets in the place of one, among which the system spreads connections evenly.

    Where it spreads none (by SO_REUSEPORT Linux alone does) all are that one. It was at its address
    alone: whoever starts a second server there is refused, as one process would refuse him.
    """
    if sys.platform != "linux":
        return [listener] * number
    made: list[socket.socket] = []
    try:
        # It listens, and so holds the address until the others do.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        while len(made) < number:
            made.append(listen(listener.family, listener.getsockname(), with_others=True))
    except OSError:
        for one in made:
            one.close()
        return [listener] * number
    listener.close()
    return made


def _hold_standard_files() -> None:
    """Open those of 0, 1 and 2 that are closed: libuv aborts where it has to close one of them."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)

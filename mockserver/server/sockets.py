"""A socket that listens. Light: the plugin loads it without the server."""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import BaseTransport

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


def in_kernel(transport: BaseTransport) -> int:
    """Bytes of an answer that the kernel has, and the client not yet; 0 where that can't be told.

    The kernel asks for more only when a third of its megabytes are gone: a client that reads
    slowly takes nothing of what waits behind them for minutes.
    """
    try:
        from fcntl import ioctl
        from termios import TIOCOUTQ  # on Linux the SIOCOUTQ of tcp(7)

        answer = ioctl(transport.get_extra_info("socket").fileno(), TIOCOUTQ, bytes(4))
    except (ImportError, OSError, AttributeError):
        return 0
    return int.from_bytes(answer, sys.byteorder)

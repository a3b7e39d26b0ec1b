"""What the kernel has of an answer, as far as it tells. Sends nothing."""

from __future__ import annotations

import sys
from asyncio import BaseTransport

try:
    from fcntl import ioctl
    from termios import TIOCOUTQ  # on Linux the SIOCOUTQ of tcp(7)
except ImportError:  # Windows has neither
    ioctl = None  # type: ignore[assignment]
_NUMBER = bytes(4)


def in_kernel(transport: BaseTransport) -> int:
    """Bytes of an answer that the kernel has, and the client not yet; 0 where that can't be told.

    The kernel asks for more only when a third of its megabytes are gone: a client that reads
    slowly takes nothing of what waits behind them for minutes.
    """
    try:
        answer = ioctl(transport.get_extra_info("socket").fileno(), TIOCOUTQ, _NUMBER)
    except (AttributeError, OSError, TypeError):
        return 0
    return int.from_bytes(answer, sys.byteorder)

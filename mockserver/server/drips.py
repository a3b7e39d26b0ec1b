"""Who sends a request in many small pieces, slowly: read less often, it costs less. Reads nothing.

Each piece costs the server as much as a small request. What the kernel gathers meanwhile comes in
one piece; nothing is lost, and whoever sends fast is never made to wait.
"""

from __future__ import annotations

from collections.abc import Callable


class Drips:
    """Tells of one connection how long to leave its bytes to the kernel."""

    SMALL = 1024  # bytes of a piece
    MANY = 32  # small pieces of one request that are read as they come
    SLOW = 16 << 10  # bytes a second: what comes faster is an upload in small writes
    PAUSE, LONGEST = 0.25, 1.0  # seconds: the first, and what it grows to while it drips
    _SPREAD = 16  # connections of one program drip together, and are read one by one

    __slots__ = ("_begun", "_mark", "_pause", "_pieces", "_request")

    def __init__(self) -> None:
        self._request = -1

    def pause(self, request: int, read: int, now: Callable[[], float]) -> float:
        """Seconds to wait after a small piece of an unfinished request.

        Args:
            request: its number on the connection.
            read: bytes that the connection has got so far.
            now: asked only where it matters.
        """
        if request != self._request:
            self._request, self._pieces, self._pause = request, 0, 0.0
            self._mark, self._begun = read, now()
        self._pieces += 1
        if not self._pause and self._pieces < self.MANY:
            return 0.0
        moment = now()
        drips = read - self._mark < self.SLOW * (moment - self._begun)
        self._pause = min(self.LONGEST, self._pause * 2 or self.PAUSE) if drips else 0.0
        self._pieces, self._mark, self._begun = 0, read, moment
        return self._pause * (0.8 + 0.4 * (id(self) // 16 % self._SPREAD) / self._SPREAD)

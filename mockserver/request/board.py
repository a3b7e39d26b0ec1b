"""What the workers of one server have counted, where all of them see it. Counts and sums nothing.

Made before they are, in memory that they share: no file, no message, nobody to wait for. Each has a
place of two halves that it writes in turns, so that one which is killed while it writes leaves what
it wrote before.
"""

from __future__ import annotations

from mmap import mmap
from struct import Struct
from zlib import crc32

ROOM = 1024 * 1024  # bytes of a half: four times what there can be; what is not written takes none
_HEAD = Struct("<QII")  # how often this place was written, length and checksum of what follows


class Board:
    """A place for each of several processes, to be made before they are forked."""

    def __init__(self, places: int) -> None:
        self.places = places
        self._memory = mmap(-1, places * 2 * ROOM)

    def write(self, place: int, told: bytes) -> None:
        """Replace what is at a place, if there is room for it; only its own process does."""
        if len(told) > ROOM - _HEAD.size:
            return
        number = self._last(place)[0] + 1
        start = self._start(place, number)
        head = _HEAD.pack(number, len(told), crc32(told))
        self._memory[start + _HEAD.size : start + _HEAD.size + len(told)] = told
        self._memory[start : start + _HEAD.size] = head

    def read(self, place: int) -> bytes:
        """What was last written there; nothing, if nothing was."""
        return self._last(place)[1]

    def _start(self, place: int, number: int) -> int:
        return (2 * place + number % 2) * ROOM

    def _last(self, place: int) -> tuple[int, bytes]:
        return max(self._half(place, 0), self._half(place, 1))

    def _half(self, place: int, half: int) -> tuple[int, bytes]:
        start = self._start(place, half)
        number, length, checksum = _HEAD.unpack_from(self._memory, start)
        told = self._memory[start + _HEAD.size : start + _HEAD.size + length]
        return (number, told) if crc32(told) == checksum else (0, b"")

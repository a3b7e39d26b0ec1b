"""Where processes of one host see that another one has appended a step, without a system call.

It spares a look into the log: whoever finds nothing new here knows all steps that anybody was told
of. Knows numbers only.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from struct import Struct

_PLACES = 64  # of more processes several have one place, which costs them looks in vain
_PLACE = Struct("<QQ")  # which process, and the last step that it knows to be in the log
_ALL = Struct(f"<{2 * _PLACES}Q")


class Board:
    """A board in a file.

    Args:
        path: the file, which `made` has made.
        process: which of all there ever were; what it writes nobody else has written.
    """

    def __init__(self, path: Path, process: int) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _ALL.size)
        self._process = process
        self._begin = process % _PLACES * _PLACE.size
        self._end = self._begin + _PLACE.size
        self._seen = b""  # what was there before the log was asked the last time
        self._known = -1  # the last step that it had

    def look(self) -> bytes:
        """All of it, as it is before the log is asked."""
        return self._map[:]

    def is_known(self, seen: bytes, after: int) -> bool:
        """Whether what is seen tells of no step behind `after`."""
        return after == self._known and seen == self._seen

    def know(self, seen: bytes, last: int, *, is_news: bool, is_own: bool) -> None:
        """The log was asked, and `last` is the last step that it had.

        Args:
            seen: the board before that.
            last: the step.
            is_news: it was not known here.
            is_own: this process has appended it.
        """
        # Nobody may know of a step which others are not told of: who appended it may be dead.
        if is_own or (is_news and last > max(_ALL.unpack(seen)[1::2])):
            place = _PLACE.pack(self._process, last)
            self._map[self._begin : self._end] = place
            seen = seen[: self._begin] + place + seen[self._end :]
        self._seen, self._known = seen, last

    def close(self) -> None:
        """Use it no longer."""
        self._map.close()


def make(path: Path) -> None:
    """Make the file, with all of its bytes on the disk: a full one is met here, and not later."""
    with path.open("ab") as file:
        file.write(bytes(max(0, _ALL.size - file.tell())))


def last_told(path: Path) -> int:
    """The last step that it tells of."""
    return int(max(_ALL.unpack(path.read_bytes()[: _ALL.size])[1::2]))


def clear(path: Path) -> None:
    """Have it tell of no step."""
    with path.open("r+b") as file:
        file.write(bytes(_ALL.size))

"""The bytes of files: small ones in memory, larger ones on disk, where nothing finds them again."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile

IN_MEMORY = 1024 * 1024  # bytes of one; of more it goes to disk
_PIECE = 256 * 1024


class Content:
    """A file's bytes: written once, in pieces, then read by as many as want it."""

    def __init__(self, data: bytes = b"") -> None:
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115, it lives on
        self.size = 0
        self.append(data)

    def append(self, data: bytes) -> None:
        """Write on at its end."""
        self._file.seek(0, 2)
        self._file.write(data)
        self.size += len(data)

    @property
    def in_memory(self) -> int:
        """Bytes of memory that it takes."""
        return self.size if self.size <= IN_MEMORY else 0

    def piece(self, start: int, length: int = _PIECE) -> bytes:
        """Some of its bytes."""
        self._file.seek(start)
        return self._file.read(length)

    def pieces(self) -> Iterator[bytes]:
        """All of its bytes, a bounded piece each."""
        for start in range(0, self.size, _PIECE):
            yield self.piece(start)

    def whole(self) -> bytes:
        """All of its bytes at once."""
        return self.piece(0, self.size)

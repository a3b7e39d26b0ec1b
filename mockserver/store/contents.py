"""The bytes of files: small ones in memory, larger ones on disk, where nothing finds them again."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from threading import Lock
from typing import IO, Any, NamedTuple
from weakref import finalize

from anyio import to_thread

from mockserver.core.errors import ApiError, Reason

IN_MEMORY = 1024 * 1024  # bytes of one; of more it goes to disk
BLOCK = 256 * 1024  # bytes on disk that are given and taken as one, and sent as one piece
_REMEDY = "free some of it, or set TMPDIR to a directory that has room and can be written to"


class Disk:
    """One file without a name for all contents of the process: it is gone with that.

    Its blocks are given again once a content that had them is gone.
    """

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._free: list[int] = []
        self._back: deque[list[int]] = deque()  # blocks that came back, but are not free yet
        self._end = 0  # blocks that there are
        self._lock = Lock()  # readers are in threads

    @property
    def used(self) -> int:
        """Bytes of the blocks that are given."""
        self._tidy()
        return (self._end - len(self._free)) * BLOCK

    def write(self, blocks: list[int], offset: int, data: bytes) -> None:
        """Write at an offset of these blocks, which become more as that takes.

        Raises:
            ApiError: the disk takes no more. What is there already can still be read.
        """
        try:
            with self._lock:
                self._write(blocks, offset, memoryview(data))
        except OSError as error:
            hint = f"the disk took no file ({error.strerror or error}): {_REMEDY}"
            raise ApiError(Reason.INTERNAL, hint=hint) from error
        finally:
            self._tidy()

    def _write(self, blocks: list[int], offset: int, view: memoryview) -> None:
        if self._file is None:
            # Without a buffer: what is in it and finds no room would fail whoever comes next.
            self._file = TemporaryFile(prefix="images-mock-", buffering=0)  # noqa: SIM115, it lives on
        while view:
            place, start = divmod(offset, BLOCK)
            if place == len(blocks):
                blocks.append(self._given())
            self._file.seek(blocks[place] * BLOCK + start)
            written = self._file.write(view[: BLOCK - start])
            view, offset = view[written:], offset + written

    def _given(self) -> int:
        if self._free:
            return self._free.pop()
        self._end += 1
        return self._end - 1

    def read(self, blocks: list[int], start: int, length: int) -> bytes:
        """So many bytes of these blocks."""
        found = []
        with self._lock:
            while length > 0 and self._file and start < len(blocks) * BLOCK:
                place, within = divmod(start, BLOCK)
                self._file.seek(blocks[place] * BLOCK + within)
                found.append(self._file.read(min(length, BLOCK - within)))
                start, length = start + len(found[-1]), length - len(found[-1])
        self._tidy()
        return b"".join(found)

    def take_back(self, blocks: list[int]) -> None:
        """Give these blocks to others; where nobody has any, the disk has its room again.

        Python may collect a content wherever it is, also within a step of this disk: then the
        blocks wait for the end of that step.
        """
        self._back.append(blocks)
        self._tidy()

    def _tidy(self) -> None:
        """Free what came back, unless somebody is at work here: he does it then."""
        while self._back and self._lock.acquire(blocking=False):
            try:
                while self._back:
                    self._free += self._back.popleft()
                if self._file and len(self._free) == self._end:
                    self._file.close()
                    self._file, self._free, self._end = None, [], 0
            finally:
                self._lock.release()


DISK = Disk()


class Shared(NamedTuple):
    """What other processes have of a content."""

    name: str = ""
    size: int = 0


class Content:
    """A file's bytes: written once, in pieces, then read by as many as want it."""

    def __init__(self, data: bytes = b"") -> None:
        self._memory = bytearray()
        self._blocks: list[int] = []
        self._on_disk = False
        self.size = 0
        self.shared = Shared()
        self.append(data)

    def append(self, data: bytes) -> None:
        """Write on at its end, or raise the disk's ApiError and be as before."""
        if not self._on_disk and self.size + len(data) <= IN_MEMORY:
            self._memory += data
        else:
            self.spill()
            DISK.write(self._blocks, self.size, data)
        self.size += len(data)

    def spill(self) -> None:
        """Take no memory any more, or raise the disk's ApiError and be as before."""
        if self._on_disk:
            return
        if not self._blocks:
            finalize(self, DISK.take_back, self._blocks)
        DISK.write(self._blocks, 0, bytes(self._memory))
        self._memory, self._on_disk = bytearray(), True

    @property
    def in_memory(self) -> int:
        """Bytes of memory that it takes."""
        return len(self._memory)

    def piece(self, start: int, length: int = BLOCK) -> bytes:
        """Some of its bytes."""
        if not self._on_disk:
            return bytes(self._memory[start : start + length])
        return DISK.read(self._blocks, start, min(length, self.size - start))

    def whole(self) -> bytes:
        """All of its bytes at once."""
        return self.piece(0, self.size)

    async def sent(self) -> AsyncIterator[bytes]:
        """All of its bytes, a bounded piece each; others are answered meanwhile."""
        for start in range(0, self.size, BLOCK):
            yield (
                await to_thread.run_sync(self.piece, start) if self._on_disk else self.piece(start)
            )

    async def read(self) -> bytes:
        """The same as `whole`, where others are answered meanwhile."""
        return await to_thread.run_sync(self.whole) if self._on_disk else self.whole()

    async def here(self) -> Content:
        """Itself, which is in this process."""
        return self


class Distant:
    """A file's bytes that are kept where all processes find them; none of it is kept here.

    Args:
        shared: its name there, and its size.
        fetch: some bytes of a name, from an offset on; ApiError if they are there no longer.
        here: the same bytes in this process, where it has them.
    """

    in_memory = 0  # in all processes alike

    def __init__(
        self,
        shared: Shared,
        fetch: Callable[[str, int, int], Awaitable[bytes]],
        here: Content | None = None,
    ) -> None:
        self.shared, self.size = shared, shared.size
        self._fetch, self._here = fetch, here

    def spill(self) -> None:
        """Take no memory any more; it takes none."""

    async def sent(self) -> AsyncIterator[bytes]:
        """All of its bytes, a bounded piece each."""
        for start in range(0, self.size, BLOCK):
            length = min(BLOCK, self.size - start)
            yield await self._fetch(self.shared.name, start, length)

    async def read(self) -> bytes:
        """All of its bytes at once."""
        return b"".join([piece async for piece in self.sent()])

    async def here(self) -> Content:
        """A content with the same bytes in this process, to read and to write on."""
        if self._here is None:
            made = Content()
            async for piece in self.sent():
                await to_thread.run_sync(made.append, piece)
            made.shared = self.shared
            self._here = made
        return self._here


@dataclass
class Papers:
    """The files of a batch that has not ended: the input, and what is written of the others.

    Where those of many batches are too much for the memory, they go to disk as files do.
    """

    given: Any  # a content, as the others; None: there was none
    output: Any = field(default_factory=Content)
    errors: Any = field(default_factory=Content)
    size = 0  # of what takes the room for files: nothing yet

    def spill(self) -> None:
        """Take no memory any more."""
        self.output.spill()
        self.errors.spill()

    @property
    def written(self) -> int:
        """Bytes of the output and the errors."""
        return int(self.output.size + self.errors.size)

    @property
    def in_memory(self) -> int:
        """Those of them that are in memory."""
        return int(self.output.in_memory + self.errors.in_memory)

    async def here(self) -> Papers:
        """The same with contents of this process."""
        parts = [part and await part.here() for part in (self.given, self.output, self.errors)]
        return Papers(*parts)


async def content_of(data: bytes) -> Content:
    """A content with these bytes; others are answered while it is written."""
    return Content(data) if len(data) <= IN_MEMORY else await to_thread.run_sync(Content, data)

"""The log of steps in Redis or Valkey, for processes of any number of hosts. Knows no step.

Each round trip is one script, which does all or nothing, within a deadline. That of a step that
was not answered in time is not carried out later either: the script looks at the server's clock,
and at the number of the batch (see `redis_scripts`). What became of one whose answer was lost,
`reach` tells.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from typing import Any

from redis.exceptions import ConnectionError as Unreachable

from mockserver.store import redis_scripts as scripts
from mockserver.store.redis_line import BYTES, Server, asked, ran
from mockserver.store.redis_scripts import Script
from mockserver.store.steps import Away, Gone, Lost, Reached, Snapshot

PATIENCE = 0.25
_TOUCH = 3600_000_000  # microseconds between two looks at how long keys last
_DRAFT = 60_000  # milliseconds that an unfinished snapshot is kept
_PIECE = 256 * 1024  # bytes of one element of a snapshot
_PART = 512 * 1024  # of an upload
_PIECES = 8  # that are read or written at a time
_TRIES = 3  # of a step that came late by what was thought of the server's clock
_LENGTH = 4  # bytes of a piece's length


class RedisSteps:
    """A log under one prefix, and uploads beside it. All keys are in one slot of a cluster.

    Args:
        url: as redis-py takes it: redis, rediss or unix, with user and password, and what options
            there are for TLS. Two are its own: `prefix` of the keys, and `keep`, how long they
            last when nobody uses them (30d).
        upload_bytes: room for uploads.
        patience: seconds of a round trip, with what it takes to connect.

    Raises:
        ValueError: the URL is none.
    """

    def __init__(self, url: str, upload_bytes: int, patience: float = PATIENCE) -> None:
        self._server, self._room, self._patience = Server(url), upload_bytes, patience
        self._form = self._epoch = ""
        self._name = ""  # of this client
        self.keys: list[str] = []  # that scripts of the log use
        self._batch = 0  # number of the last one
        self._ahead = 0  # microseconds by which the server's clock is ahead of the loop's, at least
        self._drafts = 0  # of uploads
        self._touched = 0  # microseconds, by the server's clock

    async def _ran(self, script: Script, *arguments: Any) -> list[Any]:
        """What a script of the log answers."""
        found: list[Any] = await ran(await self._server.line(), script, self.keys, arguments)
        # It was that late there when it was not yet so late here: no step is given too long.
        self._ahead = found[0] - _time()
        if found[0] - self._touched > _TOUCH:
            self._touched = found[0]
            await self._touch()
        return found

    async def _touch(self) -> None:
        """Let what is used last longer."""
        if disuse := self._server.disuse:
            names = "log", "steps", "snapshot", "clients", "contents"
            told = disuse, self._server.key("content:")
            keys = [*map(self._server.key, names)]
            await ran(await self._server.line(), scripts.TOUCH, keys, told)

    # -- the log's life ------------------------------------------------------------------------

    def prepare(self, form: str) -> None:
        """See that it is there, and of this form."""
        self._opened(form)

    def open(self, form: str) -> int:
        """Begin to use it."""
        number, self._epoch = self._opened(form)
        self._form, self._name = form, str(number)
        names = "log", "steps", "snapshot", f"client:{self._name}"
        self.keys = [*map(self._server.key, names)]
        return number

    def _opened(self, form: str) -> tuple[int, str]:
        """The number of a new client, and the log's epoch."""
        keys = [*map(self._server.key, ("log", "steps", "snapshot", "clients"))]
        _, found, epoch, number = self._server.first(scripts.OPEN, keys, form)
        self._check_form(found.decode(), form)
        return number, epoch.decode()

    def _check_form(self, found: str, form: str) -> None:
        if found != form:
            raise Away(
                f"{self._server.shown} is of another form under {self._server.tag} ({found}) than "
                f"this server's ({form})"
            )

    async def close(self) -> None:
        """Use it no longer."""
        await self._server.close()

    async def reach(self, after: int) -> Reached:
        """Reach it again."""
        async with self._server.within(self._patience):
            _, found, *rest = await self._reached(after)
        if found == b"form":
            self._check_form(rest[0].decode(), self._form)
        if found == b"empty":
            return Reached(is_in=False, is_empty=True)
        self._epoch = rest[0].decode()
        is_in = bool(self._batch and rest[1])
        if found == b"same":
            return Reached(is_in)
        return Reached(is_in, kept=rest[2] if rest[2] >= 0 else after)

    async def _reached(self, after: int) -> list[Any]:
        """How the log is, and whether the last batch is in it; if not, it never will be."""
        await self._server.end_line()  # a new one asks which run of a server this is
        await self._server.line()
        told = self._epoch, self._batch, after, self._server.run, self._form
        return await self._ran(scripts.REACH, *told)

    async def seed(self, snapshot: Snapshot) -> bool:
        """Let an empty log go on from a snapshot."""
        draft = await self._drafted(snapshot)
        told = self._epoch, snapshot.number, self._form, self._server.run
        async with self._server.large() as line:
            _, *epoch = await ran(line, scripts.SEED, [*self.keys, draft], told)
        if epoch:
            self._epoch = epoch[0].decode()
        return bool(epoch)

    # -- steps ---------------------------------------------------------------------------------

    async def take(self, steps: Sequence[bytes], after: int) -> list[bytes]:
        """Append steps; those of others behind `after`."""
        self._batch += 1
        return await self._behind(steps, after)

    def at_once(self, steps: Sequence[bytes], after: int) -> None:
        """Nothing that is elsewhere is there at once."""

    async def since(self, after: int) -> list[bytes]:
        """What is behind a step."""
        return await self._behind((), after)

    async def _behind(self, steps: Sequence[bytes], after: int) -> list[bytes]:
        """Append steps once all that is behind `after` is known, which is told."""
        patience = self._patience + sum(map(len, steps)) / BYTES
        behind, tries = list[bytes](), 0
        while tries < _TRIES:
            until = _time() + int(patience * 1e6) + self._ahead
            async with self._server.within(patience):
                found, *others = await self._part(steps, after + len(behind), until)
            behind += others[0] if others else ()
            if found == b"done":
                return behind
            tries += found == b"late"  # else there is more
        raise Away(f"{self._server.shown} has another time with each look at its clock")

    async def _part(self, steps: Sequence[bytes], after: int, until: int) -> list[Any]:
        """Append steps, or some of what is behind a step; what became of it, what is behind."""
        try:
            found = await self._ran(scripts.TAKE, self._epoch, self._batch, after, until, *steps)
        except Unreachable:  # this connection was closed, perhaps while nobody used it
            found = await self._reached(after)
            if found[1] == b"same" and steps and found[3]:
                raise  # they are in the log, and nobody knows what else is
            if found[1] == b"same":
                self._batch += 1
                return [b"late"]
        if found[1] == b"gone":
            raise Gone
        if found[1] not in (b"done", b"more", b"late"):
            raise Lost(f"{self._server.shown} has not all that was in it")
        return found[1:]

    # -- snapshots -----------------------------------------------------------------------------

    async def snapshot(self) -> Snapshot:
        """The last snapshot."""
        while True:
            try:
                return await self._snapshot()
            except Gone:  # another one came while this was read
                continue

    async def _snapshot(self) -> Snapshot:
        number, pieces, known = b"-1", list[bytes](), -1
        while known < len(pieces):
            known = len(pieces)
            told = self._epoch, known, known + _PIECES - 1, number
            async with self._server.large(_PIECE * _PIECES) as line:
                _, number, *rest = await ran(line, scripts.SNAPSHOT, self.keys, told)
            if number == b"lost":
                raise Lost(f"{self._server.shown} has not all that was in it")
            if number == b"gone":
                raise Gone
            pieces += rest[0]
        return Snapshot(int(number), _whole(b"".join(pieces)))

    async def replace(self, snapshot: Snapshot) -> None:
        """Keep a snapshot."""
        draft = await self._drafted(snapshot)
        async with self._server.large() as line:
            told = self._epoch, snapshot.number
            await ran(line, scripts.REPLACE, [*self.keys, draft], told)
        self._touched = 0

    async def _drafted(self, snapshot: Snapshot) -> str:
        """The key of a snapshot that is of no effect yet."""
        draft = self._server.key(f"draft:{self._name}")
        written = b"".join(len(p).to_bytes(_LENGTH, "big") + p for p in snapshot.pieces)
        pieces = [written[at : at + _PIECE] for at in range(0, len(written), _PIECE)] or [b""]
        async with self._server.large() as line:
            await asked(line, "DEL", draft)
        for at in range(0, len(pieces), _PIECES):
            async with self._server.large(_PIECE * _PIECES) as line:
                await asked(line, "RPUSH", draft, *pieces[at : at + _PIECES])
                await asked(line, "PEXPIRE", draft, _DRAFT)
        return draft

    # -- uploads -------------------------------------------------------------------------------

    async def keep(self, address: str, upload: bytes, *, until: int, now: int) -> None:
        """Keep an upload."""
        key, lasts = self._server.key(f"upload:{address}"), max(1, (until - now) // 1_000_000)
        if not 0 < len(upload) <= self._room:
            return
        self._drafts += 1  # of one address there may be several at once
        draft = self._server.key(f"draft:{self._name}-{self._drafts}")
        names = "age", "sizes", "ends", "taken"
        told = address, len(upload), lasts, self._room, self._server.key("upload:")
        async with self._server.large(len(upload)) as line:
            # From the end: there is room for all of it then, and nothing is copied as it grows.
            for at in reversed(range(0, len(upload), _PART)):  # the loop is not kept by any
                await asked(line, "SETRANGE", draft, at, upload[at : at + _PART])
                await asked(line, "PEXPIRE", draft, _DRAFT)
            await ran(line, scripts.KEPT, [*map(self._server.key, names), draft, key], told)

    async def kept(self, address: str) -> bytes | None:
        """The upload at an address."""
        key, found = self._server.key(f"upload:{address}"), list[bytes]()
        async with self._server.large() as line:
            size = await asked(line, "STRLEN", key)
        async with self._server.large(size) as line:
            for at in range(0, size, _PART):
                found.append(await asked(line, "GETRANGE", key, at, at + _PART - 1))
        whole = b"".join(found)
        return whole if size and len(whole) == size else None  # else its time was over meanwhile

    # -- contents of files ---------------------------------------------------------------------

    async def write(self, name: str, offset: int, piece: bytes, *, now: int) -> None:
        """Write a piece of a content: a field of its own, since a text that grows is copied."""
        key, index = self._server.key(f"content:{name}"), self._server.key("contents")
        async with self._server.large(len(piece)) as line:
            await asked(line, "ZADD", index, now // 1_000_000, name)  # first, to be found again
            await asked(line, "HSET", key, offset, piece)

    async def read(self, name: str, offset: int, length: int) -> bytes:
        """Some bytes of a content."""
        key, found = self._server.key(f"content:{name}"), list[bytes]()
        async with self._server.large(length) as line:
            starts = sorted(map(int, await asked(line, "HKEYS", key)))
            first = max(0, bisect_right(starts, offset) - 1)
            for start in starts[first : bisect_left(starts, offset + length)]:
                piece = await asked(line, "HGET", key, start)
                found.append((piece or b"")[max(0, offset - start) : offset + length - start])
        return b"".join(found)

    async def retain(self, names: Collection[str], *, before: int) -> None:
        """Drop all other contents."""
        index = self._server.key("contents")
        async with self._server.large() as line:
            until = f"({before // 1_000_000}"
            for name in await asked(line, "ZRANGEBYSCORE", index, "-inf", until):
                if name.decode() not in names:
                    await asked(line, "UNLINK", self._server.key(f"content:{name.decode()}"))
                    await asked(line, "ZREM", index, name)


def _time() -> int:
    """Microseconds by the loop's clock."""
    return int(asyncio.get_running_loop().time() * 1e6)


def _whole(written: bytes) -> list[bytes]:
    """The pieces of a snapshot."""
    found, at = [], 0
    while at < len(written):
        begin = at + _LENGTH
        at = begin + int.from_bytes(written[at:begin], "big")
        found.append(written[begin:at])
    return found

"""Large bodies, piece by piece.

What C does in one go holds Python's lock to its end, in a thread too: 60 MB are searched in 50 ms,
and decoded from base64 in 300. In pieces it takes a millisecond or two at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

LARGE = 256 << 10  # bytes of a body that take longer than a thread's start
STEP = 1 << 20  # bytes that are looked through in one go
VALUES = 1 << 18  # of JSON; no operation has a hundredth of them
TOO_MANY_VALUES = f"it has more than {VALUES} values"
_OPENING = (b",", b"[", b"{")  # what a value is behind, but for those of objects


def find(body: bytes, what: bytes, start: int = 0) -> int:
    """As `bytes.find`, in steps."""
    for at in range(start, len(body), STEP):
        found = body.find(what, at, at + STEP + len(what) - 1)
        if found >= 0:
            return found
    return -1


def pieces(
    body: bytes, start: int = 0, end: int | None = None, *, uncut: bytes = b""
) -> Iterator[bytes]:
    """A part of a body in pieces, none of which ends within what has to stay whole."""
    at, last = start, len(body) if end is None else end
    while last - at > STEP:
        to = at + STEP
        if uncut:
            over = body.find(uncut, max(at + 1, to - len(uncut) + 1), to + len(uncut) - 1)
            to = to if over < 0 else over
        yield body[at:to]
        at = to
    yield body[at:last]


def has_too_many_values(body: bytes) -> bool:
    """Whether JSON would take long to be decoded, all in one go.

    A megabyte of empty lists takes as long as twenty of one text.
    """
    if len(body) <= LARGE or not _are_too_many(map(_values, pieces(body))):
        return False
    return _are_too_many(sum(map(_values, texts)) for texts in _outside_of_texts(body))


def _are_too_many(counts: Iterable[int]) -> bool:
    return any(total > VALUES for total in accumulate(counts))


def _values(text: bytes) -> int:
    return sum(map(text.count, _OPENING))


def _outside_of_texts(body: bytes) -> Iterator[Sequence[bytes]]:
    """What stands outside of JSON's texts, piece by piece; no backslash is there."""
    is_within, rest = False, b""
    for piece in pieces(body):
        text = rest + piece
        rest = b"\\" if (len(text) - len(text.rstrip(b"\\"))) % 2 else b""
        text = text[: len(text) - len(rest)].replace(b"\\\\", b"").replace(b'\\"', b"")
        found = text.split(b'"')
        yield found[is_within::2]
        is_within ^= len(found) % 2 == 0

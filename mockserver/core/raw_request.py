"""What came over the wire of one request: its head, and the beginning of its body. Reads nothing.

Values of headers and of the query that may be keys are masked before anything is kept.
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from mockserver.core.masking import without_end, without_keys

HEAD = 8 * 1024  # bytes that are kept: what clients send has some thousand
BODY = 8 * 1024  # of an upload or a long prompt the beginning
_EMPTY = 180  # bytes of one without a letter
_MASK = b"***"
_SECRET = re.compile(rb"auth|cookie|credential|key|passw|secret|session|token", re.IGNORECASE)
_HARMLESS = b"idempotency-key"  # the SDK's own, made anew for each call
_SCHEME = re.compile(rb"(?:basic|bearer) +", re.IGNORECASE)
_KEY = re.compile(rb"\bsk-(?!mock-)[\w-]{16,}")  # wherever else one stands that may cost money
_QUERY = re.compile(rb"(?<=[?&])([^=&]*)=([^&\s]*)")


class Raw(NamedTuple):
    """A request as it came."""

    head: bytes  # the request line, then a line for each header
    body: bytes  # no more than `BODY` bytes of it
    length: int  # bytes of the whole body, as told or as read
    is_cut: bool  # whether `body` is not all of it

    @classmethod
    def of(cls, head: bytes, body: bytes, length: int, keys: Sequence[bytes] = ()) -> "Raw":
        """What is kept of a head (see `head_of`) and the beginning of a body, without keys."""
        is_cut = len(body) < length
        kept = without_end(body, keys) if is_cut else body
        return cls(head, _without(kept, keys), length, is_cut)

    @property
    def size(self) -> int:
        """Roughly the bytes that it takes."""
        return _EMPTY + len(self.head) + len(self.body)

    def as_json(self) -> dict[str, Any]:
        """With a body that is no UTF-8 in base64. Equal headers are one, with commas."""
        line, *lines = self.head.decode("latin-1").split("\n")
        headers: dict[str, str] = {}
        for name, _, value in (text.partition(": ") for text in lines):
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        text = _text(self.body, self.is_cut)
        return {
            "line": line,
            "headers": headers,
            "body": b64encode(self.body).decode() if text is None else text,
            "encoding": "base64" if text is None else "utf-8",
            "bytes": self.length,
            "cut": self.is_cut,
        }


def head_of(
    line: bytes, headers: Sequence[tuple[bytes, bytes]], keys: Sequence[bytes] = ()
) -> bytes:
    """The head to keep, of a request line and the headers: within bounds, without keys."""
    lines = [_QUERY.sub(_masked_query, line) if b"?" in line else line]
    lines += map(b": ".join, headers)
    for place in _secrets(tuple([name for name, _ in headers])):
        name, value = headers[place]
        lines[place + 1] = b"%b: %b" % (name, _masked(value))
    head = _without(b"\n".join(lines), keys)
    return head if len(head) <= HEAD else head[:HEAD]


@lru_cache(maxsize=32)
def _secrets(names: tuple[bytes, ...]) -> list[int]:
    """The places of the headers whose values may be keys: a client's requests have the same."""
    return [i for i, n in enumerate(names) if n != _HARMLESS and _SECRET.search(n)]


def _masked(value: bytes) -> bytes:
    scheme = _SCHEME.match(value)
    return (scheme[0] if scheme else b"") + _MASK


def _masked_query(found: re.Match[bytes]) -> bytes:
    return found[1] + b"=" + (_MASK if _SECRET.search(found[1]) else found[2])


def _without(text: bytes, keys: Sequence[bytes]) -> bytes:
    if b"sk-" in text:
        text = _KEY.sub(b"sk-" + _MASK, text)
    return without_keys(text, keys) if keys else text


def _text(body: bytes, is_cut: bool) -> str | None:
    """A body as text; None if it is none. What is cut may end within a letter."""
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        if is_cut and error.start > len(body) - 4:
            return body[: error.start].decode()
        return None

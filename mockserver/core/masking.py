"""Takes API keys out of what a request says, before anything is made of it. Keeps nothing.

A key is what looks as one that opens an account (facts/keys.toml), and the very one that the
request shows in its headers or its query. This mock's own open nothing, and stay where they are.
"""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from mockserver.core.pieces import LARGE, find

Hide = Callable[[bytes], bytes]
_MARK = b"sk-"  # in all that look as keys
_OWN = b"sk-mock-"  # begins this mock's own
#: The headers that carry one, to whomever.
_CARRIERS = (b"authorization", b"api-key", b"mock-sandbox-key")
_QUERY = re.compile(rb"(?:^|&)[^=&]*key=([^&]*)", re.IGNORECASE)
_MOST = 8  # keys of one request: each is looked for in all that it says
_SHORT = 12  # characters of what the API itself repeats whole: "none", "not-needed"


def masked(key: str) -> str:
    """A key as the 401 repeats it: short ones whole, others as first 8, asterisks, last 4."""
    return key if len(key) <= _SHORT else f"{key[:8]}{'*' * (len(key) - 12)}{key[-4:]}"


def as_shown(key: str) -> str:
    """A key as it may be shown: one of this mock's is none that matters."""
    return key if key.startswith(_OWN.decode()) else masked(key)


def keys_shown(headers: Mapping[bytes, bytes], query: bytes = b"") -> tuple[bytes, ...]:
    """The keys that a request shows, but for this mock's own and what is no longer than a word."""
    values = [headers[n] for n in _CARRIERS if n in headers and _OWN not in headers[n]]
    if query:
        values += _QUERY.findall(query)
    if not values:
        return ()
    keys = [key for key in map(_key_in, values) if len(key) > _SHORT and _OWN not in key]
    return tuple(keys[:_MOST])


def _key_in(value: bytes) -> bytes:
    scheme, _, rest = value.strip().rpartition(b" ")
    if scheme.strip().lower() == b"basic":
        try:
            return b64decode(rest).rpartition(b":")[2]
        except Error:
            return rest
    return rest


def without_keys(text: bytes, shown: Iterable[bytes] = ()) -> bytes:
    """The same with every key masked, as long as it was."""
    if not shown and len(text) <= LARGE and _MARK not in text:
        return text
    if len(text) > LARGE:
        return _large_without_keys(text, shown)
    if _MARK in text:
        text = _looks().sub(_mask, text)
    for key in shown:
        text = text.replace(key, _masked(key))
    return text


def _large_without_keys(text: bytes, shown: Iterable[bytes]) -> bytes:
    """The same in steps: in one go a pattern takes two seconds for 60 MB with a `desk-lamp`."""
    text = _masked_where(text, _MARK, _looks())
    for key in shown:
        text = _masked_where(text, key, re.compile(re.escape(key)))
    return text


def _masked_where(text: bytes, mark: bytes, looks: re.Pattern[bytes]) -> bytes:
    """A text with all masked that looks so; `mark` is what that begins with."""
    kept, done, at = list[bytes](), 0, find(text, mark)
    while at >= 0:
        end = at + len(mark)
        if key := looks.match(text, at):
            end = key.end()
            kept += (text[done:at], _mask(key))
            done = end
        at = find(text, mark, end)
    return b"".join((*kept, text[done:])) if kept else text


def without_end(text: bytes, shown: Iterable[bytes] = ()) -> bytes:
    """The beginning of a text, without that of a key at its end, which may go on."""
    if _MARK in text[-_LONGEST:]:
        text = _BEGUN.sub(_MARK + b"***", text)
    for key in shown:
        for length in range(min(len(key) - 1, len(text)), 3, -1):
            if text.endswith(key[:length]):
                return text[:-length] + b"***"
    return text


_LONGEST = 300  # characters of a key that are looked at
_BEGUN = re.compile(rb"\bsk-(?!mock-)[\w-]+\Z")


@cache
def _looks() -> re.Pattern[bytes]:
    """What keys look like, where they are part of no longer word."""
    from mockserver.facts import key_shapes  # few requests have any

    return re.compile(rf"(?<![A-Za-z0-9_-])(?:{'|'.join(key_shapes())})".encode())


def _mask(found: re.Match[bytes]) -> bytes:
    return _masked(found[0])


def _masked(key: bytes) -> bytes:
    return masked(key.decode("latin-1")).encode("latin-1")

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
    return tuple([key for key in map(_key_in, values) if len(key) > _SHORT and _OWN not in key])


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
    if _has(text, _MARK):
        text = _looks().sub(_mask, text)
    for key in shown:
        if _has(text, key):
            text = text.replace(key, _masked(key))
    return text


def _has(text: bytes, what: bytes) -> bool:
    return what in text if len(text) <= LARGE else find(text, what) >= 0


def without_end(text: bytes, shown: Iterable[bytes] = ()) -> bytes:
    """The beginning of a text, without that of a key at its end, which may go on."""
    if _MARK in text[-_LONGEST:]:
        text = _BEGUN.sub(_MARK + b"***", text)
    for key in shown:
        for length in range(len(key) - 1, 3, -1):
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

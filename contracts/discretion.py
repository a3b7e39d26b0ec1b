"""Takes API keys out of whatever a run keeps, prints or writes, by their value. Sends nothing.

Whoever writes a file or a line passes it through `discreet`, or writes by `leave`: these are the
only way out. A key is found in whatever case, and as JSON, URLs, HTML, Python, shells and base64
spell it, each of its characters as they please.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

HIDDEN = "[API key]"
#: What is shorter than this is a word like others, and no secret but where it is a key: "none".
SHORTEST = 8
_ANY = "surrogatepass"  # half a pair is a text, too
Written = TypeVar("Written", str, bytes)


class Key:
    """An API key that can be sent, and that nothing shows."""

    __slots__ = ("_told", "hidden_in")

    def __init__(self, text: str) -> None:
        text = text.strip()
        if not text.isascii() or not text.isprintable():
            del text  # a report would show it beside this line
            raise ValueError("the API key has a character that no header can carry")
        self._told: Callable[[], str] = lambda: text
        #: Bytes without the key.
        self.hidden_in: Callable[[bytes], bytes] = (
            bytes if not text else _hider(text if len(text) >= SHORTEST else f"Bearer {text}")
        )

    def tell(
        self, write: Callable[[str, str], object], header: str, scheme: str = "Bearer "
    ) -> None:
        """Write the key into a header, by whatever writes one."""
        write(header, f"{scheme}{self._told()}")

    def account(self, host: str) -> str:
        """A name for what this key pays for at a host, from which neither can be told."""
        return sha256(f"{host}\0{self._told()}".encode()).hexdigest()[:32]

    def __repr__(self) -> str:
        return f"Key({HIDDEN!r})"


def discreet(written: Written, keys: Iterable[Key]) -> Written:
    """A text, or bytes, without any of these keys."""
    if isinstance(written, str):
        return discreet(written.encode("utf-8", _ANY), keys).decode("utf-8", _ANY)
    found: bytes = written
    for key in keys:
        found = key.hidden_in(found)
    return found


def leave(path: Path, written: str | bytes, keys: Iterable[Key]) -> None:
    """Write a file without any of these keys; texts as UTF-8."""
    path.write_bytes(discreet(written if isinstance(written, bytes) else written.encode(), keys))


#: A character in another spelling, if need be escaped again and again: %73, \u0073, &#x73;, &lt;
_ESCAPED = re.compile(
    rb"%(?:25)*([0-9A-Fa-f]{2})|\\+(?:(?:u00|x)([0-9A-Fa-f]{2}))?"
    rb"|&(?:amp;)*(?:#[xX]0*([0-9A-Fa-f]{2});|#0*([0-9]{2,3});|(lt|gt|quot|apos);)|&(amp);"
)
_NAMED = {b"amp": "&", b"lt": "<", b"gt": ">", b"quot": '"', b"apos": "'"}


def _hider(text: str) -> Callable[[bytes], bytes]:
    """What takes a key out of bytes. It looks whether there is one before it looks where."""
    in_base64 = [*_in_base64(text.encode())]
    unread = text.encode().replace(b"\\", b"").lower()  # where it has what looks like an escape
    marks = {unread, *map(_plain, (text.encode(), *in_base64))}

    @cache
    def anything() -> re.Pattern[bytes]:
        spelled = b"".join(map(_spellings, text))
        return re.compile(b"|".join((spelled, *map(re.escape, in_base64))), re.IGNORECASE)

    def hidden_in(written: bytes) -> bytes:
        plain = _plain(written)
        if any(mark in plain for mark in marks):
            return anything().sub(HIDDEN.encode(), written)
        return written

    return hidden_in


def _plain(written: bytes) -> bytes:
    """What is written as it is read, in small letters, without backslashes."""
    if any(mark in written for mark in (b"%", b"\\", b"&")):  # base64 has none
        written = _ESCAPED.sub(_read, written).replace(b"\\", b"")
    return written.lower()


def _read(found: re.Match[bytes]) -> bytes:
    """The character that was spelled otherwise; nothing for a backslash alone."""
    percent, backslash, hexadecimal, decimal, *named = found.groups()
    code = int(percent or backslash or hexadecimal or b"0", 16) or int(decimal or b"0")
    name = named[0] or named[1]
    return _NAMED[name].encode() if name else bytes((code,) if 0 < code < 128 else ())


def _spellings(character: str) -> bytes:
    code = ord(character)
    named = "".join(f"|&{name.decode()};" for name, meant in _NAMED.items() if meant == character)
    return (
        rf"(?:\\*{re.escape(character)}|%(?:25)*{code:02x}|\\+(?:u00|x){code:02x}"
        rf"|&(?:amp;)*\#(?:0*{code}|x0*{code:x});{named})"
    ).encode()


def _in_base64(data: bytes) -> Iterator[bytes]:
    """What stands in base64 of any text that has these bytes in it, whatever is around them."""
    for before in range(3):
        whole = b64encode(bytes(before) + data)
        sure = whole[-(-before * 4 // 3) : (before + len(data)) * 4 // 3]
        yield sure
        yield sure.translate(bytes.maketrans(b"+/", b"-_"))

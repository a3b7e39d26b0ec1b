"""Names in place of what may not be kept: the same name wherever the same value stands.

A recording shows that two ids are the same, and their shape; never an id.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import shake_256
from re import Match

#: What may stand in a text, by kind.
_IN_TEXTS = (
    ("request", re.compile(r"\breq_[0-9A-Za-z]{8,}")),
    ("organization", re.compile(r"\borg-[0-9A-Za-z]{6,}")),
    ("project", re.compile(r"\bproj_[0-9A-Za-z]{6,}")),
    ("user", re.compile(r"\buser-[0-9A-Za-z]{12,}")),
    ("file", re.compile(r"\bfile[-_][0-9A-Za-z]{6,}")),
    ("uuid", re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")),
    ("address", re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.-]*\w|\b(?:\d{1,3}\.){3}\d{1,3}\b")),
)
_KEY = re.compile(r"\b(?:sk|pk|sess)-[\w*-]{6,}")
_TIMES = (
    re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*Z?"),
    re.compile(r"\b\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"),
)
Naming = Callable[[Match[str]], str]
TOKEN = re.compile(r"<(?P<kind>[a-z]+):(?P<number>\d+)>")
#: How an id may begin: what it says of the account that it is of, is left out.
_PREFIX = re.compile(r"(?:req|proj|file|img)_|(?:org|user|file|img)-")
_RUN = re.compile(r"[0-9A-Za-z]+")
#: Parts of a path that are nobody's name.
_WORDS = frozenset(("private", "images", "generated", "files", "png", "jpg", "jpeg", "webp", "v1"))
_ALPHABETS = {"hex": "0123456789abcdef", "lower": "abcdefghijklmnopqrstuvwxyz0123456789"}
_ANY = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_SHAPED = re.compile(r"\{(\w+) (\d+)\}")


class References:
    """The names of one recording."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] = {}
        self.shapes: dict[str, str] = {}

    def of(self, kind: str, value: str) -> str:
        """The name of a value, as "<request:1>"."""
        if name := self._names.get((kind, value)):
            return name
        number = 1 + sum(known == kind for known, _ in self._names)
        name = self._names[kind, value] = f"<{kind}:{number}>"
        return name

    def shaped(self, kind: str, value: str) -> str:
        """The same, and keep the value's shape."""
        name = self.of(kind, value)
        self.shapes[name] = shape_of(value)
        return name

    def in_text(self, text: str, *, own: str = "", keys: bool = False) -> str:
        """A text with names for the ids in it, without times and keys.

        Args:
            text: that came.
            own: what was sent: what is repeated of it, stays.
            keys: whether keys may stay.
        """
        text = text if keys else _KEY.sub(_unless_in(own, lambda _: "[API key]"), text)
        for pattern in _TIMES:
            text = pattern.sub("<time>", text)
        for (_, value), name in self._names.items():
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", name, text)
        for kind, pattern in _IN_TEXTS:
            text = pattern.sub(_unless_in(own, self._naming(kind)), text)
        return text

    def _naming(self, kind: str) -> Naming:
        return lambda found: self.shaped(kind, found[0])


def _unless_in(own: str, naming: Naming) -> Naming:
    return lambda found: found[0] if found[0] in own else naming(found)


def shape_of(value: str) -> str:
    """What an id is like, as "req_{hex 32}"."""
    start = _PREFIX.match(value)
    prefix = start[0] if start else ""
    return prefix + _RUN.sub(_described, value[len(prefix) :])


def _described(run: Match[str]) -> str:
    text = run[0]
    if text in _WORDS:
        return text
    kind = next((name for name, letters in _ALPHABETS.items() if set(text) <= set(letters)), "any")
    return f"{{{kind} {len(text)}}}"


def filled(shape: str, name: str) -> str:
    """An id of a shape, another one for each name."""
    length = sum(int(count) for _, count in _SHAPED.findall(shape))
    lot = iter(shake_256(name.encode()).digest(length))

    def letters(found: Match[str]) -> str:
        alphabet = _ALPHABETS.get(found[1], _ANY)
        return "".join(alphabet[next(lot) % len(alphabet)] for _ in range(int(found[2])))

    return _SHAPED.sub(letters, shape)

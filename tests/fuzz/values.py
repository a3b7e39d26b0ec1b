"""Bytes as values: what a fuzzer alters stays a value of the kind that a reader takes. Tests nothing."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from typing import Any, NamedTuple

DEEPEST = 6  # values in values
#: Numbers and texts at the edges of what anybody thought of.
ODD: tuple[Any, ...] = (
    *(0, -1, 1, 0.5, 1e300, 5e-324, float("inf"), float("nan"), 2**31, 2**63, int("9" * 60)),
    *("", " ", "0", "-1", "1e400", "\x00", "\ud800", "é", "\u202e", "x" * 300, "a\r\nb: c", "*"),
    *("2024-02-30", "1h", "[", "(a+)+$", "../../x", "{0.__class__}", "%s", "<x>&"),
)


class Bytes:
    """Bytes that are taken one by one; there is a 0 for each that is not there."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def one(self, below: int = 256) -> int:
        """A number from the next byte."""
        at, self._at = self._at, self._at + 1
        return self._data[at] % below if at < len(self._data) else 0

    def some(self, number: int) -> bytes:
        """The next bytes, as far as there are some."""
        found = self._data[self._at : self._at + number]
        self._at += number
        return found

    @property
    def are_left(self) -> bool:
        return self._at < len(self._data)


def built(data: Bytes, words: Sequence[str], depth: int = 0) -> Any:
    """A value of what JSON has, with these words where there are names: each byte chooses."""
    kind = data.one(10 if depth < DEEPEST else 7)
    match kind:
        case 0:
            return None
        case 1:
            return bool(data.one(2))
        case 2:
            return data.one()
        case 3:
            return ODD[data.one(len(ODD))]
        case 4 | 5:
            return words[data.one(len(words))]
        case 6:
            return data.some(data.one(9)).decode("utf-8", "replace")
        case 7:
            return [built(data, words, depth + 1) for _ in range(data.one(4))]
        case _:
            names = [words[data.one(len(words))] for _ in range(1 + data.one(5))]
            return {name: built(data, words, depth + 1) for name in names}


def value_of(data: bytes, words: Sequence[str]) -> Any:
    """The value that JSON says, else one that is built."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return built(Bytes(data), words)


def table_of(data: bytes, words: Sequence[str]) -> bytes:
    """The bytes themselves if they are TOML, else a table of built values in TOML."""
    try:
        if tomllib.loads(data.decode()):
            return data
    except (ValueError, RecursionError):
        pass
    found, left = {}, Bytes(data)
    while left.are_left:
        found[words[left.one(len(words))]] = built(left, words)
    return toml(found)


def toml(table: dict[str, Any]) -> bytes:
    """A table as TOML; null is left out, as it has none."""
    lines = [f"{_text(name)} = {_told(v)}\n" for name, v in table.items() if v is not None]
    return "".join(lines).encode()


def _told(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return _text(value)
        case dict():
            pairs = [f"{_text(name)} = {_told(v)}" for name, v in value.items() if v is not None]
            return "{" + ", ".join(pairs) + "}"
        case list() | tuple():
            return "[" + ", ".join(_told(v) for v in value if v is not None) + "]"
        case _:
            return str(value)  # numbers and days are spelled as Python spells them


def _text(value: str) -> str:
    plain = value.encode("utf-8", "replace").decode()
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")


class Edit(NamedTuple):
    """A place in a value, and what stands there now."""

    path: tuple[str | int, ...]
    value: Any


def edited(value: Any, edit: Edit) -> Any:
    """A value with something else in one place."""
    if not edit.path:
        return edit.value
    first, *rest = edit.path
    inner = edited(value[first], Edit(tuple(rest), edit.value))
    if isinstance(value, dict):
        return {**value, first: inner}
    return [*value[:first], inner, *value[int(first) + 1 :]]


def places(value: Any) -> list[tuple[str | int, ...]]:
    """All places in a value, itself too."""
    inner: Any = enumerate(value) if isinstance(value, list) else ()
    inner = value.items() if isinstance(value, dict) else inner
    return [(), *((name, *path) for name, one in inner for path in places(one))]


def altered(value: Any, data: bytes, words: Sequence[str]) -> Any:
    """A value in which bytes have put others in a few places."""
    left = Bytes(data)
    while left.are_left:
        found = places(value)
        path = found[(left.one() << 8 | left.one()) % len(found)]
        value = edited(value, Edit(path, built(left, words, DEEPEST - 1)))
    return value

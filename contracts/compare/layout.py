"""How a JSON text is laid out, and texts that are laid out so. Knows no value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Layout = dict[str, Any]
_WAYS: dict[str, dict[str, Any]] = {
    "compact": {"separators": (",", ":")},
    "one line": {},
    "2 spaces": {"indent": 2},
    "4 spaces": {"indent": 4},
}


def layout_of(text: bytes, value: Any, kept: Any) -> Layout:
    """The layout of a text that says a value.

    Args:
        text: as it came.
        value: what it says.
        kept: what of it a recording keeps, in the same order.

    Returns:
        `way` ("another" if none is known), `ascii`, `end` (white space after it), and the order of
        the names of each object, by its path.
    """
    body = text.decode("utf-8", "replace").lstrip("\ufeff")
    bare = body.rstrip()
    told = {"end": body[len(bare) :], "order": dict(_orders(kept, ""))}
    for way in _WAYS:
        for is_ascii in (False, True):
            if _dumped(value, way, is_ascii=is_ascii) == bare:
                return told | {"way": way} | ({"ascii": True} if is_ascii else {})
    return told | {"way": "another"}


def laid_out(value: Any, layout: Layout) -> bytes:
    """A value as a text of a layout."""
    ordered = _ordered(value, layout["order"], "")
    way = layout["way"] if layout["way"] in _WAYS else "compact"
    text: str = _dumped(ordered, way, is_ascii="ascii" in layout) + layout["end"]
    return text.encode()


def _dumped(value: Any, way: str, *, is_ascii: bool) -> str:
    return json.dumps(value, ensure_ascii=is_ascii, **_WAYS[way])


def _orders(value: Any, path: str) -> Iterator[tuple[str, list[str]]]:
    match value:
        case {"<picture>": _} | {"<url>": _}:
            return
        case dict():
            if len(value) > 1:
                yield path, list(value)
            for name, inner in value.items():
                yield from _orders(inner, f"{path}.{name}".lstrip("."))
        case [first, *_]:
            yield from _orders(first, f"{path}[]")


def _ordered(value: Any, orders: dict[str, list[str]], path: str) -> Any:
    match value:
        case dict():
            first = [name for name in orders.get(path, ()) if name in value]
            names = dict.fromkeys([*first, *value])
            return {n: _ordered(value[n], orders, f"{path}.{n}".lstrip(".")) for n in names}
        case list():
            return [_ordered(item, orders, f"{path}[]") for item in value]
        case _:
            return value

"""The fields of a sanitised answer, flat: each path and its values. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Value = Any
Fields = dict[str, list[Value]]  # by path, as "data[].url.host", "header x-request-id"
STATUS, LAYOUT, EVENTS = "status", "layout", "events"
ORDER, HEADER, EVENT, NUMBER = "order of ", "header ", "event ", "number of "
_ROOT = "the body"
#: Which picture or URL it is, no two targets agree on.
_WHICH = ("<picture>", "<url>")


def fields_of(answer: Value, shapes: dict[str, str]) -> Fields:
    """All fields of an answer.

    Args:
        answer: as `sanitised` has it.
        shapes: of the ids that have a name in it.
    """
    found: Fields = {}
    for path, value in _leaves(answer):
        found.setdefault(path, []).append(_shaped(value, shapes))
    return found


def _shaped(value: Value, shapes: dict[str, str]) -> Value:
    """An id's name with its shape, as "<request:1> req_{hex 32}"."""
    return f"{value} {shapes[value]}" if isinstance(value, str) and value in shapes else value


def _leaves(answer: Value) -> Iterator[tuple[str, Value]]:
    yield STATUS, answer["status"]
    for name, value in answer["headers"].items():
        # In several lines or in one: HTTP means the same.
        yield f"{HEADER}{name}", ", ".join(value) if isinstance(value, list) else value
    if "events" in answer:
        yield EVENTS, [event.get("event", "") for event in answer["events"]]
        for event in answer["events"]:
            before = f"{EVENT}{event.get('event', 'without a name')} "
            yield from _of_text(event["data"], event.get("layout"), before)
    else:
        is_file = isinstance(answer["body"], dict) and "<picture>" in answer["body"]
        yield from _of_text(answer["body"], answer.get("layout"), "file " * is_file)


def _of_text(value: Value, layout: Value, before: str) -> Iterator[tuple[str, Value]]:
    for path, leaf in _of_value(value, ""):
        yield f"{before}{path or _ROOT}", leaf
    if layout:
        yield f"{before}{LAYOUT}", f"{layout['way']}{', then a line end' * bool(layout['end'])}"
        for path, names in layout["order"].items():
            yield f"{before}{ORDER}{path or _ROOT}", names


def _of_value(value: Value, path: str) -> Iterator[tuple[str, Value]]:
    match value:
        case dict():
            for name, inner in value.items():
                if name not in _WHICH:
                    yield from _of_value(inner, f"{path}.{name}".lstrip("."))
        case [str(), *_]:
            yield path, value
        case list():
            yield f"{NUMBER}{path}", len(value)
            for item in value:
                yield from _of_value(item, f"{path}[]")
        case _:
            yield path, value

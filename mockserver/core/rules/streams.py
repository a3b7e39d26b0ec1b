"""What a rule can do to a stream: which events are sent, and how they end. Sends nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mockserver.core import shapes
from mockserver.core.decoding import RuleError, guess, table_of
from mockserver.core.errors import Reason
from mockserver.core.shapes import LENGTH, ON, TEXT, Shape, one_of, whole

COMPLETED = "completed"
#: How a stream ends that does not just end: the line breaks, or stays open for ever; the last event
#: is cut in half, or has no blank line.
ENDS = ("break", "stall", "cut", "no_blank_line")
ITEMS = 100
_PARTIALS = 9  # the highest index of one: no request asks for more than 3
_WORDS = (COMPLETED, *(reason.value for reason in Reason))
_LINE = re.compile("[^{:]*:")  # what begins a line of a stream: `data:`, or `:` of a comment

#: One thing that is sent: the partial picture of an index; the whole one ("completed"); an error by
#: its name; JSON of an event of one's own, which begins with a brace; or lines, as they are.
Item = int | str


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream that is another than the one that was asked for."""

    events: tuple[Item, ...] | None = None  # of each picture; None: those that were asked for
    end: str | None = None
    pause: float | None = None  # seconds before each event but the first
    as_json: bool = False  # no stream at all

    def items(self, partials: int) -> tuple[Item, ...]:
        """What is sent of a picture, if so many partial ones were asked for."""
        return (*range(partials), COMPLETED) if self.events is None else self.events

    @property
    def changes(self) -> tuple[str, ...]:
        """What is other than asked, in words: `events`, `unfinished`, the name of an end."""
        items = [item for item in self.events or () if isinstance(item, str)]
        fails = any(not is_own(item) and error_in(item) for item in items)
        found = {
            "events": self.events is not None,
            "own": any(map(is_own, items)),
            "unfinished": not (
                self.events is None or self.end or fails or any(map(_is_whole, items))
            ),
            "error": fails,
            self.end or "": self.end,
            "pause": self.pause,
            "as_json": self.as_json,
        }
        return tuple(name for name, is_so in found.items() if is_so)


def is_own(item: str) -> bool:
    """Whether this is an event of one's own."""
    return item.startswith("{")


def _is_whole(item: str) -> bool:
    """Whether this ends a picture: the whole one, or one's own event that says so."""
    return item == COMPLETED or (is_own(item) and '.completed"' in item)


def error_in(item: str) -> Reason | None:
    """The error that this is the name of."""
    return Reason(item) if item in _WORDS and item != COMPLETED else None


def _item(name: str, value: Any) -> Item:
    match value:
        case dict():
            return _own(name, value)
        case str() if value in _WORDS or _LINE.match(value):
            return value
        case str():
            raise RuleError(
                f"{name} {value[:100]!r} is neither a line of a stream, as ': comment', nor known"
                f"{guess(value, _WORDS)}"
            )
        case _:
            return _INDEX.read(name, value)


def _own(name: str, value: dict[str, Any]) -> str:
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise RuleError(f"{name} must be a value that JSON has") from None


def _items(name: str, value: Any) -> tuple[Item, ...]:
    if not isinstance(value, list | tuple) or len(value) > ITEMS:
        raise RuleError(f"{name} must be a list of at most {ITEMS} events")
    return tuple(_item(f"{name}[{place}]", item) for place, item in enumerate(value))


def _told_items(items: tuple[Item, ...]) -> list[Any]:
    return [json.loads(i) if isinstance(i, str) and is_own(i) else i for i in items]


_INDEX = whole(0, _PARTIALS)
_ITEM: list[shapes.Schema] = [
    _INDEX.schema | {"description": "The partial picture of this index"},
    {"enum": list(_WORDS)},
    TEXT | {"pattern": f"^{_LINE.pattern}", "description": "Lines of the stream as they are"},
    {"type": "object", "description": "An event of one's own, called as its type says"},
]
_EVENTS = Shape(
    _items,
    shapes.listed({"anyOf": _ITEM}) | {"maxItems": ITEMS, "description": "Of each picture"},
    _told_items,
)
_OF_STREAM: Mapping[str, Shape[Any]] = {
    "events": _EVENTS,
    "end": one_of(*ENDS),
    "pause": LENGTH,
}
_AS_JSON = shapes.asked(as_json={"const": True}) | {"required": ["as_json"]}


def _read(name: str, value: Any) -> Stream:
    table = table_of(name, value, (*_OF_STREAM, "as_json"))
    if not table:
        raise RuleError(f"{name} must say what is other: one of {', '.join(_OF_STREAM)}, as_json")
    if "as_json" in table:
        if len(table) > 1:
            raise RuleError(f"{name}.as_json is no stream: nothing else goes with it")
        return Stream(as_json=ON.read(f"{name}.as_json", table["as_json"]))
    return Stream(**{k: _OF_STREAM[k].read(f"{name}.{k}", v) for k, v in table.items()})


def _tell(stream: Stream) -> dict[str, Any]:
    if stream.as_json:
        return {"as_json": True}
    told = {name: getattr(stream, name) for name in _OF_STREAM}
    return {k: _OF_STREAM[k].tell(value) for k, value in told.items() if value is not None}


STREAM = Shape(
    _read,
    {"anyOf": [shapes.asked(**shapes.schemas(_OF_STREAM)) | {"minProperties": 1}, _AS_JSON]},
    _tell,
)

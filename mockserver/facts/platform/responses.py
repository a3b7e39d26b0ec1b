"""What is known of /v1/responses, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.facts import Facts
from mockserver.facts.files import typed
from mockserver.facts.platform import table

_EVENTS = "response_events"


def models_of(tool: Any, facts: Facts) -> Sequence[str]:
    """The models that the tool can draw with on a day."""
    return [m.id for m in facts.models.values() if m.family in tool["families"]]


def default_model(tool: Any, facts: Facts) -> str:
    """The model that the tool draws with where none is named; "" on a day that has none."""
    return next((name for name in tool["models"] if name in facts.models), "")


class Streaming(NamedTuple):
    """What a stream is like."""

    content_type: str
    picture_status: str  # of a picture that is whole
    source: str
    level: str


class EventRow(NamedTuple):
    """An event of a stream, and its fields in their order."""

    name: str
    fields: tuple[str, ...]
    source: str
    level: str
    assumed: tuple[str, ...] = ()


def streaming() -> Streaming:
    """What a stream is like."""
    return typed(Streaming, table(_EVENTS)["stream"], f"platform/{_EVENTS}.toml, [stream]")


def events() -> Mapping[str, EventRow]:
    """The events of a stream, by their names."""
    rows = [typed(EventRow, r, f"platform/{_EVENTS}.toml, event") for r in table(_EVENTS)["event"]]
    return {row.name: row for row in rows}

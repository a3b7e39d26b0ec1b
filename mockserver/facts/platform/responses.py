"""What is known of /v1/responses, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.facts import Facts
from mockserver.facts.files import typed

_WHERE = "platform/responses.toml"


def models_of(tool: Any, facts: Facts) -> Sequence[str]:
    """The models that the tool can draw with on a day."""
    return [m.id for m in facts.models.values() if m.family in tool["families"]]


def default_model(tool: Any, facts: Facts) -> str:
    """The model that the tool draws with where none is named; "" on a day that has none."""
    return next((name for name in tool["models"] if name in facts.models), "")


class Streaming(NamedTuple):
    """What a stream is like on a day."""

    content_type: str
    picture_status: str  # of a picture that is whole
    whole_first: bool  # who asked for no partial picture gets one: the whole picture
    source: str
    level: str
    assumed: tuple[str, ...] = ()


class EventRow(NamedTuple):
    """An event of a stream, and its fields in their order."""

    id: str  # its name
    fields: tuple[str, ...]
    source: str
    level: str
    assumed: tuple[str, ...] = ()


def streaming(facts: Any) -> Streaming:
    """What a stream is like, by what is known of responses on a day."""
    return typed(Streaming, facts["stream"], f"{_WHERE}, [stream]")


def events(facts: Any) -> Mapping[str, EventRow]:
    """The events that a stream can have on that day, by their names."""
    return {row["id"]: typed(EventRow, row, f"{_WHERE}, event") for row in facts["event"]}

"""What is known of /v1/responses, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from mockserver.facts import Facts
from mockserver.facts.files import typed
from mockserver.facts.platform import table
from mockserver.facts.values import Parameter

_EVENTS = "response_events"


@lru_cache
def parameters() -> Mapping[str, Parameter]:
    """What a request may have; the type of what has no effect is not looked at."""
    create = table("responses")["create"]
    types, source, level = create["types"], create["source"], create["level"]
    return {n: Parameter(n, types.get(n, "any"), source, level) for n in create["parameters"]}


def part(name: str) -> Any:
    """One of the tables: tool, tools, response, call, message, usage."""
    return table("responses")[name]


def models_of(facts: Facts) -> Sequence[str]:
    """The models that the tool can draw with on a day."""
    families = part("tool")["families"]
    return [m.id for m in facts.models.values() if m.family in families]


def default_model(facts: Facts) -> str:
    """The model that the tool draws with where none is named; "" on a day that has none."""
    return next((name for name in part("tool")["models"] if name in facts.models), "")


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

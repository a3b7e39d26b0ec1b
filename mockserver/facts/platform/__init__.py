"""What the vendor's API has beside images, from the TOML files here: one for each service.

Nothing reads them before the first request to such a service: a start costs what it did before.
When a service is there, `timeline.toml` says, so that a day's period knows it.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from mockserver.facts.files import file, typed

SERVICES = ("files", "batches", "organization", "responses")


class Endpoint(NamedTuple):
    """One method of one path."""

    id: str  # as the journal and rules call it
    method: str
    path: str  # with its parameters in braces
    source: str
    level: str


class Ids(NamedTuple):
    """What the ids look like that a service gives."""

    prefix: str
    length: int  # of what follows
    alphabet: str  # of which that is made
    source: str
    level: str


class Streaming(NamedTuple):
    """What the streams of a service are like."""

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


@lru_cache
def endpoints(service: str) -> tuple[Endpoint, ...]:
    """Every endpoint of a service, those of all days."""
    rows = table(service)["endpoint"]
    return tuple(typed(Endpoint, row, f"platform/{service}.toml, endpoint") for row in rows)


@lru_cache
def ids(service: str) -> Ids:
    """What the ids of a service look like."""
    return typed(Ids, table(service)["ids"], f"platform/{service}.toml, [ids]")


def streaming(service: str) -> Streaming:
    """What the streams of a service are like."""
    return typed(Streaming, table(service)["stream"], f"platform/{service}.toml, [stream]")


def events(service: str) -> Mapping[str, EventRow]:
    """The events of a service's streams, by their names."""
    rows = [typed(EventRow, r, f"platform/{service}.toml, event") for r in table(service)["event"]]
    return {row.name: row for row in rows}


def table(service: str) -> Any:
    """All that is known of a service."""
    return file(f"platform/{service}")

"""What the vendor's API has beside images, from the TOML files here: one for each service.

Nothing reads them before the first request to such a service: a start costs what it did before.
When a service is there, `timeline.toml` says, so that a day's period knows it.
"""

from functools import lru_cache
from typing import Any, Literal, NamedTuple

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


@lru_cache
def endpoints(service: str) -> tuple[Endpoint, ...]:
    """Every endpoint of a service, those of all days."""
    rows = table(service)["endpoint"]
    return tuple(typed(Endpoint, row, f"platform/{service}.toml, endpoint") for row in rows)


@lru_cache
def ids(service: str) -> Ids:
    """What the ids of a service look like."""
    return typed(Ids, table(service)["ids"], f"platform/{service}.toml, [ids]")


def default_day(service: str) -> Literal["today"] | None:
    """The day whose rules count where nobody says one, if it is not the default day of all."""
    day: Literal["today"] | None = table(service).get("default_day")
    return day


def table(service: str) -> Any:
    """All that is known of a service."""
    return file(f"platform/{service}")

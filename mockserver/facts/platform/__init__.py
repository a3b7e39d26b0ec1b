"""What the vendor's API has beside images, from the TOML files here: one for each service.

Nothing reads them before the first request to such a service: a start costs what it did before.
When a service is there, `timeline.toml` says, so that a day's period knows it.
"""

from datetime import date
from typing import Any, NamedTuple

from mockserver.facts import ever
from mockserver.facts.dated import in_force
from mockserver.facts.files import cached, file, typed
from mockserver.facts.values import Parameter

SERVICES = ("files", "batches", "organization", "responses")


class Endpoint(NamedTuple):
    """One method of one path, as it was on some day."""

    id: str  # as the journal and rules call it
    method: str
    path: str  # with its parameters in braces
    source: str
    level: str
    query: tuple[Parameter, ...] = ()
    body: tuple[Parameter, ...] = ()
    draws: bool = False  # its handler asks the rules, as those on pictures count too


class Ids(NamedTuple):
    """What the ids look like that a service gives."""

    prefix: str
    length: int  # of what follows
    alphabet: str  # of which that is made
    source: str
    level: str


@cached
def endpoints(service: str, day: date | None = None) -> tuple[Endpoint, ...]:
    """Every endpoint of a service as it was on a day; or of all days, but without parameters."""
    rows = table(service)["endpoint"]
    if day is None:
        named = ("id", "method", "path", "source", "level")
        return tuple(Endpoint(*(row[name] for name in named)) for row in rows)
    found = in_force(rows, day)
    return tuple(_endpoint(row, f"platform/{service}.toml, {row['id']}") for row in found)


def _endpoint(row: Any, where: str) -> Endpoint:
    known = {"source": row["source"], "level": row["level"]}  # of its parameters too
    given = {
        name: [typed(Parameter, known | parameter, f"{where}, {name}") for parameter in row[name]]
        for name in ("query", "body")
        if name in row
    }
    return typed(Endpoint, row | given, where)


@cached
def operations() -> tuple[str, ...]:
    """The ids of all endpoints there are."""
    return tuple(e.id for service in SERVICES for e in endpoints(service))


@cached
def ids(service: str) -> Ids:
    """What the ids of a service look like."""
    return typed(Ids, table(service)["ids"], f"platform/{service}.toml, [ids]")


def called() -> tuple[str, ...]:
    """All that can be called on any day: the operations on images, then those beside them."""
    return ever()["operation"] + operations()


def table(service: str) -> Any:
    """All that is known of a service, on any day."""
    return file(f"platform/{service}")


@cached
def on(service: str, day: date) -> Any:
    """What is known of a service as it was on a day."""
    return in_force(table(service), day)

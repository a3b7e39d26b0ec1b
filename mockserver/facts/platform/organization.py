"""What /v1/organization reports on a day, from organization.toml. Reports nothing."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from mockserver.facts.dated import in_force
from mockserver.facts.platform import table

SERVICE = "organization"


class Width(NamedTuple):
    """How wide a bucket of a report may be."""

    name: str
    seconds: int
    default: int  # buckets of an answer
    most: int


class Report(NamedTuple):
    """One of the reports."""

    object: str  # what a result of it is called
    keys: tuple[str, ...]  # of a result, in the order sent
    widths: Mapping[str, Width]  # by name, the usual one first
    groups: tuple[str, ...]  # what `group_by` takes
    filters: Mapping[str, str]  # parameter → the key of the results that it chooses


class Reports(NamedTuple):
    """All of them, and what they call what was asked for."""

    reports: Mapping[str, Report]  # by the id of the endpoint
    sources: Mapping[str, str]  # by the operation on images
    lines: Mapping[str, str]  # templates of line items, by the kind of token
    line_of_pictures: str  # the template where pictures are paid for
    cursor: str  # what that of a page begins with


@lru_cache
def reports_of(day: date) -> Reports:
    """The reports as they are on a day."""
    facts = in_force(table(SERVICE), day)
    rows = {row["endpoint"]: row for row in facts["result"]}
    return Reports(
        {endpoint: _report(facts, endpoint, row) for endpoint, row in rows.items()},
        _told(facts["sources"]),
        _told(facts["lines"]),
        facts["line_of_pictures"]["name"],
        facts["cursor"]["prefix"],
    )


def _report(facts: Any, endpoint: str, row: Any) -> Report:
    fields = next(f for f in facts["field"] if f["endpoint"] == endpoint)
    widths = {
        w["name"]: Width(*(w[field] for field in Width._fields))
        for w in facts["width"]
        if w["endpoint"] == endpoint
    }
    return Report(
        row["object"], tuple(row["keys"]), widths, tuple(fields["groups"]), fields["filters"]
    )


def _told(row: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in row.items() if key not in ("source", "level")}

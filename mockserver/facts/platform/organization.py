"""What /v1/organization reports on a day, from organization.toml. Reports nothing."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from mockserver.facts.files import cached
from mockserver.facts.platform import on


class Width(NamedTuple):
    """How wide a bucket of a report may be."""

    seconds: int
    default: int  # buckets of an answer
    most: int


class Report(NamedTuple):
    """One of the reports."""

    object: str  # what a result of it is called
    keys: tuple[str, ...]  # of a result, in the order sent
    widths: Mapping[str, Width]  # by the name in `bucket_width`


class Reports(NamedTuple):
    """All of them, and what they call what was asked for."""

    reports: Mapping[str, Report]  # by the id of the endpoint
    filters: Mapping[str, str]  # parameter → the key of results that it chooses by
    sources: Mapping[str, str]  # by the operation on images
    lines: Mapping[str, str]  # templates of line items, by the kind of token
    line_of_pictures: str  # the template where pictures are paid for
    cursor: str  # what that of a page begins with


@cached
def reports_of(day: date) -> Reports:
    """The reports as they are on a day."""
    facts = on("organization", day)
    return Reports(
        {row["endpoint"]: _report(facts, row) for row in facts["result"]},
        _told(facts["filters"]),
        _told(facts["sources"]),
        _told(facts["lines"]),
        facts["line_of_pictures"]["name"],
        facts["cursor"]["prefix"],
    )


def _report(facts: Any, row: Any) -> Report:
    widths = {
        width["name"]: Width(width["seconds"], width["default"], width["most"])
        for width in facts["width"]
        if width["endpoint"] == row["endpoint"]
    }
    return Report(row["object"], tuple(row["keys"]), widths)


def _told(row: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in row.items() if key not in ("source", "level")}

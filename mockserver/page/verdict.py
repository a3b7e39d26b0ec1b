"""The page with the verdict: what the program did wrong, and in which requests. Judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mockserver.control import routes
from mockserver.core.journal import Record
from mockserver.page.look import Look, Shown

SHOWN = 100  # findings
LIVE = 1000  # requests: more of them are judged when somebody looks, and not as they come
_FEW = 5  # requests of a finding
_GRAVEST_FIRST = ("error", "warning", "note")
#: How the badge of a severity looks: as that of an answer.
_KINDS = {"error": "failed", "warning": "refused", "note": "noted"}


class Row(NamedTuple):
    """A finding, with the requests that it is about."""

    told: Mapping[str, Any]
    kind: str
    requests: list[Record]  # the first few
    more: int
    id: str  # stays the same while it is shown


async def verdict(look: Look, around: Mapping[str, Any]) -> Shown:
    """What was found, the gravest first."""
    told = await look.told(routes.verdict)
    found = sorted(told["findings"], key=lambda one: _GRAVEST_FIRST.index(one["severity"]))
    records = {record.id: record for _, record in await look.records()}
    for sandbox in await look.asked().sandboxes():
        records |= {record.id: record for record in await sandbox.downloads()}
    context = {
        "rows": [_row(one, records) for one in found[:SHOWN]],
        "total": len(found),
        "requests": told["requests"],
        "is_live": len(records) <= LIVE,
    }
    return Shown("verdict", {**around, **context})


def _row(told: Mapping[str, Any], records: Mapping[str, Record]) -> Row:
    asked = [records[identity] for identity in told["requests"] if identity in records]
    first = told["requests"][0]
    return Row(
        told,
        _KINDS[told["severity"]],
        asked[:_FEW],
        len(told["requests"]) - len(asked[:_FEW]),
        f"{told['id']}-{first}",
    )

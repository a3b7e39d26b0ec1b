"""The page with the verdict: what the program did wrong, and in which requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.core.journal import Record
from mockserver.core.judging.seen import Journal, Seen
from mockserver.core.judging.verdict import judged
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
    sandboxes = await look.asked().sandboxes()
    asked = [record for sandbox in sandboxes for record in await sandbox.requests()]
    downloads = [record for sandbox in sandboxes for record in await sandbox.downloads()]
    found = judged(Journal(_seen(asked), _seen(downloads)))
    found.sort(key=lambda one: _GRAVEST_FIRST.index(one.severity))
    records = {record.id: record for record in (*asked, *downloads)}
    context = {
        "rows": [_row(one.as_json(), records) for one in found[:SHOWN]],
        "total": len(found),
        "requests": len(asked),
        "is_live": len(records) <= LIVE,
    }
    return Shown("verdict", {**around, **context})


def _seen(records: Sequence[Record]) -> list[Seen]:
    by_time = sorted(records, key=lambda record: (record.at, record.number))
    return [Seen.of(record.as_json()) for record in by_time]


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

"""The pages of the verdict: what went wrong, what was never met, what another model would say.

They judge nothing: what they show is what the control API tells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from mockserver.control import routes
from mockserver.control.request import ControlError
from mockserver.core.journal import Record
from mockserver.core.judging.findings import REQUESTS
from mockserver.core.judging.migration_text import from_json, groups, of_group
from mockserver.core.judging.model_days import NoSuchModel
from mockserver.facts import ever_there
from mockserver.page.look import Look, Shown
from mockserver.request.lint import day_of

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
    more: str
    id: str  # stays the same while it is shown


class Kind(NamedTuple):
    """A kind of failure, with what met it, and how the program went on."""

    told: Mapping[str, Any]
    reactions: Sequence[tuple[str, int]]  # the most frequent first
    requests: list[Record]  # the first few
    more: str


class Same(NamedTuple):
    """Requests of which another model would say the same."""

    title: str
    is_refused: bool
    lines: Sequence[str]
    requests: list[Record]  # the first few
    more: str


async def verdict(look: Look, around: Mapping[str, Any]) -> Shown:
    """What was found, the gravest first."""
    told = await look.told(routes.verdict)
    found = sorted(told["findings"], key=lambda one: _GRAVEST_FIRST.index(one["severity"]))
    records = await _records(look)
    context = {
        "rows": [_row(one, records) for one in found[:SHOWN]],
        "total": len(found),
        "requests": told["requests"],
        "is_live": len(records) <= LIVE,
    }
    return Shown("verdict", {**around, **context})


async def failures(look: Look, around: Mapping[str, Any]) -> Shown:
    """Which kinds of failure the program met, which never, and which it can't meet."""
    told = await look.told(routes.coverage)
    records, by_id = await _records(look), {one["id"]: one for one in told["failures"]}
    context = {
        "met": [_kind(one, records) for one in told["failures"] if one["met"]],
        "missed": [by_id[name] for name in told["never_met"]],
        "beyond": [by_id[name] for name in told["out_of_reach"]],
        "requests": told["requests"],
        "is_live": len(records) <= LIVE,
    }
    return Shown("failures", {**around, **context})


async def migration(look: Look, around: Mapping[str, Any]) -> Shown:
    """What another model would make of the requests, once one is chosen."""
    to = look.query.get("to", "").strip() or look.world.config.lint_against or ""
    context: dict[str, Any] = {
        "models": await _models(look),
        "to": to,
        "same": [],
        "told": None,
        "wrong": "",
    }
    if to:
        try:
            told = await look.told(routes.migration, to=to)
        except ControlError as error:
            if error.status != 400:
                raise
            context["wrong"] = error.told["error"]["message"]
        else:
            records = await _records(look)
            context |= {"told": told, "same": _grouped(told, records)}
    return Shown("migration", {**around, **context})


async def _models(look: Look) -> list[str]:
    """Those that are there on the day by which requests are judged, the newest first."""
    sandboxes, found = await look.asked().sandboxes(), []
    one = sandboxes[0] if len(sandboxes) == 1 else None
    for model in ever_there():
        with suppress(NoSuchModel):
            day_of(look.world, model, one)
            found.append(model)
    return found[::-1]


def _grouped(told: Mapping[str, Any], records: Mapping[str, Record]) -> list[Same]:
    found = []
    for group in groups(from_json(told).moves):
        first, ids = group.first, [move.where for move in group.moves]
        asked = f"{first.operation} ({first.model or 'no model'})"
        title = f"{len(ids)} request{'s' * (len(ids) > 1)}, {asked}"
        lines = [*of_group(group)] or ["the same"]
        found.append(Same(title, first.is_refused, lines, *_named(ids, records)))
    return found


def _kind(told: Mapping[str, Any], records: Mapping[str, Record]) -> Kind:
    reactions = Counter(one["reaction"] for one in told["met"]).most_common()
    return Kind(told, reactions, *_named([one["request"] for one in told["met"]], records))


async def _records(look: Look) -> dict[str, Record]:
    """Requests and downloads of the sandboxes that are looked at, by their ids."""
    records = {record.id: record for _, record in await look.records()}
    for sandbox in await look.asked().sandboxes():
        records |= {record.id: record for record in await sandbox.downloads()}
    return records


def _named(
    ids: Sequence[str], records: Mapping[str, Record], *, told: int | None = None
) -> tuple[list[Record], str]:
    """The first few of them that are there still, and how many are not shown.

    Args:
        ids: of the requests.
        records: what is there.
        told: as many at most are among the ids, however many there are.
    """
    asked = [records[identity] for identity in ids if identity in records][:_FEW]
    more = len(ids) - len(asked)
    least = "at least " if len(ids) == told else ""
    return asked, f"and {least}{more} more" if more else ""


def _row(told: Mapping[str, Any], records: Mapping[str, Record]) -> Row:
    first = told["requests"][0]
    shown = _named(told["requests"], records, told=REQUESTS)
    return Row(told, _KINDS[told["severity"]], *shown, f"{told['id']}-{first}")

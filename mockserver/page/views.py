"""The pages: what each shows, as a template's context. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockserver.control import journal, state
from mockserver.control.request import refuse
from mockserver.core.errors import ApiError
from mockserver.core.journal import Record, asks_again
from mockserver.core.picture import Picture
from mockserver.core.uploads import Part
from mockserver.page import snippets
from mockserver.page.look import Look, Shown
from mockserver.request.bodies import form_value, read_body

ROWS = 100  # of one page
GALLERY = 60  # pictures of one page


async def requests(look: Look) -> Shown:
    """What was asked, the newest first."""
    text = look.query.get("q", "").strip()
    found = [r for _, r in await look.records() if _has(r, text, look.query.get("status", ""))]
    first = number(look.query.get("from", "0"))
    context = {
        **await _chosen(look),
        "rows": found[first : first + ROWS],
        "total": len(found),
        "first": first,
        "next": first + ROWS if first + ROWS < len(found) else None,
        "previous": max(0, first - ROWS) if first else None,
        "q": text,
        "status": look.query.get("status", ""),
        "is_new": not await look.records(),
        "snippets": snippets.clients(
            look.base, next(iter(look.world.facts.models)), snippets.key_of(look.team)
        ),
    }
    return Shown("requests", context)


async def request(look: Look, identity: str) -> Shown:
    """One request, with all that is known of it."""
    record = await look.record(identity)
    told = await journal.by_id(look.asked(identity=identity))
    attempts = [r for _, r in await look.records() if r.call and r.call == record.call]
    return Shown(
        "request",
        {
            **await _chosen(look),
            "r": record,
            "told": told,
            "pictures": _numbered(record),
            "partials": _partials(record),
            "attempts": _waits([*reversed(attempts)]),
            "copies": snippets.copies(record, look.base, snippets.key_of(look.team)),
        },
    )


async def pictures(look: Look) -> Shown:
    """What was drawn, the newest first."""
    found = [
        (r, place, picture) for _, r in await look.records() for place, picture in _numbered(r)
    ]
    return Shown("pictures", {**await _chosen(look), "found": found[:GALLERY], "total": len(found)})


async def identified(look: Look) -> Shown:
    """Which request made a picture, by its file."""
    from mockserver.pictures.pure.drawing import identify

    kind = look.scope["exchange"].header(b"content-type")
    body = await read_body(look.receive)
    try:
        part = form_value(kind, body).get("file")
    except ApiError:
        part = None
    if not isinstance(part, Part) or not part.data:
        refuse("Choose a file.", "file")
    return Shown("identified", {**await _chosen(look), "found": identify(part.data)})


async def rules(look: Look) -> Shown:
    """The rules, and how often each was met."""
    told = await look.told(state.rules)
    return Shown("rules", {**await _chosen(look), "rules": told["rules"]})


async def limits(look: Look) -> Shown:
    """Images a minute, of each model, and how many are used."""
    told = await look.told(state.limits)
    return Shown("limits", {**await _chosen(look), "rows": told["limits"]})


async def costs(look: Look) -> Shown:
    """What it would have cost, by what was asked for."""
    sums: dict[tuple[str, ...], tuple[int, float]] = {}
    for sandbox, record in await look.records():
        if record.usd:
            named = (str(record.fields.get(name) or "") for name in ("model", "size", "quality"))
            key = (*named, sandbox.name)
            n, usd = sums.get(key, (0, 0.0))
            sums[key] = n + len(record.drawn), usd + record.usd
    rows = [(*key, n, usd) for key, (n, usd) in sorted(sums.items())]
    told = await look.told(state.ledger)
    return Shown("costs", {**await _chosen(look), "told": told, "rows": rows})


async def clock(look: Look) -> Shown:
    """The time as the sandbox has it."""
    return Shown("clock", {**await _chosen(look), "told": await look.told(state.clock)})


async def sandboxes(look: Look) -> Shown:
    """Whose requests there are."""
    everything = look._replace(query={})
    told = await everything.told(state.sandboxes)
    return Shown("sandboxes", {**await _chosen(look), "rows": told["sandboxes"][::-1]})


async def settings(look: Look) -> Shown:
    """What the server runs with."""
    told = await look._replace(query={}).told(state.config)
    origins = look.world.origins
    rows = [(name, value, origins.get(name, "")) for name, value in told["settings"].items()]
    return Shown("settings", {**await _chosen(look), "rows": rows})


async def _chosen(look: Look) -> dict[str, Any]:
    return {"sandbox": look.sandbox, "sandboxes": await look.names()}


def _has(record: Record, text: str, status: str) -> bool:
    if status and not str(record.status).startswith(status[:1]):
        return False
    if not text:
        return True
    said = (record.id, record.path, record.operation, *map(str, record.fields.values()))
    return any(text.lower() in part.lower() for part in said)


def number(text: str, other: int = 0) -> int:
    """What a text of few digits says; any other text is `other`."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else other


def _numbered(record: Record) -> Sequence[tuple[int, Picture]]:
    """A request's pictures with their places, if the client got them."""
    return [*enumerate(record.drawn)] if record.status == 200 else []


def _partials(record: Record) -> range:
    """The numbers of the partial pictures that a stream had."""
    number = record.fields.get("partial_images")
    if record.status != 200 or not isinstance(number, int) or not record.fields.get("stream"):
        return range(0)
    return range(number)


def _waits(attempts: Sequence[Record]) -> list[tuple[Record, float | None]]:
    """Each attempt of a call, with the seconds that the client waited before it."""
    found: list[tuple[Record, float | None]] = []
    for number, record in enumerate(attempts):
        before = attempts[number - 1] if number else None
        wait = (record.at - before.at) / 1e9 - before.milliseconds / 1e3 if before else None
        found.append((record, None if wait is None else max(0.0, wait)))
    return found if len(found) > 1 or asks_again(attempts[0].status if attempts else 200) else []

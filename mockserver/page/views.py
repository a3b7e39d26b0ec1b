"""The pages: what each shows, as a template's context. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from mockserver.clock import SECOND
from mockserver.config import Config
from mockserver.control import journal, state
from mockserver.control.request import refuse
from mockserver.core.errors import ApiError
from mockserver.core.journal import Record, asks_again
from mockserver.core.limits import MINUTE, admit
from mockserver.core.picture import Picture
from mockserver.core.planning import GIVEN
from mockserver.core.sandbox import Options
from mockserver.core.uploads import Part, header
from mockserver.page import snippets
from mockserver.page.look import Look, Shown
from mockserver.request.bodies import form_value, read_body
from mockserver.store import Sandbox

ROWS = 100  # of one page
GALLERY = 60  # pictures of one page
WATCHED = 20  # sandboxes whose limits are shown together


async def requests(look: Look) -> Shown:
    """What was asked, the newest first."""
    text = look.query.get("q", "").strip()
    records = [record for _, record in await look.records()]
    found = [r for r in records if _has(r, text, look.query.get("status", ""))]
    after = look.query.get("after", "")  # the id of the row before this page: it stays the same
    first = next((n for n, r in enumerate(found, 1) if r.id == after), 0)
    last = first + ROWS
    context = {
        **await _chosen(look),
        "rows": found[first:last],
        "total": len(found),
        "first": first,
        "next": found[last - 1].id if last < len(found) else None,
        "previous": found[first - ROWS - 1].id if first > ROWS else "" if first else None,
        "q": text,
        "status": look.query.get("status", ""),
        "is_new": not records,
        "snippets": snippets.clients(look.base, _model_of_day(look), snippets.key_of(look.team)),
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
            **await _made_from(look, record),
            "fields": _fields(record),
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
    found = identify(part.data) or {}
    code = found.get("code")
    made = [r for _, r in await look.records() if code and code in {p.code for p in r.drawn}]
    return Shown("identified", {**await _chosen(look), "found": found, "made": made[:ROWS]})


async def verdict(look: Look) -> Shown:
    """What the program that asks does wrong."""
    from mockserver.page import verdict as judged  # few look

    return await judged.verdict(look, await _chosen(look))


async def failures(look: Look) -> Shown:
    """Which kinds of failure it met, and which never."""
    from mockserver.page import verdict as judged

    return await judged.failures(look, await _chosen(look))


async def migration(look: Look) -> Shown:
    """What another model would make of its requests."""
    from mockserver.page import verdict as judged

    return await judged.migration(look, await _chosen(look))


async def rules(look: Look) -> Shown:
    """The rules, and how often each was met."""
    told = await look.told(state.rules)
    return Shown("rules", {**await _chosen(look), "rules": told["rules"]})


async def limits(look: Look) -> Shown:
    """Images a minute, of each model, and how many are used."""
    seen = [await look.asked().sandbox()] if look.sandbox else (await look.all())[:WATCHED]
    rows = [(s, gauge) for s in seen for gauge in await _gauges(look, s) if _is_shown(look, gauge)]
    context = {"rows": rows, "now": look.world.clock.now() / SECOND, "watched": WATCHED}
    return Shown("limits", {**await _chosen(look), **context})


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
    told, config = await look.told(state.clock), look.world.config
    options = (await look.asked().sandbox()).options if look.sandbox else Options()
    context = {
        "told": told,
        "own_day": options.as_of is not None,
        "day": options.as_of or config.as_of or look.world.facts.day,
        "real": look.world.clock.now() / SECOND,
    }
    return Shown("clock", {**await _chosen(look), **context})


async def sandboxes(look: Look) -> Shown:
    """Whose requests there are."""
    everything = look._replace(query={})
    told = await everything.told(state.sandboxes)
    own = {s.name: _own(s) for s in await look.all()}
    rows = [(row, own.get(row["name"], [])) for row in told["sandboxes"][::-1]]
    return Shown("sandboxes", {**await _chosen(look), "rows": rows})


async def emptying(look: Look) -> Shown:
    """What goes with a sandbox's state: nothing of it can be taken back."""
    told = await look.told(state.sandboxes)
    if not look.sandbox:
        refuse("Say which sandbox.")
    shown = look.query.get("shown", "")  # that which is looked at, before and after
    return Shown("emptying", {**await _chosen(look), "row": told["sandboxes"][0], "shown": shown})


async def settings(look: Look) -> Shown:
    """What the server runs with."""
    told = await look._replace(query={}).told(state.config)
    origins = look.world.origins
    rows = [
        (name, value, origins.get(name) or _set_by(look.world.config, name.replace("-", "_")))
        for name, value in told["settings"].items()
    ]
    return Shown("settings", {**await _chosen(look), "rows": rows})


def _set_by(config: Config, field: str) -> str:
    """What set a setting of a server that a program started: only that is known."""
    return "default" if getattr(config, field) == getattr(Config(), field) else "the program"


def _model_of_day(look: Look) -> str:
    """A model that is asked for by the server's rules."""
    facts = look.world.era().facts
    return facts.operations["images.generate"].default_model or next(iter(facts.models))


def first_model(look: Look) -> dict[str, str]:
    """What names a model, where one must be named."""
    model = _model_of_day(look)
    operation = look.world.era().facts.operations["images.generate"]
    return {} if operation.default_model else {"model": model}


async def _chosen(look: Look) -> dict[str, Any]:
    names = [s.name for s in await look.all()]
    whole = (name for name in names if look.sandbox and name.startswith(look.sandbox))
    keys = look.world.keyring.shown()
    return {"sandbox": next(whole, look.sandbox), "sandboxes": names, "keys": keys}


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


class Upload(NamedTuple):
    """A file that a picture was made from."""

    width: int
    height: int
    is_kept: bool


async def _made_from(look: Look, record: Record) -> dict[str, Any]:
    """The files that a request's pictures were made from, and its mask; some had to go."""
    first = record.drawn[0] if record.drawn and record.drawn[0].fault != GIVEN else None
    if first is None:
        return {"made_from": [], "mask": None, "is_gone": False}
    found = []
    for address in (*first.images, *((first.mask,) if first.mask else ())):
        file = await look.world.store.kept(address)
        told = header(file) if file else None
        sides = (told.width, told.height) if told else (first.width, first.height)
        found.append(Upload(*sides, file is not None))
    mask = found.pop() if first.mask else None
    gone = [one for one in (*found, mask) if one and not one.is_kept]
    return {"made_from": found, "mask": mask, "is_gone": bool(gone)}


def _fields(record: Record) -> list[tuple[str, Any]]:
    """A request's parameters: first the prompt, then what else was sent, then what was not."""
    fields = [pair for pair in record.fields.items() if pair[0] != "operation"]
    return sorted(fields, key=lambda pair: (pair[0] in record.filled, pair[0] != "prompt"))


class Gauge(NamedTuple):
    """How much of a minute is used."""

    model: str
    unit: str  # of what is counted
    per_minute: int | None  # None is no limit
    used: int
    left: float  # seconds until it is full again
    standing: bool  # whether the clock that they are counted by stands


async def _gauges(look: Look, sandbox: Sandbox) -> list[Gauge]:
    """A sandbox's limits, and how much of each is used."""
    costs, found = look.world.costs, list[Gauge]()
    account, now = await sandbox.account(), sandbox.now(look.world.clock.now())
    standing, caller = sandbox.options.standing, look.world.keyring.of(sandbox.name)
    for model, one in {costs.bucket_of(m): m for m in costs.limits}.items():
        limits = costs.limits_of(caller, sandbox.options, one)
        found += [] if limits else [Gauge(model, "", None, 0, 0.0, standing)]
        for limit in limits:
            rate = limit.per_minute
            held, told = admit(account.buckets.get((model, limit.unit)), limit, 0, now)
            left = (rate * MINUTE - held.level) / rate / SECOND if rate else 0.0
            found.append(Gauge(model, limit.unit, rate, told.used, left, standing))
    return found


def _is_shown(look: Look, gauge: Gauge) -> bool:
    """Of all sandboxes together only what is used is shown."""
    return bool(look.sandbox or gauge.used)


def _own(sandbox: Sandbox) -> list[str]:
    """What a sandbox has for itself, in words."""
    options, moved = sandbox.options, sandbox.offset / SECOND
    return [
        *([f"rules of {options.as_of}"] if options.as_of else []),
        *(["clock stands"] if options.standing else []),
        *([f"clock moved on by {moved:.0f} s"] if moved else []),
        *([f"tier {options.tier}"] if options.tier else []),
        *([f"{options.per_minute} images a minute"] if options.per_minute is not None else []),
    ]

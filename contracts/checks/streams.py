"""What a stream of events must be: their order, names and fields. Says nothing of its pace."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from contracts.checks.answers import created, echoed, files
from contracts.checks.asked import Asked, size_in
from contracts.checks.pictures import picture
from contracts.checks.said import said
from contracts.checks.usage import usage
from contracts.exchange import Exchange
from contracts.trials import Tier, Verdict
from mockserver.facts import Streamed

EVENTS = "text/event-stream"
FRAMES = "A stream consists of events, each with a name, data in one line, and a blank line"
_WHERE_SENT = ("safety_identifier",)


class Event(NamedTuple):
    """One event."""

    name: str
    data: str

    @property
    def fields(self) -> dict[str, Any]:
        """The data's object; empty where it is none."""
        try:
            found = json.loads(self.data)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def events_in(body: bytes) -> tuple[list[Event], str]:
    """The events of a stream, and what is wrong with the first that is none; "" if nothing is."""
    *frames, rest = body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n\n")
    found: list[Event] = []
    for frame in filter(None, frames):
        named = dict(line.partition(": ")[::2] for line in frame.split("\n"))
        if named.keys() != {"event", "data"}:
            return found, f"one is {frame[:40]!r}"
        found.append(Event(named["event"], named["data"]))
    return found, "the last lacks its blank line" if rest else ""


def stream(exchange: Exchange, wanted: Asked, facts: Streamed) -> Iterator[Verdict]:
    """Judge a stream."""
    media = exchange.answer.media
    yield said("A stream's content type is text/event-stream", media == EVENTS, f"it is {media!r}")
    events, fault = events_in(exchange.answer.body)
    yield said(FRAMES, not fault, fault)
    yield from _order([event.name for event in events], wanted, facts)
    for event in events:
        yield from _event(event, exchange, wanted, facts)


def _order(names: list[str], wanted: Asked, facts: Streamed) -> Iterator[Verdict]:
    whole = names.count(facts.completed)
    seen = f"{whole} where {wanted.n} were asked for"
    yield said("A stream has a completed event for each picture", whole == wanted.n, seen)
    most = wanted.options.get("partial_images") or 0
    due = ([facts.partial] * most + [facts.completed]) * wanted.n
    yield said(
        "A stream's events are the partial pictures and then the whole one",
        names == due,
        f"they are {', '.join(names) or 'none'}",
    )


def _event(event: Event, exchange: Exchange, wanted: Asked, facts: Streamed) -> Iterator[Verdict]:
    told = event.fields
    yield said(
        "An event's name is its data's type",
        told.get("type") == event.name,
        f"{event.name!r} and {told.get('type')!r}",
    )
    fields = {facts.partial: facts.partial_fields, facts.completed: facts.completed_fields}
    if event.name not in fields:
        return
    due = [n for n in fields[event.name] if n not in _WHERE_SENT or n in wanted.given]
    has, lacks = told.keys() - set(due), [name for name in due if name not in told]
    yield said(
        "An event has the fields of its kind, and no other",
        not (has or lacks),
        f"{event.name} has {sorted(has)} too, and lacks {lacks}",
    )
    yield said(
        "An event's fields stand in their order, in JSON without spaces",
        bool(has or lacks) or event.data == _compact({name: told[name] for name in due}),
        f"they are {list(told)}",
        tier=Tier.STRICT,
    )
    yield from created("created_at", told.get("created_at"), exchange)
    yield from echoed(told, due, wanted)
    yield from _pictured(event, wanted, facts)


_compact = json.JSONEncoder(separators=(",", ":")).encode


def _pictured(event: Event, wanted: Asked, facts: Streamed) -> Iterator[Verdict]:
    told: Mapping[str, Any] = event.fields
    is_whole = event.name == facts.completed
    for file in files([told]):
        if isinstance(file, Verdict):
            yield file
        else:
            for verdict in picture(file, wanted, size_in(told.get("size"))):
                yield verdict if is_whole else verdict._replace(pictures=0)
    if is_whole:
        yield from usage(told.get("usage"), wanted, told, facts.usage, n=1)


def indexes(exchange: Exchange, facts: Streamed) -> Iterator[Verdict]:
    """Judge how the partial pictures of a stream of one picture are counted."""
    events, _ = events_in(exchange.answer.body)
    found = [e.fields.get("partial_image_index") for e in events if e.name == facts.partial]
    yield said("Partial pictures are counted from 0", found == [*range(len(found))], f"as {found}")

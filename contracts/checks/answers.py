"""What an answer with pictures must be, beside the pictures: its fields, time and layout."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from contracts.checks.asked import Asked, size_in
from contracts.checks.layout import layout
from contracts.checks.said import said
from contracts.checks.usage import usage
from contracts.exchange import Answer, Exchange
from contracts.trials import Tier, Verdict

#: Seconds by which the clock of another machine may differ.
TOLERANCE = 30
BASE64 = "b64_json is base64"


def answer(exchange: Exchange, wanted: Asked) -> Iterator[Verdict]:
    """Judge an answer that is no stream."""
    told = exchange.answer.json()
    is_object = isinstance(told, dict) and isinstance(told.get("data"), list)
    yield said("Pictures come as a JSON object with a list, data", is_object, _seen(exchange))
    if not is_object:
        return
    media = exchange.answer.media
    yield said(
        "An answer's content type is application/json", media == "application/json", repr(media)
    )
    yield from created("created", told.get("created"), exchange)
    yield from _items(told["data"], wanted)
    yield from _fields(told, wanted)
    yield from layout(exchange.answer, (2,), ("\n" if wanted.operation.dialect == "A" else "",))


def _seen(exchange: Exchange) -> str:
    return f"a body of {exchange.answer.media!r} begins with {exchange.answer.body[:24]!r}"


def created(name: str, value: Any, exchange: Exchange) -> Iterator[Verdict]:
    """Judge a time: it counts seconds, and lies within the call."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    yield said(f"{name} is an integer", is_whole, f"it is {value!r}")
    if is_whole:
        first, last = exchange.began - TOLERANCE, exchange.ended + TOLERANCE
        yield said(
            f"{name} counts seconds, and lies within the call",
            first - 1 <= value <= last,
            f"it is {value}, and the call began at {exchange.began:.0f}",
        )


def _items(items: list[Any], wanted: Asked) -> Iterator[Verdict]:
    yield said(
        "There are as many pictures as were asked for",
        len(items) == wanted.n,
        f"{len(items)} pictures where {wanted.n} were asked for",
    )
    revised = {"revised_prompt"} if wanted.offer.revises_prompt else set()
    due = {wanted.field} | revised
    odd = next((i for i in items if not (isinstance(i, dict) and i.keys() == due)), None)
    seen = sorted(odd) if isinstance(odd, dict) else odd
    yield said(
        "A picture has the fields that were asked for, and no other",
        odd is None,
        f"it has {seen} in place of {sorted(due)}",
    )
    if odd is None and revised:
        texts = all(isinstance(i["revised_prompt"], str) and i["revised_prompt"] for i in items)
        yield said("A revised prompt is a text", texts, "one is none")


def _fields(told: Mapping[str, Any], wanted: Asked) -> Iterator[Verdict]:
    """The fields beside the pictures, which the facts of the day name."""
    told_of = wanted.offer.told
    due = [name for name in told_of.fields if name not in _WHERE_SENT or name in wanted.given]
    has, lacks = told.keys() - set(due), [name for name in due if name not in told]
    yield said(
        "An answer has the fields of its model and day, and no other",
        not (has or lacks),
        f"it has {sorted(has)} too, and lacks {lacks}",
    )
    yield said(
        "An answer's fields stand in the order of its day",
        list(told) == due or bool(has or lacks),
        f"they are {list(told)}",
        tier=Tier.STRICT,
    )
    yield from echoed(told, told_of.fields, wanted)
    if "usage" in due:
        yield from usage(told.get("usage"), wanted, told, told_of.usage)


_WHERE_SENT = ("safety_identifier",)
ECHOED = ("background", "output_format", "quality", "size", "safety_identifier")


def echoed(told: Mapping[str, Any], known: Iterable[str], wanted: Asked) -> Iterator[Verdict]:
    """Judge the fields that repeat what was asked for, or what the model chose."""
    for name in ECHOED:
        if name in known and name in told:
            yield from _echo(name, told[name], wanted)


def _echo(name: str, value: Any, wanted: Asked) -> Iterator[Verdict]:
    sent, parameter = wanted.options.get(name), wanted.offer.parameter.get(name)
    if parameter is None or not (sent in parameter.leaves or sent is None):
        seen = f"{value!r} for {sent!r}"
        yield said(f"{name} is told as it was asked for", value == sent, seen)
        return
    is_size = name == "size" and size_in(value)
    listed = value in (parameter.values or ()) and value not in parameter.leaves
    says = f"{name}, left to the model, is told as what it chose"
    yield said(says, is_size or listed, f"it is {value!r}")
    if not parameter.follows:
        yield said(
            f"{name}, left to the model, is the one that it was seen to choose",
            value == parameter.chosen(sent),
            f"{value!r} in place of {parameter.chosen(sent)!r}",
            tier=Tier.STRICT,
        )


def files(items: Iterable[Any]) -> Iterator[bytes | Verdict]:
    """The files of pictures in base64; for each that is none a verdict."""
    for item in items:
        text = item.get("b64_json") if isinstance(item, dict) else None
        try:
            yield b64decode(text if isinstance(text, str) else "?", validate=True)
        except ValueError as error:
            yield said(BASE64, holds=False, told=str(error))


def inline_files(found: Answer) -> list[bytes]:
    """The files that an answer has in itself, as far as they are files."""
    told = found.json()
    items = told.get("data") if isinstance(told, dict) else None
    return [one for one in files(items or ()) if isinstance(one, bytes)]

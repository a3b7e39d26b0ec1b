"""A migration in sentences: how many would be refused, what the others cost; by kind. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from mockserver.core.judging.migration import Migration, Move, Other
from mockserver.core.texts import escaped, shortened

_LONGEST = 300  # characters of a message
_NAMED = 3  # requests of a group that are named
_OF_NAME = 60  # characters of a model's name
_OF_ONE = 400  # characters of what is said of one request


class Group(NamedTuple):
    """Requests of which the same is to say."""

    moves: Sequence[Move]

    @property
    def first(self) -> Move:
        """What is said of all, but for the amounts."""
        return self.moves[0]


def groups(moves: Sequence[Move]) -> list[Group]:
    """Those of one kind together: what is refused first, then the largest first."""
    found: dict[Any, list[Move]] = {}
    for move in moves:
        found.setdefault(_kind(move), []).append(move)
    ordered = sorted(found.values(), key=lambda g: (not g[0].is_refused, -len(g)))
    return [Group(group) for group in ordered]


def _kind(move: Move) -> Any:
    others = tuple([(o.name, repr(o.before), repr(o.after)) for o in move.others])
    told = (tuple(move.faults), others, tuple(move.missing), move.limited, tuple(move.unsure))
    return move.operation, move.model, move.status >= 400, told


def sentence(migration: Migration) -> str:
    """The whole in a line, as `moving from A to B: 2 of 7 requests would be refused (…); 5 …`."""
    moves, to = migration.moves, migration.to
    if not moves:
        there = f", and {_requests(migration.already)} for it already" * bool(migration.already)
        return f"moving to {to}: no request to judge{there}"
    return f"moving from {_names(migration.models)} to {to}: {'; '.join(_summed(moves))}"


def _names(models: Sequence[str]) -> str:
    """The models that are moved from; programs can send any text as one."""
    shown = [shortened(escaped(name), _OF_NAME) for name in models[:_NAMED]]
    if more := len(models) - len(shown):
        shown.append(f"{more} more")
    *first, last = shown or ["no model"]
    return f"{', '.join(first)} and {last}" if first else last


def _summed(moves: Sequence[Move]) -> Iterator[str]:
    refused = [m for m in moves if m.is_refused]
    if refused:
        about = dict.fromkeys(fault.about for move in refused for fault in move.faults)
        what = shortened(escaped(", ".join(about)), _LONGEST)
        yield f"{len(refused)} of {_requests(len(moves))} would be refused ({what})"
    else:
        yield f"none of {_requests(len(moves))} would be refused"
    if limited := sum(bool(m.limited) for m in moves):
        yield f"{limited} would never pass the tier's limits"
    paid = [m for m in moves if m.before and not m.is_refused]
    if paid:
        yield f"{len(paid)} would cost {_price(paid)}"
    mended = [m for m in moves if m.before and m.mended is not None]
    if mended:
        yield f"{len(mended)}, once mended, {_price(mended)}"


def _price(moves: Sequence[Move]) -> str:
    return f"{_after(moves)} instead of {dollars(sum(m.before for m in moves))}"


def _after(moves: Sequence[Move]) -> str:
    after = sum(m.price for m in moves)
    if not any(m.is_about for m in moves):
        return dollars(after)
    least, most = (dollars(sum(getattr(m, end) for m in moves)) for end in ("least", "most"))
    return f"about {dollars(after)} ({least} to {most})"


def dollars(usd: float) -> str:
    """An amount as people read it: cents, and of a small one two figures."""
    if usd >= 0.095 or not usd:
        return f"${usd:.2f}"
    digits = 3 if usd >= 0.0095 else 4 if usd >= 0.00095 else 6
    return f"${usd:.{digits}f}"


def lines(migration: Migration) -> Iterator[str]:
    """The sentence, and of each kind of request what is to say, indented."""
    yield f"{sentence(migration)} (by the rules of {migration.day})"
    for group in groups(migration.moves):
        first, where = group.first, [*dict.fromkeys(move.where for move in group.moves)]
        named, more = where[:_NAMED], len(where) - _NAMED
        told = ", ".join(named) + (f" and {more} more" if more > 0 else "")
        yield f"  {_requests(len(group.moves))}, {first.operation}: {escaped(told)}"
        yield from (f"    {line}" for line in of_group(group))
    if migration.already:
        yield f"  {_requests(migration.already)} for {migration.to} already"
    if migration.unjudged:
        told = "elsewhere than at the Images API, or not read, or of an endpoint that is gone"
        yield f"  not judged: {_requests(migration.unjudged)} ({told})"


def of_group(group: Group) -> Iterator[str]:
    """What is to say of requests of one kind; nothing where all is as it was."""
    first, moves = group.first, group.moves
    yield from _faults(first)
    if first.limited:
        yield first.limited
    if first.others:
        yield f"filled in: {'; '.join(map(_other, first.others))}"
    if first.missing:
        read = " (url was read)" if any(m.url_was_read for m in moves) else ""
        yield f"missing in the answer: {', '.join(first.missing)}{read}"
    paid = [m for m in moves if m.before]
    if paid and not first.is_refused:
        yield f"price: {_price(paid)}"
    elif paid and all(m.mended is not None for m in paid):
        yield f"price once mended: {_price(paid)}"
    if first.status >= 400 and not first.is_refused:
        yield f"not refused for what it says, though it was answered with {first.status}"
    yield from (f"not known: {text}" for text in first.unsure)


def _faults(move: Move) -> Iterator[str]:
    for place, fault in enumerate(move.faults):
        then, code = "then " if place else "refused, ", f" {fault.code}" if fault.code else ""
        yield f"{then}{fault.status}{code}: {_short(fault.message)}"
        if fault.fix:
            yield f"  → {_short(fault.fix)}"


def _other(other: Other) -> str:
    if other.before is None:
        return f"{other.name} {_value(other.after)} is new"
    if other.after is None:
        return f"{other.name} {_value(other.before)} is gone"
    return f"{other.name} {_value(other.after)} instead of {_value(other.before)}"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def of_one(move: Move, to: str) -> str:
    """One request in a line, for a header or a trace."""
    if move.is_refused:
        first = move.faults[0]
        fixes = "; ".join(fault.fix for fault in move.faults if fault.fix)
        text = f"{to} would refuse this with {first.status}: {_short(first.message)}"
        return shortened(f"{text} ({fixes})" if fixes else text, _OF_ONE)
    parts = [f"it costs {_after([move])} instead of {dollars(move.before)}"]
    parts = parts if move.before else []
    parts += [move.limited] if move.limited else []
    if changed := [o for o in move.others if None not in (o.before, o.after)]:
        parts.append(", ".join(map(_other, changed)))
    parts += [f"the answer has no {' and no '.join(move.missing)}"] if move.missing else []
    same = "it is the same" if move.status < 400 else "it would not be refused for what it says"
    return shortened(f"on {to} {'; '.join(parts) or same}", _OF_ONE)


def _short(text: str) -> str:
    return shortened(escaped(text), _LONGEST)


def _requests(number: int) -> str:
    return f"{number} request{'s' * (number != 1)}"


def as_json(migration: Migration) -> dict[str, Any]:
    """The whole as the control API tells it."""
    moves = migration.moves
    unrefused = [m for m in moves if not m.is_refused]
    return {
        "from": list(migration.models),
        "to": migration.to,
        "day": str(migration.day),
        "text": sentence(migration),
        "refused": len(moves) - len(unrefused),
        "already": migration.already,
        "unjudged": migration.unjudged,
        "usd": {name: sum(getattr(m, name) for m in unrefused) for name in _AMOUNTS},
        "moves": [move.as_json() for move in moves],
    }


_AMOUNTS = ("before", "after", "least", "most")


def from_json(told: Mapping[str, Any]) -> Migration:
    """A migration that `as_json` told."""
    return Migration(
        to=told["to"],
        day=date.fromisoformat(told["day"]),
        moves=[*map(Move.of, told["moves"])],
        already=told["already"],
        unjudged=told["unjudged"],
    )

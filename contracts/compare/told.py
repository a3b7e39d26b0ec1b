"""A parity as lines for a person, and as JSON. Compares nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from contracts.compare.parity import HARMLESS, Field, Kind, Parity, Side
from contracts.trials import Tier

_CUT = 60  # characters of a value


def name_of(side: Side) -> str:
    """A side, and when it answered."""
    days = sorted({case.origin.recorded for case in side.cases})
    told = f"{days[0]} to {days[-1]}" if len(days) > 1 else "".join(map(str, days))
    return f"{side.name} ({told})" if told else side.name


def numbers(parity: Parity) -> dict[str, str]:
    """The three numbers, and how old the answers are."""
    tiers = ", ".join(f"{tier.name.lower()} {parity.divergence(tier)}" for tier in Tier)
    return {
        "coverage": f"{parity.coverage} of {parity.planned} cases compared whole",
        "divergence": f"{tiers} of {parity.compared} fields",
        "not observed": f"{len(parity.unseen)} cases",
        "oldest answer": f"{parity.oldest} days",
    }


def reasons(parity: Parity) -> list[tuple[str, int]]:
    """Why cases were not observed, the most frequent first."""
    return Counter(one.reason for one in parity.unseen).most_common()


def lines(parity: Parity) -> Iterator[str]:
    """All that differs, what is known to, and what was not observed."""
    yield f"{name_of(parity.left)}, and beside it {name_of(parity.right)}"
    yield ""
    yield from (f"  {name:14} {told}" for name, told in numbers(parity).items())
    yield from _listed("differs", parity.differing)
    yield from _listed("known gaps", parity.known)
    if parity.expired:
        yield "\nknown gaps that have ended"
        yield from (f"  {gap.field}: {gap.reason}, until {gap.until}" for gap in parity.expired)
    if parity.unseen:
        yield "\nnot observed"
        yield from (f"  {count:4} {reason}" for reason, count in reasons(parity))
    yield from (
        f"\n{side.name}: {side.ended}" for side in (parity.left, parity.right) if side.ended
    )


def _listed(head: str, fields: Iterable[Field]) -> Iterator[str]:
    for number, one in enumerate(fields):
        if not number:
            yield f"\n{head}"
        yield f"  {one.tier.name.lower():8} {one.kind:13} {one.operation} {one.path}"
        left, right = _around(one.left, one.right)
        yield f"{'':25}{left} | {right}{_count(one)}"
        if one.gap:
            yield f"{'':25}{one.gap.reason}, until {one.gap.until}"


def _count(one: Field) -> str:
    return f"  ({len(one.cases)} cases)" if len(one.cases) > 1 else f"  ({one.cases[0]})"


def _around(one: str, other: str) -> tuple[str, str]:
    """Two values; of long ones where they begin to differ."""
    common = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    start = max(0, common - _CUT // 3) if max(len(one), len(other)) > _CUT else 0
    return _cut(one, start), _cut(other, start)


def _cut(text: str, start: int) -> str:
    before, here = "…" * bool(start), text[start:]
    return before + (here if len(here) <= _CUT else f"{here[: _CUT - 1]}…")


def as_json(parity: Parity) -> dict[str, Any]:
    """All of it, each verdict on each field."""
    return {
        "left": _side(parity.left),
        "right": _side(parity.right),
        "day": str(parity.today),
        "coverage": {"compared": parity.coverage, "planned": parity.planned},
        "divergence": {
            **{tier.name.lower(): parity.divergence(tier) for tier in Tier},
            "fields": parity.compared,
        },
        "not_observed": [one._asdict() for one in parity.unseen],
        "verdicts": {kind.value: sum(f.kind == kind for f in parity.fields) for kind in Kind},
        "fields": [_field(one) for one in parity.fields],
        "expired_gaps": [gap._asdict() | {"until": str(gap.until)} for gap in parity.expired],
    }


def _side(side: Side) -> dict[str, Any]:
    origins = {case.origin: None for case in side.cases}
    told = [{k: v and str(v) for k, v in origin._asdict().items()} for origin in origins]
    return {"name": side.name, "origins": told, "ended": side.ended}


def _field(one: Field) -> dict[str, Any]:
    told = {
        "operation": one.operation,
        "field": one.path,
        "verdict": "known gap" if one.gap else one.kind.value,
        "tier": one.tier.name.lower(),
        "left": one.left,
        "right": one.right,
        "cases": len(one.cases) if one.kind in HARMLESS else one.cases,
    }
    known = (
        {"is": one.kind.value, "reason": one.gap.reason, "until": str(one.gap.until)}
        if one.gap
        else {}
    )
    return told | known

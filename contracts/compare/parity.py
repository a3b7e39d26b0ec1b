"""What one target answers beside what another one does, field by field. Asks nobody.

Both are compared in the form in which they would be recorded: what differs each time (ids, times,
pixels) is the same there, and what a recording does not keep is compared by its shape.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from contracts.compare.fields import (
    EVENTS,
    HEADER,
    LAYOUT,
    NUMBER,
    ORDER,
    STATUS,
    Fields,
    Value,
    fields_of,
)
from contracts.compare.gaps import Gap
from contracts.compare.recording import NOT_RECORDED, Case
from contracts.run import BROKEN, HELD, UNKNOWN
from contracts.trials import Tier


class Kind(StrEnum):
    """A verdict on a field."""

    SAME = "same"
    SHAPE = "shape-same"  # another value, of which nothing is promised but its kind
    WORDING = "wording"
    ORDER = "order"
    EXTRA = "extra"  # only the one that is compared with has it
    ENUM = "enum-outside"  # a value that is none of those that are known
    VALUE = "differs"
    TYPE = "type-differs"
    MISSING = "missing"  # the one that is compared with has it not


HARMLESS = (Kind.SAME, Kind.SHAPE)
_WORST = list(Kind)
_NUMBERS = re.compile(r"\d+(?:\.\d+)?")


class Side(NamedTuple):
    """One of the two."""

    name: str
    cases: list[Case]
    ended: str = ""  # why it could not be asked to the end


@dataclass(slots=True)
class Field:
    """A field of an operation's answers, and one verdict on it."""

    operation: str
    path: str
    kind: Kind
    tier: Tier
    left: str  # as it was first met
    right: str
    cases: list[str] = field(default_factory=list)  # that have this verdict
    gap: Gap | None = None


class Unseen(NamedTuple):
    """A case of which not everything could be compared."""

    case: str
    reason: str


@dataclass(frozen=True)
class Parity:
    """All that was compared. Coverage, divergence and what was not observed are never summed."""

    left: Side
    right: Side
    fields: list[Field]
    unseen: list[Unseen]
    planned: int  # cases
    gaps: Collection[Gap]
    today: date

    @cached_property
    def compared(self) -> int:
        """The fields of which both have an answer, each operation's once."""
        return len({(f.operation, f.path) for f in self.fields})

    @cached_property
    def differing(self) -> list[Field]:
        """The verdicts that say a difference which no known gap explains, the worst first."""
        found = [f for f in self.fields if f.kind not in HARMLESS and not self._explained(f)]
        return sorted(found, key=lambda f: (f.tier, -_WORST.index(f.kind), f.operation, f.path))

    @cached_property
    def known(self) -> list[Field]:
        """The differences that a known gap explains."""
        return [f for f in self.fields if self._explained(f)]

    @cached_property
    def expired(self) -> list[Gap]:
        """The known gaps whose day is over."""
        return [gap for gap in self.gaps if gap.until < self.today]

    def divergence(self, tier: Tier) -> int:
        """How many fields of a tier differ."""
        return len({(f.operation, f.path) for f in self.differing if f.tier == tier})

    @property
    def coverage(self) -> int:
        """How many cases could be compared whole."""
        return self.planned - len({one.case for one in self.unseen})

    @property
    def oldest(self) -> int:
        """The age of the oldest answer in days."""
        told = [case.origin.recorded for side in (self.left, self.right) for case in side.cases]
        return (self.today - min(told, default=self.today)).days

    def exit_code(self, possible: Callable[[str], bool] = bool) -> int:
        """0 nothing differs, 5 something does or a gap is expired, 6 something was not compared.

        Args:
            possible: whether what was not observed for this reason could have been.
        """
        if self.differing or self.expired:
            return BROKEN
        reasons = {reason for one in self.unseen for reason in one.reason.split("; ")}
        missing = any(map(possible, reasons))
        lost = self.left.ended or self.right.ended or not self.compared
        return UNKNOWN if missing or lost else HELD

    def _explained(self, one: Field) -> bool:
        return one.gap is not None and one.gap.until >= self.today


def compared(
    left: Side,
    right: Side,
    today: date,
    *,
    planned: Collection[str] = (),
    gaps: Collection[Gap] = (),
    known: Mapping[str, Collection[Value]] | None = None,
) -> Parity:
    """Compare two sides.

    Args:
        left: the one that is right, the real API or what was recorded of it.
        right: the one that is held to it.
        today: when this is; a gap may have ended.
        planned: the ids of all cases that there are; those of either side unless given.
        gaps: differences that are known.
        known: the values that a field is known to have, by the last part of its name.
    """
    here = {case.id: case for case in left.cases}
    there = {case.id: case for case in right.cases}
    ids = list(dict.fromkeys([*planned, *here, *there]))
    found = _Found(known or {})
    for name in ids:
        found.case(name, here.get(name), there.get(name))
    fields = list(found.fields())
    for one in fields:
        if one.kind not in HARMLESS:
            matching = (g for g in gaps if g.has(one.operation, one.path, one.kind))
            one.gap = next(matching, None)
    return Parity(left, right, fields, found.unseen, len(ids), gaps, today)


class _Met(NamedTuple):
    """Two values of one field, in one case."""

    case: str
    operation: str
    path: str
    left: Value
    right: Value


#: Stands where a side has no such field; None is a value like others.
_NOTHING = object()
MISSING = "–"  # as it is shown


def _shown(value: Value) -> str:
    match value:
        case str():
            return value
        case list():
            return ", ".join(map(str, value))
        case _:
            return MISSING if value is _NOTHING else _quoted(value)


def _quoted(value: Value) -> str:
    """A value whose type is seen: "7" is no 7."""
    return json.dumps(value, ensure_ascii=False)


class _Found:
    """What was met of all cases."""

    def __init__(self, known: Mapping[str, Collection[Value]]) -> None:
        self.unseen: list[Unseen] = []
        self._met: list[_Met] = []
        self._known = known

    def case(self, name: str, left: Case | None, right: Case | None) -> None:
        """Meet what two targets answered to one case."""
        if left is None or right is None:
            self.unseen.append(Unseen(name, NOT_RECORDED))
            return
        pairs = list(_pairs(left, right))
        reasons = {case.unseen for case in (left, right)} - {""}
        if not reasons and len(pairs) < max(len(left.exchanges), len(right.exchanges)):
            reasons.add("only one of the two was asked everything")
        if reasons:
            self.unseen.append(Unseen(name, "; ".join(sorted(reasons))))
        for one, other in pairs:
            self._meet(left, fields_of(one, left.references), fields_of(other, right.references))

    def _meet(self, case: Case, left: Fields, right: Fields) -> None:
        paths = [STATUS] if left[STATUS] != right[STATUS] else dict.fromkeys([*left, *right])
        for path in paths:
            here, there = left.get(path, [_NOTHING]), right.get(path, [_NOTHING])
            for one, other in zip(here, there, strict=False):  # their numbers are a field, too
                self._met.append(_Met(case.id, case.operation, path, one, other))

    def fields(self) -> Iterator[Field]:
        """Each field with each verdict on it, and the cases that have it."""
        told = defaultdict(set)
        for met in self._met:
            told[met.path].add(repr(met.right))
        rows: dict[Any, Field] = {}
        for met in self._met:
            kind = self._kind(met, told[met.path])
            values = () if kind in HARMLESS else (repr(met.left), repr(met.right))
            key = (met.operation, met.path, kind, values)
            if key not in rows:
                tier, shown = (
                    tier_of(met.path, kind, met.left),
                    _quoted if kind == Kind.TYPE else _shown,
                )
                left, right = shown(met.left), shown(met.right)
                rows[key] = Field(met.operation, met.path, kind, tier, left, right)
            if met.case not in rows[key].cases:
                rows[key].cases.append(met.case)
        yield from rows.values()

    def _kind(self, met: _Met, told: set[str]) -> Kind:
        _, _, path, left, right = met
        if left is _NOTHING or right is _NOTHING:
            return Kind.MISSING if right is _NOTHING else Kind.EXTRA
        if _type(left) != _type(right):
            return Kind.TYPE
        if left == right:
            return Kind.SAME
        if ORDER in path or path == EVENTS:
            return _order(left, right, path)
        if path.endswith("message"):
            is_same = _NUMBERS.sub("#", left) == _NUMBERS.sub("#", right)
            return Kind.SHAPE if is_same else Kind.WORDING
        if _is_free(path, left):
            return Kind.SHAPE
        known = self._known.get(path.rpartition(".")[2].rpartition(" ")[2], ())
        is_outside = known and left not in known and repr(left) not in told
        return Kind.ENUM if is_outside else Kind.VALUE


def _pairs(left: Case, right: Case) -> Iterator[tuple[Value, Value]]:
    """The answers to the same request, the k-th time that it was sent."""
    answers: dict[str, list[Value]] = defaultdict(list)
    for exchange in right.exchanges:
        answers[_asked(exchange)].append(exchange["answer"])
    for exchange in left.exchanges:
        if others := answers[_asked(exchange)]:
            yield exchange["answer"], others.pop(0)


def _asked(exchange: Value) -> str:
    request = exchange["request"]
    return str(request.get("url") or request["sha256"])


def _type(value: Value) -> str:
    match value:
        case None:
            return "null"
        case bool() | "<unknown truth>":
            return "truth"
        case int() | float() | "<unknown number>":
            return "number"
        case list():
            return "list"
        case str() if value.startswith("<Unix "):
            return "number"
        case _:
            return "text"


def _order(left: list[str], right: list[str], path: str) -> Kind:
    """The names that both have, in another order; that one has more is said of these."""
    if path == EVENTS and sorted(left) != sorted(right):
        return Kind.VALUE
    common = [
        [name for name in one if name in other] for one, other in ((left, right), (right, left))
    ]
    return Kind.SAME if common[0] == common[1] else Kind.ORDER


def _is_free(path: str, value: Value) -> bool:
    """Whether nothing is promised of a value but its kind."""
    is_number = _type(value) == "number" and not str(value).startswith("<Unix ")
    if path == STATUS or path.startswith(NUMBER):
        return False
    return (is_number and "usage." in path) or path.endswith("bytes")


def tier_of(path: str, kind: Kind, left: Value = None) -> Tier:
    """Whom a difference meets: every client, those that look closely, or who compares bytes."""
    is_new = isinstance(left, str) and left.startswith("<unknown")  # no client knows it yet
    is_strict = path.endswith((LAYOUT, "metadata")) or ORDER in path
    if is_strict or kind in (Kind.WORDING, Kind.ORDER):
        return Tier.STRICT
    is_beside = path.startswith(HEADER) and path != f"{HEADER}content-type"
    is_detail = path.startswith("error.") or ".url." in path or kind in (Kind.EXTRA, Kind.ENUM)
    return Tier.COMPLETE if is_beside or is_detail or is_new else Tier.CORE


def known_values(parameters: Iterable[Any]) -> dict[str, set[Value]]:
    """The values that parameters take, and answers tell again, by name."""
    found: dict[str, set[Value]] = defaultdict(set)
    for parameter in parameters:
        if parameter.values:
            found[parameter.name].update(parameter.values)
    return found

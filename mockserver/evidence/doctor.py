"""What becomes of each thing that an `openai` package knows of images. Reads no package."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from itertools import chain
from textwrap import wrap
from typing import Any, NamedTuple

from mockserver import __version__
from mockserver.core.answer import usage
from mockserver.evidence.sdk import ANSWER, Package, Thing
from mockserver.facts import Facts, Offer, Parameter, fields, load, periods
from mockserver.facts.files import file, typed

WIDTH = 100


class State(StrEnum):
    """What the mock does with a thing that a package knows."""

    HANDLED = "handled"
    UNREAD = "unread"  # it is taken, and changes nothing
    LEFT_OUT = "left out"  # deliberately, for a reason among the facts
    UNKNOWN = "unknown"


class Finding(NamedTuple):
    """A thing, and what becomes of it."""

    thing: Thing
    state: State
    reason: str = ""


class LeftOut(NamedTuple):
    """Things that are left out, as a row of the facts has them."""

    where: str  # as a `Thing` has it
    name: str
    reason: str
    source: str
    level: str
    values: tuple[str, ...] = ()  # patterns; none is all of it

    def has(self, thing: Thing) -> bool:
        """Whether a thing is among them."""
        is_named = f"{thing.name}.".startswith(f"{self.name}.") and thing.where == self.where
        return is_named and (
            not self.values or any(fnmatchcase(thing.value, pattern) for pattern in self.values)
        )


def examined(things: Iterable[Thing]) -> list[Finding]:
    """What becomes of each; what lies inside an unknown method or event goes with it."""
    known = _Known(list(map(load, periods())))
    return [known.finding(t) for t in things if t.where in known.places or not t.name]


class _Known:
    """What the facts of any day know."""

    def __init__(self, days: Sequence[Facts]) -> None:
        rows = file("sdk")
        self._left_out = [typed(LeftOut, row, "sdk.toml, left_out") for row in rows["left_out"]]
        self._methods: Mapping[str, str] = rows["methods"]
        self._days = days
        self._told = _told(chain.from_iterable(map(_offers, days)))
        self.places = {*self._methods, *self._told}

    def finding(self, thing: Thing) -> Finding:
        """What becomes of a thing."""
        reason = next((row.reason for row in self._left_out if row.has(thing)), "")
        return Finding(thing, State.LEFT_OUT if reason else self._state(thing), reason)

    def _state(self, thing: Thing) -> State:
        if thing.where in self._methods and thing.name:
            return self._of_parameter(thing)
        if thing.where in self.places and thing.name in self._told.get(thing.where, ("",)):
            return State.HANDLED
        return State.UNKNOWN

    def _of_parameter(self, thing: Thing) -> State:
        name, _, inner = thing.name.partition(".")
        operation = self._methods[thing.where]
        rows = [p for facts in self._days for p in _parameters(facts, operation) if p.name == name]
        if inner:  # of an object, which is taken as it is
            return State.UNREAD if any(p.type == "object" for p in rows) else State.UNKNOWN
        if not rows or (thing.value and not self._takes(rows, operation, thing)):
            return State.UNKNOWN
        is_unread = name in fields().nothing or all(p.ignored for p in rows)
        return State.UNREAD if is_unread else State.HANDLED

    def _takes(self, rows: Iterable[Parameter], operation: str, thing: Thing) -> bool:
        if thing.name == "model":
            found = [facts.models.get(thing.value) for facts in self._days]
            return any(model and operation in model.offers for model in found)
        taken = [p.taken(page=True) for p in rows]
        return not any(taken) or thing.value in frozenset().union(*taken)


def _offers(facts: Facts) -> Iterator[Offer]:
    for model in facts.models.values():
        yield from model.offers.values()


def _parameters(facts: Facts, operation: str) -> Iterator[Parameter]:
    """The parameters of an operation, and those that a model makes of them, or has beside them."""
    if operation in facts.operations:
        yield from facts.operations[operation].parameters
    for model in facts.models.values():
        if operation in model.offers:
            yield from model.offers[operation].parameter.values()


def _told(offers: Iterable[Offer]) -> dict[str, set[str]]:
    """The fields of answers, and of each event; "" is the answer or the event itself."""
    found: dict[str, set[str]] = {ANSWER: {""}}
    for offer in offers:
        forms = offer.parameter.get("response_format")
        items = (*((forms and forms.values) or ()), *["revised_prompt"] * offer.revises_prompt)
        found[ANSWER].update(offer.told.fields, [f"data.{name}" for name in items])
        found[ANSWER].update(_paths("usage", usage(offer.told.usage, {})))
        if events := offer.streamed:
            found.setdefault(events.partial, {""}).update(events.partial_fields)
            of_whole = usage(events.usage, {})
            of_whole["input_tokens_details"] = dict.fromkeys(events.input_details)
            told = found.setdefault(events.completed, {""})
            told.update(events.completed_fields, _paths("usage", of_whole))
    return found


def _paths(name: str, value: Any) -> Iterator[str]:
    yield name
    for inner in value if isinstance(value, dict) else ():
        yield from _paths(f"{name}.{inner}", value[inner])


def as_json(package: Package, found: Iterable[Finding]) -> dict[str, Any]:
    """All of it as a JSON value."""
    return {
        "openai": package.version,
        "path": str(package.path),
        "images_mock": __version__,
        "things": [
            {
                **f.thing._asdict(),
                "state": f.state.value,
                **({"reason": f.reason} if f.reason else {}),
            }
            for f in found
        ],
    }


def table(package: Package, found: Sequence[Finding]) -> str:
    """A short table of it, what is not handled, and what to do."""
    counts: dict[str, Counter[State]] = {}
    for finding in found:
        counts.setdefault(finding.thing.where, Counter())[finding.state] += 1
    width = max(map(len, counts), default=0)
    lines = [
        f"openai {package.version} in {package.path}",
        f"images-mock {__version__}",
        "",
        " ".join([" " * width, *[f"{state:>9}" for state in State]]),
        *(
            " ".join([f"{where:{width}}", *[f"{of[state] or '-':>9}" for state in State]])
            for where, of in counts.items()
        ),
        *chain.from_iterable(_listed(found, state) for state in State if state != State.HANDLED),
    ]
    return "\n".join([*lines, "", *wrap(_verdict(found), WIDTH)])


def _listed(found: Iterable[Finding], state: State) -> Iterator[str]:
    """The things of a state, those of one place and reason together; none inside another one."""
    together: dict[tuple[str, str], list[Thing]] = {}
    for thing, _, reason in (f for f in found if f.state == state):
        others = together.setdefault((thing.where, reason), [])
        if not any(_is_inside(thing, other) for other in others):
            others.append(thing)
    if together:
        yield f"\n{state}"
    for (where, reason), things in together.items():
        line = f"{where}: {_named(things)}".removesuffix(": ") + (f" ({reason})" if reason else "")
        yield from wrap(line, WIDTH, break_on_hyphens=False, **_INDENT)


def _is_inside(thing: Thing, other: Thing) -> bool:
    return not other.value and (other.name == thing.name or thing.name.startswith(f"{other.name}."))


def _named(things: Iterable[Thing]) -> str:
    """Names, each with the values that are meant."""
    values: dict[str, list[str]] = {}
    for thing in things:
        values.setdefault(thing.name, []).extend([thing.value] * bool(thing.value))
    return ", ".join(f"{n} = {' | '.join(v)}" if v else n for n, v in values.items())


_INDENT: Mapping[str, Any] = {"initial_indent": "  ", "subsequent_indent": "    "}


def _verdict(found: Iterable[Finding]) -> str:
    unknown = sum(f.state == State.UNKNOWN for f in found)
    if not unknown:
        return "Nothing is unknown."
    return (
        f"{unknown} unknown: the mock refuses such a parameter or value, and tells no such field. "
        "Install a newer images-mock, or describe models that take them in a directory of --facts."
    )

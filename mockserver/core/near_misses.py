"""What came closest when nothing matched: compared field by field, with a guess. Pure."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from mockserver.core.rules.patterns import TOO_SLOW
from mockserver.core.rules.rule import OTHER, WEIGHTS, Fields, Rule, Text, When, fits
from mockserver.core.texts import shortened

SHOWN = 60  # characters of a value
FILLED = "filled in: the client sent none"
_MISSED = 2  # what each other thing costs, as a field does
_CLOSE = 0.6  # of 1; texts that are closer may be meant


class Difference(NamedTuple):
    """One field that is not as wanted."""

    name: str
    wanted: Any
    got: Any  # None if it was not there
    hint: str = ""

    def __str__(self) -> str:
        wanted = str(self.wanted) if isinstance(self.wanted, Text) else shown(self.wanted)
        got = "nothing" if self.got is None else shown(self.got)
        return f"≠ {self.name}: wanted {wanted}, got {got}{self.hint and f'  ({self.hint})'}"


def differences(when: When, given: Fields, filled: Collection[str] = ()) -> list[Difference]:
    """Every field that keeps a request from matching; `filled` are those that nobody sent."""
    return [
        Difference(
            name,
            wanted,
            given.get(name),
            FILLED if name in filled else _hint(wanted, given.get(name)),
        )
        for name, wanted in when.wanted
        if not fits(name, wanted, given.get(name))
    ]


def distance(when: When, given: Fields) -> float:
    """0 if a request matches; each field that does not costs its weight, a close one less."""
    total = 0.0
    for found in differences(when, given):
        total += WEIGHTS.get(found.name, OTHER) * (1 - _likeness(found.wanted, found.got) / 2)
    return total


def closest(
    when: When, requests: Sequence[Fields], most: int = 3, *, also: Sequence[int] = ()
) -> list[int]:
    """The places of the requests that come closest, the closest first; of equals the last.

    `also` has for each request how many other things about it are not as wanted.
    """
    costs = [distance(when, r) for r in requests]
    costs = [c + _MISSED * m for c, m in zip(costs, also, strict=True)] if also else costs
    return sorted(range(len(requests)), key=lambda i: (costs[i], -i))[:most]


def nearest(whens: Iterable[When], given: Fields, most: int = 3) -> list[int]:
    """The places of the conditions that come closest to a request, the closest first."""
    ranked = sorted((distance(when, given), i) for i, when in enumerate(whens))
    return [i for _, i in ranked[:most]]


def nearest_rules(
    rules: Sequence[Rule], given: Fields, filled: Collection[str] = (), most: int = 3
) -> list[str]:
    """The rules that come closest to a request that they do not match, each as a line of text."""

    def why(rule: Rule) -> str:
        return "; ".join(map(str, differences(rule.when, given, filled)))

    found = nearest((r.when for r in rules), given, most)
    return [f"{rules[i]}: {why(rules[i])}" for i in found]


def _likeness(wanted: Any, got: Any) -> float:
    from difflib import SequenceMatcher  # loaded by the first miss

    text = wanted.what if isinstance(wanted, Text) else wanted
    if not isinstance(text, str) or not isinstance(got, str):
        return 0.0
    return SequenceMatcher(None, text[:500], got[:500]).ratio()


def _hint(wanted: Any, got: Any) -> str:
    if isinstance(wanted, Text) and wanted.is_undecided(got):
        return f"{TOO_SLOW}, which counts as no match"
    text = wanted.what if isinstance(wanted, Text) else wanted
    if not isinstance(text, str) or not isinstance(got, str):
        is_other = got is not None and type(wanted) is not type(got)
        return f"it is of type {type(got).__name__}" if is_other else ""
    if " ".join(text.split()) == " ".join(got.split()):
        return "only the white space differs"
    if text.casefold() == got.casefold():
        return "only the case differs"
    return "did you mean this?" if _likeness(wanted, got) >= _CLOSE else ""


def shown(value: Any) -> str:
    """A value's beginning, as Python writes it."""
    return shortened(repr(value), SHOWN)

"""Which of the rules that match a request decides what. Values only: a sandbox counts.

What was written later goes first, but `next` rules wait in a queue. Effects of several rules add up
where they don't contradict (see "Which rule counts" in docs/http.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from mockserver.core.rules.effects import PLAIN, Effect, changed, effect_name, of_kind
from mockserver.core.rules.rule import Rule

_ORIGINS = ("call", "all", "file", "magic")
_INSTEAD, _BESIDE, _ONE_FILE = of_kind("answer"), of_kind("addition"), of_kind("file")


def _place(rule: Rule) -> tuple[bool, int]:
    return (not rule.next, _ORIGINS.index(rule.origin))


def in_order(rules: Iterable[Rule]) -> list[Rule]:
    """Rules as they are tried, from what stands in each place already as it is tried."""
    return sorted(rules, key=_place)


def with_rule(tried: Sequence[Rule], rule: Rule) -> list[Rule]:
    """Rules as they are tried, with one that is written now: first, or at the queue's end."""
    return in_order([*tried, rule] if rule.next else [rule, *tried])


def joined(effect: Effect, further: Effect) -> Effect:
    """An effect with what `added` found in a further one."""
    return replace(effect, **changed(further) | {"headers": effect.headers + further.headers})


def added(effect: Effect, further: Effect) -> Effect:
    """What a further rule's effect adds to what rules before it have decided; PLAIN is nothing."""
    if effect == PLAIN:
        return further
    given = changed(effect).keys()
    taken = {k: v for k, v in changed(further).items() if _fits(k, given)}
    if "headers" in taken:
        named = {name for name, _ in effect.headers}
        taken["headers"] = tuple(line for line in further.headers if line[0] not in named)
    return replace(PLAIN, **taken)


def _fits(kind: str, given: Iterable[str]) -> bool:
    """Whether an effect of this kind contradicts none of those that are given."""
    others = {*given} - _BESIDE
    if kind == "headers":
        return True
    if kind in _BESIDE:
        return kind not in given
    if kind in _INSTEAD:
        return not others
    alike = _ONE_FILE if kind in _ONE_FILE else {kind}
    return others.isdisjoint(_INSTEAD | alike)


class Fired(NamedTuple):
    """A rule that had a part in an answer."""

    rule: Rule
    number: int  # for the how-manieth time
    part: Effect  # of its effect: what no rule before it had decided

    @property
    def called(self) -> str:
        """As log and journal call the rule: by its id, or as the magic word that it is."""
        return self.rule.name if self.rule.origin == "magic" else self.rule.id

    @property
    def logged(self) -> str:
        """As the log names it: the rule, and what it did."""
        return f"{self.called}({effect_name(self.part)})"

    def __str__(self) -> str:
        called = self.rule.name if self.rule.origin == "magic" else str(self.rule)
        of = f" of {self.rule.times}" if self.rule.times else ""
        return f"rule {called}: {effect_name(self.part)} (time {self.number}{of})"


def whole(fired: Iterable[Fired]) -> Effect:
    """What all of these together do."""
    effect = PLAIN
    for one in fired:
        effect = joined(effect, one.part)
    return effect

"""Read and write rules: one shape for the configuration file, HTTP and Python. Counts nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mockserver.core.decoding import RuleError, table_of, whole_of
from mockserver.core.rules.conditions import condition_of, when_of
from mockserver.core.rules.effects import (
    EFFECTS,
    OF_REPLY,
    WAIT,
    Effect,
    effect_in,
    told_effect,
)
from mockserver.core.rules.precedence import Fired
from mockserver.core.rules.rule import Rule, Text, When
from mockserver.core.shapes import SWITCH, Shape, text, whole
from mockserver.facts import fields

__all__ = [
    "RuleError",
    "effect_of",
    "rigged",
    "rigging",
    "rule_of",
    "table_of",
    "told",
    "when_of",
    "whole_of",
]
#: What a rule has beside `when` and `then`; its name is in the trace of all that it fires for.
PARTS: Mapping[str, Shape[Any]] = {"times": whole(1), "name": text(1_000), "next": SWITCH}
_PARTS = ("when", "then", *PARTS)
_ELSEWHERE: dict[str, str] = {
    **dict.fromkeys(EFFECTS, "it stands in then"),
    **dict.fromkeys(("response_format", "stream"), "it stands in when or in then"),
}
_BESIDE_THEN: dict[str, str] = {
    **dict.fromkeys((n for n in _PARTS if n != "then"), "it stands beside then, not in it"),
    **dict.fromkeys(WAIT, "it stands in rate_limit, respond or gateway"),
    **{name: "it stands in respond or gateway" for name in OF_REPLY if name not in EFFECTS},
}


def _in_when() -> dict[str, str]:
    return dict.fromkeys(fields().order, "it stands in when")


def rule_of(value: Any, origin: str = "call") -> Rule:
    """The rule in a decoded JSON or TOML value.

    Raises:
        RuleError: it is none.
    """
    table = table_of("a rule", value, _PARTS, _in_when() | _ELSEWHERE)

    def part(name: str, usual: Any) -> Any:
        return PARTS[name].read(name, table[name]) if name in table else usual

    first = part("next", False)
    given, then = condition_of(table.get("when", {})), effect_of(table.get("then", {}))
    return Rule(
        times=part("times", 1 if first else None),
        when=_when(given, then),
        then=then,
        name=part("name", ""),
        next=first,
        origin=origin,
    )


def _when(given: When, then: Effect) -> When:
    """The condition of a rule: what changes a stream is meant for requests of one alone."""
    wanted = dict(given.wanted)
    if then.stream is None or wanted.get("stream") is True:
        return given
    if "stream" in wanted:
        raise RuleError("when.stream must be true, for then.stream changes one")
    return When((*given.wanted, ("stream", True)), given.call)


def effect_of(value: Any) -> Effect:
    """The effect in a `then` table; RuleError if it is none."""
    return effect_in("then", table_of("then", value, EFFECTS, _in_when() | _BESIDE_THEN), EFFECTS)


def told(rule: Rule) -> dict[str, Any]:
    """The rule as `rule_of` reads it, with its id; of an image only which one it is."""
    when: dict[str, Any] = {
        name: {wanted.how: wanted.what} if isinstance(wanted, Text) else wanted
        for name, wanted in rule.when.wanted
    }
    if rule.when.call is not None:
        when["call"] = rule.when.call
    found: dict[str, Any] = {"id": rule.id, "when": when, "then": told_effect(rule.then)}
    found |= {"times": rule.times} if rule.times is not None else {}
    found |= {"name": rule.name} if rule.name else {}
    return found | ({"next": True} if rule.next else {})


def rigged(fired: Fired) -> bytes:
    """What is kept of a rule for the downloads of the pictures that it met."""
    part = Effect(download=fired.part.download)
    kept = {"id": fired.rule.id, "name": fired.rule.name, "then": told_effect(part)}
    return json.dumps(kept).encode()


def rigging(kept: bytes) -> Rule:
    """The rule that meets these downloads."""
    told = json.loads(kept)
    download = effect_of(told["then"]).download
    if download is None:
        raise ValueError("this was not kept for downloads")
    return Rule(When(), download.effect, download.first, told["name"], id=told["id"])

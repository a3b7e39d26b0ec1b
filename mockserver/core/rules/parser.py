"""Read and write rules: one shape for the configuration file, HTTP and Python. Counts nothing."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from mockserver.core.decoding import (
    MOST,
    RuleError,
    switch_of,
    table_of,
    text_of,
    whole_of,
)
from mockserver.core.errors import Reason
from mockserver.core.rules.conditions import FIELDS, condition_of, when_of
from mockserver.core.rules.effects import EFFECTS, WAIT, effect_of
from mockserver.core.rules.precedence import Fired
from mockserver.core.rules.rule import Effect, Reply, Rule, Text, When, changed

__all__ = [
    "MOST",
    "RuleError",
    "effect_of",
    "rigged",
    "rigging",
    "rule_of",
    "table_of",
    "told",
    "told_effect",
    "told_image",
    "when_of",
    "whole_of",
]
NAME = 1_000  # characters of a rule's name
_PARTS = ("when", "then", "times", "name", "next")
_ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(FIELDS, "it stands in when"),
    **dict.fromkeys(EFFECTS, "it stands in then"),
    "response_format": "it stands in when or in then",
}


def rule_of(value: Any, origin: str = "call") -> Rule:
    """The rule in a decoded JSON or TOML value.

    Raises:
        RuleError: it is none.
    """
    table = table_of("a rule", value, _PARTS, _ELSEWHERE)
    first = switch_of("next", table.get("next", False))
    times = table.get("times", 1 if first else None)
    if "times" in table:
        times = whole_of("times", times, least=1)
    return Rule(
        when=condition_of(table.get("when", {})),
        then=effect_of(table.get("then", {})),
        times=times,
        name=_name(table.get("name", "")),
        next=first,
        origin=origin,
    )


def _name(value: Any) -> str:
    name = text_of("name", value)
    if len(name) > NAME:  # each request that it fires for has it in its trace
        raise RuleError(f"name must have at most {NAME} characters")
    return name


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


def told_effect(effect: Effect) -> dict[str, Any]:
    """An effect as `effect_of` reads it, but for an image."""
    found = changed(effect)
    wait = {name: found.pop(name) for name in WAIT if name in found}
    if effect.error is Reason.RATE_LIMITED:
        del found["error"]
        found["rate_limit"] = wait or True
    if reply := found.pop("reply", None):
        told = _told_reply(reply) | wait
        name = "gateway" if reply.gateway else "respond"
        found[name] = reply.status if told.keys() == {"status"} else told
    if effect.headers:
        found["headers"] = dict(effect.headers)
    if effect.image:
        found["image"] = told_image(effect.image)
    if download := effect.download:
        first = {} if download.first is None else {"first": download.first}
        found["download"] = told_effect(download.effect) | first
    return found


def told_image(image: str) -> dict[str, Any]:
    """Which file an image in base64 is: it would be too large to be told."""
    content = b64decode(image)
    return {"sha256": sha256(content).hexdigest(), "bytes": len(content)}


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


def _told_reply(reply: Reply) -> dict[str, Any]:
    told: dict[str, Any] = {"status": reply.status}
    told |= {"headers": dict(reply.headers)} if reply.headers else {}
    if reply.body is None:
        return told
    return told | {"body": json.loads(reply.body) if reply.is_json else reply.body}

"""What every answer of the API has in its headers, by the facts of a day. Asks nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from contracts.exchange import Exchange
from contracts.trials import Outcome, Tier, Verdict
from mockserver.facts import HeaderFacts

#: Statuses whose answers name who asked: others are refused before anybody looks.
_KNOWN = (200, 400)


def judged(exchange: Exchange, facts: HeaderFacts) -> Iterator[Verdict]:
    """The headers of one answer."""
    found = exchange.answer.header
    rules = [
        ("Every answer has an x-request-id", "x-request-id", ".+", Tier.CORE),
        (
            "An x-request-id is written as on its day",
            "x-request-id",
            re.escape(facts.request_id_prefix) + "[0-9a-f]{32}",
            Tier.STRICT,
        ),
        (
            "Every answer names the version of the API in openai-version",
            "openai-version",
            re.escape(facts.openai_version),
            Tier.COMPLETE,
        ),
        (
            "Every answer says in openai-processing-ms how long it took",
            "openai-processing-ms",
            "[0-9]+",
            Tier.COMPLETE,
        ),
        *_at_times(exchange, facts),
    ]
    for says, name, pattern, tier in rules:
        yield checked(
            says,
            re.fullmatch(pattern, found(name)) is not None,
            f"{name}: {found(name)}" if found(name) else f"no {name}",
            exchange,
            tier,
        )


def _at_times(exchange: Exchange, facts: HeaderFacts) -> Iterator[tuple[str, str, str, Tier]]:
    if facts.nosniff:
        says = "Every answer forbids to guess its type"
        yield says, "x-content-type-options", "nosniff", Tier.STRICT
    if facts.exposed and not exchange.request.header("origin"):
        says = "Every answer lets web pages read its headers"
        yield says, "access-control-expose-headers", ", *".join(facts.exposed), Tier.STRICT
    if exchange.request.key == "good" and exchange.answer.status in _KNOWN:
        says = "An answer names the organization that asked"
        yield says, "openai-organization", ".+", Tier.COMPLETE
        if facts.project:
            says = "An answer names the project that asked"
            yield says, "openai-project", "proj_.+", Tier.COMPLETE


def checked(says: str, holds: bool, told: str, exchange: Exchange, tier: Tier) -> Verdict:
    """The verdict on a promise; `told` is what was seen where it does not hold."""
    outcome = Outcome.HELD if holds else Outcome.BROKEN
    return Verdict(says, outcome, "" if holds else told, exchange, tier)

"""What the headers of every answer must be, and that none repeats the key. Judges no body."""

from __future__ import annotations

import re
from collections.abc import Iterator

from contracts.checks.said import said
from contracts.exchange import Exchange
from contracts.trials import Tier, Verdict
from mockserver.facts import HeaderFacts
from mockserver.facts.words.dialect_a import REALM

CHALLENGE = dict(REALM)["www-authenticate"]
HIDDEN = "[API key]"  # what stands in an answer in the place of the key that was sent


def headers(exchange: Exchange, facts: HeaderFacts) -> Iterator[Verdict]:
    """Judge the headers that every answer has."""
    yield from _named(exchange, facts)
    yield from _of_day(exchange, facts)
    if exchange.answer.status == 401:
        told = exchange.answer.header("www-authenticate")
        says = f"A 401 has www-authenticate: {CHALLENGE}"
        yield said(says, told == CHALLENGE, _seen(told), tier=Tier.COMPLETE)


def _named(exchange: Exchange, facts: HeaderFacts) -> Iterator[Verdict]:
    answer = exchange.answer
    told = answer.header("x-request-id")
    says = "Every answer has an x-request-id"
    yield said(says, told, "there is no x-request-id", tier=Tier.COMPLETE)
    if told:
        form = f"{facts.request_id_prefix}[0-9a-f]{{32}}"
        yield said(
            "A request id has the form of its day",
            re.fullmatch(form, told),
            f"it is {told!r}",
            tier=Tier.STRICT,
        )
    version, milliseconds = map(answer.header, ("openai-version", "openai-processing-ms"))
    yield said(
        f"Every answer has openai-version: {facts.openai_version}",
        version == facts.openai_version,
        _seen(version),
        tier=Tier.COMPLETE,
    )
    yield said(
        "Every answer has openai-processing-ms, whole milliseconds",
        milliseconds.isascii() and milliseconds.isdecimal(),
        _seen(milliseconds),
        tier=Tier.COMPLETE,
    )


_EXPOSED = "access-control-expose-headers"  # which comes as several


def _seen(value: str) -> str:
    return f"it is {value!r}" if value else "there is none"


def _of_day(exchange: Exchange, facts: HeaderFacts) -> Iterator[Verdict]:
    """Judge the headers that answers had from some day on, and who they say that asked."""
    found = exchange.answer.header
    if facts.nosniff:
        says = "Every answer forbids to guess its type, since May 2025"
        told = found("x-content-type-options")
        yield said(says, told == "nosniff", f"it is {told!r}", tier=Tier.STRICT)
    if facts.exposed and not exchange.request.header("origin"):
        says = "Every answer names the headers that web pages may read, since June 2026"
        told = ",".join(v for n, v in exchange.answer.headers if n == _EXPOSED)
        names = {name.strip().lower() for name in told.split(",")}
        due = {name.lower() for name in facts.exposed}
        yield said(says, due <= names, f"it is {told!r}", tier=Tier.STRICT)
    if exchange.request.key == "good" and exchange.answer.status in _KNOWN:
        says, told = "An answer names the organization that asked", found("openai-organization")
        yield said(says, told, "there is no openai-organization", tier=Tier.COMPLETE)
        if facts.project:
            says, told = "An answer names the project that asked", found("openai-project")
            yield said(says, told.startswith("proj_"), f"it is {told!r}", tier=Tier.COMPLETE)


#: Statuses whose answers say who asked: others are refused before anybody looks.
_KNOWN = (200, 400)


def discreet(exchange: Exchange) -> Iterator[Verdict]:
    """Judge that an answer does not repeat the key, which targets hide in what they bring."""
    request, answer = exchange.request, exchange.answer
    sent = request.header("authorization").rpartition(" ")[2]
    secrets = {HIDDEN.encode(), *([sent.encode()] if len(sent) >= _SHORTEST else [])}
    told = answer.body + repr(answer.headers).encode()
    echoed = any(secret in told for secret in secrets)
    yield said("No answer repeats the API key", not echoed, f"one of {answer.status} does")


_SHORTEST = 8  # characters of a key: a shorter one is a word like others


class Ids:
    """The request ids of a run."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def differ(self, exchange: Exchange) -> Iterator[Verdict]:
        """Judge that an answer's id was not that of another."""
        if told := exchange.answer.header("x-request-id"):
            is_new = told not in self._seen
            self._seen.add(told)
            yield said("Every answer has a request id of its own", is_new, f"{told!r} came again")

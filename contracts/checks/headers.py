"""What the headers of every answer must be, and that none repeats the key. Judges no body."""

from __future__ import annotations

import re
from collections.abc import Iterator

from contracts.checks.said import said
from contracts.exchange import Answer, Exchange
from contracts.trials import Tier, Verdict
from mockserver.facts import HeaderFacts
from mockserver.facts.words.dialect_a import REALM

CHALLENGE = dict(REALM)["www-authenticate"]
HIDDEN = "[API key]"  # what stands in an answer in the place of the key that was sent


#: Answers to a caller who was let in, and found what was asked for.
_KNOWN = (200, 400)


def headers(exchange: Exchange, facts: HeaderFacts) -> Iterator[Verdict]:
    """Judge the headers that every answer has."""
    yield from _named(exchange, facts)
    yield from _of_caller(exchange.answer, facts)
    if facts.nosniff:
        told = exchange.answer.header("x-content-type-options")
        yield said(
            "Every answer has x-content-type-options: nosniff",
            told == "nosniff",
            _seen(told),
            tier=Tier.STRICT,
        )


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


def _of_caller(answer: Answer, facts: HeaderFacts) -> Iterator[Verdict]:
    """Whose key it was; and who is to name one."""
    if answer.status in _KNOWN:
        organization, project = map(answer.header, ("openai-organization", "openai-project"))
        yield said(
            "An answer to a good key has openai-organization",
            organization,
            "there is none",
            tier=Tier.COMPLETE,
        )
        if facts.project:
            yield said(
                "An answer to a good key has openai-project",
                project.startswith("proj_"),
                _seen(project),
                tier=Tier.COMPLETE,
            )
    if answer.status == 401:
        told = answer.header("www-authenticate")
        yield said(
            f"A 401 has www-authenticate: {CHALLENGE}",
            told == CHALLENGE,
            _seen(told),
            tier=Tier.COMPLETE,
        )


def _seen(value: str) -> str:
    return f"it is {value!r}" if value else "there is none"


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

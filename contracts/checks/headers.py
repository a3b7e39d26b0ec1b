"""What the headers of every answer must be, and that none repeats the key. Judges no body."""

from __future__ import annotations

import re
from collections.abc import Iterator

from contracts.checks.said import said
from contracts.exchange import Exchange
from contracts.trials import Tier, Verdict
from mockserver.facts import HeaderFacts

HIDDEN = "[API key]"  # what stands in an answer in the place of the key that was sent


def headers(exchange: Exchange, facts: HeaderFacts) -> Iterator[Verdict]:
    """Judge the headers that every answer has."""
    answer = exchange.answer
    told = answer.header("x-request-id")
    yield said("Every answer has an x-request-id", told, "there is no x-request-id")
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
        f"it is {version!r}" if version else "there is none",
        tier=Tier.COMPLETE,
    )
    yield said(
        "Every answer has openai-processing-ms, whole milliseconds",
        milliseconds.isascii() and milliseconds.isdecimal(),
        f"it is {milliseconds!r}" if milliseconds else "there is none",
        tier=Tier.COMPLETE,
    )


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

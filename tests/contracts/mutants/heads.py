"""Defects of statuses' headers: ids, types, versions, waits. Tests nothing."""

from __future__ import annotations

from contracts.exchange import Headers
from tests.contracts.mutants.altering import (
    Defect,
    downloaded,
    made_at_once,
    of_answers,
    of_headers,
    refused,
    streamed,
    with_header,
    with_status,
    without_header,
)

limited = with_status(429)


def _twice(told: Headers) -> Headers:
    """As a client of HTTP joins them."""
    return tuple((n, f"{value}, {value}" if n == "x-request-id" else value) for n, value in told)


MUTANTS: dict[str, tuple[Defect, str]] = {
    # Ids
    "no request id": (without_header("x-request-id"), "has an x-request-id"),
    "no request id where it refuses": (
        without_header("x-request-id", refused),
        "has an x-request-id",
    ),
    "one request id for all": (
        with_header("x-request-id", lambda _: "req_" + "0" * 32),
        "a request id of its own",
    ),
    "an empty request id": (with_header("x-request-id", lambda _: ""), "has an x-request-id"),
    "a request id of another form": (
        with_header("x-request-id", lambda told: told[4:12]),
        "the form of its day",
    ),
    "a request id twice": (of_headers(_twice), "the form of its day"),
    # The type
    "another content type": (
        with_header("content-type", lambda _: "text/plain", made_at_once),
        "An answer's content type",
    ),
    "errors of another content type": (
        with_header("content-type", lambda _: "text/plain; charset=utf-8", refused),
        "A refusal's content type",
    ),
    "no content type": (without_header("content-type", made_at_once), "An answer's content type"),
    "a picture of another content type": (
        with_header("content-type", lambda _: "application/octet-stream", downloaded),
        "the content type of its format",
    ),
    "events as JSON": (
        with_header("content-type", lambda _: "application/json", streamed),
        "A stream's content type",
    ),
    # What the API tells of itself
    "no version": (without_header("openai-version"), "openai-version"),
    "another version": (with_header("openai-version", lambda _: "2024-02-01"), "openai-version"),
    "no time of processing": (without_header("openai-processing-ms"), "openai-processing-ms"),
    "a time of processing in seconds": (
        with_header("openai-processing-ms", lambda told: f"{int(told) / 1000} s"),
        "openai-processing-ms",
    ),
    "no organization": (without_header("openai-organization"), "the organization"),
    "no project": (without_header("openai-project"), "the project"),
    "sniffing is not forbidden": (
        without_header("x-content-type-options"),
        "guess its type",
    ),
    # Keys and limits
    "no challenge": (without_header("www-authenticate"), "www-authenticate"),
    "another challenge": (with_header("www-authenticate", lambda _: "Basic"), "www-authenticate"),
    "no wait told": (
        of_headers(lambda told: tuple(h for h in told if not h[0].startswith("retry-")), limited),
        "retry-after",
    ),
    "a wait of an hour": (with_header("retry-after", lambda _: "3600", limited), "retry-after"),
    "a wait in milliseconds": (
        with_header("retry-after", lambda told: f"{int(told) * 1000}", limited),
        "retry-after",
    ),
    "400 for 429": (of_answers(lambda a: a._replace(status=400), limited), "refused with 429"),
    "503 for 429": (of_answers(lambda a: a._replace(status=503), limited), "refused with 429"),
}

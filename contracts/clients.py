"""Answers of other programs' HTTP clients as exchanges. Sends nothing and judges nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from contracts.exchange import Answer, Exchange, Headers, Request
from mockserver.facts.platform import SERVICES

_PATH = re.compile(rf"/(?:images|models|{'|'.join(SERVICES)})(?:/.*)?\Z")


class NoAnswer(TypeError):
    """It is no answer, or one of which not all is known. The text says what to do."""


def exchange_of(response: Any, now: float) -> Exchange:
    """An exchange that some client made.

    Args:
        response: of requests, httpx, httpx2, Schemathesis; or the official SDK's raw response.
        now: Unix seconds; the answer came just before.

    Raises:
        NoAnswer: it is none that can be judged.
    """
    response = _answer_in(response)
    sent = response.request
    url = urlsplit(str(sent.url))
    path = _PATH.search(url.path)
    request = Request(
        str(sent.method).upper(),
        (path[0] if path else url.path) + (f"?{url.query}" if url.query else ""),
        _headers(sent.headers),
        _body(sent),
    )
    answer = Answer(response.status_code, _headers(response.headers), _content(response))
    return Exchange(request, answer, now - _seconds(response), now)


def host_of(response: Any) -> str:
    """The host and port that were asked."""
    return urlsplit(str(_answer_in(response).request.url)).netloc


_NO_ANSWER = (
    "judge() wants an HTTP client's answer, of requests or httpx, or the SDK's raw one, as "
    "client.images.with_raw_response.generate(…) returns it, not {kind}"
)
_REQUEST_GONE = (
    "the request's body was a stream, of which nothing is left to hold the answer to: send it as "
    "bytes, json= or data= and files="
)
_ANSWER_GONE = (
    "the answer's body can't be read: judge it before its stream is read, and one of an async "
    "client after `await response.aread()`"
)


def _answer_in(response: Any) -> Any:
    """The HTTP client's own answer."""
    found = getattr(response, "http_response", response)
    if not hasattr(found, "status_code") or not hasattr(found, "request"):
        raise NoAnswer(_NO_ANSWER.format(kind=type(response).__qualname__))
    return found


def _headers(told: Any) -> Headers:
    """Names in lower case, each with its values in their order."""
    pairs: Iterable[tuple[str, Any]] = (
        told.multi_items() if hasattr(told, "multi_items") else told.items()
    )
    every = ((name, v if isinstance(v, list) else [v]) for name, v in pairs)
    return tuple((name.lower(), _text(value)) for name, values in every for value in values)


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _body(sent: Any) -> bytes:
    """What was sent; httpx keeps a form as a stream that can be read again."""
    body = _read(sent, "body", _REQUEST_GONE) or b""
    if not isinstance(body, str | bytes | bytearray):
        raise NoAnswer(_REQUEST_GONE)
    return body.encode() if isinstance(body, str) else bytes(body)


def _content(response: Any) -> bytes:
    """The body of an answer, which is read to its end if it was not."""
    return bytes(_read(response, "content", _ANSWER_GONE))


def _read(message: Any, name: str, gone: str) -> Any:
    """A body: httpx reads it, others have it under a name."""
    try:
        return message.read() if hasattr(message, "read") else getattr(message, name)
    except RuntimeError:  # a stream that was read
        raise NoAnswer(gone) from None


def _seconds(response: Any) -> float:
    """How long it took; httpx knows it once the answer is closed."""
    try:
        took = response.elapsed
    except (AttributeError, RuntimeError):
        return 0
    return took.total_seconds() if isinstance(took, timedelta) else float(took)

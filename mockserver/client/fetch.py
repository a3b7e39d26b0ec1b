"""One HTTP request over a connection of its own, past any proxy. A sandbox keeps its own line."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import Message
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

#: What `fetch` raises where nobody answers, or not in HTTP, or the address is none.
NO_ANSWER = (OSError, HTTPException, ValueError)


class Answer(NamedTuple):
    """What came back, whatever the status."""

    status: int
    headers: Message
    content: bytes


def fetch(
    url: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    *,
    patience: float,
    most: int = -1,
) -> Answer:
    """The answer to a GET, or to a POST of a body.

    Args:
        url: where to; redirects are followed.
        headers: to send.
        body: to post.
        patience: seconds until something must arrive.
        most: bytes of the content that are read; -1 is all.
    """
    request = Request(url, body, dict(headers or {}))
    response: Any  # an error is one too
    try:
        response = build_opener(ProxyHandler({})).open(request, timeout=patience)
    except HTTPError as error:
        response = error
    with response:
        return Answer(response.status, response.headers, response.read(most))

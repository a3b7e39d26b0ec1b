"""Keeps the API key out of whatever a run prints or leaves behind. Judges nothing.

A report shows the arguments and local variables of each frame, falsifying examples and answers: so
no frame holds the key as a text, no failure brings those of the HTTP library along, and answers are
shown without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import requests

from contracts.discretion import HIDDEN, discreet
from contracts.discretion import Key as Key

Result = TypeVar("Result")


class DiscreetSession(requests.Session):
    """Shows no answer with the key in it."""

    def __init__(self, key: Key) -> None:
        super().__init__()
        self.key = key

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request; its answer has the key no more."""
        answer = super().send(request, **kwargs)
        hide_in(answer, self.key)
        return answer


def hide_in(answer: requests.Response, key: Key) -> None:
    """Take the key out of an answer, which may repeat it, and out of its request."""
    answer.request = answer.request.copy()
    if "Authorization" in answer.request.headers:
        answer.request.headers["Authorization"] = HIDDEN
    for headers in (answer.headers, getattr(answer.raw, "headers", {})):
        for name, value in list(headers.items()):
            if value != (hidden := discreet(value, [key])):
                headers[name] = hidden
    if not answer.headers.get("content-type", "").startswith("text/event-stream"):
        answer._content = discreet(answer.content, [key])  # what `content` reads


def discreetly(key: Key, send: Callable[[], Result]) -> Result:
    """What `send` returns; where there is no answer, the error alone, without the way to it."""
    try:
        return send()
    except requests.RequestException as error:
        failure = type(error)(discreet(str(error), [key]))
    raise failure  # not inside of `except`, which would bring the error along

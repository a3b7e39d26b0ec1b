"""Keeps the API key out of whatever a run prints or leaves behind. Judges nothing.

A report shows the arguments and local variables of each frame, falsifying examples and answers: so
no frame holds the key as a text, no failure brings those of the HTTP library along, and answers are
shown without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import requests
from requests.auth import AuthBase

Result = TypeVar("Result")
_HIDDEN = "[API key]"


class Key(AuthBase):
    """An API key that `requests` sends, and nothing shows."""

    __slots__ = ("_told",)

    def __init__(self, text: str) -> None:
        text = text.strip()
        if not text.isascii() or not text.isprintable():
            del text  # a report would show it beside this line
            raise ValueError("the API key has a character that no header can carry")
        self._told: Callable[[], str] = lambda: text

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._told()}"
        return request

    def __repr__(self) -> str:
        return f"Key({_HIDDEN!r})"

    def hidden_in(self, text: str) -> str:
        """A text without the key."""
        return text.replace(self._told(), _HIDDEN) if self._told() else text

    def hide_in(self, answer: requests.Response) -> None:
        """Take the key out of an answer, which may repeat it, and out of its request."""
        answer.request = answer.request.copy()
        if "Authorization" in answer.request.headers:
            answer.request.headers["Authorization"] = _HIDDEN
        for headers in (answer.headers, getattr(answer.raw, "headers", {})):
            for name, value in list(headers.items()):
                if value != (hidden := self.hidden_in(value)):
                    headers[name] = hidden
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            text = answer.content.decode("latin-1")
            answer._content = self.hidden_in(text).encode("latin-1")  # what `content` reads


class DiscreetSession(requests.Session):
    """Shows no answer with the key in it."""

    def __init__(self, key: Key) -> None:
        super().__init__()
        self.key = key

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request; its answer has the key no more."""
        answer = super().send(request, **kwargs)
        self.key.hide_in(answer)
        return answer


def discreetly(key: Key, send: Callable[[], Result]) -> Result:
    """What `send` returns; where there is no answer, the error alone, without the way to it."""
    try:
        return send()
    except requests.RequestException as error:
        failure = type(error)(key.hidden_in(str(error)))
    raise failure  # not inside of `except`, which would bring the error along

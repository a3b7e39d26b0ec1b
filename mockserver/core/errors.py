"""A refusal on its way: why, with the values that its words mention; and as it is sent."""

from typing import Any, NamedTuple

from mockserver.facts.words.wording import Reason

__all__ = ["Answer", "ApiError", "Reason"]


class Answer(NamedTuple):
    """An error, ready to be sent."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]


class ApiError(Exception):
    """A refusal: its reason, and the values that its words mention.

    The value `hint` is no part of them: it is what this server says beside the API's words.
    """

    def __init__(self, reason: Reason, **values: Any) -> None:
        super().__init__(reason)
        self.reason = reason
        self.values = values

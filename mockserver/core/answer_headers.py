"""The headers that every answer of the API carries, by the facts of a day. Sends nothing."""

from __future__ import annotations

from mockserver.core.keys import Caller
from mockserver.facts import HeaderFacts

Headers = list[tuple[bytes, bytes]]


class AnswerHeaders:
    """Those of one day."""

    def __init__(self, facts: HeaderFacts) -> None:
        self._named = 2 if facts.project else 1  # of the caller
        self._first: Headers = [(b"openai-version", facts.openai_version.encode())]
        self._last: Headers = [(b"x-content-type-options", b"nosniff")] if facts.nosniff else []
        self._exposed: Headers = [
            (b"access-control-expose-headers", name.encode()) for name in facts.exposed
        ]

    def of(
        self, caller: Caller | None, request_id: str, milliseconds: int, *, cross_origin: bool
    ) -> Headers:
        """The headers of one answer. A web page gets its own expose-headers (CORS)."""
        return [
            *self._first,
            *(caller.headers[: self._named] if caller else ()),
            (b"x-request-id", request_id.encode()),
            (b"openai-processing-ms", b"%d" % milliseconds),
            *self._last,
            *(() if cross_origin else self._exposed),
        ]

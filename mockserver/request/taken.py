"""A request that this application makes of itself, and its answer, taken in the client's place."""

from __future__ import annotations

from starlette.types import Message, Scope, Send

from mockserver.core.answer_headers import Headers


def within(scope: Scope, path: str, body: bytes, headers: Headers) -> Scope:
    """A POST of JSON to the same application, at the address and from the client of a request."""
    host = [(n, v) for n, v in scope["headers"] if n == b"host"]
    length = (b"content-length", b"%d" % len(body))
    return {
        **{name: scope.get(name) for name in ("scheme", "server", "client")},
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [*host, (b"content-type", b"application/json"), length, *headers],
    }


class Taken:
    """What an application is given as `send`: keeps the answer."""

    def __init__(self) -> None:
        self._messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        self._messages.append(message)

    async def let_go(self, send: Send) -> None:
        """Send the answer after all."""
        for message in self._messages:
            await send(message)

    @property
    def status(self) -> int:
        """Its status; 0 is none yet."""
        return self._messages[0]["status"] if self._messages else 0

    @property
    def is_whole(self) -> bool:
        """Whether all of it is there."""
        return len(self._messages) > 1 and not self._messages[-1].get("more_body")

    @property
    def body(self) -> bytes:
        """As far as it is there."""
        return b"".join(message.get("body", b"") for message in self._messages)

    def header(self, name: bytes) -> str:
        """A header's value; "" if there is none."""
        told = self._messages[0]["headers"] if self._messages else ()
        found: bytes = dict(told).get(name, b"")
        return found.decode("latin-1")

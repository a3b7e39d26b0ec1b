"""The events of a stream as bytes, by the facts of an offer. Sends nothing, and knows no order."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.core.answer import usage
from mockserver.facts import Streamed


class Event(NamedTuple):
    """One event: its name, and its data, which is JSON in one line."""

    name: str  # "" is none
    data: bytes

    def frame(self) -> bytes:
        """The event on the wire, with the blank line that ends it."""
        name = b"event: %b\n" % self.name.encode("utf-8", "surrogatepass") if self.name else b""
        return b"%bdata: %b\n\n" % (name, self.data)


class Events:
    """Makes the events of one request's pictures, each of which takes so many tokens by kind."""

    def __init__(
        self, streamed: Streamed, options: Mapping[str, Any], tokens: Mapping[str, int]
    ) -> None:
        self._facts = streamed
        told = usage(streamed.usage, tokens)
        details = told["input_tokens_details"]
        told["input_tokens_details"] = {name: details[name] for name in streamed.input_details}
        values = {**options, "usage": told}
        self._values = {name: _json(value) for name, value in values.items()}

    def partial(self, index: int, file: bytes, created: int) -> Event:
        """A partial picture, by its 0-based index; the file is base64 as JSON, quotes included."""
        facts = self._facts
        return self._event(
            facts.partial, facts.partial_fields, file, created, partial_image_index=index
        )

    def completed(self, file: bytes, created: int) -> Event:
        """The whole picture; the file is base64 as JSON, quotes included."""
        return self._event(self._facts.completed, self._facts.completed_fields, file, created)

    def _event(
        self, name: str, fields: Sequence[str], file: bytes, created: int, **further: int
    ) -> Event:
        own = {"type": _json(name), "created_at": _json(created), "b64_json": file}
        values = self._values | own | {key: _json(value) for key, value in further.items()}
        told = [b'"%b":%b' % (f.encode(), values[f]) for f in fields if f in values]
        return Event(name, b"{%b}" % b",".join(told))

    def error(self, body: bytes) -> Event:
        """An error that comes when the stream has begun, by the body that it would have had."""
        found = json.loads(body)["error"]
        error = {name: found[name] for name in self._facts.error_fields}
        return Event("error", _json({"type": "error", "error": error | found}))


def own(data: str) -> Event:
    """An event of a rule's own: a JSON object, which is called as its `type` says."""
    name = json.loads(data).get("type")
    return Event(name if isinstance(name, str) else "", data.encode("ascii"))


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")

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
    data: Sequence[bytes]  # in pieces, for a picture is large

    def frame(self) -> bytes:
        """The event on the wire, with the blank line that ends it."""
        name = b"event: %b\n" % self.name.encode("utf-8", "surrogatepass") if self.name else b""
        return b"".join((name, b"data: ", *self.data, b"\n\n"))


class Events:
    """Makes the events of one request's pictures, each of which takes so many tokens by kind."""

    def __init__(
        self, streamed: Streamed, options: Mapping[str, Any], tokens: Mapping[str, int]
    ) -> None:
        told = usage(streamed.usage, tokens)
        details = told["input_tokens_details"]
        told["input_tokens_details"] = {name: details[name] for name in streamed.input_details}
        values = {**options, "usage": told}
        self._facts = streamed
        names = {*streamed.partial_fields, *streamed.completed_fields} & values.keys()
        self._values = {name: _json(values[name]) for name in names}

    def partial(self, index: int, file: bytes, created: int) -> Event:
        """A partial picture, by its 0-based index; the file is base64 as JSON, quotes included."""
        facts = self._facts
        own = {
            "b64_json": file,
            "created_at": b"%d" % created,
            "partial_image_index": b"%d" % index,
        }
        return self._event(facts.partial, facts.partial_fields, own)

    def completed(self, file: bytes, created: int) -> Event:
        """The whole picture; the file is base64 as JSON, quotes included."""
        own = {"b64_json": file, "created_at": b"%d" % created}
        return self._event(self._facts.completed, self._facts.completed_fields, own)

    def _event(self, name: str, fields: Sequence[str], own: Mapping[str, bytes]) -> Event:
        values = {**self._values, "type": _json(name), **own}
        told = [b"{"]
        for field in fields:
            if field in values:
                told += (b'"%b":' % field.encode(), values[field], b",")
        return Event(name, [*told[:-1], b"}"])

    def error(self, body: bytes) -> Event:
        """An error that comes when the stream has begun, by the body that it would have had."""
        found = json.loads(body)["error"]
        error = {name: found.get(name) for name in self._facts.error_fields}
        return Event("error", [_json({"type": "error", "error": error | found})])


def own(data: str) -> Event:
    """An event of a rule's own: a JSON object, which is called as its `type` says."""
    name = json.loads(data).get("type")
    return Event(name if isinstance(name, str) else "", [data.encode("ascii")])


def _json(value: Any) -> bytes:
    return _compact(value).encode("ascii")


_compact = json.JSONEncoder(separators=(",", ":")).encode

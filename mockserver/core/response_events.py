"""The events of a streamed response, numbered. Knows their fields and order; sends nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from itertools import chain, count
from typing import Any

from mockserver.core.events import Event
from mockserver.facts import platform

Json = Mapping[str, Any]

_WORD = re.compile(r"\s*\S+|\s+$")  # with the space before it
_PADDED = 16  # the length that a piece of text has with its padding, or a multiple of it
_TOLD = ("background", "output_format", "quality", "size")  # of an item, in its partial pictures

#: What a response has only at its end, and what stands there before.
_MISSING: Json = {"completed_at": None, "output": [], "usage": None, "service_tier": "auto"}


class ResponseEvents:
    """Makes the events of one response, in the order in which they are asked for."""

    def __init__(self, response: Json, *, obfuscated: bool) -> None:
        """Of the response as it will be at the end, or would be."""
        self._response = response
        self._numbers = count()
        self._obfuscated = obfuscated
        self._fields = {e.name: e.fields for e in platform.events("responses").values()}
        self._drawn = {"status": platform.streaming("responses").picture_status}

    def begun(self) -> list[Event]:
        """The response before there is anything in it."""
        yet = self._unfinished("in_progress")
        return [
            self._event("response.created", response=yet),
            self._event("response.in_progress", response=yet),
        ]

    def drawing(self, place: int, item: Json) -> list[Event]:
        """A picture is begun: the item at this place of the output."""
        begun = {"id": item["id"], "type": item["type"], "status": "in_progress"}
        return [
            self._event("response.output_item.added", item=begun, output_index=place),
            self._of_call("in_progress", place, item),
            self._of_call("generating", place, item),
        ]

    def partial(self, place: int, item: Json, index: int, file: str) -> Event:
        """A partial picture, by its 0-based index; the file is base64."""
        told = {name: item[name] for name in _TOLD if name in item}
        told |= {"partial_image_b64": file, "partial_image_index": index}
        return self._of_call("partial_image", place, item, **told)

    def drawn(self, place: int, item: Json) -> Event:
        """A picture, in the item that it stays in."""
        return self._done(place, {**item, **self._drawn})

    def message(self, place: int, item: Json) -> list[Event]:
        """All of a message: it begins, its text comes word by word, it ends."""
        begun = {**item, "status": "in_progress", "content": []}
        added = self._event("response.output_item.added", item=begun, output_index=place)
        at = {"item_id": item["id"], "output_index": place}
        parts = [self._part(p, **at, content_index=i) for i, p in enumerate(item["content"])]
        return [added, *chain.from_iterable(parts), self._done(place, item)]

    def completed(self) -> Event:
        """The response as it stays."""
        items = self._response["output"]
        output = [{**item, **self._drawn} if "result" in item else item for item in items]
        return self._event("response.completed", response={**self._response, "output": output})

    def failed(self, error: Json) -> list[Event]:
        """An error of the API, by the object that an answer has of it; then the response ends."""
        first = {name: error[name] for name in ("type", "code", "message", "param")}
        why = {"code": error["code"], "message": error["message"]}
        return [
            self._event("error", error=first | dict(error)),
            self._event("response.failed", response=self._unfinished("failed", error=why)),
        ]

    def _unfinished(self, status: str, **known: Any) -> Json:
        """The response without what it has only at its end."""
        found = self._response
        missing = {name: value for name, value in _MISSING.items() if name in found}
        return {**found, **missing, "status": status, **known}

    def _part(self, part: Json, **at: Any) -> list[Event]:
        text = part["text"]
        return [
            self._event("response.content_part.added", part={**part, "text": ""}, **at),
            *[self._word(word, **at) for word in _WORD.findall(text)],
            self._event("response.output_text.done", text=text, logprobs=[], **at),
            self._event("response.content_part.done", part=part, **at),
        ]

    def _word(self, word: str, **at: Any) -> Event:
        hidden = {"obfuscation": _padding(word)} if self._obfuscated else {}
        return self._event("response.output_text.delta", delta=word, logprobs=[], **hidden, **at)

    def _done(self, place: int, item: Json) -> Event:
        return self._event("response.output_item.done", item=item, output_index=place)

    def _of_call(self, step: str, place: int, item: Json, **told: Any) -> Event:
        name = f"response.image_generation_call.{step}"
        return self._event(name, item_id=item["id"], output_index=place, **told)

    def _event(self, name: str, **values: Any) -> Event:
        values |= {"type": name, "sequence_number": next(self._numbers)}
        told = {field: values[field] for field in self._fields[name] if field in values}
        return Event(name, [_compact(told).encode("ascii")])


def _padding(text: str) -> str:
    """What hides the length of a text from who sees only how long its event is."""
    return sha256(text.encode()).hexdigest()[: -len(text) % _PADDED]


_compact = json.JSONEncoder(separators=(",", ":")).encode

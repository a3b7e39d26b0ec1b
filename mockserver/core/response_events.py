"""The events of a streamed response, numbered. Knows their fields and order; sends nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from itertools import chain, count
from typing import Any

from mockserver.core.events import Event
from mockserver.facts.platform.responses import EventRow

Json = Mapping[str, Any]

_CALL = "response.image_generation_call"
_WORD = re.compile(r"\s*\S+|\s+$")  # with the space before it
_PADDED = 16  # the length that a piece of text has with its padding, or a multiple of it
_TOLD = ("background", "output_format", "quality", "size")  # of an item, in its partial pictures


class ResponseEvents:
    """Makes the events of one response, in the order in which they are asked for."""

    def __init__(self, begun: Json, facts: Mapping[str, EventRow], *, obfuscated: bool) -> None:
        """Of a response that has only begun; `obfuscated` words don't tell their length."""
        self._begun = begun
        self._facts = facts
        self._obfuscated = obfuscated
        self._numbers = count()

    def begun(self) -> list[Event]:
        """The response before there is anything in it."""
        names = ("response.created", "response.in_progress")
        return [self._event(name, response=self._begun) for name in names]

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

    def drawn(self, place: int, item: Json) -> list[Event]:
        """A picture is whole, in the item that it stays in."""
        name = f"{_CALL}.completed"
        completed = [self._of_call("completed", place, item)] if name in self._facts else []
        return [*completed, self._done(place, item)]

    def message(self, place: int, item: Json) -> list[Event]:
        """All of a message: it begins, its text comes word by word, it ends."""
        begun = {**item, "status": "in_progress", "content": []}
        added = self._event("response.output_item.added", item=begun, output_index=place)
        at = {"item_id": item["id"], "output_index": place}
        parts = [self._part(p, **at, content_index=i) for i, p in enumerate(item["content"])]
        return [added, *chain.from_iterable(parts), self._done(place, item)]

    def completed(self, response: Json) -> Event:
        """The response as it stays."""
        return self._event("response.completed", response=response)

    def failed(self, error: Json) -> list[Event]:
        """An error of the API, by the object that an answer has of it; then the response ends."""
        first = {name: error[name] for name in ("type", "code", "message", "param")}
        why = {"code": error["code"], "message": error["message"]}
        failed = {**self._begun, "status": "failed", "error": why}
        return [
            self._event("error", error=first | dict(error)),
            self._event("response.failed", response=failed),
        ]

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
        return self._event(f"{_CALL}.{step}", item_id=item["id"], output_index=place, **told)

    def _event(self, name: str, **values: Any) -> Event:
        values |= {"type": name, "sequence_number": next(self._numbers)}
        told = {field: values[field] for field in self._facts[name].fields if field in values}
        return Event(name, [_compact(told).encode("ascii")])


def _padding(text: str) -> str:
    """What hides the length of a text from who sees only how long its event is."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[: -len(text) % _PADDED]


_compact = json.JSONEncoder(separators=(",", ":")).encode

"""What a contract says of answers that are streams: their events, as the facts have them."""

from __future__ import annotations

import json
from typing import Any

from mockserver.facts import Facts, Operation, Streamed

EVENTS = "text/event-stream"
Schema = dict[str, Any]
_WHOLE: Schema = {"type": "integer", "minimum": 0}
_TEXT: Schema = {"type": "string", "minLength": 1}
#: What each field of an event is; every other is a text.
_FIELDS: dict[str, Schema] = {
    "created_at": _WHOLE,
    "partial_image_index": _WHOLE,
    "usage": {
        "type": "object",
        "required": ["input_tokens", "output_tokens", "total_tokens", "input_tokens_details"],
    },
}
_OPTIONAL = ("safety_identifier",)  # told where it was sent


def events(facts: Facts, operation: Operation) -> Schema | None:
    """The media of an operation's streams; None if no model of the day streams."""
    offers = [m.offers[operation.id] for m in facts.models.values() if operation.id in m.offers]
    streamed = next((offer.streamed for offer in offers if offer.streamed), None)
    return {"itemSchema": _event(streamed)} if streamed else None


def _event(streamed: Streamed) -> Schema:
    """One event, as Schemathesis hands it to a schema."""
    told = (
        (streamed.partial, streamed.partial_fields),
        (streamed.completed, streamed.completed_fields),
    )
    data = {"anyOf": [_data(name, fields) for name, fields in told]}
    return {
        "type": "object",
        "required": ["event", "data"],
        "properties": {
            "event": {"enum": [name for name, _ in told]},
            "data": {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": data,
            },
        },
    }


def _data(name: str, fields: tuple[str, ...]) -> Schema:
    return {
        "type": "object",
        "required": [field for field in fields if field not in _OPTIONAL],
        "properties": {f: _FIELDS.get(f, _TEXT) for f in fields} | {"type": {"const": name}},
        "additionalProperties": False,
    }


def completed(content: bytes) -> list[dict[str, str]]:
    """The whole pictures in a stream, as the items of an answer that is none."""
    lines = content.decode("utf-8").splitlines()
    told = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    return [{"b64_json": d["b64_json"]} for d in told if d["type"].endswith(".completed")]

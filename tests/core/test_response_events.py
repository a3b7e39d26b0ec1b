"""The events of a streamed response, held against those that were recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from mockserver.core.events import Event
from mockserver.core.response_events import ResponseEvents
from mockserver.facts.platform import on
from mockserver.facts.platform.responses import events as facts
from mockserver.facts.platform.responses import streaming

TODAY = facts(on("responses", date(2026, 11, 28)))

PICTURE = {
    "id": "ig_1",
    "type": "image_generation_call",
    "status": "generating",
    "action": "generate",
    "background": "opaque",
    "output_format": "png",
    "quality": "low",
    "result": "iVBORw0KGgo=",
    "revised_prompt": "a puppy",
    "size": "1254x1254",
}


def message(text: str) -> dict[str, Any]:
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    begun = {"id": "msg_1", "type": "message", "status": "completed"}
    return {**begun, "content": [part], "role": "assistant"}


BEGUN: dict[str, Any] = {
    "id": "resp_x",
    "object": "response",
    "created_at": 1781880909,
    "status": "in_progress",
}
BEGUN |= {"error": None, "output": []}


def lines(events: Iterable[Event]) -> Iterator[str]:
    """The data of events, as on the wire."""
    for event in events:
        yield b"".join(event.data).decode()


# File id 55831726844, 2026-06-19, without the fields of its first, second and last event's response;
# `logprobs` as in pydantic-ai's cassettes of 2026-07-21.
RECORDED = """\
{"type":"response.output_item.added","item":{"id":"ig_1","type":"image_generation_call","status":"in_progress"},"output_index":0,"sequence_number":2}
{"type":"response.image_generation_call.in_progress","item_id":"ig_1","output_index":0,"sequence_number":3}
{"type":"response.image_generation_call.generating","item_id":"ig_1","output_index":0,"sequence_number":4}
{"type":"response.output_item.done","item":{"id":"ig_1","type":"image_generation_call","status":"generating","action":"generate","background":"opaque","output_format":"png","quality":"low","result":"iVBORw0KGgo=","revised_prompt":"a puppy","size":"1254x1254"},"output_index":0,"sequence_number":5}
{"type":"response.output_item.added","item":{"id":"msg_1","type":"message","status":"in_progress","content":[],"role":"assistant"},"output_index":1,"sequence_number":6}
{"type":"response.content_part.added","content_index":0,"item_id":"msg_1","output_index":1,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":""},"sequence_number":7}
{"type":"response.output_text.done","content_index":0,"item_id":"msg_1","logprobs":[],"output_index":1,"sequence_number":8,"text":""}
{"type":"response.content_part.done","content_index":0,"item_id":"msg_1","output_index":1,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":""},"sequence_number":9}
{"type":"response.output_item.done","item":{"id":"msg_1","type":"message","status":"completed","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":""}],"role":"assistant"},"output_index":1,"sequence_number":10}
""".splitlines()


def test_a_picture_and_a_message_without_text_are_told_as_recorded() -> None:
    made = ResponseEvents(BEGUN, TODAY, obfuscated=True)
    assert len(made.begun()) == 2
    told = [*made.drawing(0, PICTURE), *made.drawn(0, PICTURE), *made.message(1, message(""))]
    assert [*lines(told)] == RECORDED


# pydantic-ai's test_openai_responses_moderation_stream, 2026-07-21
WORDS = """\
{"type":"response.output_text.delta","content_index":0,"delta":"Paris","item_id":"msg_1","logprobs":[],"obfuscation":"1MIIXcyJu0T","output_index":0,"sequence_number":2}
{"type":"response.output_text.delta","content_index":0,"delta":".","item_id":"msg_1","logprobs":[],"obfuscation":"gO2JPJ0sLMkGvLH","output_index":0,"sequence_number":3}
""".splitlines()


def test_words_are_padded_to_one_length_as_recorded() -> None:
    made = ResponseEvents(BEGUN, TODAY, obfuscated=True)
    deltas = [json.loads(line) for line in lines(made.message(0, message("Paris .")))][2:4]
    recorded = [json.loads(line) for line in WORDS]
    assert [[*event] for event in deltas] == [[*event] for event in recorded]
    for event in (*deltas, *recorded):
        assert len(event["delta"]) + len(event["obfuscation"]) == 16


@pytest.mark.parametrize("text", ["", " ", "one", " one  two\n\nthree. ", "a " * 200, "漢字 é"])
def test_the_words_of_a_text_are_the_text(text: str) -> None:
    made = ResponseEvents(BEGUN, TODAY, obfuscated=False)
    told = [json.loads(line) for line in lines(made.message(0, message(text)))]
    assert "".join(event["delta"] for event in told if "delta" in event) == text
    assert not any("obfuscation" in event for event in told)


def test_an_error_is_an_event_and_then_the_end_of_the_response_as_recorded() -> None:
    # vercel/ai's openai-error.1.chunks.txt, 2025-11-18; the order of fields: file id 67131556863
    quota = "You exceeded your current quota, please check your plan and billing details."
    error = {"message": quota, "type": "insufficient_quota", "param": None}
    made = ResponseEvents(BEGUN, TODAY, obfuscated=True)
    first, last = lines(made.failed(error | {"code": "insufficient_quota"}))
    assert first == (
        '{"type":"error","error":{"type":"insufficient_quota","code":"insufficient_quota",'
        f'"message":"{quota}","param":null}},"sequence_number":0}}'
    )
    failed = json.loads(last)
    assert failed["type"] == "response.failed"
    why = {"code": "insufficient_quota", "message": quota}
    assert failed["response"] == BEGUN | {"status": "failed", "error": why}


EVERY: dict[str, Callable[[ResponseEvents], Iterable[Event]]] = {
    "begun": ResponseEvents.begun,
    "drawing": lambda made: made.drawing(0, PICTURE),
    "partial": lambda made: [made.partial(0, PICTURE, 0, "iVBO")],
    "drawn": lambda made: made.drawn(0, PICTURE),
    "message": lambda made: made.message(1, message("two words")),
    "completed": lambda made: [made.completed(BEGUN)],
    "failed": lambda made: made.failed(dict.fromkeys(("type", "code", "message", "param"))),
}


def test_events_are_numbered_one_by_one_and_each_fact_is_told_by_one() -> None:
    made = ResponseEvents(BEGUN, TODAY, obfuscated=True)
    told = [event for make in EVERY.values() for event in make(made)]
    values = [json.loads(line) for line in lines(told)]
    assert all(b["sequence_number"] == a["sequence_number"] + 1 for a, b in pairwise(values))
    assert {v["type"] for v in values} == {event.name for event in told} == {*TODAY}
    for value in values:
        assert tuple(value) == TODAY[value["type"]].fields


@pytest.mark.parametrize(
    ("day", "whole_first", "status", "is_told"),
    [
        (date(2025, 9, 16), True, "completed", True),  # vercel/ai's fixture
        (date(2025, 10, 1), True, "generating", False),
        (date(2026, 6, 19), True, "generating", False),  # file id 55831726844
        (date(2026, 9, 16), False, "generating", False),  # agent-framework#8422
    ],
)
def test_a_whole_picture_was_told_in_other_ways_before(
    day: date, whole_first: bool, status: str, is_told: bool
) -> None:
    rows = on("responses", day)
    told = ResponseEvents(BEGUN, facts(rows), obfuscated=True).drawn(0, PICTURE)
    names = ["response.image_generation_call.completed"] * is_told + ["response.output_item.done"]
    assert [event.name for event in told] == names
    assert streaming(rows).whole_first is whole_first
    assert streaming(rows).picture_status == status

"""The contract says what a stream has, and judges one that has it not."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from contracts.checks.every import Judge, complaint, stays_out
from contracts.checks.headers import Ids
from contracts.document.build import build
from contracts.document.streams import EVENTS
from contracts.exchange import json_request
from tests.contracts.asking import mock

DAY = date(2026, 9, 1)
ASK = {"model": "gpt-image-2", "prompt": "x", "size": "1024x1024", "stream": True}


def said_of_stream(rule: dict[str, Any] | None = None, partial_images: int = 0) -> str:
    """What is said against the answer to a request of a stream, with a rule for it."""
    target = mock(DAY, rules=[{"then": {"stream": rule}}] if rule else [])
    body = ASK | {"partial_images": partial_images}
    exchange = target.ask(json_request("POST", "/images/generations", body))
    return complaint(Judge(DAY, stays_out, Ids())(exchange))


@pytest.mark.parametrize("partials", [0, 3])
def test_a_stream_keeps_the_contract(partials: int) -> None:
    assert not said_of_stream(partial_images=partials)


@pytest.mark.parametrize(
    ("stream", "found"),
    [
        ({"events": [{"type": "image_generation.queued"}, "completed"]}, "queued, image_gen"),
        ({"events": [0]}, "0 where 1 were asked for"),
        ({"events": []}, "0 where 1 were asked for"),
        ({"events": ["completed", "completed"]}, "2 where 1 were asked for"),
        ({"events": ["completed", "data: [DONE]"]}, "one is 'data: [DONE]'"),
        ({"end": "no_blank_line"}, "the last lacks its blank line"),
    ],
    ids=str,
)
def test_another_stream_is_a_fault(stream: dict[str, Any], found: str) -> None:
    assert found in said_of_stream(stream)


def test_where_no_model_streams_no_answer_is_one() -> None:
    for day, has_events in ((None, False), (date(2025, 6, 15), False), (DAY, True)):
        answer = build(day=day)["paths"]["/images/generations"]["post"]["responses"]["200"]
        assert (EVENTS in answer["content"]) is has_events

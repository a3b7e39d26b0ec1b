"""The contract says what a stream has, and judges one that has it not."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from schemathesis.core.failures import FailureGroup

from contracts.document.build import build
from contracts.document.streams import EVENTS
from contracts.judging import FULL, in_process, judge, requests_of
from mockserver.app import create_app
from mockserver.config import configured

DAY = date(2026, 9, 1)
ASK = {"model": "gpt-image-2", "prompt": "x", "size": "1024x1024"}


def judge_stream(rule: dict[str, Any] | None = None, partial_images: int = 0) -> None:
    """Judge the answer to a request of a stream, with a rule for it."""
    rules = [{"then": {"stream": rule}}] if rule else []
    app = create_app(configured(tier="off", log_format="none", as_of=str(DAY), rules=rules))
    operation = requests_of(FULL, DAY)["/images/generations"]["POST"]
    body: dict[str, Any] = ASK | {"stream": True, "partial_images": partial_images}
    judge(operation.Case(body=body, media_type="application/json", headers={}), in_process(app))


@pytest.mark.parametrize("partials", [0, 3])
def test_a_stream_keeps_the_contract(partials: int) -> None:
    judge_stream(partial_images=partials)


@pytest.mark.parametrize(
    ("stream", "found"),
    [
        ({"events": [{"type": "image_generation.queued"}, "completed"]}, "ST108"),
        ({"events": [0]}, "0 pictures where 1 were asked for"),
        ({"events": ["completed", "completed"]}, "2 pictures where 1 were asked for"),
        ({"end": "no_blank_line"}, "the last event lacks its blank line"),
    ],
    ids=str,
)
def test_another_stream_is_a_fault(stream: dict[str, Any], found: str) -> None:
    with pytest.raises(FailureGroup, match=found):
        judge_stream(stream)


def test_where_no_model_streams_no_answer_is_one() -> None:
    for day, has_events in ((None, False), (date(2025, 6, 15), False), (DAY, True)):
        answer = build(day=day)["paths"]["/images/generations"]["post"]["responses"]["200"]
        assert (EVENTS in answer["content"]) is has_events

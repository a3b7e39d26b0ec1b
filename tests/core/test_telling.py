"""A record is told to listeners as the control API tells it, to the byte."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest

from mockserver.core.journal import Record
from mockserver.core.telling import Telling

PLAIN = {"id": "req_1", "at": 1_795_890_071_182_660_300, "method": "POST", "path": "/v1/x"}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"fields": {"prompt": 'a "fox" \ud83d\n', "n": 2, "user": None, "x": [1.5, True, {}]}},
        {"status": HTTPStatus.OK, "usd": 0.032, "milliseconds": 12, "retries": 3},
        {"usd": 0, "trace": ["limit", "é\u2028\\"], "filled": ("model",), "rules": ("a", "b")},
        {"error": {"reason": "x", "message": "\x00", "code": None}, "scripted": True},
        {"batch": "batch_1", "custom_id": 'a"b', "operation": "images.generate", "call": "req_0"},
    ],
)
def test_a_record_is_told_as_the_control_api_tells_it(more: dict[str, object]) -> None:
    record = Record(**{**PLAIN, **more})  # type: ignore[arg-type]
    assert Telling().told(record) == json.dumps(record.as_json())


def test_fields_that_many_share_are_told_of_each_and_those_of_others_too() -> None:
    telling, shared = Telling(), {"prompt": "a fox"}
    for fields in (shared, shared, {"prompt": "a hen"}, shared):
        record = Record(**PLAIN, fields=fields)  # type: ignore[arg-type]
        assert json.loads(telling.told(record))["fields"] == fields

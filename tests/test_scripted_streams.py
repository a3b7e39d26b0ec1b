"""Streams that a rule has changed: what the official SDK sees, and what the journal tells."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path

import httpx2
import openai
import pytest

from mockserver.handle import Sandbox
from tests.stream_cases import CASES, Case, table
from tests.streaming import (
    ALL,
    ASK,
    FIRST,
    PARTIAL,
    STREAM,
    asked,
    frames,
    told,
    types,
)

PAGE = Path(__file__).parent.parent / "docs" / "how-to.md"


# -- what a rule makes of it --------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.script)
def test_the_sdk_sees_what_the_page_says(box: Sandbox, sdk: openai.OpenAI, case: Case) -> None:
    box.next.then(**case.then)
    seen: list[str | None] = []
    raised = ""
    try:
        seen.extend(e.type for e in sdk.images.generate(**STREAM | {"partial_images": 1}))
    except (openai.OpenAIError, ValueError) as error:
        raised = type(error).__name__
    assert (seen, raised) == (case.python, case.raised[0])
    assert types(sdk) == ALL  # the next one is as ever


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are out of the way")
def test_the_page_shows_what_the_sdks_see() -> None:
    assert table() in PAGE.read_text("utf-8")


def test_events_come_in_the_order_of_the_rule_with_their_own_indexes(box: Sandbox) -> None:
    box.next.stream([1, 0, 0, 3])
    found = [data["partial_image_index"] for _, data in frames(asked(box).text)]
    assert found == [1, 0, 0, 3]
    assert told(box) == "stream: partial 1, partial 0, partial 0, partial 3"


def test_an_error_of_a_stream_is_wrapped_and_raised(box: Sandbox, sdk: openai.OpenAI) -> None:
    box.next.stream([0, "generation_failed"])
    with pytest.raises(openai.APIError, match="^Image generation failed$") as failed:
        types(sdk)
    assert type(failed.value) is openai.APIError
    assert failed.value.code == "image_generation_failed"
    box.next.stream(["generation_failed"])
    assert asked(box).text == (
        'event: error\ndata: {"type":"error","error":{"type":"image_generation_server_error",'
        '"code":"image_generation_failed","message":"Image generation failed","param":null}}\n\n'
    )


@pytest.mark.parametrize("reason", ["rate_limited", "picture_refused", "internal"])
def test_any_error_can_come_late(box: Sandbox, sdk: openai.OpenAI, reason: str) -> None:
    box.next.stream([0, reason])
    with pytest.raises(openai.APIError) as failed:
        types(sdk)
    box.next.error(reason)
    with pytest.raises(openai.APIStatusError) as refused:
        sdk.images.generate(**STREAM)
    late, early = failed.value.body, refused.value.body
    assert isinstance(late, dict)
    assert isinstance(early, dict)
    assert [*late][:4] == ["type", "code", "message", "param"]
    assert late.keys() == early.keys()
    assert (late["type"], late["code"]) == (early["type"], early["code"])


def test_a_line_that_breaks_is_an_error_of_the_connection(box: Sandbox, sdk: openai.OpenAI) -> None:
    box.next.stream([0], end="break")
    box.next.disconnect(after_bytes=1000)
    box.next.disconnect(after_bytes=10_000_000)
    for _ in range(3):
        with pytest.raises(openai.APIConnectionError):
            types(sdk)
        assert told(box).endswith("; the line breaks")


@pytest.mark.parametrize("end", ["cut", "no_blank_line"])
def test_a_last_event_that_is_not_whole_is_lost_in_silence(
    box: Sandbox, sdk: openai.OpenAI, end: str
) -> None:
    box.next.stream(end=end)
    assert types(sdk) == [PARTIAL, PARTIAL]


def test_a_stream_without_its_last_blank_line_has_all_else(box: Sandbox) -> None:
    whole = asked(box).text
    box.next.stream(end="no_blank_line")
    assert asked(box).text == whole[:-1]
    box.next.stream(end="cut")
    cut = asked(box).text
    assert whole.startswith(cut)
    assert cut.count("event: ") == 3


def test_a_stream_that_stalls_runs_into_the_timeout(box: Sandbox, sdk: openai.OpenAI) -> None:
    box.next.stream([0], end="stall")
    events = iter(sdk.with_options(timeout=3).images.generate(**STREAM))
    assert next(events).type == PARTIAL
    with pytest.raises(openai.APITimeoutError):
        next(events)
    assert told(box) == "stream: partial 0; then nothing more"


def test_json_in_place_of_a_stream_is_no_event_and_no_error(
    box: Sandbox, sdk: openai.OpenAI
) -> None:
    box.next.stream(as_json=True)
    assert types(sdk) == []
    box.next.stream(as_json=True)
    answer = asked(box)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["data"][0].keys() == {"b64_json"}


def test_events_whose_json_breaks_off_are_whole_events(box: Sandbox, sdk: openai.OpenAI) -> None:
    box.next.bad_json()
    with pytest.raises(json.JSONDecodeError):
        types(sdk)
    box.next.bad_json()
    assert len(asked(box).text.split("\n\n")) == 4


def test_a_large_picture_has_more_than_a_mebibyte(box: Sandbox, sdk: openai.OpenAI) -> None:
    box.next.large_picture()
    *_, last = sdk.images.generate(**STREAM)
    file = b64decode(last.b64_json)
    assert len(file) > 1024 * 1024
    box.assert_final(file)
    box.next.large_picture()
    with (
        httpx2.Client(trust_env=False) as plain,
        plain.sse(
            f"{box.url}/images/generations",
            method="POST",
            json=STREAM,
            headers={"Authorization": f"Bearer {box.api_key}"},
        ) as events,
        pytest.raises(httpx2.HTTPError, match=r"1048576|large|limit"),
    ):
        list(events)


def test_other_effects_hold_for_streams_too(box: Sandbox, sdk: openai.OpenAI) -> None:
    box.next.headers({"x-accel-buffering": "no"})
    assert asked(box).headers["x-accel-buffering"] == "no"
    box.next.content_type("text/plain")
    assert asked(box).headers["content-type"] == "text/plain"
    box.next.drip(bytes_per_second=10_000_000)
    assert types(sdk) == ALL
    box.next.pictures(0)
    assert types(sdk) == []
    box.next.image(b"a file of my own")
    assert {b64decode(e.b64_json) for e in sdk.images.generate(**STREAM)} == {b"a file of my own"}


def test_a_rule_for_streams_waits_for_one(box: Sandbox, sdk: openai.OpenAI) -> None:
    rule = box.next.stream([0])
    sdk.images.generate(**ASK)
    assert rule.fired == 0
    assert box.unused_rules() == [
        f"{rule.id}: stream events [0] for the next request with stream True"
    ]
    assert types(sdk) == FIRST
    assert rule.fired == 1

"""A streamed response over a socket: what the official SDK, sync and async, makes of it."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from io import BytesIO
from typing import Any

import httpx2
import openai
import pytest
from PIL import Image

from mockserver.handle import Sandbox
from tests.streaming import frames, told

TOOL = {"type": "image_generation", "size": "1536x1024", "quality": "low"}
ASK: dict[str, Any] = {"model": "gpt-5.5", "input": "a red fox", "tools": [TOOL]}
TWO: dict[str, Any] = ASK | {"tools": [TOOL | {"partial_images": 2}]}
WORDS: dict[str, Any] = {"model": "gpt-5.5", "input": "Who are you?"}
BEGUN = ["response.created", "response.in_progress"]
DRAWING = [
    "response.output_item.added",
    "response.image_generation_call.in_progress",
    "response.image_generation_call.generating",
]
PARTIAL = "response.image_generation_call.partial_image"
SAID = [
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]


def asked(box: Sandbox, **body: Any) -> httpx2.Response:
    """The bare answer."""
    headers = {"Authorization": f"Bearer {box.api_key}"}
    url = f"{box.url}/responses"
    return httpx2.post(url, json={"stream": True} | body, headers=headers, trust_env=False)


def types(client: openai.OpenAI, **body: Any) -> list[str]:
    return [event.type for event in client.responses.create(**TWO | {"stream": True} | body)]


# -- as it is asked for -------------------------------------------------------------------------


@pytest.mark.parametrize("partials", [0, 3, None])
def test_a_picture_is_drawn_step_by_step_and_then_there_is_nothing_to_say(
    sdk: openai.OpenAI, partials: int | None
) -> None:
    drawn = [*DRAWING, *[PARTIAL] * (partials or 0), "response.output_item.done"]
    tool = TOOL | {"partial_images": partials}
    assert types(sdk, tools=[tool]) == [*BEGUN, *drawn, *SAID]


def test_a_partial_picture_is_one_of_the_size_asked_for(box: Sandbox, sdk: openai.OpenAI) -> None:
    events = [e for e in sdk.responses.create(**TWO, stream=True) if e.type == PARTIAL]
    assert [event.partial_image_index for event in events] == [0, 1]
    for event in events:
        assert Image.open(BytesIO(b64decode(event.partial_image_b64))).size == (1536, 1024)
        assert (event.size, event.quality) == ("1536x1024", "low")
        assert (event.output_format, event.background) == ("png", "opaque")
        with pytest.raises(AssertionError, match="of a stream"):
            box.assert_final(b64decode(event.partial_image_b64))


def test_the_whole_picture_is_in_its_item_and_in_the_response(
    box: Sandbox, sdk: openai.OpenAI
) -> None:
    *_, last = events = list(sdk.responses.create(**TWO, stream=True))
    picture = last.response.output[0]
    assert next(e.item for e in events if e.type.endswith("item.done")) == picture
    assert picture.status == "generating"  # as the real API leaves it
    box.assert_final(b64decode(picture.result))
    whole = sdk.responses.create(**ASK)
    assert [item.result for item in whole.output[:1]] == [picture.result]
    assert whole.output[0].status == "completed"


def test_the_numbers_of_events_leave_none_out_and_names_are_types(box: Sandbox) -> None:
    told = frames(asked(box, **TWO).text)
    assert [data["sequence_number"] for _, data in told] == [*range(len(told))]
    assert [name for name, _ in told] == [data["type"] for _, data in told]


def test_the_sdks_helper_gathers_the_response(sdk: openai.OpenAI) -> None:
    with sdk.responses.stream(**TWO) as stream:
        seen = [str(event.type) for event in stream]
        found = stream.get_final_response()
    assert seen.count(PARTIAL) == 2
    assert [item.type for item in found.output] == ["image_generation_call", "message"]
    assert found.output_text == ""
    assert found.status == "completed"


def test_the_asynchronous_sdk_reads_it_too(box: Sandbox) -> None:
    async def read() -> tuple[list[str], str]:
        async with openai.AsyncOpenAI(base_url=box.url, api_key=box.api_key) as client:
            events = await client.responses.create(**TWO, stream=True)
            seen = [event.type async for event in events]
            async with client.responses.stream(**WORDS) as stream:
                return seen, (await stream.get_final_response()).output_text

    seen, said = asyncio.run(read())
    assert seen.count(PARTIAL) == 2
    assert said


def test_a_streamed_response_is_gone_on_from(sdk: openai.OpenAI) -> None:
    *_, last = sdk.responses.create(**TWO, stream=True)
    edited = sdk.responses.create(**ASK | {"previous_response_id": last.response.id})
    assert edited.output[0].action == "edit"
    assert sdk.responses.retrieve(last.response.id).id == last.response.id


def test_partial_pictures_are_paid_for(box: Sandbox, sdk: openai.OpenAI) -> None:
    types(sdk, tools=[TOOL])
    before = box.spent
    *_, last = sdk.responses.create(**TWO, stream=True)
    assert box.spent - before > before
    assert last.response.tool_usage.image_gen.output_tokens > 200


@pytest.mark.parametrize("day", ["2025-05-21", "2025-06-16", "2025-07-20"])
def test_a_stream_needed_partial_pictures_in_2025(
    box: Sandbox, sdk: openai.OpenAI, day: str
) -> None:
    box.begin(as_of=day, per_minute=1000)
    with pytest.raises(openai.BadRequestError) as refused:
        types(sdk, tools=[{"type": "image_generation"}])
    assert refused.value.body == {
        "message": "Streaming must have non-zero partial images.",
        "type": "image_generation_user_error",
        "param": "tools",
        "code": None,
    }
    seen = types(sdk, tools=[{"type": "image_generation", "partial_images": 2}])
    assert seen.count(PARTIAL) == 2


# -- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [WORDS, ASK | {"tool_choice": "none"}])
def test_words_come_one_by_one_and_are_no_job_of_this_server(
    box: Sandbox, sdk: openai.OpenAI, body: dict[str, Any]
) -> None:
    *events, last = sdk.responses.create(**body, stream=True)
    said = "".join(e.delta for e in events if e.type == "response.output_text.delta")
    assert said == last.response.output_text == sdk.responses.create(**body).output_text
    assert said.endswith(".")
    assert "writes no words" in asked(box, **body).headers["mock-warning"]
    assert box.spent == 0


def test_the_length_of_words_is_hidden_unless_that_is_not_wanted(box: Sandbox) -> None:
    deltas = [data for _, data in frames(asked(box, **WORDS).text) if "delta" in data]
    assert {len(d["delta"]) + len(d["obfuscation"]) for d in deltas} == {16}
    options = {"stream_options": {"include_obfuscation": False}}
    bare = [data for _, data in frames(asked(box, **WORDS, **options).text) if "delta" in data]
    assert len(bare) == len(deltas)
    assert not any("obfuscation" in data for data in bare)


# -- what rules do ------------------------------------------------------------------------------


def test_an_error_in_the_middle_ends_the_response(box: Sandbox, sdk: openai.OpenAI) -> None:
    box.next.stream([0, "generation_failed"], times=2)
    with pytest.raises(openai.APIError, match="Image generation failed") as failed:
        types(sdk)
    assert failed.value.code == "image_generation_failed"
    *_, (name, error), (end, last) = frames(asked(box, **TWO).text)
    assert (name, end) == ("error", "response.failed")
    assert last["response"]["status"] == "failed"
    assert last["response"]["error"] == {k: error["error"][k] for k in ("code", "message")}
    assert last["sequence_number"] == error["sequence_number"] + 1


@pytest.mark.parametrize("end", ["cut", "no_blank_line"])
def test_only_the_sdks_helper_tells_that_the_end_is_missing(
    box: Sandbox, sdk: openai.OpenAI, end: str
) -> None:
    box.next.stream([0, "completed"], end=end, times=2)
    assert "response.completed" not in types(sdk)  # which raises nothing
    with (
        sdk.responses.stream(**TWO) as stream,
        pytest.raises(RuntimeError, match="response.comple"),
    ):
        stream.get_final_response()


def test_a_line_that_breaks_is_an_error(box: Sandbox, sdk: openai.OpenAI) -> None:
    box.next.stream([0], end="break")
    with pytest.raises(openai.APIConnectionError):
        types(sdk)


def test_a_rule_paces_the_events(box: Sandbox, sdk: openai.OpenAI) -> None:
    box.next.stream(pause=30)  # nobody waits for the second
    events = iter(sdk.responses.create(**TWO, stream=True))
    assert [next(events).type for _ in range(6)] == [*BEGUN, *DRAWING, PARTIAL]
    assert told(box) == "stream: partial 0"


def test_a_rule_answers_in_one_piece(box: Sandbox) -> None:
    box.next.stream(as_json=True)
    answer = asked(box, **TWO)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["output"][0]["status"] == "completed"


def test_what_is_refused_before_is_a_plain_error(box: Sandbox, sdk: openai.OpenAI) -> None:
    box.next.refuse()
    with pytest.raises(openai.BadRequestError) as refused:
        types(sdk)
    assert refused.value.code == "moderation_blocked"


def test_a_latency_is_served_after_the_response_has_begun(box: Sandbox, sdk: openai.OpenAI) -> None:
    box.begin(latency="90s", per_minute=1000)
    events = iter(sdk.responses.create(**ASK, stream=True))
    assert [next(events).type for _ in range(5)] == [*BEGUN, *DRAWING]
    assert told(box) == "stream, to come: completed"


def test_rules_that_name_the_endpoint_are_for_words_too(box: Sandbox, sdk: openai.OpenAI) -> None:
    box.on(operation="responses.create").error("internal", times=1)
    with pytest.raises(openai.InternalServerError):
        sdk.responses.create(**WORDS, stream=True)
    box.on(operation="responses.create").bad_json()
    with pytest.raises(ValueError, match="Unterminated|delimiter|Expecting"):
        list(sdk.responses.create(**WORDS, stream=True))

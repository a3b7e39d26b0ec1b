"""Streams over a socket: the bare bytes, and what the official SDK, sync and async, makes of them."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
import time
from base64 import b64decode
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai.types import ImageEditCompletedEvent

from mockserver.core.picture import Picture
from mockserver.handle import Sandbox
from mockserver.pictures.files import PictureFiles
from mockserver.pictures.pure.drawing import identify
from mockserver.testing import ImagesMock
from tests.streaming import (
    ALL,
    ASK,
    COMPLETED,
    OF_COMPLETED,
    OF_PARTIAL,
    PARTIAL,
    STREAM,
    asked,
    frames,
    told,
    types,
)

PNG = (Path(__file__).parent.parent / "docs" / "fox.png").read_bytes()


def until(wanted: Callable[[], bool]) -> bool:
    """Whether it comes to be so within some seconds: a server notices later who has left."""
    end = time.monotonic() + 30
    while not (found := wanted()) and time.monotonic() < end:
        threading.Event().wait(0.01)
    return found


# -- as it is asked for -------------------------------------------------------------------------


@pytest.mark.parametrize("partials", [0, 1, 2, 3, None])
def test_a_stream_has_the_partial_pictures_asked_for_and_then_the_whole_one(
    sdk: openai.OpenAI, partials: int | None
) -> None:
    events = list(sdk.images.generate(**STREAM | {"partial_images": partials}))
    assert [e.type for e in events] == [PARTIAL] * (partials or 0) + [COMPLETED]
    assert [getattr(e, "partial_image_index", None) for e in events[:-1]] == [*range(partials or 0)]


def test_the_last_picture_is_the_one_that_comes_without_a_stream(sdk: openai.OpenAI) -> None:
    *partial, last = sdk.images.generate(**STREAM)
    whole = sdk.images.generate(**ASK)
    assert whole.data
    assert last.b64_json == whole.data[0].b64_json
    assert last.b64_json not in [e.b64_json for e in partial]


def test_events_are_laid_out_as_recorded(box: Sandbox) -> None:
    answer = asked(box, partial_images=1)
    assert re.sub('"b64_json":"[^"]*"', '"b64_json":"…"', answer.text) == (
        'event: image_generation.partial_image\ndata: {"type":"image_generation.partial_image",'
        '"partial_image_index":0,"b64_json":"…","created_at":%s,"size":"1024x1024",'
        '"quality":"low","background":"opaque","output_format":"png"}\n\n'
        'event: image_generation.completed\ndata: {"type":"image_generation.completed",'
        '"b64_json":"…","created_at":%s,"usage":{"input_tokens":9,"output_tokens":296,'
        '"total_tokens":305,"input_tokens_details":{"text_tokens":9,"image_tokens":0}},'
        '"size":"1024x1024","quality":"low","background":"opaque","output_format":"png"}\n\n'
    ) % ((int(box.clock.now),) * 2)


def test_a_stream_says_what_it_is_and_not_how_long(box: Sandbox) -> None:
    headers = asked(box).headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["x-request-id"].startswith("req_")
    assert headers.keys().isdisjoint({"content-length", "cache-control"})


@pytest.mark.parametrize("body", [{"stream": False}, {"stream": None}])
def test_the_body_decides_and_not_what_is_accepted(box: Sandbox, body: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {box.api_key}", "Accept": "text/event-stream"}
    url = f"{box.url}/images/generations"
    answer = httpx2.post(url, json=ASK | body, headers=headers, trust_env=False)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("day", ["2025-07-20", "2025-10-22", "2026-06-10", "2026-11-28"])
def test_events_have_the_same_fields_since_there_are_streams(box: Sandbox, day: str) -> None:
    box.begin(as_of=day, per_minute=1000)
    model = "gpt-image-2" if day > "2026-11" else "gpt-image-1"
    (_, partial), (_, completed) = frames(asked(box, model=model, partial_images=1).text)
    assert ([*partial], [*completed]) == (OF_PARTIAL, OF_COMPLETED)


def test_a_safety_identifier_is_told_at_the_end(box: Sandbox) -> None:
    *_, (_, completed) = frames(asked(box, safety_identifier="me").text)
    assert [*completed] == [*OF_COMPLETED, "safety_identifier"]


def test_several_pictures_were_a_stream_of_each_until_that_was_refused(box: Sandbox) -> None:
    box.begin(as_of="2025-10-22", per_minute=1000)
    events = frames(asked(box, model="gpt-image-1", n=2, partial_images=1).text)
    assert [name for name, _ in events] == [PARTIAL, COMPLETED] * 2
    assert len({data["b64_json"] for _, data in events}) == 4
    box.begin(as_of="2026-06-10", per_minute=1000)
    assert asked(box, model="gpt-image-1", n=2).status_code == 400


def test_what_is_refused_before_the_first_event_is_a_plain_error(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.images.generate(**STREAM | {"n": 2})
    assert refused.value.code == "unsupported_parameter"
    assert refused.value.response.headers["content-type"] == "application/json"


def test_a_stream_is_paid_for_with_its_partial_pictures(box: Sandbox) -> None:
    asked(box, partial_images=0)
    before = box.spent
    asked(box, partial_images=3)
    assert box.spent - before > before


def test_the_asynchronous_sdk_reads_a_stream_too(box: Sandbox) -> None:
    async def read() -> list[str]:
        async with openai.AsyncOpenAI(base_url=box.url, api_key=box.api_key) as client:
            return [event.type async for event in await client.images.generate(**STREAM)]

    assert asyncio.run(read()) == ALL


def test_each_event_comes_when_it_is_ready(box: Sandbox, sdk: openai.OpenAI) -> None:
    box.next.stream(pause=30)  # nobody waits for the second
    events = iter(sdk.images.generate(**STREAM))
    assert next(events).type == PARTIAL
    assert told(box) == "stream: partial 0"


def test_what_is_ready_goes_out_before_the_next_is_made(
    box: Sandbox, sdk: openai.OpenAI, server: ImagesMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, never = PictureFiles.in_json, asyncio.Event()

    async def stuck(files: PictureFiles, picture: Picture, *uploads: Any) -> bytes:
        await (never.wait() if picture.partial == 1 else asyncio.sleep(0))
        return await made(files, picture, *uploads)

    monkeypatch.setattr(PictureFiles, "in_json", stuck)
    events = iter(sdk.images.generate(**STREAM | {"prompt": "a fox that was never drawn"}))
    assert next(events).type == PARTIAL
    assert told(box) == "stream: partial 0"


def test_what_goes_wrong_in_a_stream_is_an_error_event(
    box: Sandbox, sdk: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(files: PictureFiles, picture: Picture, *uploads: Any) -> bytes:
        raise OSError("no such pen")

    monkeypatch.setattr(PictureFiles, "in_json", broken)
    with pytest.raises(openai.APIError, match="^Image generation failed$"):
        types(sdk, prompt="another fox that was never drawn")
    assert told(box) == "stream: no event; it failed"


def test_a_latency_is_shared_by_the_events(box: Sandbox, sdk: openai.OpenAI) -> None:
    box.begin(latency="90s", per_minute=1000)
    with sdk.images.with_streaming_response.generate(**STREAM) as answer:
        assert answer.status_code == 200  # the head is there at once, and no event
        assert told(box) == "stream, to come: partial 0, partial 1, completed"


# -- edits --------------------------------------------------------------------------------------


def test_an_edit_streams_the_same_under_other_names(box: Sandbox, sdk: openai.OpenAI) -> None:
    ask: dict[str, Any] = ASK | {
        "image": [("a.png", PNG, "image/png"), ("b.png", PNG, "image/png")]
    }
    events = list(sdk.images.edit(**ask, stream=True, partial_images=1))
    assert [event.type for event in events] == ["image_edit.partial_image", "image_edit.completed"]
    whole = sdk.images.edit(**ask)
    assert whole.data
    assert whole.usage
    last = events[-1]
    assert isinstance(last, ImageEditCompletedEvent)
    assert last.b64_json == whole.data[0].b64_json
    assert last.usage.input_tokens_details.image_tokens > 0
    assert last.usage.output_tokens == whole.usage.output_tokens + 100
    box.assert_final(b64decode(last.b64_json))
    with pytest.raises(AssertionError, match="partial picture 0 of a stream"):
        box.assert_final(b64decode(events[0].b64_json))


def test_rules_for_streams_are_for_those_of_edits_too(box: Sandbox, sdk: openai.OpenAI) -> None:
    box.on(operation="images.edit").stream([0, "generation_failed"])
    with pytest.raises(openai.APIError, match="Image generation failed"):
        list(sdk.images.edit(**ASK, image=("a.png", PNG, "image/png"), stream=True))
    assert types(sdk) == ALL


# -- partial or final ---------------------------------------------------------------------------


def test_a_partial_picture_tells_that_it_is_one(box: Sandbox, sdk: openai.OpenAI) -> None:
    files = [b64decode(event.b64_json) for event in sdk.images.generate(**STREAM)]
    marks = [(identify(file) or {}).get("partial") for file in files]
    assert marks == [0, 1, None]
    box.assert_final(files[-1])
    with pytest.raises(AssertionError, match=r"partial picture 1 of a stream, .* ends in \.comp"):
        box.assert_final(files[1])
    with pytest.raises(AssertionError, match="these 5 bytes are none"):
        box.assert_final(b"other")


@pytest.mark.parametrize("form", ["png", "jpeg", "webp", "gif", "svg"])
def test_half_a_picture_is_not_the_final_one(box: Sandbox, sdk: openai.OpenAI, form: str) -> None:
    ask: dict[str, Any] = ASK | {"model": "gpt-image-2.6-flare", "output_format": form}
    box.next.large_picture()
    (event,) = sdk.images.generate(**ask, stream=True)
    box.assert_final(b64decode(event.b64_json))
    box.next.truncated_picture()
    (event,) = sdk.images.generate(**ask, stream=True)
    with pytest.raises(AssertionError, match=r"bytes (of it break off|are none)"):
        box.assert_final(b64decode(event.b64_json))


# -- the journal --------------------------------------------------------------------------------


def test_a_stream_is_one_request_that_tells_what_was_sent(box: Sandbox, sdk: openai.OpenAI) -> None:
    events = iter(sdk.images.generate(**STREAM))
    next(events)
    assert told(box).startswith("stream: partial 0")
    list(events)
    (request,) = box.requests
    assert request.status == 200
    assert told(box) == "stream: partial 0, partial 1, completed"


def test_who_leaves_ends_the_work_and_the_journal_says_so(box: Sandbox, sdk: openai.OpenAI) -> None:
    box.next.stream(pause=30)
    stream = sdk.images.generate(**STREAM)
    next(iter(stream))
    stream.close()
    assert until(lambda: told(box) == "stream: partial 0; the client left")


def test_nothing_more_is_made_for_who_has_left_before(box: Sandbox, server: ImagesMock) -> None:
    box.next.delay(0.05)
    body = json.dumps(STREAM).encode()
    head = (
        f"POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
        f"Authorization: Bearer {box.api_key}\r\nContent-Type: application/json\r\n\r\n"
    )
    address = server.address.removeprefix("http://").split(":")
    with closing(socket.create_connection((address[0], int(address[1])))) as line:
        line.sendall(head.encode() + body)
    assert until(lambda: bool(box.requests))
    assert box.requests[-1].status == 499


def test_a_stream_that_is_kept_waiting_ends_with_the_sandbox(
    box: Sandbox, sdk: openai.OpenAI
) -> None:
    box.next.stream([0], end="stall")
    events = iter(sdk.images.generate(**STREAM))
    next(events)
    box.begin()
    with pytest.raises(openai.APIConnectionError):
        next(events)

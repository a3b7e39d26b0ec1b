"""Streams over a socket: what the official SDK, sync and async, makes of them, and the bare bytes."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
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
from tests.stream_cases import CASES, Case, table

PAGE = Path(__file__).parent.parent / "docs" / "how-to.md"
ASK: dict[str, Any] = {"model": "gpt-image-2", "prompt": "a red fox", "size": "1024x1024"}
STREAM = ASK | {"stream": True, "partial_images": 2}
PNG = (Path(__file__).parent.parent / "docs" / "fox.png").read_bytes()
PARTIAL, COMPLETED = "image_generation.partial_image", "image_generation.completed"
FIRST, ALL = [PARTIAL], [PARTIAL, PARTIAL, COMPLETED]
#: What a stream of 2025-10-22 has, in its order.
OF_PARTIAL = ["type", "partial_image_index", "b64_json", "created_at", "size", "quality", "background", "output_format"]  # fmt: skip
OF_COMPLETED = ["type", "b64_json", "created_at", "usage", "size", "quality", "background", "output_format"]  # fmt: skip


@pytest.fixture
def box(server: ImagesMock) -> Iterator[Sandbox]:
    """A sandbox that refuses nothing."""
    sandbox = server.sandbox().begin(per_minute=1000)
    yield sandbox
    sandbox.reset()


@pytest.fixture
def client(box: Sandbox) -> Iterator[openai.OpenAI]:
    options: dict[str, Any] = {"base_url": box.url, "api_key": box.api_key, "max_retries": 0}
    with openai.OpenAI(**options, timeout=10) as client:
        yield client


def asked(box: Sandbox, **body: Any) -> httpx2.Response:
    """The bare answer; its headers are those of an SDK that asks for a stream."""
    headers = {"Authorization": f"Bearer {box.api_key}", "Accept": "application/json"}
    url = f"{box.url}/images/generations"
    return httpx2.post(url, json=STREAM | body, headers=headers, trust_env=False, timeout=10)


def frames(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Name and data of each event; fails if anything else is there."""
    assert text.endswith("\n\n")
    lines = [frame.split("\n") for frame in text[:-2].split("\n\n")]
    assert [[line.partition(": ")[0] for line in frame] for frame in lines] == [
        ["event", "data"]
    ] * len(lines)
    return [(event[7:], json.loads(data[6:])) for event, data in lines]


def types(client: openai.OpenAI, **body: Any) -> list[str]:
    return [event.type for event in client.images.generate(**STREAM | body)]


def told(box: Sandbox) -> str:
    """What the journal says of the last stream."""
    return next(line for line in box.requests[-1].trace if line.startswith("stream"))


def until(wanted: Callable[[], bool]) -> bool:
    """Whether it comes to be so within some seconds: a server notices later who has left."""
    end = time.monotonic() + 5
    while not (found := wanted()) and time.monotonic() < end:
        threading.Event().wait(0.01)
    return found


# -- as it is asked for -------------------------------------------------------------------------


@pytest.mark.parametrize("partials", [0, 1, 2, 3, None])
def test_a_stream_has_the_partial_pictures_asked_for_and_then_the_whole_one(
    client: openai.OpenAI, partials: int | None
) -> None:
    events = list(client.images.generate(**STREAM | {"partial_images": partials}))
    assert [e.type for e in events] == [PARTIAL] * (partials or 0) + [COMPLETED]
    assert [getattr(e, "partial_image_index", None) for e in events[:-1]] == [*range(partials or 0)]


def test_the_last_picture_is_the_one_that_comes_without_a_stream(client: openai.OpenAI) -> None:
    *partial, last = client.images.generate(**STREAM)
    whole = client.images.generate(**ASK)
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


def test_what_is_refused_before_the_first_event_is_a_plain_error(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.generate(**STREAM | {"n": 2})
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


def test_each_event_comes_when_it_is_ready(box: Sandbox, client: openai.OpenAI) -> None:
    box.next.stream(pause=30)  # nobody waits for the second
    events = iter(client.images.generate(**STREAM))
    assert next(events).type == PARTIAL
    assert told(box) == "stream: partial 0"


def test_what_is_ready_goes_out_before_the_next_is_made(
    box: Sandbox, client: openai.OpenAI, server: ImagesMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, never = PictureFiles.in_json, asyncio.Event()

    async def stuck(files: PictureFiles, picture: Picture, *uploads: Any) -> bytes:
        await (never.wait() if picture.partial == 1 else asyncio.sleep(0))
        return await made(files, picture, *uploads)

    monkeypatch.setattr(PictureFiles, "in_json", stuck)
    events = iter(client.images.generate(**STREAM | {"prompt": "a fox that was never drawn"}))
    assert next(events).type == PARTIAL
    assert told(box) == "stream: partial 0"


def test_what_goes_wrong_in_a_stream_is_an_error_event(
    box: Sandbox, client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(files: PictureFiles, picture: Picture, *uploads: Any) -> bytes:
        raise OSError("no such pen")

    monkeypatch.setattr(PictureFiles, "in_json", broken)
    with pytest.raises(openai.APIError, match="^Image generation failed$"):
        types(client, prompt="another fox that was never drawn")
    assert told(box) == "stream: no event; it failed"


def test_a_latency_is_shared_by_the_events(box: Sandbox, client: openai.OpenAI) -> None:
    box.begin(latency="90s", per_minute=1000)
    with client.images.with_streaming_response.generate(**STREAM) as answer:
        assert answer.status_code == 200  # the head is there at once, and no event
        assert told(box) == "stream, to come: partial 0, partial 1, completed"


# -- edits --------------------------------------------------------------------------------------


def test_an_edit_streams_the_same_under_other_names(box: Sandbox, client: openai.OpenAI) -> None:
    ask: dict[str, Any] = ASK | {
        "image": [("a.png", PNG, "image/png"), ("b.png", PNG, "image/png")]
    }
    events = list(client.images.edit(**ask, stream=True, partial_images=1))
    assert [event.type for event in events] == ["image_edit.partial_image", "image_edit.completed"]
    whole = client.images.edit(**ask)
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


def test_rules_for_streams_are_for_those_of_edits_too(box: Sandbox, client: openai.OpenAI) -> None:
    box.on(operation="images.edit").stream([0, "generation_failed"])
    with pytest.raises(openai.APIError, match="Image generation failed"):
        list(client.images.edit(**ASK, image=("a.png", PNG, "image/png"), stream=True))
    assert types(client) == ALL


# -- partial or final ---------------------------------------------------------------------------


def test_a_partial_picture_tells_that_it_is_one(box: Sandbox, client: openai.OpenAI) -> None:
    files = [b64decode(event.b64_json) for event in client.images.generate(**STREAM)]
    marks = [(identify(file) or {}).get("partial") for file in files]
    assert marks == [0, 1, None]
    box.assert_final(files[-1])
    with pytest.raises(AssertionError, match=r"partial picture 1 of a stream, .* ends in \.comp"):
        box.assert_final(files[1])
    with pytest.raises(AssertionError, match="these 5 bytes are none"):
        box.assert_final(b"other")


# -- what a rule makes of it --------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.script)
def test_the_sdk_sees_what_the_page_says(box: Sandbox, client: openai.OpenAI, case: Case) -> None:
    box.next.then(**case.then)
    seen: list[str | None] = []
    raised = ""
    try:
        seen.extend(e.type for e in client.images.generate(**STREAM | {"partial_images": 1}))
    except (openai.OpenAIError, ValueError) as error:
        raised = type(error).__name__
    assert (seen, raised) == (case.python, case.raised[0])
    assert types(client) == ALL  # the next one is as ever


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are out of the way")
def test_the_page_shows_what_the_sdks_see() -> None:
    assert table() in PAGE.read_text("utf-8")


def test_events_come_in_the_order_of_the_rule_with_their_own_indexes(box: Sandbox) -> None:
    box.next.stream([1, 0, 0, 3])
    found = [data["partial_image_index"] for _, data in frames(asked(box).text)]
    assert found == [1, 0, 0, 3]
    assert told(box) == "stream: partial 1, partial 0, partial 0, partial 3"


def test_an_error_of_a_stream_is_wrapped_and_raised(box: Sandbox, client: openai.OpenAI) -> None:
    box.next.stream([0, "generation_failed"])
    with pytest.raises(openai.APIError, match="^Image generation failed$") as failed:
        types(client)
    assert type(failed.value) is openai.APIError
    assert failed.value.code == "image_generation_failed"
    box.next.stream(["generation_failed"])
    assert asked(box).text == (
        'event: error\ndata: {"type":"error","error":{"type":"image_generation_server_error",'
        '"code":"image_generation_failed","message":"Image generation failed","param":null}}\n\n'
    )


@pytest.mark.parametrize("reason", ["rate_limited", "picture_refused", "internal"])
def test_any_error_can_come_late(box: Sandbox, client: openai.OpenAI, reason: str) -> None:
    box.next.stream([0, reason])
    with pytest.raises(openai.APIError) as failed:
        types(client)
    box.next.error(reason)
    with pytest.raises(openai.APIStatusError) as refused:
        client.images.generate(**STREAM)
    late, early = failed.value.body, refused.value.body
    assert isinstance(late, dict)
    assert isinstance(early, dict)
    assert [*late][:4] == ["type", "code", "message", "param"]
    assert late.keys() == early.keys()
    assert (late["type"], late["code"]) == (early["type"], early["code"])


def test_a_line_that_breaks_is_an_error_of_the_connection(
    box: Sandbox, client: openai.OpenAI
) -> None:
    box.next.stream([0], end="break")
    box.next.disconnect(after_bytes=1000)
    box.next.disconnect(after_bytes=10_000_000)
    for _ in range(3):
        with pytest.raises(openai.APIConnectionError):
            types(client)
        assert told(box).endswith("; the line breaks")


@pytest.mark.parametrize("end", ["cut", "no_blank_line"])
def test_a_last_event_that_is_not_whole_is_lost_in_silence(
    box: Sandbox, client: openai.OpenAI, end: str
) -> None:
    box.next.stream(end=end)
    assert types(client) == [PARTIAL, PARTIAL]


def test_a_stream_without_its_last_blank_line_has_all_else(box: Sandbox) -> None:
    whole = asked(box).text
    box.next.stream(end="no_blank_line")
    assert asked(box).text == whole[:-1]
    box.next.stream(end="cut")
    cut = asked(box).text
    assert whole.startswith(cut)
    assert cut.count("event: ") == 3


def test_a_stream_that_stalls_runs_into_the_timeout(box: Sandbox, client: openai.OpenAI) -> None:
    box.next.stream([0], end="stall")
    events = iter(client.with_options(timeout=0.2).images.generate(**STREAM))
    assert next(events).type == PARTIAL
    with pytest.raises(openai.APITimeoutError):
        next(events)
    assert told(box) == "stream: partial 0; then nothing more"


def test_json_in_place_of_a_stream_is_no_event_and_no_error(
    box: Sandbox, client: openai.OpenAI
) -> None:
    box.next.stream(as_json=True)
    assert types(client) == []
    box.next.stream(as_json=True)
    answer = asked(box)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["data"][0].keys() == {"b64_json"}


def test_events_whose_json_breaks_off_are_whole_events(box: Sandbox, client: openai.OpenAI) -> None:
    box.next.bad_json()
    with pytest.raises(json.JSONDecodeError):
        types(client)
    box.next.bad_json()
    assert len(asked(box).text.split("\n\n")) == 4


def test_a_large_picture_has_more_than_a_mebibyte(box: Sandbox, client: openai.OpenAI) -> None:
    box.next.large_picture()
    *_, last = client.images.generate(**STREAM)
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


def test_other_effects_hold_for_streams_too(box: Sandbox, client: openai.OpenAI) -> None:
    box.next.headers({"x-accel-buffering": "no"})
    assert asked(box).headers["x-accel-buffering"] == "no"
    box.next.content_type("text/plain")
    assert asked(box).headers["content-type"] == "text/plain"
    box.next.drip(bytes_per_second=10_000_000)
    assert types(client) == ALL
    box.next.pictures(0)
    assert types(client) == []
    box.next.image(b"a file of my own")
    assert {b64decode(e.b64_json) for e in client.images.generate(**STREAM)} == {
        b"a file of my own"
    }


def test_a_rule_for_streams_waits_for_one(box: Sandbox, client: openai.OpenAI) -> None:
    rule = box.next.stream([0])
    client.images.generate(**ASK)
    assert rule.fired == 0
    assert box.unused_rules() == [
        f"{rule.id}: stream events [0] for the next request with stream True"
    ]
    assert types(client) == FIRST
    assert rule.fired == 1


# -- the journal --------------------------------------------------------------------------------


def test_a_stream_is_one_request_that_tells_what_was_sent(
    box: Sandbox, client: openai.OpenAI
) -> None:
    events = iter(client.images.generate(**STREAM))
    next(events)
    assert told(box).startswith("stream: partial 0")
    list(events)
    (request,) = box.requests
    assert request.status == 200
    assert told(box) == "stream: partial 0, partial 1, completed"


def test_who_leaves_ends_the_work_and_the_journal_says_so(
    box: Sandbox, client: openai.OpenAI
) -> None:
    box.next.stream(pause=30)
    stream = client.images.generate(**STREAM)
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
    box: Sandbox, client: openai.OpenAI
) -> None:
    box.next.stream([0], end="stall")
    events = iter(client.images.generate(**STREAM))
    next(events)
    box.begin()
    with pytest.raises(openai.APIConnectionError):
        next(events)

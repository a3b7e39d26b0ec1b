"""What rules do to answers, in process and over a real socket."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected
from io import BytesIO
from typing import Any

import httpx2
import openai
import pytest
from PIL import Image
from starlette.testclient import TestClient

from mockserver.clock import ManualClock
from mockserver.core.errors import Reason
from mockserver.testing import ImagesMock
from tests.conftest import GENERATIONS, Api, error, generate

HERE = {"Mock-Sandbox-Key": "sk-mock-me"}
SMALL = {"size": "256x256"}
BROKEN = "truncated|broken|Truncated"  # as Pillow says it


def script(client: TestClient, then: dict[str, Any], **rule: Any) -> dict[str, Any]:
    answer = client.post("/_mock/rules", json={"then": then} | rule, headers=HERE)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def files(client: TestClient, **body: Any) -> list[bytes]:
    """The picture by URL and in base64."""
    url = generate(client, **SMALL, **body).json()["data"][0]["url"]
    inline = generate(client, **SMALL, **body, response_format="b64_json").json()["data"][0]
    return [client.get(url).content, b64decode(inline["b64_json"])]


def png(mode: str = "RGBA", side: int = 64) -> bytes:
    file = BytesIO()
    Image.new(mode, (side, side)).save(file, "PNG")
    return file.getvalue()


# -- each effect -------------------------------------------------------------------------------


@pytest.mark.parametrize("as_of", ["2022-12-01", "2024-06-01", "2025-06-01", "2026-04-01"])
def test_every_error_can_be_asked_for_by_name(api: Api, as_of: str) -> None:
    client = api(as_of=as_of)
    for reason in Reason:
        script(client, {"error": reason.value}, next=True)
        answer = generate(client, **({} if as_of < "2023" else {"model": "dall-e-2"}))
        most = dict.fromkeys((Reason.INTERNAL, Reason.GENERATION_FAILED), 500)
        full = Reason.SANDBOXES_FULL, Reason.CONNECTIONS_FULL, Reason.NO_ROOM_FOR_BODY
        most |= dict.fromkeys((*full, Reason.STATE_AWAY), 503)
        assert 400 <= answer.status_code <= most.get(reason, 499), reason
        last = client.get("/_mock/requests/last", headers=HERE).json()
        assert (last["error"]["reason"], last["scripted"]) == (reason.value, True)


@pytest.mark.parametrize(
    ("then", "status", "code"),
    [
        ({"refuse": True}, 400, "content_policy_violation"),
        ({"refuse": "description"}, 400, "content_policy_violation"),
        ({"refuse": "picture"}, 400, "content_policy_violation"),
        ({"quota": True}, 429, "insufficient_quota"),
        ({"error": "hard_limit"}, 400, "billing_hard_limit_reached"),
        ({"rate_limit": True}, 429, "rate_limit_exceeded"),
    ],
    ids=str,
)
def test_a_refusal_has_its_status_and_code(
    api: Api, then: dict[str, Any], status: int, code: str
) -> None:
    client = api()
    script(client, then)
    answer = generate(client)
    assert (answer.status_code, error(answer)["code"]) == (status, code)


def test_a_rate_limit_tells_the_wait_that_it_is_given(api: Api) -> None:
    client = api()
    script(client, {"rate_limit": {"retry_after": 20}})
    headers = generate(client).headers
    assert (headers["retry-after"], headers["retry-after-ms"]) == ("20", "20000")


WAITS = [
    (0, "0", "0", "0ms"),
    (0.0006, "1", "1", "1ms"),
    (0.9994, "1", "999", "999ms"),
    (0.9996, "1", "1000", "1s"),
    (1.0006, "2", "1001", "1.001s"),
    (119.9996, "120", "120000", "120s"),
]


@pytest.mark.parametrize(("seconds", "after", "milliseconds", "said"), WAITS)
def test_a_wait_is_told_to_the_nearest_millisecond_and_to_the_next_whole_second(
    api: Api, seconds: float, after: str, milliseconds: str, said: str
) -> None:
    client = api(as_of="2025-06-15")
    script(client, {"rate_limit": {"retry_after": seconds}}, next=True)
    refused = generate(client)
    assert refused.headers["retry-after"] == after
    assert refused.headers["retry-after-ms"] == milliseconds
    assert f"Please try again in {said}. " in error(refused)["message"]
    script(client, {"gateway": {"status": 503, "retry_after": seconds}}, next=True)
    assert generate(client).headers["retry-after"] == after


@pytest.mark.parametrize(("seconds", "second"), [(0, 0), (0.001, 1), (1, 1), (1.001, 2)])
def test_a_wait_as_a_date_ends_with_the_second_that_it_ends_in(
    api: Api, seconds: float, second: int
) -> None:
    client = api()
    for word in ("rate_limit", "gateway"):
        script(client, {word: {"retry_after": seconds, "as_date": True}}, next=True)
        headers = generate(client).headers
        assert headers["retry-after"] == f"Mon, 31 Mar 2025 00:00:0{second} GMT"


@pytest.mark.parametrize(
    ("chosen", "limit", "wait"), [({"limits": "7/min"}, 7, "8571"), ({"tier": "off"}, 1, "60000")]
)
def test_a_rate_limit_of_no_length_tells_the_time_that_one_picture_takes(
    api: Api, chosen: dict[str, str], limit: int, wait: str
) -> None:
    client = api(**chosen)
    script(client, {"rate_limit": True})
    refused = generate(client)
    assert refused.headers["retry-after-ms"] == wait
    assert f"Limit: {limit}/1min. Current: {limit + 1}/1min." in error(refused)["message"]


@pytest.mark.parametrize(
    ("key", "said"), [("sk-mock-me", "sk-mock-me"), ("sk-mock-somebody", "sk-mock-********body")]
)
def test_a_key_that_a_rule_refuses_is_masked(api: Api, key: str, said: str) -> None:
    client, here = api(), {"Mock-Sandbox-Key": key}
    client.post("/_mock/rules", json={"then": {"error": "incorrect_key"}}, headers=here)
    assert f"provided: {said}. " in error(generate(client, key=key))["message"]


def test_a_delay_and_a_drip_take_their_time(api: Api, clock: ManualClock) -> None:
    client, start = api(), clock.now()
    script(client, {"delay": 5}, next=True)
    assert generate(client).status_code == 200
    assert clock.now() - start == 5 * 10**9
    script(client, {"drip": 100}, next=True)
    answer = generate(client)
    pieces = -(-len(answer.content) // 10)
    assert answer.json()["data"]
    assert clock.now() - start == 5 * 10**9 + (pieces - 1) * 10**8


def test_json_can_break_off_and_be_called_something_else(api: Api) -> None:
    client = api()
    script(client, {"bad_json": True}, next=True)
    answer = generate(client)
    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) == len(answer.content)
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    script(client, {"content_type": "text/html"}, next=True)
    assert generate(client).headers["content-type"] == "text/html"
    assert generate(client).headers["content-type"] == "application/json"


def test_what_a_rule_does_to_an_answer_it_does_to_an_error_too(
    api: Api, clock: ManualClock
) -> None:
    client = api(limits="1/min")
    script(client, {"error": "internal", "bad_json": True}, next=True)
    answer = generate(client)
    assert answer.status_code == 500
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    script(client, {"drip": 100})
    assert generate(client).status_code == 200
    start = clock.now()
    refused = generate(client)
    assert (refused.status_code, "retry-after" in refused.headers) == (429, True)
    assert error(refused)["code"] == "rate_limit_exceeded"
    pieces = -(-len(refused.content) // 10)
    assert clock.now() - start == (pieces - 1) * 10**8


def test_a_truncated_picture_breaks_off(api: Api) -> None:
    client = api()
    script(client, {"picture": "truncated"})
    for file in files(client):
        with pytest.raises(OSError, match=BROKEN), Image.open(BytesIO(file)) as image:
            image.load()


def test_a_picture_of_the_wrong_size_or_format_is_whole(api: Api) -> None:
    client = api()
    for fault, size, form in (
        ("wrong_size", (128, 256), "PNG"),
        ("wrong_format", (256, 256), "JPEG"),
    ):
        script(client, {"picture": fault}, when={"prompt": fault})
        for file in files(client, prompt=fault):
            with Image.open(BytesIO(file)) as image:
                image.load()
                assert (image.size, image.format) == (size, form)


@pytest.mark.parametrize("then", [{"picture": "wrong_size"}, {"image": b64encode(b"x").decode()}])
def test_an_edit_can_have_a_faulty_picture_too(api: Api, then: dict[str, Any]) -> None:
    client = api(as_of="2024-06-01")
    script(client, then)
    form = {"prompt": "x", "model": "dall-e-2", **SMALL}
    sent = {"image": ("a.png", png(), "image/png"), "mask": ("m.png", png(), "image/png")}
    url = client.post("/v1/images/edits", data=form, files=sent).json()["data"][0]["url"]
    answer = client.get(url)
    assert answer.status_code == 200
    if "image" in then:
        assert answer.content == b"x"
        return
    with Image.open(BytesIO(answer.content)) as image:
        assert image.size == (128, 256)


def test_a_given_image_is_the_answer(api: Api) -> None:
    client, given = api(), png("L", 3)
    told = script(client, {"image": b64encode(given).decode()})
    known = told["then"]["image"]
    assert known == {"sha256": sha256(given).hexdigest(), "bytes": len(given)}
    assert files(client) == [given, given]
    answer = client.post("/_mock/rules", json=told, headers=HERE)
    assert "a PUT of that rule keeps it" in error(answer)["message"]
    for changed, status in [({}, 200), ({"then": {"image": known | {"bytes": 1}}}, 400)]:
        answer = client.put("/_mock/rules/r1", json=told | {"times": 2} | changed, headers=HERE)
        assert answer.status_code == status
    assert files(client) == [given, given]
    assert files(client)[0] != given


def test_a_url_can_have_expired_at_once(api: Api) -> None:
    client = api()
    script(client, {"expired_url": True}, next=True)
    assert client.get(generate(client).json()["data"][0]["url"]).status_code == 403
    assert client.get(generate(client).json()["data"][0]["url"]).status_code == 200


def test_a_field_that_is_null_is_matched_by_what_was_filled_in(api: Api) -> None:
    client = api()
    script(client, {"quota": True}, when={"size": "1024x1024", "model": "dall-e-2"})
    assert generate(client, size=None, model=None).status_code == 429


# -- the line ----------------------------------------------------------------------------------


@contextmanager
def sent_to(server: ImagesMock, key: str, prompt: str) -> Iterator[HTTPConnection]:
    line = HTTPConnection(server.address.removeprefix("http://"), timeout=30)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with closing(line):
        line.request("POST", GENERATIONS, json.dumps({"prompt": prompt}), headers)
        yield line


def partial(server: ImagesMock, key: str, prompt: str) -> bytes:
    """What arrives of an answer before the line breaks."""
    with sent_to(server, key, prompt) as line, line.getresponse() as response:
        with pytest.raises(IncompleteRead) as cut:
            response.read()
        return cut.value.partial


def steer(server: ImagesMock, key: str, method: str, path: str, **body: Any) -> dict[str, Any]:
    headers = {"Mock-Sandbox-Key": key}
    sent = body if method in ("POST", "PUT") else None
    answer = httpx2.request(method, f"{server.address}/_mock/{path}", json=sent, headers=headers)
    told: dict[str, Any] = answer.raise_for_status().json()
    return told


def test_the_line_breaks_at_a_byte_and_nobody_complains(
    server: ImagesMock, caplog: pytest.LogCaptureFixture
) -> None:
    key = "sk-mock-line"
    steer(server, key, "POST", "rules", when={"prompt": "0"}, then={"disconnect": 0})
    steer(server, key, "POST", "rules", when={"prompt": "100"}, then={"disconnect": 100})
    with sent_to(server, key, "0") as line, pytest.raises(RemoteDisconnected):
        line.getresponse()
    assert len(partial(server, key, "100")) == 100
    then = {"error": "internal", "disconnect": 40}
    steer(server, key, "POST", "rules", when={"prompt": "error"}, then=then)
    assert len(partial(server, key, "error")) == 40
    assert steer(server, key, "POST", "requests/wait", count=3)["reached"]
    statuses = [r["status"] for r in steer(server, key, "GET", "requests")["requests"]]
    assert statuses == [499, 200, 500]
    assert not caplog.records


def test_a_delay_ends_as_soon_as_the_client_leaves(server: ImagesMock) -> None:
    key = "sk-mock-leaves"
    steer(server, key, "POST", "rules", then={"delay": 3600})
    with (
        openai.OpenAI(base_url=server.url, api_key=key, timeout=0.1, max_retries=0) as client,
        pytest.raises(openai.APITimeoutError),
    ):
        client.images.generate(prompt="x", model="dall-e-2")
    assert steer(server, key, "POST", "requests/wait", timeout=20)["reached"]
    (record,) = steer(server, key, "GET", "requests")["requests"]
    told = [record[name] for name in ("status", "usd", "paid", "ended")]
    assert told == [499, 0.016, "lost", "left"]


def test_a_stall_ends_when_the_sandbox_begins_anew_and_its_request_is_late(
    server: ImagesMock,
) -> None:
    key = "sk-mock-anew"
    steer(server, key, "POST", "rules", then={"stall": True})
    with sent_to(server, key, "x") as line:
        while not steer(server, key, "GET", "rules/r1")["fired"]:  # it is there, and waits
            pass
        steer(server, key, "POST", "sandbox")
        with pytest.raises(RemoteDisconnected):
            line.getresponse()
    found = steer(server, key, "GET", "requests")
    while not found["late"]:
        found = steer(server, key, "GET", "requests")
    assert (found["requests"], found["late"][0]["fields"]["prompt"]) == ([], "x")
    assert steer(server, key, "POST", "sandbox")["late"] == 1
    assert steer(server, key, "GET", "requests")["late"] == []


def test_times_are_counted_exactly_for_64_callers_at_once(server: ImagesMock) -> None:
    key = "sk-mock-64"
    steer(server, key, "POST", "rules", then={"error": "internal"}, times=2)
    steer(server, key, "PUT", "limits", tier="off")

    async def asked() -> list[object]:
        async with openai.AsyncOpenAI(base_url=server.url, api_key=key, max_retries=0) as client:
            calls = [client.images.generate(prompt="x", model="dall-e-2") for _ in range(64)]
            return list(await asyncio.gather(*calls, return_exceptions=True))

    answers = asyncio.run(asked())
    assert sum(isinstance(a, openai.InternalServerError) for a in answers) == 2
    assert sum(isinstance(a, openai.types.ImagesResponse) for a in answers) == 62
    (rule,) = steer(server, key, "GET", "rules")["rules"]
    assert rule["fired"] == 2


def test_an_sdk_retries_at_once_where_the_clock_stands_still(server: ImagesMock) -> None:
    key = "sk-mock-retries"
    steer(server, key, "POST", "sandbox", standing=True)
    effects = [{"rate_limit": {"retry_after": 20}}, {"error": "overloaded"}, {"error": "internal"}]
    for then in effects:
        steer(server, key, "POST", "rules", then=then, next=True)
    with openai.OpenAI(base_url=server.url, api_key=key, max_retries=3) as client:
        assert client.images.generate(prompt="x", model="dall-e-2").data
    found = steer(server, key, "GET", "requests")["requests"]
    assert [(r["status"], r["retries"]) for r in found] == [(429, 0), (429, 1), (500, 2), (200, 3)]
    assert {r["call"] for r in found} == {found[0]["id"]}
    assert steer(server, key, "GET", "clock")["moved"] == 20

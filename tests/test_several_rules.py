"""Several rules for one request, and what a rule says of a picture's downloads."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from mockserver.client.sandbox import Sandbox
from mockserver.clock import ManualClock
from mockserver.core.errors import Reason
from mockserver.facts import load
from mockserver.testing import ImagesMock
from tests.conftest import Api, error, generate
from tests.test_rules import HERE, png, script

SECOND = 10**9
SMALL = {"size": "256x256"}


def last(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/_mock/requests/last", headers=HERE).json()
    return found


def last_download(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/_mock/downloads", headers=HERE).json()["downloads"][-1]
    return found


# -- several rules -----------------------------------------------------------------------------


def test_a_delay_of_the_file_and_a_posted_error_add_up_and_both_are_told(
    api: Api, clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    client = api(rules=[{"name": "slow", "then": {"delay": "2s"}}], log_format="text")
    script(client, {"error": "internal"}, times=1)
    start = clock.now()
    assert generate(client).status_code == 500
    assert clock.now() - start == 2 * SECOND
    record = last(client)
    assert (record["rule"], record["rules"]) == ("r1", ["r1", "f1"])
    assert record["trace"] == [
        "rule r1 internal: internal (time 1 of 1)",
        'rule f1 "slow": delay (time 1)',
    ]
    assert "rule=r1(internal), f1(delay)" in capsys.readouterr().err
    fired = {r["id"]: r["fired"] for r in client.get("/_mock/rules", headers=HERE).json()["rules"]}
    assert fired == {"r1": 1, "f1": 1}
    assert generate(client).status_code == 200


def test_the_newest_rule_goes_first_wherever_it_comes_from(api: Api) -> None:
    client = api(rules=[{"then": {"error": "internal"}}])
    assert generate(client, prompt="mock:quota").status_code == 500
    client.post("/_mock/rules?sandbox=*", json={"then": {"respond": 409}})
    assert generate(client).status_code == 409
    script(client, {"respond": 418})
    script(client, {"respond": 404}, when={"prompt": "x"})
    assert [generate(client, prompt=p).status_code for p in ("x", "y")] == [404, 418]
    script(client, {"respond": 401}, next=True)
    script(client, {"respond": 403}, next=True)
    assert [generate(client).status_code for _ in range(3)] == [401, 403, 404]


def test_one_rule_may_be_late_and_then_fail(api: Api, clock: ManualClock) -> None:
    client, start = api(), clock.now()
    script(client, {"delay": 1.5, "error": "overloaded"})
    assert generate(client).status_code == 429
    assert clock.now() - start == 1.5 * SECOND


def test_a_magic_word_adds_to_a_rule_and_is_not_used_up_by_what_it_does_not_do(
    api: Api, clock: ManualClock
) -> None:
    client, start = api(), clock.now()
    script(client, {"error": "internal"}, times=1)
    assert generate(client, prompt="mock:slow=5s").status_code == 500
    assert clock.now() - start == 5 * SECOND
    script(client, {"error": "internal"}, times=1)
    statuses = [generate(client, prompt="mock:429x1").status_code for _ in range(3)]
    assert statuses == [500, 429, 200]


# -- errors without a cause --------------------------------------------------------------------

WORDS = [
    ("2024-06-01", "wrong_type", "'2' is not of type 'integer' - 'n'"),
    ("2025-06-01", "wrong_type", "Invalid type for 'n': expected an integer, but got a string instead."),
    ("2024-06-01", "not_one_of", "'500x500' is not one of ['256x256', '512x512', '1024x1024', "),
    ("2025-06-01", "not_one_of", "Invalid value: '500x500'. Supported values are: '256x256', "),
    ("2024-06-01", "too_large", "11 is greater than the maximum of 10 - 'n'"),
    ("2025-06-01", "too_small", "integer below minimum value. Expected a value >= 1, but got 0 "),
    ("2024-06-01", "unknown_parameter", "not allowed ('seed' was unexpected)"),
    ("2025-06-01", "unknown_parameter", "Unknown parameter: 'seed'."),
    ("2024-06-01", "missing_parameter", "'prompt' is a required property"),
    ("2024-06-01", "wrong_content_type", "(text/plain), expected application/json."),
    ("2024-06-01", "wrong_body_type", "[] is not of type 'object'"),
    ("2024-06-01", "not_a_number", "'two' is not of type 'integer' - 'n'"),
    ("2025-06-01", "prompt_too_long", "length 1000, but got a string with length 1001 instead."),
    ("2024-06-01", "prompt_over_model", "length 1000 or less. Your prompt length is 1001."),
    ("2024-06-01", "wrong_method", "Not allowed to PUT on /v1/images/generations."),
    ("2025-06-01", "file_type", "unsupported mimetype ('image/jpeg')"),
    ("2024-06-01", "mask_size", "the size of the image, 1024x1024, got 512x512 instead."),
    ("2024-06-01", "not_square", "equal width and height, got 640x480 instead."),
    ("2024-06-01", "incorrect_key", "provided: sk-mock-me. You can find"),
    ("2024-06-01", "body_too_large", "(67108864) exceeded (67108865 bytes read)"),
    ("2024-06-01", "wrong_host", "host 'localhost'."),
    ("2024-06-01", "not_of_tier", "Limit: 0/1min. Current: 2/1min."),
    ("2024-06-01", "over_limit", "Limit: 1/1min. Current: 2/1min."),
    ("2024-06-01", "sandboxes_full", "all 10000 are set up"),
    ("2024-06-01", "connections_full", "2000 connections open"),
    ("2025-06-01", "request_timeout", "Timed out"),
]  # fmt: skip


@pytest.mark.parametrize(("day", "reason", "words"), WORDS)
def test_a_scripted_error_reads_like_a_real_one(
    api: Api, day: str, reason: str, words: str
) -> None:
    client = api(as_of=day)
    script(client, {"error": reason})
    assert words in error(generate(client, model="dall-e-2", n=2))["message"]


@pytest.mark.parametrize(
    "as_of",
    [
        *("2024-06-01", "2026-05-01"),
        *(pytest.param(day, marks=pytest.mark.slow) for day in ("2022-12-01", "2025-06-01")),
    ],
)
@pytest.mark.parametrize("path", ["edits", "variations"])
def test_every_error_can_be_scripted_for_uploads_too(api: Api, as_of: str, path: str) -> None:
    client = api(as_of=as_of, tier="off")
    operation = "images.edit" if path == "edits" else "images.vary"
    has_model = "model" in {p.name for p in load().operations[operation].parameters}
    form = {"prompt": "x"} if path == "edits" else {}
    form |= {"model": "dall-e-2"} if has_model and as_of > "2023-11-06" else {}
    sent = {"image": ("a.png", png(), "image/png"), "mask": ("a.png", png(), "image/png")}
    for reason in Reason:
        script(client, {"error": reason.value}, next=True)
        files = sent if path == "edits" else {"image": sent["image"]}
        client.post(f"/v1/images/{path}", data=form, files=files)
        record = last(client)
        assert record["error"]["reason"] == reason.value, record["error"]
        assert "'x'" not in record["error"]["message"].replace("'x' is too long", "")


# -- downloads ---------------------------------------------------------------------------------


def download(client: TestClient, **body: Any) -> httpx2.Response:
    return client.get(generate(client, **SMALL, **body).json()["data"][0]["url"])


def test_a_rule_can_answer_the_download_in_the_pictures_place(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    client = api(log_format="text")
    script(client, {"download": 500}, when={"prompt": "x"}, name="no file")
    answer = download(client)
    assert (answer.status_code, answer.content) == (500, b"")
    assert "x-ms-request-id" in answer.headers
    record = last_download(client)
    assert (record["scripted"], record["rules"]) == (True, ["r1"])
    assert record["trace"] == ['rule r1 "no file": respond 500 (time 1)']
    assert "rule=r1(respond 500)" in capsys.readouterr().err
    assert download(client, prompt="y").status_code == 200


@pytest.mark.parametrize(
    ("wanted", "status", "kind", "body"),
    [
        ({"respond": {"status": 410, "body": "<?xml?>"}}, 410, "application/xml", "<?xml?>"),
        ({"gateway": True}, 502, "text/html; charset=utf-8", "502 Bad Gateway"),
        ({"respond": 204}, 204, None, ""),
        ({"respond": {"body": {"a": 1}}, "content_type": "a/b"}, 200, "a/b", '{"a": 1}'),
        ({"content_type": "text/plain"}, 200, "text/plain", "PNG"),
        ({"headers": {"ETag": "mine"}}, 200, "image/png", "PNG"),
    ],
    ids=str,
)  # fmt: skip
def test_any_answer_can_come_in_place_of_a_file(
    api: Api, wanted: dict[str, Any], status: int, kind: str | None, body: str
) -> None:
    client = api()
    script(client, {"download": wanted})
    answer = download(client)
    assert (answer.status_code, answer.headers.get("content-type")) == (status, kind)
    assert body.encode() in answer.content
    assert ("x-ms-version" in answer.headers) is ("gateway" not in wanted)
    assert answer.headers.get("etag") == "mine" or "headers" not in wanted


def test_a_download_can_be_late_and_slow(api: Api, clock: ManualClock) -> None:
    client = api()
    plain = download(client).content
    script(client, {"download": {"delay": "3s", "drip": len(plain)}})
    start = clock.now()
    assert download(client).content == plain
    assert 3.8 * SECOND < clock.now() - start < 4.2 * SECOND


def test_the_first_downloads_of_each_picture_can_fail_alone(api: Api) -> None:
    client = api()
    script(client, {"download": {"respond": 503, "first": 2}})
    urls = [i["url"] for i in generate(client, **SMALL, n=2).json()["data"]]
    for url in urls:
        assert [client.get(url).status_code for _ in range(4)] == [503, 503, 200, 200]


def test_what_a_rule_wants_of_downloads_has_no_part_in_base64(api: Api) -> None:
    client = api()
    plain = generate(client, **SMALL, response_format="b64_json").json()["data"]
    script(client, {"download": 500})
    assert generate(client, **SMALL, response_format="b64_json").json()["data"] == plain


def test_a_download_whose_rule_had_to_go_is_plain_and_says_why(api: Api) -> None:
    client = api(upload_cache="0B")
    script(client, {"download": 500})
    answer = download(client)
    assert answer.status_code == 200
    assert "no longer here" in answer.headers["mock-hint"]


def test_a_download_can_break_off_on_a_real_line_and_python_says_so(server: ImagesMock) -> None:
    mock: Sandbox = server.sandbox("sk-mock-downloads").begin()
    rule = mock.on(prompt="a fox").download(disconnect=100, first=1, name="cut")
    mock.on(prompt="a hen").download(404)
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    with httpx2.Client(trust_env=False) as line:

        def url(prompt: str) -> str:
            body = {"prompt": prompt, "size": "256x256"}
            answer = line.post(f"{mock.url}/images/generations", json=body, headers=headers)
            return str(answer.json()["data"][0]["url"])

        fox = url("a fox")
        with pytest.raises(httpx2.RemoteProtocolError):
            line.get(fox)
        assert line.get(fox).status_code == 200
        assert line.get(url("a hen")).status_code == 404
    assert rule.fired == 1
    assert [d.status for d in mock.downloads] == [200, 200, 404]
    assert 'rule r1 "cut": disconnect (time 1 of 1)' in mock.downloads[0].trace

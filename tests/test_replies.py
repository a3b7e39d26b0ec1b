"""Answers that are not the API's own: what a gateway says, other headers, fewer pictures."""

from __future__ import annotations

import json
import tomllib
from base64 import b64decode
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.client.rules import Then
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.core.rules import effects
from mockserver.core.rules.parser import rule_of, told
from mockserver.testing import ImagesMock
from tests.conftest import Api, error, generate
from tests.in_process import client_of

HERE = {"Mock-Sandbox-Key": "sk-mock-me"}
OF_THE_API = ("x-request-id", "openai-version", "openai-processing-ms", "openai-organization")
WORLD = create_app(configured(log_format="none", tier="off"), clock=ManualClock())
HTML, JSON, TEXT = "text/html; charset=utf-8", "application/json", "text/plain; charset=utf-8"


def script(client: TestClient, then: dict[str, Any], **rule: Any) -> dict[str, Any]:
    answer = client.post("/_mock/rules", json={"then": then} | rule, headers=HERE)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def last(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/_mock/requests/last", headers=HERE).json()
    return found


# -- another answer ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "status", "kind", "body"),
    [
        ({"gateway": True}, 502, HTML, "<h1>502 Bad Gateway</h1>"),
        ({"gateway": 503}, 503, HTML, "<h1>503 Service Temporarily Unavailable</h1>"),
        ({"gateway": 504}, 504, HTML, "<h1>504 Gateway Time-out</h1>"),
        ({"gateway": 520}, 520, HTML, "<h1>520</h1>"),
        ({"gateway": {"body": "upstream gone"}}, 502, TEXT, "upstream gone"),
        ({"gateway": 204}, 204, None, ""),
        ({"respond": {"body": " <html>sign in</html>"}}, 200, HTML, "<html>sign in</html>"),
        ({"respond": 200}, 200, None, ""),
        ({"respond": {"status": 500, "body": ""}}, 500, None, ""),
        ({"respond": 204}, 204, None, ""),
        ({"respond": {"body": {}}}, 200, JSON, "{}"),
        ({"respond": {"body": None}}, 200, JSON, "null"),
        ({"respond": {"body": '{"data": ['}}, 200, JSON, '{"data": ['),
        ({"respond": {"status": 408}}, 408, None, ""),
        ({"respond": {"status": 409, "body": {"error": None}}}, 409, JSON, '{"error": null}'),
        ({"respond": {"status": 599, "body": "é"}}, 599, TEXT, "é"),
        ({"respond": {"body": {}}, "content_type": "text/html"}, 200, "text/html", "{}"),
        ({"respond": {"body": "x", "headers": {"Content-Type": "a/b"}}}, 200, "a/b", "x"),
    ],
    ids=str,
)
def test_a_rule_can_give_any_answer(
    api: Api, then: dict[str, Any], status: int, kind: str | None, body: str
) -> None:
    client = api()
    script(client, then)
    answer = generate(client)
    assert (answer.status_code, answer.headers.get("content-type")) == (status, kind)
    assert body in answer.text if body else not answer.content
    length = None if status == 204 else str(len(answer.content))
    assert answer.headers.get("content-length") == length


def test_a_reply_has_the_headers_of_the_api_and_a_gateway_has_none_of_them(api: Api) -> None:
    client = api()
    for then, expected in ({"respond": 503}, {*OF_THE_API}), ({"gateway": 503}, set[str]()):
        script(client, then, next=True)
        headers = generate(client).headers
        assert {name for name in OF_THE_API if name in headers} == expected


def test_the_journal_knows_of_a_reply_and_which_rule_gave_it(api: Api) -> None:
    client = api()
    script(client, {"gateway": 502}, name="a bad day")
    generate(client, prompt="a red fox")
    record = last(client)
    assert (record["status"], record["scripted"], record["rule"]) == (502, True, "r1")
    assert (record["fields"]["prompt"], record["usd"], record["error"]) == ("a red fox", 0, None)
    assert 'rule r1 "a bad day": gateway 502 (time 1)' in record["trace"]


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("x", "rule=r1(gateway 502, headers)"),
        ("mock:empty", "rule=mock:empty(respond 200)"),
        ("late", "rule=r2(internal, delay)"),
    ],
)
def test_the_log_says_which_rule_fired_and_what_it_did(
    api: Api, capsys: pytest.CaptureFixture[str], prompt: str, words: str
) -> None:
    client = api(log_format="text")
    script(client, {"gateway": 502, "headers": {"x-a": "b"}}, when={"prompt": "x"})
    script(client, {"error": "internal", "delay": 1}, when={"prompt": "late"})
    generate(client, prompt=prompt)
    assert words in capsys.readouterr().err


def test_a_reply_costs_nothing_whatever_its_status(api: Api) -> None:
    client = api(limits="1/min")
    script(client, {"respond": 200}, times=2)
    assert [generate(client).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert len(client.get("/_mock/ledger", headers=HERE).json()["requests"]) == 1


def test_a_reply_can_be_late_broken_and_slow_as_any_answer(api: Api, clock: ManualClock) -> None:
    client, start = api(), clock.now()
    script(client, {"delay": 5, "respond": {"body": "123456"}, "bad_json": True}, next=True)
    assert generate(client).text == "1234"
    assert clock.now() - start == 5 * 10**9
    script(client, {"respond": {"body": "12345"}, "drip": 10}, next=True)
    assert generate(client).text == "12345"
    assert clock.now() - start == (50 + 4) * 10**8


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(LEAVES, lambda v: st.lists(v) | st.dictionaries(st.text(), v), max_leaves=5)


@settings(max_examples=50)
@given(
    status=st.sampled_from([200, 299, 409, 503, 599]),
    headers=st.dictionaries(st.sampled_from(["x-a", "location"]), st.sampled_from(["", "/v1 x"])),
    body=VALUES.filter(lambda v: "Infinity" not in json.dumps(v)),
    word=st.sampled_from(["respond", "gateway"]),
)
def test_every_reply_is_told_as_it_was_given(
    status: int, headers: dict[str, str], body: Any, word: str
) -> None:
    then = {word: {"status": status, "headers": headers, "body": body}}
    once = told(rule_of({"then": then}))["then"]
    assert once[word]["body"] == body
    assert told(rule_of({"then": once}))["then"] == once
    assert rule_of({"then": once}) == rule_of({"then": then})


EFFECTS = st.fixed_dictionaries(
    {},
    optional={
        "headers": st.dictionaries(
            st.sampled_from(["date", "x-A", "vary"]), st.just(" a,b"), min_size=1
        ),
        "content_type": st.sampled_from(["", "text/html"]),
        "pictures": st.integers(0, 10),
        "response_format": st.sampled_from(["url", "b64_json"]),
        "bad_json": st.just(True),
        "drip": st.sampled_from([1, 999_999_999]),
        "disconnect": st.sampled_from([0, 1, 999_999_999]),
        "expired_url": st.just(True),
        "picture": st.just("truncated"),
    },
)


@settings(max_examples=30)
@given(
    status=st.integers(200, 599).filter(lambda status: status != 500),
    effects=EFFECTS,
    asked=st.fixed_dictionaries(
        {"n": st.integers(1, 3), "response_format": st.sampled_from(["url", "b64_json"])}
    ),
    how=st.sampled_from(["gateway", "respond", "plain"]),
)
def test_no_effect_is_an_internal_error(
    status: int, effects: dict[str, Any], asked: dict[str, Any], how: str
) -> None:
    client = client_of(WORLD)
    script(client, (effects if how == "plain" else effects | {how: status}) or {"delay": 1})
    with suppress(Exception):  # the line may break, as the rule wants it
        generate(client, size="256x256", **asked)
    answered = last(client)["status"]
    client.delete("/_mock/rules", headers=HERE)
    assert answered in {499, 200 if how == "plain" else status}


def test_an_answer_without_a_body_ends_on_a_real_line(server: ImagesMock) -> None:
    mock = server.sandbox("sk-mock-bodiless").begin()
    headers = {"Authorization": f"Bearer {mock.api_key}"}
    with httpx2.Client(headers=headers, trust_env=False) as line:
        for status in (204, 304, 200):  # on one line: each must know where the last one ended
            mock.next.respond(status)
            answer = line.post(f"{mock.url}/images/generations", json={"prompt": "x"})
            assert (answer.status_code, answer.content) == (status, b"")


# -- headers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "then",
    [{}, {"error": "internal"}, {"respond": 409}, {"gateway": 503}, {"drip": 10**6}],
    ids=str,
)
@pytest.mark.parametrize("again", ["true", "false"])
def test_any_answer_can_have_headers_of_the_rule(
    api: Api, then: dict[str, Any], again: str
) -> None:
    client = api()
    given = {"X-Should-Retry": again, "x-request-id": "mine", "Retry-After": "7"}
    script(client, then | {"headers": given})
    answer = generate(client)
    found = answer.headers.get_list("x-should-retry"), answer.headers.get_list("x-request-id")
    assert found == ([again], ["mine"])
    assert (answer.headers["retry-after"], "retry-after-ms" in answer.headers) == ("7", False)


def test_the_headers_of_a_rule_are_on_a_refusal_of_the_limit_too(api: Api) -> None:
    client = api(limits="1/min")
    script(client, {"headers": {"retry-after": "90"}})
    generate(client)
    refused = generate(client)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "90")
    assert "retry-after-ms" not in refused.headers


def test_an_error_can_be_called_something_else_than_json(api: Api) -> None:
    client = api()
    script(client, {"error": "internal", "content_type": "text/html"})
    answer = generate(client)
    assert answer.headers.get_list("content-type") == ["text/html"]
    assert error(answer)["type"] == "server_error"


@pytest.mark.parametrize(
    "then", [{"rate_limit": {"retry_after": 20}}, {"gateway": {"status": 503, "retry_after": 20}}]
)
def test_a_wait_can_be_told_as_a_date_of_the_machines_clock(
    api: Api, clock: ManualClock, then: dict[str, Any]
) -> None:
    client, (word, told_wait) = api(), next(iter(then.items()))
    client.post("/_mock/clock/advance", json={"seconds": 86_400}, headers=HERE)
    script(client, {word: told_wait | {"as_date": True}})
    headers = generate(client).headers
    at = parsedate_to_datetime(headers["retry-after"]).timestamp()
    assert 0 <= at - clock.now() / 1e9 - 20 < 1
    assert "retry-after-ms" not in headers


@pytest.mark.parametrize("as_date", [False, True])
@pytest.mark.parametrize("word", ["rate_limit", "gateway", "respond"])
def test_where_the_clock_stands_a_wait_is_told_in_thousandths_beside_it(
    api: Api, clock: ManualClock, word: str, as_date: bool
) -> None:
    client = api()
    client.post("/_mock/sandbox", json={"standing": True}, headers=HERE)
    wait = {"retry_after": 20, "as_date": as_date} | ({"status": 503} if word == "respond" else {})
    script(client, {word: wait}, next=True)
    headers = generate(client).headers
    assert headers["retry-after-ms"] == "20"
    assert headers["retry-after"] == ("Mon, 31 Mar 2025 00:00:20 GMT" if as_date else "20")
    clock.advance(0.02)
    assert generate(client).status_code == 200
    assert client.get("/_mock/clock", headers=HERE).json()["moved"] == 20


@pytest.mark.parametrize(
    ("then", "soon"),
    [
        ({"gateway": 502}, True),
        ({"respond": 409}, True),
        ({"respond": 400}, False),
        ({"error": "hard_limit", "headers": {"x-should-retry": "true"}}, True),
        ({"gateway": {"headers": {"retry-after": "90"}}}, False),
    ],
    ids=str,
)
def test_where_the_clock_stands_what_is_tried_again_is_so_at_once(
    api: Api, then: dict[str, Any], soon: bool
) -> None:
    client = api()
    client.post("/_mock/sandbox", json={"standing": True}, headers=HERE)
    script(client, then)
    assert (generate(client).headers.get("retry-after-ms") == "1") is soon


# -- pictures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("most", "came"), [(0, 0), (1, 1), (3, 3), (10, 3)])
@pytest.mark.parametrize("as_of", [None, "2026-04-01"])
@pytest.mark.parametrize("form", ["url", "b64_json"])
def test_fewer_pictures_can_come_than_were_asked_for(
    api: Api, most: int, came: int, as_of: str | None, form: str
) -> None:
    client = api(as_of=as_of)
    asked: dict[str, Any] = {
        "n": 3,
        "size": "256x256",
        "response_format": form,
        "model": "dall-e-2",
    }
    whole = generate(client, **asked).json()["data"]
    script(client, {"pictures": most})
    answer = generate(client, **asked)
    data = answer.json()["data"]
    assert [item.keys() for item in data] == [{form}] * came
    if form == "b64_json":
        assert data == whole[:came]
    assert json.dumps(answer.json(), indent=2) == answer.text.rstrip("\n")
    assert last(client)["usd"] == pytest.approx(3 * 0.016)  # all were paid for


@pytest.mark.parametrize(("asked", "comes"), [("url", "b64_json"), ("b64_json", "url")])
def test_the_other_form_can_come_than_was_asked_for(api: Api, asked: str, comes: str) -> None:
    client = api()
    plain = generate(client, size="256x256", response_format=comes).json()["data"][0][comes]
    script(client, {"response_format": comes})
    (item,) = generate(client, size="256x256", response_format=asked).json()["data"]
    assert item.keys() == {comes}
    if comes == "b64_json":
        assert b64decode(item[comes]).startswith(b"\x89PNG")
        assert item[comes] == plain
    else:
        assert client.get(item[comes]).status_code == 200
    assert last(client)["fields"]["response_format"] == asked


# -- one shape ---------------------------------------------------------------------------------

FILE = """
[[rules]]
when = { prompt = "a" }
then = { gateway = 503, delay = 1, headers = { x-should-retry = "false" } }

[[rules]]
when = { prompt = "b" }
then.respond = { status = 307, headers = { location = "/v1/elsewhere" }, body = "gone" }
then.pictures = 1

[[rules]]
when = { prompt = "c" }
then.rate_limit = { retry_after = 20, as_date = true }

[[rules]]
when = { prompt = "d" }
then.respond.body = { data = [], created = 1.5 }
"""


def test_one_shape_for_the_file_http_and_python(server: ImagesMock) -> None:
    rules = tomllib.loads(FILE)["rules"]
    read = [told(rule_of(rule))["then"] for rule in rules]
    mock = server.sandbox("sk-mock-one-shape").begin()
    for rule in rules:
        mock.on(**rule["when"]).then(**rule["then"])
    headers = {"Mock-Sandbox-Key": "sk-mock-one-shape"}
    listed = httpx2.get(f"{server.address}/_mock/rules", headers=headers).json()["rules"]
    assert [rule["then"] for rule in reversed(listed)] == read
    for rule in listed:  # what is read back can be posted again
        answer = httpx2.post(f"{server.address}/_mock/rules", json=rule, headers=headers)
        assert (answer.status_code, answer.json()["then"]) == (201, rule["then"])


def test_python_has_the_words_of_every_effect() -> None:
    assert {*Then.__annotations__} == {*effects.EFFECTS}

"""What `images_contract` says to a slip: an answer that is none, or of which nothing is known."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time
from traceback import extract_tb

import httpx2
import pytest
import requests
from openai.types import ImagesResponse

from contracts.checks.links import LEADS
from contracts.in_tests import ImagesContract
from tests.contracts.stand_in import Reply, Sent, StandIn, as_json, standing_in

CONTRACT = ImagesContract(None, "http://127.0.0.1:1/v1", "sk-mock-a")
URL = "http://127.0.0.1:1/v1/images/generations"
SENT = b'{"prompt": "x"}'


def answered(request: httpx2.Request, body: bytes = b"{}") -> httpx2.Response:
    response = httpx2.Response(200, content=body, request=request)
    response.elapsed = timedelta(seconds=1)
    return response


@pytest.mark.parametrize("answer", [None, {"data": []}, ImagesResponse(created=1), "x"])
def test_what_is_no_answer_of_a_client_is_named_with_the_cure(answer: object) -> None:
    told = rf"judge\(\) wants .*with_raw_response.*not {type(answer).__name__}$"
    with pytest.raises(TypeError, match=told):
        CONTRACT.judge(answer)


def test_an_answer_to_a_request_that_is_gone_is_not_taken_for_one_without_a_body() -> None:
    def pieces() -> Iterator[bytes]:
        yield SENT

    streamed = httpx2.Request("POST", URL, content=pieces())
    assert isinstance(streamed.stream, httpx2.SyncByteStream)
    assert b"".join(streamed.stream) == SENT  # as it is sent
    of_requests = requests.Response()
    of_requests.status_code, of_requests._content = 200, b"{}"
    of_requests.request = requests.Request("POST", URL, data=pieces()).prepare()
    for answer in (answered(streamed), of_requests):
        with pytest.raises(TypeError, match="request's body was a stream.*send it as bytes"):
            CONTRACT.judge(answer)


def test_an_answer_whose_body_was_streamed_away_is_told_as_that() -> None:
    answer = httpx2.Response(
        200, content=iter([b"{}"]), request=httpx2.Request("POST", URL, content=SENT)
    )
    assert b"".join(answer.iter_bytes()) == b"{}"
    with pytest.raises(TypeError, match=r"answer's body can't be read.*before its stream is read"):
        CONTRACT.judge(answer)


@pytest.mark.parametrize("day", ["tomorrow", "2025-13-01", "1999-01-01", ""])
def test_a_day_that_is_none_is_told_with_what_is_one(day: str) -> None:
    with pytest.raises(ValueError, match=f"as_of.*{day}.*2022-11-03"):
        CONTRACT.as_of(day)


def test_a_complaint_ends_with_the_day_whose_contract_was_broken() -> None:
    answer = answered(httpx2.Request("POST", URL, content=SENT), json.dumps({}).encode())
    today = datetime.fromtimestamp(time(), UTC).date()
    for day, told in [
        (None, "DALL·E as on 2025-03-31, GPT image models as today"),
        ("2025-06-15", "2025-06-15"),
        ("today", str(today)),
    ]:
        with pytest.raises(AssertionError) as broken:
            CONTRACT.as_of(day).judge(answer)
        last = str(broken.value).splitlines()[-1]
        assert last == f"(by the contract of {told}; images_contract.as_of(DAY) is another day's)"


def test_pytest_shows_the_test_that_judged_and_nothing_of_this_package() -> None:
    for answer in (answered(httpx2.Request("POST", URL, content=SENT)), None):
        with pytest.raises((AssertionError, TypeError)) as broken:
            CONTRACT.judge(answer)
        assert [entry.name for entry in broken.traceback.filter(broken)] == [
            "test_pytest_shows_the_test_that_judged_and_nothing_of_this_package"
        ]
        assert extract_tb(broken.tb)[-1].name == "judge"


def asked_of(gateway: StandIn) -> requests.Response:
    return requests.post(f"{gateway.url}/images/generations", json={"prompt": "x"}, timeout=60)


def redirecting(elsewhere: str | None) -> Callable[[Sent], Reply | None]:
    """A gateway whose picture's URL is its own, and leads elsewhere; None breaks the line."""

    def answers(sent: Sent) -> Reply | None:
        if sent.method == "POST":
            url = f"http://{sent.headers['host']}/pictures/1.png"
            return as_json(200, {"created": 1, "data": [{"url": url}]})
        return Reply(302, b"", (("location", elsewhere),)) if elsewhere else None

    return answers


def test_a_picture_that_leads_to_another_host_is_not_followed_there() -> None:
    with (
        standing_in(lambda _: Reply(200, b"")) as other,
        standing_in(redirecting(f"{other.url}/1.png")) as gateway,
        pytest.raises(AssertionError) as broken,
    ):
        CONTRACT.judge(asked_of(gateway))
    assert other.sent == []
    assert "leads" not in str(broken.value)
    assert [one.path for one in gateway.sent if one.method == "GET"] == ["/pictures/1.png"]


def test_no_password_of_the_machine_goes_with_a_picture_s_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    dead = f"{LEADS}: it is dead: nobody answers there"
    with standing_in(redirecting(None)) as gateway, pytest.raises(AssertionError, match=dead):
        CONTRACT.judge(asked_of(gateway))
    assert "authorization" in gateway.sent[0].headers  # the test's own client had it
    assert not [one for one in gateway.sent if one.method == "GET" and one.key]


#: Of an answer of which nothing else can be said.
HEADERS = {
    "content-type": "application/json",
    "openai-organization": "user-x",
    "openai-processing-ms": "3",
    "openai-version": "2020-10-01",
    "x-request-id": f"req_{'a' * 32}",
}


@pytest.mark.parametrize(
    ("method", "path", "body", "told"),
    [
        ("POST", "/image/generation", SENT, "POST /v1/image/generation"),
        ("POST", "/images/generations/?key=secret", SENT, "POST /images/generations/"),
        ("DELETE", "/models/dall-e-2", b"", "DELETE /models/dall-e-2"),
        (
            "POST",
            "/images/generations",
            b'{"prompt": "x", "model": "sdxl"}',
            "POST /images/generations of the model 'sdxl'",
        ),
        ("POST", "/images/generations", b"what", "POST /images/generations"),
    ],
    ids=["path", "slash", "method", "model", "no JSON"],
)
def test_an_answer_of_which_the_contract_says_nothing_does_not_pass(
    method: str, path: str, body: bytes, told: str
) -> None:
    request = httpx2.Request(method, f"http://127.0.0.1:1/v1{path}", content=body)
    answer = answered(request, b'{"anything": 1}')
    answer.headers.update(HEADERS)
    with pytest.raises(AssertionError) as broken:
        CONTRACT.judge(answer)
    first = str(broken.value).splitlines()[0]
    assert first == f"What is answered with 200 is something that the API has: {told} is not"


@pytest.mark.parametrize("status", [201, 204, 302])
def test_an_answer_is_a_success_or_a_refusal(status: int) -> None:
    answer = answered(httpx2.Request("POST", URL, content=SENT))
    answer.status_code = status
    answer.headers.update(HEADERS)
    with pytest.raises(
        AssertionError, match=f"has status 200, or that of a refusal: it is {status}"
    ):
        CONTRACT.judge(answer)

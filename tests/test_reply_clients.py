"""What openai-python makes of answers that are not the API's own, over a real socket."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import openai
import pytest

from mockserver.client.rules import Then
from mockserver.client.sandbox import Sandbox
from mockserver.testing import ImagesMock
from tests.conftest import GENERATIONS

_numbers = count()


@pytest.fixture
def mock(server: ImagesMock) -> Sandbox:
    return server.sandbox(f"sk-mock-replies-{next(_numbers)}").begin()


def ask(mock: Sandbox, **fields: Any) -> Any:
    with openai.OpenAI(base_url=mock.url, api_key=mock.api_key) as client:
        return client.images.generate(model="dall-e-2", prompt="x", n=2, size="256x256", **fields)


@pytest.mark.parametrize(
    ("then", "raised", "requests"),
    [
        ({"gateway": 502}, openai.InternalServerError, 3),
        ({"gateway": 504}, openai.InternalServerError, 3),
        ({"gateway": 503, "headers": {"x-should-retry": "false"}}, openai.InternalServerError, 1),
        ({"respond": 408}, openai.APIStatusError, 3),
        ({"respond": 409}, openai.ConflictError, 3),
        ({"refuse": True, "headers": {"x-should-retry": "true"}}, openai.BadRequestError, 3),
        ({"rate_limit": True, "headers": {"retry-after": "150"}}, openai.RateLimitError, 1),
        ({"respond": 200, "content_type": "application/json"}, json.JSONDecodeError, 1),
        ({"respond": {"body": '{"data": ['}}, json.JSONDecodeError, 1),
    ],
    ids=str,
)
def test_the_sdk_raises_after_so_many_requests(
    mock: Sandbox, then: Then, raised: type[Exception], requests: int
) -> None:
    mock.on().then(**then)
    with pytest.raises(raised) as caught:
        ask(mock)
    assert len(mock.requests) == requests
    if isinstance(caught.value, openai.APIStatusError):
        assert (caught.value.request_id is None) is ("gateway" in then)


@pytest.mark.parametrize(
    ("then", "seen"),
    [
        ({"gateway": 200}, lambda answer: answer.startswith("<html>")),
        ({"respond": 200}, lambda answer: answer == ""),
        ({"respond": {"body": {}}}, lambda answer: answer.data is None),
        ({"respond": {"body": None}}, lambda answer: answer is None),
        (
            {"respond": {"body": {"data": []}, "headers": {"content-type": "text/html"}}},
            lambda answer: answer.data == [],
        ),
        ({"content_type": "text/html"}, lambda answer: len(answer.data) == 2),
        ({"pictures": 1}, lambda answer: len(answer.data) == 1),
        ({"pictures": 0}, lambda answer: answer.data == []),
        ({"response_format": "b64_json"}, lambda answer: answer.data[0].url is None),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_the_sdk_lets_it_pass(mock: Sandbox, then: Then, seen: Any) -> None:
    mock.on().then(**then)
    assert seen(ask(mock))
    assert len(mock.requests) == 1


def test_the_sdk_takes_a_url_where_base64_was_asked_for(mock: Sandbox) -> None:
    mock.on().response_format("url")
    assert [d.b64_json for d in ask(mock, response_format="b64_json").data] == [None, None]


def test_the_sdk_follows_a_redirect_with_method_and_body(mock: Sandbox) -> None:
    mock.next.respond(307, headers={"location": GENERATIONS})
    assert len(ask(mock).data) == 2
    first, second = mock.requests
    assert (first.status, second.status, second.fields) == (307, 200, first.fields)
    assert (second.call, second.retries) == (first.call, 0)


@pytest.mark.parametrize("as_date", [False, True])
def test_a_wait_is_served_and_moves_the_clock(mock: Sandbox, as_date: bool) -> None:
    mock.next.gateway(503, retry_after=20, as_date=as_date)
    before = mock.clock.now
    assert ask(mock).data
    assert mock.clock.now - before == pytest.approx(20, abs=1)

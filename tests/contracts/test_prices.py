"""What a request may cost at the worst; what has no price is not sent."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest

from contracts.cases.declared import declared
from contracts.cases.uploads import png
from contracts.checks.headers import Ids
from contracts.discretion import Key
from contracts.exchange import Answer, Exchange, Request, form_request, json_request
from contracts.target import Target
from contracts.target.asked import Unpriced, buys, read
from contracts.target.http import HttpTarget
from contracts.target.prices import ceiling, is_cheapest, of_answer, worst
from contracts.trials import Promise
from mockserver.testing import ImagesMock

TODAY = date(2026, 11, 28)
GPT = {"prompt": "x", "model": "gpt-image-1", "size": "1024x1024", "quality": "low"}


def generation(**fields: Any) -> Request:
    return json_request("POST", "/images/generations", fields)


def form(path: str, image: bytes = b"", /, **texts: str) -> Request:
    image = image or png("RGBA")
    parts = [(name, None, "", text.encode()) for name, text in texts.items()]
    return form_request("POST", path, [*parts, ("image", "a.png", "image/png", image)])


@pytest.mark.parametrize(
    ("fields", "usd"),
    [
        ({"model": "dall-e-2", "size": "256x256"}, 0.016),
        ({"model": "dall-e-2"}, 0.02),  # the default size, by the dearer of both lists
        ({"model": "dall-e-2", "n": 10}, 0.2),
        ({"model": "dall-e-3", "quality": "hd", "size": "1024x1792"}, 0.12),
        ({"model": "gpt-image-1-mini", "quality": "low", "size": "1024x1024"}, 0.005014),
        # 272 tokens at $40, and of the prompt 6 and a byte at $5, for a million each
        ({"model": "gpt-image-1", "quality": "low", "size": "1024x1024"}, 0.010915),
        # the dearest size and quality that `auto` may choose: 6240 tokens
        ({"model": "gpt-image-1"}, 0.249635),
        ({**GPT, "stream": True, "partial_images": 3}, 0.022915),
        ({**GPT, "prompt": "é" * 1000}, 0.02091),  # a token has a byte at the least
    ],
)
def test_a_generation_has_a_price(fields: dict[str, Any], usd: float) -> None:
    assert worst(read(generation(**{"prompt": "x", **fields}))) == pytest.approx(usd * 1e6, abs=1)


def test_a_model_that_is_not_named_is_the_dearest_that_may_be_meant() -> None:
    assert worst(read(generation(prompt="x"))) == worst(
        read(generation(prompt="x", model="gpt-image-1"))
    )


@pytest.mark.parametrize("option", [{"size": "256x256"}, {"quality": "low"}, {"n": 1}])
def test_a_model_that_is_meant_and_does_not_take_an_option_counts_as_the_dearest(
    option: dict[str, Any],
) -> None:
    assert worst(read(generation(prompt="x", **option))) >= 249_630
    two = worst(read(generation(prompt="x", size="256x256", n=2)))
    assert two >= 2 * 249_630  # of gpt-image-1, though only dall-e-2 has that size


def test_an_option_that_no_model_takes_that_may_be_meant_has_no_price() -> None:
    with pytest.raises(Unpriced, match="'seed'"):
        worst(read(generation(prompt="x", seed=1)))


def test_pictures_that_are_sent_cost_too() -> None:
    texts = {"prompt": "x", "model": "gpt-image-1", "size": "1024x1024", "quality": "low"}
    edit = read(form("/images/edits", **texts))
    plain = worst(read(generation(**texts)))
    with_more = worst(read(form("/images/edits", **texts, input_fidelity="high")))
    assert plain < worst(edit) <= with_more
    assert (
        worst(read(form("/images/variations", n="2", size="256x256", model="dall-e-2"))) == 32_000
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "dall-e-4"},
        {"model": None, "n": 0},
        {"n": "2"},
        {"n": True},
        {"n": 1.5},
        {"model": "dall-e-2", "size": "333x333"},
        {"model": "gpt-image-2", "size": "99999x99999"},
        {"model": "dall-e-2", "size": ["256x256"]},
        {"model": ["dall-e-2"]},
        {"model": "dall-e-2", "seed": 1},
        {"model": "gpt-image-2.6-flare", "output_format": "gif"},
        {"model": "gpt-image-2.6-flare", "frame_count": 3},
    ],
)
def test_what_has_no_price_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(Unpriced):
        worst(read(generation(prompt="x", **fields)))


@pytest.mark.parametrize(
    "request_",
    [
        Request("POST", "/images/generations", (), b"{"),
        Request("POST", "/images/generations", (), b'{"n": 1, "n": 10}'),
        Request("POST", "/images/generations", (), b"[]"),
        form_request("POST", "/images/variations", [("n", None, "", b"1"), ("n", None, "", b"9")]),
        json_request("POST", "/images/edits", {"images": [{"image_url": "https://a.test/b.png"}]}),
        json_request("POST", "/images/edits", {"images": [{"file_id": "file-1"}]}),
        json_request("POST", "/images/edits", {"images": [{"image_url": "data:,%"}]}),
        json_request("POST", "/images/nothing", {"model": "dall-e-2"}),
        form("/images/edits", b"no picture", prompt="x", model="gpt-image-1"),
    ],
)
def test_what_can_not_be_read_is_refused(request_: Request) -> None:
    with pytest.raises(Unpriced):
        worst(read(request_))
    assert 0 < ceiling(request_) < 10_000_000


def test_only_posts_to_images_buy_anything() -> None:
    assert buys(generation())
    assert buys(Request("POST", "/images/edits?a=b"))
    assert not buys(Request("GET", "/images/generations"))
    assert not buys(Request("POST", "/models"))


def test_what_should_be_refused_costs_ten_pictures_at_the_most() -> None:
    many = ceiling(generation(prompt="x", model="dall-e-2", n=10**9))
    assert many == ceiling(generation(prompt="x", model="dall-e-2", n=10)) == 200_000


@pytest.mark.parametrize(
    ("fields", "cheapest"),
    [
        (GPT, True),
        ({**GPT, "n": 1, "stream": True}, True),
        ({**GPT, "n": 2}, False),
        ({**GPT, "quality": "medium"}, False),
        ({**GPT, "size": "1536x1024"}, False),
        ({"prompt": "x", "model": "gpt-image-1"}, False),
        ({"prompt": "x", "model": "dall-e-2", "size": "256x256"}, True),
        ({"prompt": "x", "model": "dall-e-2"}, False),
        ({"prompt": "x", "size": "256x256"}, False),  # of whichever model
    ],
)
def test_what_is_cheapest_is_known(fields: dict[str, Any], cheapest: bool) -> None:
    assert is_cheapest(read(generation(**fields))) is cheapest


USAGE = {
    "input_tokens": 60,
    "input_tokens_details": {"text_tokens": 10, "image_tokens": 50},
    "output_tokens": 272,
    "total_tokens": 332,
}


def test_usage_tells_what_it_did_cost() -> None:
    asked = read(generation(**GPT))
    answer = Answer(200, (("content-type", "application/json"),), b'{"usage": %s}')
    told = answer._replace(body=_dumped({"usage": USAGE}))
    assert of_answer(asked, told) == 10 * 5 + 50 * 10 + 272 * 40
    bare = {"input_tokens": 60, "output_tokens": 272}
    assert of_answer(asked, answer._replace(body=_dumped({"usage": bare}))) == 60 * 10 + 272 * 40


def test_the_usage_of_a_stream_is_that_of_its_last_event() -> None:
    events = b"event: a\ndata: {}\n\nevent: b\ndata: " + _dumped({"usage": USAGE}) + b"\n\n"
    answer = Answer(200, (("content-type", "text/event-stream"),), events)
    assert of_answer(read(generation(**GPT)), answer) == 10 * 5 + 50 * 10 + 272 * 40


@pytest.mark.parametrize(
    "usage",
    [
        None,
        [],
        "much",
        {},
        {**USAGE, "output_tokens": -1},
        {**USAGE, "output_tokens": True},
        {**USAGE, "input_tokens": 1},
    ],
)
def test_what_is_no_usage_tells_nothing(usage: Any) -> None:
    answer = Answer(200, (("content-type", "application/json"),), _dumped({"usage": usage}))
    assert of_answer(read(generation(**GPT)), answer) is None


def _dumped(value: Any) -> bytes:
    return json_request("POST", "/", value).body


@pytest.mark.parametrize("model", ["dall-e-2", "gpt-image-1-mini", "gpt-image-1.5", "gpt-image-2"])
def test_the_mock_never_charges_more_than_the_worst_case(model: str) -> None:
    size = "256x256" if model == "dall-e-2" else "1024x1024"
    with ImagesMock(tier="off", as_of="2026-05-01") as mock:
        images = mock.sandbox("sk-mock-prices")
        target = HttpTarget(mock.url, Key("sk-mock-prices"), None, now=lambda: 0.0)
        streamed: list[dict[str, Any]] = (
            [] if size == "256x256" else [{"size": size, "quality": "low", "stream": True}]
        )
        sized: list[dict[str, Any]] = [{}, {"size": size}, {"n": 2, "size": size}]
        for fields in sized + streamed:
            request = generation(prompt="a fox", model=model, **fields)
            answer, asked = target.ask(request).answer, read(request)
            charged = round(images.requests[-1].usd * 1e6)
            assert answer.status == 200
            assert 0 < charged <= worst(asked)
            told = of_answer(asked, answer)
            assert told is None or told <= worst(asked)
            assert told is None or "stream" in fields or charged == pytest.approx(told, abs=1)
        target._line.close()


class Asked(Exception):
    """What a trial asks for first."""


class Listener:
    """A target that only hears what it is asked for."""

    day, has, base_url = None, frozenset[str](), "http://127.0.0.1:1/v1"

    def ask(self, request: Request, *, pays: bool = False) -> Exchange:
        raise Asked(request if pays and buys(request) else None)


@pytest.mark.parametrize("day", [None, TODAY])
def test_each_promise_has_a_case_that_can_be_paid_for(day: date | None) -> None:
    """Else no paid run of an honest server ends with 0."""
    priced, unpriced = set[Promise](), set[Promise]()
    for trial in declared(day, TODAY, Ids(), costly=True):
        with pytest.raises(Asked) as asked:
            list(trial.judge(cast("Target", Listener())))
        (request,) = asked.value.args
        try:
            assert request is None or worst(read(request), day)
        except Unpriced:
            unpriced.add(trial.promise)
        else:
            priced.add(trial.promise)
    assert unpriced - priced == set()

"""The messages of assertions and the report, letter for letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from mockserver.client.assertions import Expectation, rule_line, sent_when, spending
from mockserver.client.report import report
from mockserver.client.requests import Refusal, Request, dollars

URL = "http://127.0.0.1:6780/v1"


def request(number: int, **changed: Any) -> Request:
    """A request for a fox."""
    status, error = changed.pop("status", 200), changed.pop("error", None)
    call, retries = changed.pop("call", f"req_{number}"), changed.pop("retries", 0)
    fields = {"operation": "images.generate", "model": "dall-e-2", "prompt": "a red fox"}
    asked = {"size": "512x512", "n": 1}
    return Request(
        id=f"req_{number}",
        time=1743379200.0 + number,
        method="POST",
        path="/v1/images/generations",
        operation="images.generate",
        status=status,
        error=error,
        usd=0.018 if status == 200 else 0.0,
        milliseconds=number,
        trace=(),
        call=call,
        retries=retries,
        scripted=error is not None,
        fields=fields | asked | changed,
    )


def rule(**changed: Any) -> dict[str, Any]:
    """A rule as the control API tells it."""
    told: dict[str, Any] = {"id": "r1", "when": {"prompt": "gore"}, "then": {"error": "refused"}}
    return told | {"fired": 0, "origin": "call"} | changed


LIMIT = Refusal("rate_limited", "Rate limit exceeded for images per minute.", "rate_limit_exceeded")
SEEN = [
    request(1, status=429, error=LIMIT),
    request(2, call="req_1", retries=1),
    request(3, prompt="a red  fox"),
    request(4, prompt="an old town in the evening, seen from a hill, with all its lamps lit"),
    request(5, size="256x256"),
]


def message(requests: Sequence[Request], times: int | None = None, **fields: Any) -> str:
    expected = Expectation(sent_when(fields), times)
    assert not expected.is_met(requests)
    return expected.message(requests, [rule()], URL)


def test_what_came_closest_is_shown_with_each_difference() -> None:
    assert message(SEEN, prompt="a red fox", size="512x51", n=1) == (
        """\
expected at least 1 call with prompt 'a red fox', size '512x51', n 1, but saw 0 of 4 calls (5 requests); the closest:
  200 images.generate dall-e-2 512x512 n=1 'a red fox' $0.018 2 ms retry 1
    ≠ size: wanted '512x51', got '512x512'  (did you mean this?)
  200 images.generate dall-e-2 256x256 n=1 'a red fox' $0.018 5 ms
    ≠ size: wanted '512x51', got '256x256'
  200 images.generate dall-e-2 512x512 n=1 'a red  fox' $0.018 3 ms
    ≠ prompt: wanted 'a red fox', got 'a red  fox'  (only the white space differs)
    ≠ size: wanted '512x51', got '512x512'  (did you mean this?)
rules that never fired:
  r1: error refused for every request with prompt 'gore'"""
    )


OUTSIDE = replace(
    request(6, status=404, error=Refusal("outside_api", "Invalid URL (POST /images)", None)),
    path="/images",
    operation="",
    fields={},
    trace=("hint: end the base URL in /v1",),
    scripted=False,
)


def test_what_missed_the_api_is_no_call_but_is_told() -> None:
    assert message([OUTSIDE, OUTSIDE]) == (
        f"""\
expected at least 1 call, but no request at all has come to {URL} with this sandbox's key
2 requests came to /images, outside /v1; end the base URL in /v1
rules that never fired:
  r1: error refused for every request with prompt 'gore'"""
    )
    assert "saw 0 of 1 call; the closest:" in message([OUTSIDE, SEEN[0]], prompt="x")
    assert "1 request came to /images, outside /v1" in message([OUTSIDE, SEEN[0]], prompt="x")
    assert Expectation(sent_when({}), 0).is_met([OUTSIDE])


def test_a_report_tells_the_hints_of_a_request() -> None:
    ledger = {"spent_usd": 0.0, "budget_usd": None}
    assert report([OUTSIDE], [], [], ledger) == (
        """\
1 request, spent $0.00
  404 POST /images 6 ms outside_api: Invalid URL (POST /images)
    hint: end the base URL in /v1"""
    )


def test_a_report_tells_what_was_paid_for_and_lost() -> None:
    ledger = {"spent_usd": 0.036, "lost_usd": 0.018, "budget_usd": 1}
    assert report([], [], [], ledger) == "0 requests, spent $0.036 of $1.00, $0.018 of it lost"


def test_what_came_too_often_is_shown() -> None:
    assert message(SEEN[2:4], 0, contains="fox") == (
        """\
expected no call with prompt contains 'fox', but saw 1 of 2 calls; the closest:
  200 images.generate dall-e-2 512x512 n=1 'a red  fox' $0.018 3 ms
    = as wanted
  200 images.generate dall-e-2 512x512 n=1 'an old town in the evening, seen from a hill, with all its …' $0.018 4 ms
    ≠ prompt: wanted contains 'fox', got 'an old town in the evening, seen from a hill, with all its…
rules that never fired:
  r1: error refused for every request with prompt 'gore'"""
    )


@pytest.mark.parametrize(
    ("times", "told"),
    [(None, "at least 1 call"), (0, "no call"), (1, "exactly 1 call"), (2, "exactly 2 calls")],
)
def test_the_number_is_told_in_words(times: int | None, told: str) -> None:
    assert str(Expectation(sent_when({}), times)) == told


def test_a_price_list_holds_what_was_spent() -> None:
    assert spending(SEEN[:3], 0.036, 0.02) == (
        """\
spent $0.036, more than $0.02:
  200 images.generate dall-e-2 512x512 n=1 'a red fox' $0.018 2 ms retry 1
  200 images.generate dall-e-2 512x512 n=1 'a red  fox' $0.018 3 ms"""
    )


def test_the_report_of_a_failure() -> None:
    rules = [
        rule(),
        rule(id="r2", name="third time", when={"call": 3}, then={"delay": 2.0}),
        rule(id="r3", fired=1),
        rule(id="f1", origin="file"),
    ]
    ledger = {"spent_usd": 0.09, "budget_usd": 0.1, "requests": []}
    assert report([request(0), *SEEN], SEEN[:1], rules, ledger) == (
        """\
last 5 of 6 requests, spent $0.09 of $0.10
  429 images.generate dall-e-2 512x512 n=1 'a red fox' 1 ms rate_limited: Rate limit exceeded for images per minute. (scripted)
  200 images.generate dall-e-2 512x512 n=1 'a red fox' $0.018 2 ms retry 1
  200 images.generate dall-e-2 512x512 n=1 'a red  fox' $0.018 3 ms
  200 images.generate dall-e-2 512x512 n=1 'an old town in the evening, seen from a hill, with all its …' $0.018 4 ms
  200 images.generate dall-e-2 256x256 n=1 'a red fox' $0.018 5 ms
rules that never fired, and the request that came closest:
  r1: error refused for every request with prompt 'gore'
    200 images.generate dall-e-2 256x256 n=1 'a red fox' $0.018 5 ms
      ≠ prompt: wanted 'gore', got 'a red fox'
  r2 "third time": delay 2.0 for every request with call 3
    200 images.generate dall-e-2 256x256 n=1 'a red fox' $0.018 5 ms
      = as wanted, but it was not call 3, or another rule went first
late requests of an earlier test, not counted here:
  429 images.generate dall-e-2 512x512 n=1 'a red fox' 1 ms rate_limited: Rate limit exceeded for images per minute. (scripted)"""
    )


def test_the_report_of_a_test_that_asked_nothing() -> None:
    ledger = {"spent_usd": 0.0, "budget_usd": None}
    assert report([], [], [], ledger) == "0 requests, spent $0.00"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"next": True, "when": {}}, "r1: error refused for the next request"),
        (
            {"then": {"download": {"respond": 500, "delay": 1.0, "first": 1}}},
            "r1: download respond 500, delay 1.0, first 1 for every request with prompt 'gore'",
        ),
        ({"then": {"stall": True}}, "r1: stall for every request with prompt 'gore'"),
        (
            {"then": {"image": {"sha256": "f00", "bytes": 3}}},
            "r1: image for every request with prompt 'gore'",
        ),
        (
            {"then": {"rate_limit": {"retry_after": 20.0}}, "when": {"prompt": {"regex": "^g"}}},
            "r1: rate_limit (retry after 20 s) for every request with prompt regex '^g'",
        ),
    ],
    ids=["next", "download", "flag", "image", "rate limit"],
)
def test_a_rule_is_told_in_a_line(changed: dict[str, Any], told: str) -> None:
    assert rule_line(rule(**changed)) == told


@pytest.mark.parametrize(
    ("usd", "told"),
    [(0, "$0.00"), (0.5, "$0.50"), (0.016, "$0.016"), (41.2, "$41.20"), (1200, "$1200.00")],
)
def test_an_amount_has_as_many_digits_as_it_needs(usd: float, told: str) -> None:
    assert dollars(usd) == told


def test_assertions_know_every_field_of_a_gpt_image_model() -> None:
    asked = {"background": "transparent", "output_format": "gif", "frame_count": 3}
    asked |= {"partial_images": 2, "input_fidelity": "high", "markup": b"a mark"}
    seen = request(1, **{k: v for k, v in asked.items() if k != "markup"}, markup=marked(b"a mark"))
    assert Expectation(sent_when(asked), times=1).is_met([seen])
    assert not Expectation(sent_when(asked | {"markup": b"another"}), times=1).is_met([seen])
    assert not Expectation(sent_when(asked | {"frame_count": 4}), times=1).is_met([seen])


def marked(content: bytes) -> dict[str, Any]:
    """A file as the journal tells it."""
    return {"sha256": sha256(content).hexdigest(), "bytes": len(content)}

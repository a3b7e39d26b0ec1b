"""The checks say no to an answer that breaks the contract, and what was seen in its place.

A run against a server with each of many defects is in test_mutants.py.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.cases.good import answered_as, request_of, ways
from contracts.checks.every import Judge, complaint, stays_out
from contracts.checks.headers import Ids
from contracts.checks.said import observed
from contracts.exchange import Answer, Exchange, Request, json_request
from contracts.target import NotObserved
from contracts.trials import Outcome
from tests.contracts.asking import Alter, AppTarget, mock, of_body, png, showing, with_headers

LAST = date(2026, 9, 1)
SMALL = {"prompt": "a fox", "size": "256x256", "response_format": "b64_json"}
MOCK = mock()


def exchange(body: Any = SMALL, target: AppTarget = MOCK) -> Exchange:
    return target.ask(json_request("POST", "/images/generations", body))


GOOD, REFUSED = exchange(), exchange({"prompt": ""})
LINKED = exchange({"prompt": "a fox"})
TODAYS = mock(LAST)
(*_, WAY) = ways(LAST, LAST)
TODAY = TODAYS.ask(request_of(WAY, **answered_as(WAY, "b64_json")))
STREAM = TODAYS.ask(request_of(WAY, **answered_as(WAY, "stream")))


def judge(target: AppTarget = MOCK) -> Judge:
    return Judge(target.day, target.fetch, Ids())


def said_of(exchange: Exchange, alter: Alter = lambda answer: answer, day: Any = None) -> str:
    altered = exchange._replace(answer=alter(exchange.answer))
    return complaint(Judge(day, MOCK.fetch, Ids())(altered))


def test_the_mocks_own_answers_are_good() -> None:
    assert not said_of(GOOD)
    assert not said_of(REFUSED)
    assert not said_of(STREAM, day=LAST)
    assert not said_of(exchange({"prompt": "a fox", "n": 2}))


FAULTS: dict[str, tuple[Alter, str]] = {
    "no request id": (with_headers(x_request_id=""), "has an x-request-id: there is no"),
    "odd request id": (with_headers(x_request_id="7"), "the form of its day: it is '7'"),
    "odd content type": (with_headers(content_type="text/html"), "application/json: 'text/html'"),
    "unknown field": (of_body(lambda b: b.update(usage={})), "it has ['usage'] too"),
    "missing field": (of_body(lambda b: b.pop("created")), "lacks ['created']"),
    "no picture": (of_body(lambda b: b["data"].pop()), "0 pictures where 1"),
    "too many": (of_body(lambda b: b["data"].append(b["data"][0])), "2 pictures where 1"),
    "link too": (of_body(lambda b: b["data"][0].update(url="http://x/")), "['b64_json', 'url']"),
    "alpha": (showing(png("RGBA")), "it is RGBA"),
    "palette": (showing(png("P")), "it is P"),
    "wrong size": (showing(png(size=(256, 255))), "asked for: it has 256x255"),
    "cut": (showing(png()[:-40]), "no whole PNG"),
    "an SVG": (showing(b"<svg width='1'></svg>"), "it is an SVG"),
    "no base64": (of_body(lambda b: b["data"][0].update(b64_json="?")), "b64_json is base64"),
    "in milliseconds": (of_body(lambda b: b.update(created=b["created"] * 1000)), "counts seconds"),
    "minified": (lambda a: a._replace(body=json.dumps(a.json()).encode()), "laid out as the API's"),
    "a fault": (lambda a: a._replace(status=500), "a fault of the server's own: 500"),
}
BAD_REFUSALS: dict[str, tuple[Alter, str]] = {
    "key missing": (of_body(lambda b: b["error"].pop("param")), "the error has the keys"),
    "key too many": (of_body(lambda b: b["error"].update(x=None)), "the error has the keys"),
    "outer key": (of_body(lambda b: b.update(id=1)), "beside the error stand ['id']"),
    "no JSON": (lambda a: a._replace(body=b"{"), "it is no JSON"),
    "no object": (lambda a: a._replace(body=b"[]"), "it is no object"),
    "error as text": (lambda a: a._replace(body=b'{"error": "x"}'), "it is no object"),
    "no message": (of_body(lambda b: b["error"].update(message=None)), "its message is no text"),
    "number as code": (of_body(lambda b: b["error"].update(code=7)), "its code is neither"),
    "odd content type": (with_headers(content_type="text/plain"), "application/json: it is"),
    "the key": (of_body(lambda b: b["error"].update(message="[API key]")), "repeats the API key"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_answer_to_a_good_request_is_faulted(fault: str) -> None:
    alter, complaint = FAULTS[fault]
    assert complaint in said_of(GOOD, alter)


@pytest.mark.parametrize("fault", BAD_REFUSALS)
def test_a_bad_refusal_is_faulted(fault: str) -> None:
    alter, complaint = BAD_REFUSALS[fault]
    assert complaint in said_of(REFUSED, alter)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@settings(max_examples=40)
@given(JSON)
def test_whatever_stands_in_an_answer_is_judged(value: Any) -> None:
    for one, day in ((GOOD, None), (REFUSED, None), (STREAM, LAST)):
        assert said_of(one, lambda a: a._replace(body=json.dumps(value).encode()), day)
    for status in (200, 400, 404, 429):
        listing = Request("GET", "/models")
        [*Judge(None, stays_out, Ids())(_of(listing, status, json.dumps(value).encode()))]


@settings(max_examples=40)
@given(st.sampled_from(["created", "data", "usage", "size", "quality", "background"]), JSON)
def test_whatever_a_field_is_is_judged(name: str, value: Any) -> None:
    told = said_of(TODAY, of_body(lambda body: body.update({name: value})), LAST)
    assert told or value == TODAY.answer.json()[name]


@settings(max_examples=40)
@given(st.sampled_from(["n", "size", "quality", "background", "stream", "partial_images"]), JSON)
def test_whatever_a_server_took_its_answer_is_judged(name: str, value: Any) -> None:
    asked = {"model": WAY.model.id, "prompt": "a fox", name: value}
    request = json_request("POST", "/images/generations", asked)
    for answered in (TODAY, STREAM):
        said_of(answered._replace(request=request), day=LAST)


@settings(max_examples=40)
@given(st.sampled_from(["url", "id", "data"]), JSON)
def test_whatever_a_link_or_a_model_is_is_judged(name: str, value: Any) -> None:
    listing = _of(Request("GET", "/models"), 200, json.dumps({"data": [{name: value}]}).encode())
    assert said_of(listing)
    assert said_of(LINKED, of_body(lambda body: body["data"][0].update({name: value})))


@settings(max_examples=40)
@given(st.binary(max_size=200))
def test_whatever_comes_in_the_place_of_a_stream_is_judged(body: bytes) -> None:
    assert said_of(STREAM, lambda answer: answer._replace(body=body), LAST)


def _of(request: Request, status: int, body: bytes) -> Exchange:
    return Exchange(request, Answer(status, (("x-request-id", "1"),), body), 0.0, 1.0)


def test_the_same_request_id_twice_is_a_fault() -> None:
    judge = Judge(None, stays_out, Ids())
    assert not complaint(judge(GOOD))
    assert "a request id of its own" in complaint(judge(GOOD))


def test_a_link_to_nothing_is_faulted() -> None:
    signed = lambda a: a._replace(body=a.body.replace(b"sig=", b"sig=A"))  # noqa: E731
    told = said_of(LINKED, signed)
    assert "A picture's URL leads to its file: it answers 403" in told


def test_of_pictures_on_another_host_nothing_is_observed() -> None:
    altered = of_body(lambda body: body["data"][0].update(url="http://elsewhere.test/1.png"))
    found = exchange({"prompt": "a fox"})
    verdicts = [*judge()(found._replace(answer=altered(found.answer)))]
    told = [v.told for v in verdicts if v.outcome == Outcome.UNSEEN]
    assert told == ["its pictures lie on another host"]
    assert sum(v.pictures for v in verdicts) == 0


@pytest.mark.parametrize("status", [401, 403, 429])
def test_an_answer_to_the_key_alone_says_nothing_of_the_request(status: int) -> None:
    answered = GOOD._replace(answer=GOOD.answer._replace(status=status))
    with pytest.raises(NotObserved, match=str(status)):
        observed(answered)
    assert observed(answered, status) is answered


def test_an_empty_404_is_a_refusal_on_its_days_alone() -> None:
    empty = _of(Request("GET", "/images/edits"), 404, b"")
    assert "is a JSON object" in complaint(Judge(None, stays_out, Ids())(empty))
    assert "is a JSON object" not in complaint(Judge(LAST, stays_out, Ids())(empty))

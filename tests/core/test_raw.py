"""What is kept of a request as it came: within bounds, and no key in it."""

from __future__ import annotations

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.raw_request import HEAD, Raw, head_of

SECRETS = ["Authorization", "api-key", "X-API-Key", "cookie", "Proxy-Authorization"]
SECRETS += ["mock-sandbox-key", "X-Amz-Security-Token", "openai-session", "x-client-secret"]
VALUE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8)


@given(st.sampled_from(SECRETS), st.sampled_from(["", "Bearer ", "bearer  ", "Basic "]), VALUE)
def test_no_value_of_a_header_that_holds_a_key_is_kept(name: str, scheme: str, value: str) -> None:
    lines = [(name.lower().encode(), f"{scheme}{value}".encode()), (b"x", b"y")]
    head = head_of(b"GET / HTTP/1.1", lines)
    assert head == f"GET / HTTP/1.1\n{name.lower()}: {scheme}***\nx: y".encode()


def test_a_key_is_masked_wherever_it_stands() -> None:
    line = b"GET /v1/x?token=a&n=1&x=sk-abcdefghijklmnopq HTTP/1.1"
    head = head_of(line, [(b"x-note", b"it is sk-proj-abcdefghijklmnop!")])
    assert head == b"GET /v1/x?token=***&n=1&x=sk-*** HTTP/1.1\nx-note: it is sk-***!"


@given(st.lists(st.tuples(st.binary(max_size=2_000), st.binary(max_size=20_000)), max_size=9))
def test_a_head_has_a_bound_and_can_always_be_told(lines: list[tuple[bytes, bytes]]) -> None:
    head = head_of(b"GET / HTTP/1.1", lines)
    assert len(head) <= HEAD
    assert Raw.of(head, b"", 0).as_json()["line"] == "GET / HTTP/1.1"


@given(st.binary(max_size=50), st.integers(0, 9))
def test_a_body_is_told_such_that_it_can_be_made_again(body: bytes, more: int) -> None:
    told = Raw.of(b"GET / HTTP/1.1", body, len(body) + more).as_json()
    is_text = told["encoding"] == "utf-8"
    again = told["body"].encode() if is_text else b64decode(told["body"])
    assert again == body if not more or not is_text else body.startswith(again)
    assert told["cut"] is (more > 0)
    assert len(body) - len(again) < 4


def test_what_is_no_key_is_kept() -> None:
    lines = [(b"idempotency-key", b"stainless-1"), (b"x" * 65, b"y"), (b"x-note", b"sk-mock-" * 9)]
    kept = b"GET /v1/x?n=1&size= HTTP/1.1", *(b": ".join(pair) for pair in lines)
    assert head_of(kept[0], lines) == b"\n".join(kept)
    assert head_of(b"GET /", [(b"x" * 65 + b"token", b"y")]).endswith(b"token: ***")


def test_a_request_weighs_what_is_kept_of_it() -> None:
    raw = Raw.of(b"GET /", b"sk-abcdefghijklmnopq", 99)
    assert raw == Raw(b"GET /", b"sk-***", 99, is_cut=True)
    assert raw.size == Raw.of(b"", b"", 0).size + len(b"GET /sk-***")


@pytest.mark.parametrize(
    ("end", "told"),
    [(b"\xf0\x9f\xa6", ("utf-8", "fox ")), (b"\xffabc", ("base64", "Zm94IP9hYmM="))],
)
def test_a_letter_that_the_cut_went_through_is_left_out(end: bytes, told: tuple[str, str]) -> None:
    found = Raw.of(b"GET /", b"fox " + end, 99).as_json()
    assert (found["encoding"], found["body"]) == told
    assert (found["bytes"], found["cut"]) == (99, True)


def test_equal_headers_are_told_as_one() -> None:
    told = Raw.of(
        head_of(b"GET / HTTP/1.1", [(b"a", b"1: 1"), (b"b", b""), (b"a", b"2")]), b"", 0
    ).as_json()
    assert told["headers"] == {"a": "1: 1, 2", "b": ""}

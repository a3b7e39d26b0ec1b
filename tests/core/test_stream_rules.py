"""What a rule can want of a stream: read, told again, and refused with what would be right."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mockserver.core.events import own
from mockserver.core.rules.effects import EFFECTS
from mockserver.core.rules.parser import RuleError, rule_of, told
from mockserver.core.rules.streams import ITEMS

ITEM: st.SearchStrategy[Any] = st.one_of(
    st.integers(-1, 11),
    st.sampled_from(
        ["completed", "internal", "generation_failed", "complete", ": ping", "data: {}"]
    ),
    st.text(max_size=9),
    st.sampled_from([1.0, True, None, 1.5, []]),
    st.dictionaries(st.text(max_size=3), st.none() | st.text(max_size=3), max_size=2),
)
STREAM = st.dictionaries(
    st.sampled_from(["events", "end", "pause", "as_json", "order"]),
    st.lists(ITEM, max_size=3)
    | st.sampled_from(
        ["break", "stall", "cut", "no_blank_line", "2s", 2, -1, True, False, None, ""]
    ),
    max_size=3,
)


def read(wanted: Any, /, **when: Any) -> dict[str, Any]:
    found: dict[str, Any] = told(rule_of({"when": when, "then": {"stream": wanted}}))
    return found


@pytest.mark.parametrize(
    "stream",
    [
        {"events": []},
        {"events": [0, 9, "completed", "generation_failed", "internal"]},
        {"events": [": a comment", "id: 7", "data: [DONE]", "event: ping\ndata: {}", ":"]},
        {"events": [{}, {"type": "x", "of": [1, None]}, {"type": "error", "message": "{"}]},
        {"events": [0], "end": "break"},
        {"end": "no_blank_line", "pause": 0.0},
        {"as_json": True},
    ],
    ids=str,
)
def test_what_is_read_is_told_again(stream: dict[str, Any]) -> None:
    assert read(stream)["then"] == {"stream": stream}


def test_it_is_meant_for_requests_of_a_stream() -> None:
    assert read({"end": "cut"}, model="gpt-*")["when"] == {"model": "gpt-*", "stream": True}
    assert read({"end": "cut"}, stream=True)["when"] == {"stream": True}
    with pytest.raises(
        RuleError, match=r"^when\.stream must be true, for then\.stream changes one$"
    ):
        read({"end": "cut"}, stream=False)


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        ({}, "then.stream must say what is other: one of events, end, pause, as_json"),
        (True, "then.stream must be a table of events, end, pause, as_json"),
        ({"event": []}, "then.stream has no 'event'; did you mean events?"),
        ({"end": "brake"}, "then.stream.end must be one of break, stall, cut, no_blank_line"),
        ({"events": 0}, f"then.stream.events must be a list of at most {ITEMS} events"),
        ({"events": [0] * (ITEMS + 1)}, f"must be a list of at most {ITEMS} events"),
        (
            {"events": [0, "complete"]},
            "then.stream.events[1] 'complete' is neither a line of a stream",
        ),
        ({"events": ["complete"]}, "did you mean completed?"),
        ({"events": [10]}, "then.stream.events[0] must be a whole number from 0 to 9"),
        ({"events": [True]}, "then.stream.events[0] must be a whole number from 0 to 9"),
        ({"events": [{"a": float("nan")}]}, "then.stream.events[0] must be a value that JSON has"),
        ({"events": ['{"a: 1}']}, "is neither a line of a stream"),
        ({"as_json": False}, "then.stream.as_json must be true"),
        ({"as_json": True, "end": "cut"}, "then.stream.as_json is no stream"),
        ({"pause": -1}, "then.stream.pause must be seconds"),
    ],
    ids=str,
)
def test_what_can_t_be_read_says_what_would_be_right(stream: Any, words: str) -> None:
    with pytest.raises(RuleError) as refused:
        read(stream)
    assert words in str(refused.value)


@given(STREAM)
def test_the_schema_takes_what_is_read(stream: dict[str, Any]) -> None:
    try:
        read(stream)
        is_read = True
    except RuleError:
        is_read = False
    assert Draft202012Validator(EFFECTS["stream"].schema).is_valid(stream) is is_read


def test_an_event_of_ones_own_is_called_as_its_type_says() -> None:
    assert own('{"type": "a.b"}').frame() == b'event: a.b\ndata: {"type": "a.b"}\n\n'
    assert own('{"type": 7}').frame() == b'data: {"type": 7}\n\n'

"""Dialect B's order of checks: of two faults in one body the earlier one is told.

Measured in 2026-08: model, unknown names, prompt, images, n, the rest; each table is in that order.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.core.dialects import validator_of
from mockserver.core.errors import ApiError, Reason
from mockserver.core.uploads import Part
from mockserver.core.validation import Validator
from mockserver.core.validation_b import ModelFirstValidator
from mockserver.facts import load
from tests.conftest import Api
from tests.test_records import GENERATIONS, png

JUNE = date(2025, 6, 15)
GOOD = Part(png(), "image/png")


def text(value: str) -> Part:
    return Part(value.encode(), is_file=False)


def validator(operation: str, day: date = JUNE) -> Validator:
    facts = load(day)
    return validator_of(facts, facts.operations[operation], page_sizes=False)


GENERATE, EDIT = validator("images.generate"), validator("images.edit")
#: What is right; a fault replaces it. `...` leaves a parameter out.
RIGHT: dict[str, dict[str, Any]] = {
    "generate": {"model": "dall-e-2", "prompt": "x", "n": 1, "size": "256x256"},
    "edit": {
        "model": text("dall-e-2"),
        "prompt": text("x"),
        "image": GOOD,
        "mask": GOOD,
        "n": text("1"),
    },
}
Fault = tuple[str, Any, Reason]  # the parameter, its value, what is said of it

UNKNOWN, MISSING = Reason.UNKNOWN_PARAMETER, Reason.MISSING_PARAMETER
TYPE, VALUE, NUMBER = Reason.WRONG_TYPE, Reason.NOT_ONE_OF, Reason.NOT_A_NUMBER
TWICE, LONG, EMPTY = Reason.DUPLICATE_PARAMETER, Reason.PROMPT_TOO_LONG, Reason.EMPTY_PROMPT
SMALL, LARGE, SIZE = Reason.TOO_SMALL, Reason.TOO_LARGE, Reason.SIZE_NOT_OF_MODEL
NO_MODEL, FILE, NO_PNG = Reason.UNKNOWN_MODEL, Reason.FILE_TYPE, Reason.NOT_A_PNG

GENERATE_STEPS: list[list[Fault]] = [
    [("model", 5, TYPE), ("model", "", NO_MODEL), ("model", "x", NO_MODEL)],
    [("stream", True, UNKNOWN), ("quality", "standard", UNKNOWN), ("Model", None, UNKNOWN)],
    [("prompt", ..., MISSING), ("prompt", None, TYPE), ("prompt", 5, TYPE)]
    + [("prompt", "", EMPTY), ("prompt", "x" * 1001, LONG)],
    [("n", 0, SMALL), ("n", 11, LARGE), ("n", "1", TYPE), ("n", 1.5, TYPE)],
    [("size", "x", SIZE), ("size", 5, TYPE), ("response_format", "x", VALUE)]
    + [("response_format", [], TYPE)],
]
EDIT_STEPS: list[list[Fault]] = [
    [("model", text(""), NO_MODEL), ("model", text("x"), NO_MODEL)]
    + [("model", Part(b"dall-e-2", repeated=True), TWICE)]
    + [("model", Part(b"dall-e-2", is_list=True), TYPE)],
    [("stream", text("true"), UNKNOWN), ("image_url", GOOD, UNKNOWN)],
    [("prompt", ..., MISSING), ("prompt", text(""), EMPTY), ("prompt", text("x" * 1001), LONG)]
    + [("prompt", Part(b"x", repeated=True), TWICE)],
    [("image", ..., MISSING), ("image", text("x"), TYPE), ("image", Part(b"", "x"), FILE)]
    + [("image", Part(png(), "image/png", is_list=True), TYPE)]
    + [("image", Part(png(), "image/png", repeated=True), TWICE)],
    [("mask", text("x"), TYPE), ("mask", Part(png(), "image/gif"), FILE)],
    [("n", text("0"), SMALL), ("n", text("11"), LARGE), ("n", text("x"), NUMBER)],
    [("size", text("x"), SIZE), ("response_format", text("x"), VALUE)]
    + [("user", Part(b"x", is_list=True), TYPE)],
    # of the service behind the gateway, which looks at the pictures themselves
    [("image", Part(b"GIF89a", "image/png"), NO_PNG)],
]
TABLES = {"generate": (GENERATE, GENERATE_STEPS), "edit": (EDIT, EDIT_STEPS)}


def with_faults(operation: str, *faults: Fault) -> dict[str, Any]:
    """A body that is right but for these; an earlier fault of the same parameter wins."""
    body = RIGHT[operation] | {name: value for name, value, _ in reversed(faults)}
    return {name: value for name, value in body.items() if value is not ...}


def told(by: Validator, body: Mapping[str, Any]) -> tuple[Reason, str | None]:
    with pytest.raises(ApiError) as refusal:
        by.validated(dict(body))
    return refusal.value.reason, refusal.value.values.get("param")


def param(fault: Fault) -> str | None:
    return None if fault[2] is NO_PNG else fault[0]


@pytest.mark.parametrize("operation", TABLES)
def test_what_is_right_is_taken(operation: str) -> None:
    by, _ = TABLES[operation]
    assert isinstance(by, ModelFirstValidator)
    assert by.validated(dict(RIGHT[operation])).model == "dall-e-2"


PAIRS = [
    (operation, first, second)
    for operation, (_, steps) in TABLES.items()
    for number, step in enumerate(steps)
    for first, second in product(step, [f for later in steps[number + 1 :] for f in later])
    if first[0] != second[0]
]


@pytest.mark.parametrize("operation", TABLES)
def test_of_two_faults_the_earlier_is_told_wherever_they_stand(operation: str) -> None:
    by, _ = TABLES[operation]
    pairs = [p for p in PAIRS if p[0] == operation]
    assert len(pairs) > 50
    for _, first, second in pairs:
        body = with_faults(operation, first, second)
        turned = dict(reversed(body.items()))
        expected = first[2], param(first)
        assert told(by, body) == told(by, turned) == expected, (first, second)


@given(st.data())
def test_of_any_faults_the_earliest_is_told(data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(sorted(TABLES)))
    by, steps = TABLES[operation]
    kept = data.draw(st.sets(st.sampled_from(range(len(steps))), min_size=1))
    faults = [data.draw(st.sampled_from(steps[step])) for step in sorted(kept)]
    names = [f[0] for f in faults]
    faults = [f for i, f in enumerate(faults) if f[0] not in names[:i]]
    body = with_faults(operation, *faults)
    shuffled = {name: body[name] for name in data.draw(st.permutations(list(body)))}
    assert told(by, shuffled) == (faults[0][2], param(faults[0]))


@pytest.mark.parametrize("name", ["prompt", "stream", "n", "size"])
def test_where_a_model_must_be_named_nothing_is_told_before_it(name: str) -> None:
    by = validator("images.generate", date(2026, 8, 30))
    body: dict[str, Any] = {name: []}
    assert told(by, body) == (MISSING, "model")
    assert told(by, body | {"model": None}) == (TYPE, "model")
    assert told(by, body | {"model": "dall-e-2"}) == (NO_MODEL, "model")


def test_a_key_is_looked_at_before_the_body_and_credit_after_it(api: Api) -> None:
    client = api(as_of="2025-06-15", keys="mock")
    for key, status in (("wrong", 401), ("sk-mock-no-credit", 400), ("sk-mock-unverified", 400)):
        headers = {"Authorization": f"Bearer {key}"}
        answer = client.post(GENERATIONS, json={"model": "x", "n": 0}, headers=headers)
        assert answer.status_code == status


@pytest.mark.parametrize("name", ["model", "n", "response_format", "size", "user"])
def test_null_is_as_good_as_nothing(name: str) -> None:
    body = {"prompt": "x"}
    assert GENERATE.validated(body | {name: None}) == GENERATE.validated(body)


@pytest.mark.parametrize("user", [123, 1.5, True, [], {}, ""])
def test_the_user_may_be_anything(user: Any) -> None:
    assert GENERATE.validated({"prompt": "x", "user": user}).prompt == "x"


def test_a_prompt_of_blanks_is_a_prompt() -> None:
    assert GENERATE.validated({"prompt": " \n"}).prompt == " \n"


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "x", [], {}], ids=repr)
def test_edits_in_json_have_no_way_to_send_a_picture(value: Any) -> None:
    by = validator("images.edit", date(2026, 3, 31))
    assert told(by, {"prompt": "x", "n": 0}) == (MISSING, "image")
    assert told(by, {"prompt": "x", "n": 0, "image": value}) == (TYPE, "image")
    assert told(by, {"prompt": "x", "n": 0, "images": value}) == (UNKNOWN, "images")

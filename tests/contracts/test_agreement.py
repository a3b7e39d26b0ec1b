"""On any day the mock's validator and the contract's schema accept the same bodies, whatever they are."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from contracts.build import Sizes, build
from mockserver.core.dialects import validator_of
from mockserver.core.errors import ApiError
from mockserver.core.validation import Validator
from mockserver.facts import load
from tests.contracts.days import DAYS, SIZES, each_day, examples

GENERATE, EDIT = "images.generate", "images.edit"
# All that ever were, so that on each day something is asked for that is not there.
MODELS = sorted(load().models)
OFFERS = [model.offers[GENERATE] for model in load().models.values()]
PIXELS = sorted({size for o in OFFERS for size in o.parameter["size"].taken(page=True)})
LENGTHS = sorted({offer.prompt_max + more for offer in OFFERS for more in (-1, 0, 1)} | {0, 1, 2})


@cache
def contract(day: date, sizes: Sizes, name: str = GENERATE) -> Draft202012Validator:
    components = build(sizes, day)["components"]
    reference = f"#/components/schemas/{name}"
    return Draft202012Validator({"$ref": reference, "components": components})


@cache
def validator(day: date, sizes: Sizes, operation: str = GENERATE) -> Validator:
    facts = load(day)
    return validator_of(facts, facts.operations[operation], page_sizes=sizes == "page")


@cache
def branches(day: date, sizes: Sizes) -> list[Draft202012Validator]:
    """The contract's schema of each model, where there is more than one."""
    names = build(sizes, day)["components"]["schemas"]
    return [contract(day, sizes, name) for name in names if name.startswith(f"{GENERATE}.")]


# A character beyond the basic plane is one character, not two; a lone surrogate is one too.
LETTERS = ["x", " ", "é", "\x00", "\U0001f9a6", "\ud800"]
wild = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
# Of each parameter: what some model takes, and beside it what only just is not taken.
NEAR: dict[str, list[Any]] = {
    "prompt": [letter * length for letter in LETTERS for length in LENGTHS],
    "model": [*MODELS, None, "", "dall-e-1", "DALL-E-2", " dall-e-2"],
    "n": [1, 2, 9, 10, 1.0, 2.0, 10.0, None, 0, 0.0, -0.0, -1, 11, 11.0, 1.5, True, False, "2"],
    "quality": ["standard", "hd", None, "HD", "high", "auto", ""],
    "response_format": ["url", "b64_json", None, "b64", "URL", ""],
    "size": [*PIXELS, None, "1024X1024", "1024x1025", "auto", "256x256 ", ""],
    "style": ["vivid", "natural", None, "Vivid", ""],
    "user": ["user-1", "", None, 5],
    "stream": [None, True, False],
}
NEAR["n"] += [1e300, 10**400, float("inf"), float("nan")]
ODD: list[Any] = [None, True, False, 0, 1, 2.0, "", "1", "null", [], {}, ["x"], {"x": 1}]
GOOD: dict[str, st.SearchStrategy[Any]] = {
    "prompt": st.sampled_from(["x", "an otter", "x" * 1000]),
    "model": st.sampled_from([*MODELS, None]),
    "n": st.sampled_from([1, 1, 1.0, None, 2]),
    "quality": st.sampled_from(["standard", "hd", None]),
    "response_format": st.sampled_from(["url", "b64_json", None]),
    "size": st.sampled_from(["1024x1024", "1024x1024", None, *PIXELS]),
    "style": st.sampled_from(["vivid", "natural", None]),
    "user": st.sampled_from(["user-1", "", None]),
}
odd = st.sampled_from(ODD) | wild
unknown = st.sampled_from(["background", "Prompt", "prompt ", "", "x"])


def known(day: date, model: str | None) -> set[str]:
    """The parameters that a model has on a day."""
    facts = load(day)
    operation = facts.operations[GENERATE]
    meant = facts.models.get(model or operation.default_model)
    return (
        set(meant.offers[GENERATE].parameter) if meant else {p.name for p in operation.parameters}
    )


@st.composite
def bodies(draw: st.DrawFn, day: date) -> Any:
    """A body that is good but for at most two things, which are often only just wrong."""
    names = draw(st.sets(st.sampled_from(sorted(GOOD)))) | {"prompt"}
    body: dict[str, Any] = {name: draw(GOOD[name]) for name in sorted(names)}
    body = {name: body[name] for name in sorted(names & known(day, body.get("model")))}
    for _ in range(draw(st.integers(0, 2))):
        match draw(st.sampled_from(["near", "near", "odd", "drop", "add"])):
            case "near":
                name = draw(st.sampled_from(sorted(NEAR)))
                body[name] = draw(st.sampled_from(NEAR[name]))
            case "odd":
                body[draw(st.sampled_from(sorted(NEAR)))] = draw(odd)
            case "drop" if body:
                del body[draw(st.sampled_from(sorted(body)))]
            case _:
                body[draw(unknown)] = draw(odd)
    return body


def accepts(validator: Validator, body: Any) -> bool:
    try:
        validator.validated(body)
    except ApiError:
        return False
    return True


def judged_alike(day: date, sizes: Sizes, body: Any) -> bool:
    """What both say of a body."""
    accepted = accepts(validator(day, sizes), body)
    assert contract(day, sizes).is_valid(body) is accepted, body
    return accepted


of_each_size = pytest.mark.parametrize("sizes", SIZES)


@each_day
@of_each_size
@pytest.mark.parametrize("name", NEAR)
def test_each_near_miss_is_judged_alike(name: str, sizes: Sizes, day: date) -> None:
    starts: list[dict[str, Any]] = [{"model": model} for model in (*MODELS, None)]
    for start in [{}, *starts]:
        for value in [*NEAR[name], *ODD]:
            judged_alike(day, sizes, {"prompt": "x"} | start | {name: value})


@each_day
@of_each_size
def test_the_mock_accepts_what_the_contract_accepts_and_nothing_else(
    sizes: Sizes, day: date
) -> None:
    good = bodies(day)

    @settings(max_examples=examples(day, 600))
    @given(body=good | good | good | wild)
    def judged(body: Any) -> None:
        event("accepted" if judged_alike(day, sizes, body) else "refused")

    judged()


@pytest.mark.parametrize("day", [day for day in DAYS if branches(day, "api")], ids=str)
@of_each_size
def test_no_body_fits_two_branches_of_the_contract(sizes: Sizes, day: date) -> None:
    @settings(max_examples=examples(day, 300))
    @given(body=bodies(day))
    def judged(body: Any) -> None:
        fitting = sum(branch.is_valid(body) for branch in branches(day, sizes))
        assert fitting == contract(day, sizes).is_valid(body)

    judged()


@each_day
def test_a_good_request_is_taken_as_long_as_there_is_a_model(day: date) -> None:
    assert judged_alike(day, "api", {"prompt": "x"}) is bool(load(day).models)


@pytest.mark.parametrize("day", [d for d in DAYS if load(d).operations[EDIT].json_too], ids=str)
def test_no_edit_is_taken_as_json(day: date) -> None:
    @settings(max_examples=100)
    @given(body=bodies(day) | wild, image=odd)
    def judged(body: Any, image: Any) -> None:
        whole = body | {"image": image} if isinstance(body, dict) else body
        assert not accepts(validator(day, "api", EDIT), whole)
        assert not contract(day, "api", f"{EDIT}.json").is_valid(whole)

    judged()

"""The validator of the mock and the schema of the contract accept the same bodies, whatever they are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from contracts.build import Sizes, build
from mockserver.core.errors import ApiError
from mockserver.core.validation import Validator
from mockserver.facts import load

FACTS = load()
OPERATION = FACTS.operations["images.generate"]
MODELS = sorted(FACTS.models)
OFFERS = [model.offers[OPERATION.id] for model in FACTS.models.values()]
SIZES = sorted({size for offer in OFFERS for size in offer.sizes + offer.page_sizes})
LENGTHS = sorted({offer.prompt_max + more for offer in OFFERS for more in (-1, 0, 1)} | {0, 1, 2})


def contract(sizes: Sizes, name: str = OPERATION.id) -> Draft202012Validator:
    components = build(sizes)["components"]
    reference = f"#/components/schemas/{name}"
    return Draft202012Validator({"$ref": reference, "components": components})


VALIDATORS = {
    "page": (contract("page"), Validator(FACTS, OPERATION, page_sizes=True)),
    "api": (contract("api"), Validator(FACTS, OPERATION, page_sizes=False)),
}
BRANCHES = {
    "page": [contract("page", f"{OPERATION.id}.{model}") for model in MODELS],
    "api": [contract("api", f"{OPERATION.id}.{model}") for model in MODELS],
}

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
    "size": [*SIZES, None, "1024X1024", "1024x1025", "auto", "256x256 ", ""],
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
    "size": st.sampled_from(["1024x1024", "1024x1024", None, *SIZES]),
    "style": st.sampled_from(["vivid", "natural", None]),
    "user": st.sampled_from(["user-1", "", None]),
}
odd = st.sampled_from(ODD) | wild
unknown = st.sampled_from(["background", "Prompt", "prompt ", "", "x"])


@st.composite
def bodies(draw: st.DrawFn) -> Any:
    """A body that is good but for at most two things, which are often only just wrong."""
    names = draw(st.sets(st.sampled_from(sorted(GOOD)))) | {"prompt"}
    body: dict[str, Any] = {name: draw(GOOD[name]) for name in sorted(names)}
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


@pytest.mark.parametrize("name", NEAR)
@pytest.mark.parametrize("model", [*MODELS, None])
@pytest.mark.parametrize("sizes", VALIDATORS)
def test_each_near_miss_is_judged_alike(sizes: str, model: str | None, name: str) -> None:
    schema, validator = VALIDATORS[sizes]
    for value in [*NEAR[name], *ODD]:
        body = {"prompt": "x", "model": model} | {name: value}
        assert schema.is_valid(body) is accepts(validator, body), body


@pytest.mark.parametrize("sizes", VALIDATORS)
@settings(max_examples=600)
@given(body=bodies() | bodies() | bodies() | wild)
def test_the_mock_accepts_what_the_contract_accepts_and_nothing_else(sizes: str, body: Any) -> None:
    schema, validator = VALIDATORS[sizes]
    accepted = accepts(validator, body)
    event("accepted" if accepted else "refused")
    assert schema.is_valid(body) is accepted


@pytest.mark.parametrize("sizes", VALIDATORS)
@settings(max_examples=300)
@given(body=bodies())
def test_no_body_fits_two_branches_of_the_contract(sizes: str, body: Any) -> None:
    schema, _ = VALIDATORS[sizes]
    assert sum(branch.is_valid(body) for branch in BRANCHES[sizes]) == schema.is_valid(body)

"""On any day the mock's validator and the contract's schema accept the same bodies, whatever they are."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from contracts.document.build import Schema, Sizes, build
from contracts.document.formats import formats_in
from mockserver.core.dialects import validator_of
from mockserver.core.errors import ApiError
from mockserver.core.validation import Validator
from mockserver.facts import load
from tests.contracts.days import DAYS, each_day, examples, of_each_size

GENERATE, EDIT = "images.generate", "images.edit"
# All that ever were, so that on each day something is asked for that is not there.
LATER = [load(date(2026, 6, 1)).models[name] for name in ("gpt-image-1", "gpt-image-2")]
EVER = [*load().models.values(), *LATER]
MODELS = sorted(model.id for model in EVER)
OFFERS = [model.offers[GENERATE] for model in EVER]
PIXELS = sorted({size for o in OFFERS for size in o.parameter["size"].taken(page=True)})
PIXELS += ["1536x864", "816x816", "3840x2160", "3072x1024"]
LENGTHS = sorted({offer.prompt_max + more for offer in OFFERS for more in (-1, 0, 1)} | {0, 1, 2})


@cache
def document(day: date, sizes: Sizes) -> Schema:
    return build(sizes, day)


@cache
def contract(day: date, sizes: Sizes, name: str = GENERATE) -> Draft202012Validator:
    components = document(day, sizes)["components"]
    schema = {"$ref": f"#/components/schemas/{name}", "components": components}
    return Draft202012Validator(schema, formats=formats_in(components), validate_formats=True)


@cache
def validator(day: date, sizes: Sizes, operation: str = GENERATE) -> Validator:
    facts = load(day)
    return validator_of(facts, facts.operations[operation], page_sizes=sizes == "page")


@cache
def branches(day: date, sizes: Sizes) -> list[Draft202012Validator]:
    """The contract's schema of each model, where there is more than one."""
    names = document(day, sizes)["components"]["schemas"]
    return [contract(day, sizes, name) for name in names if name.startswith(f"{GENERATE}.")]


#: Beside each bound of free sizes.
OUTSIDE = [
    "9x9",
    "3088x1024",
    "4064x2032",
    "800x800",
    "3008x3008",
    "01024x1024",
    "1024x1024\n",
    "0x0",
]
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
    "quality": ["standard", "hd", None, "HD", "high", "auto", "low", "medium", "max", ""],
    "response_format": ["url", "b64_json", None, "b64", "URL", ""],
    "size": [*PIXELS, None, "1024X1024", "1024x1025", "auto", "256x256 ", "", *OUTSIDE],
    "style": ["vivid", "natural", None, "Vivid", ""],
    "user": ["user-1", "", None, 5],
    "stream": [None, True, False],
    "partial_images": [None, 0, 1, 3, 4, -1, 1.0, 0.5],
    "background": ["transparent", "opaque", "auto", None, ""],
    "output_format": ["png", "jpeg", "webp", "gif", None, "web"],
    "output_compression": [100, 99, 0, 101, -1, None, 100.0],
    "moderation": ["auto", "low", "high", None],
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
    "stream": st.sampled_from([True, False, None]),
    "partial_images": st.sampled_from([0, 2, None]),
    "background": st.sampled_from(["transparent", "opaque", "auto", None]),
    "output_format": st.sampled_from(["png", "jpeg", "webp", None]),
    "output_compression": st.sampled_from([100, 80, None]),
    "moderation": st.sampled_from(["auto", "low", None]),
}
odd = st.sampled_from(ODD) | wild
unknown = st.sampled_from(["seed", "Prompt", "prompt ", "", "x"])


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

    @settings(max_examples=examples(day, 400))
    @given(body=good | good | good | wild)
    def judged(body: Any) -> None:
        event("accepted" if judged_alike(day, sizes, body) else "refused")

    judged()


@pytest.mark.parametrize("day", [day for day in DAYS if branches(day, "api")], ids=str)
@of_each_size
def test_no_body_fits_two_branches_of_the_contract(sizes: Sizes, day: date) -> None:
    def judged(body: Any) -> None:
        fitting = sum(branch.is_valid(body) for branch in branches(day, sizes))
        assert fitting == contract(day, sizes).is_valid(body)

    for name, values in NEAR.items():
        for model in MODELS:
            for value in (*values, *ODD):
                judged({"prompt": "x", "model": model} | {name: value})
    settings(max_examples=examples(day, 100))(given(body=bodies(day))(judged))()


@each_day
def test_a_good_request_is_taken_as_long_as_there_is_a_model(day: date) -> None:
    facts = load(day)
    for model in facts.models:
        assert judged_alike(day, "api", {"prompt": "x", "model": model}) is (day.year > 2022)
    is_usual = facts.operations[GENERATE].default_model in facts.models
    assert judged_alike(day, "api", {"prompt": "x"}) is is_usual

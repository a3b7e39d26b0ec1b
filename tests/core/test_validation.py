"""Generations in dialect A as of 2025-03-31: what is accepted, and the first thing said if not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockserver.core.error_bodies import answer
from mockserver.core.errors import ApiError, Reason
from mockserver.core.request import ImageRequest
from mockserver.core.validation import Validator
from mockserver.facts import load
from mockserver.facts.words import TABLES

FACTS = load()
OPERATION = FACTS.operations["images.generate"]
PAGE = Validator(FACTS, OPERATION, page_sizes=True)
API = Validator(FACTS, OPERATION, page_sizes=False)
SIZES = "['256x256', '512x512', '1024x1024', '1024x1792', '1792x1024']"


def accepted(body: dict[str, Any], validator: Validator = PAGE) -> ImageRequest:
    return validator.validated({"prompt": "x"} | body)


def refused(body: Any, validator: Validator = PAGE) -> tuple[str, str | None]:
    with pytest.raises(ApiError) as refusal:
        validator.validated(body)
    error = json.loads(answer(refusal.value, TABLES["A"]).body)["error"]
    return error["message"], error["code"]


def test_a_bare_prompt_means_one_picture_of_1024_by_the_default_model() -> None:
    assert accepted({}) == ImageRequest(
        operation="images.generate",
        model="dall-e-2",
        prompt="x",
        n=1,
        options={"size": "1024x1024", "response_format": "url"},
        offer=PAGE.offers["dall-e-2"],
        filled=("model", "n", "size", "response_format"),
    )


def test_dall_e_3_has_a_quality_and_a_style() -> None:
    request = accepted({"model": "dall-e-3"})
    assert (request.options["quality"], request.options["style"]) == ("standard", "vivid")
    request = accepted({"model": "dall-e-3", "quality": "hd", "style": "natural"})
    assert (request.options["quality"], request.options["style"]) == ("hd", "natural")


def test_dall_e_2_ignores_quality_and_style() -> None:
    request = accepted({"quality": "standard", "style": "natural"})
    assert not {"quality", "style"} & request.options.keys()


@pytest.mark.parametrize(
    "name", ["model", "n", "quality", "response_format", "size", "style", "user"]
)
def test_null_is_the_same_as_leaving_out(name: str) -> None:
    assert accepted({name: None}) == accepted({})


@pytest.mark.parametrize("n", [1, 10, 2.0])
def test_whole_numbers_are_accepted_for_n(n: float) -> None:
    assert accepted({"n": n}).n == n


@pytest.mark.parametrize("size", ["256x256", "512x512", "1024x1024", "1024x1536", "1536x1024"])
def test_page_sizes_serve_all_five_of_dall_e_2(size: str) -> None:
    assert accepted({"size": size}).size == size


@pytest.mark.parametrize("size", ["1024x1536", "1536x1024"])
def test_api_sizes_refuse_the_two_that_the_live_api_refused(size: str) -> None:
    assert refused({"prompt": "x", "size": size}, API) == (
        f"'{size}' is not one of {SIZES} - 'size'",
        None,
    )


@pytest.mark.parametrize(("model", "most"), [("dall-e-2", 1000), ("dall-e-3", 4000)])
def test_a_prompt_has_a_maximum_by_model(model: str, most: int) -> None:
    assert len(accepted({"model": model, "prompt": "é" * most}).prompt) == most
    assert refused({"model": model, "prompt": "é" * (most + 1)})


def test_a_prompt_that_is_too_long_for_its_model_alone_is_told_both_lengths() -> None:
    assert refused({"prompt": "é" * 1192})[0] == (
        "Prompt must be length 1000 or less. Your prompt length is 1192. "
        "Please reduce your prompt length."
    )


@pytest.mark.parametrize("model", ["dall-e-2", "dall-e-3"])
def test_a_prompt_that_is_too_long_for_any_model_is_repeated(model: str) -> None:
    long = "é" * 4001
    assert refused({"model": model, "prompt": long})[0] == f"'{long}' is too long - 'prompt'"


NOT_FOR = "The size is not supported by this model."
REFUSALS: list[tuple[Any, str, str | None]] = [
    ([], "[] is not of type 'object'", None),
    ("x", "'x' is not of type 'object'", None),
    (None, "None is not of type 'object'", None),
    ({}, "'prompt' is a required property", None),
    ({"prompt": None}, "None is not of type 'string' - 'prompt'", None),
    ({"prompt": 5}, "5 is not of type 'string' - 'prompt'", None),
    ({"prompt": ["a"]}, "['a'] is not of type 'string' - 'prompt'", None),
    ({"prompt": ""}, "You must provide a prompt.", None),
    ({"n": 0}, "0 is less than the minimum of 1 - 'n'", None),
    ({"n": 15}, "15 is greater than the maximum of 10 - 'n'", None),
    ({"n": 1.5}, "1.5 is not of type 'integer' - 'n'", None),
    ({"n": "2"}, "'2' is not of type 'integer' - 'n'", None),
    ({"n": True}, "True is not of type 'integer' - 'n'", None),
    ({"n": 2, "model": "dall-e-3"}, "You must provide n=1 for this model.", None),
    ({"size": "1x1"}, f"'1x1' is not one of {SIZES} - 'size'", None),
    ({"size": "256×256"}, f"'256×256' is not one of {SIZES} - 'size'", None),
    ({"size": "auto"}, f"'auto' is not one of {SIZES} - 'size'", None),
    ({"size": 256}, "256 is not of type 'string' - 'size'", None),
    ({"size": "1792x1024"}, NOT_FOR, "invalid_size"),
    ({"size": "256x256", "model": "dall-e-3"}, NOT_FOR, "invalid_size"),
    (
        {"size": "1024x1536", "model": "dall-e-3"},
        f"'1024x1536' is not one of {SIZES} - 'size'",
        None,
    ),
    (
        {"response_format": "png"},
        "'png' is not one of ['b64_json', 'url'] - 'response_format'",
        None,
    ),
    ({"quality": "high"}, "'high' is not one of ['standard', 'hd'] - 'quality'", None),
    ({"style": "x"}, "'x' is not one of ['vivid', 'natural'] - 'style'", None),
    ({"user": 123}, "123 is not of type 'string' - 'user'", None),
    (
        {"model": "o1-mini"},
        "Invalid model o1-mini. The model argument should be left blank.",
        None,
    ),
    ({"model": 2}, "2 is not of type 'string' - 'model'", None),
    (
        {"responseFormat": "url"},
        "Additional properties are not allowed ('responseFormat' was unexpected)",
        None,
    ),
    (
        {"stream": True, "background": "opaque"},
        "Additional properties are not allowed ('stream', 'background' were unexpected)",
        None,
    ),
]


@pytest.mark.parametrize(("body", "message", "code"), REFUSALS, ids=[repr(r[0]) for r in REFUSALS])
def test_a_refusal_says_what_the_api_said(body: Any, message: str, code: str | None) -> None:
    if isinstance(body, dict) and body:
        body = {"prompt": "x"} | body
    assert refused(body) == (message, code)


@pytest.mark.parametrize(
    "name",
    ["stream", "partial_images", "background", "moderation", "output_format", "output_compression"]
    + ["tools", "functions", "response_schema", "input_fidelity", "mask", "image"],
)
def test_what_the_model_page_calls_not_supported_is_an_unknown_parameter(name: str) -> None:
    with pytest.raises(ApiError) as refusal:
        accepted({name: None})
    assert refusal.value.reason is Reason.UNKNOWN_PARAMETER


def test_an_unknown_key_is_seen_before_a_missing_prompt() -> None:
    assert "stream" in refused({"stream": True})[0]

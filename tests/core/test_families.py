"""Families of refusals of JSON bodies: each fault × each parameter × each dialect.

What is expected comes from the small tables here alone, not from the words of the server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pytest
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from tests.in_process import client_of
from tests.test_records import (
    BACKEND,
    asks,
    gateway,
    legacy,
    pattern_of,
    platform,
)

OLDEST, MIDDLE, DEFAULT, GATEWAY = "2022-11-10", "2023-12-01", "2025-03-31", "2025-06-15"
OF_A = (OLDEST, MIDDLE, DEFAULT)
#: A day, what is asked on it, and the body that refuses it.
Row = tuple[str, dict[str, Any], str]


@lru_cache
def client(day: str, **settings: str) -> TestClient:
    """A server as of a day; none of its requests is answered but with a refusal."""
    config = configured(log_format="none", as_of=day, keys="mock", **settings)
    return client_of(create_app(config, clock=ManualClock()))


@dataclass(frozen=True, slots=True)
class Case:
    """One request and the whole body that refuses it."""

    name: str
    day: str
    request: dict[str, Any]
    body: str
    status: int = 400
    key: str = "sk-mock-me"


def check(cases: Iterable[Case]) -> None:
    """Hold all to what refuses them, and tell of each that is answered otherwise."""
    answered = [(case.name, _otherwise(case)) for case in cases]
    assert answered
    assert [(name, told) for name, told in answered if told] == []


def _otherwise(case: Case) -> tuple[int, str] | None:
    headers = {"Authorization": f"Bearer {case.key}"} | case.request.get("headers", {})
    response = client(case.day).request(**case.request | {"headers": headers})
    as_expected = pattern_of(case.body).fullmatch(response.text)
    if as_expected and response.status_code == case.status:
        return None
    return response.status_code, response.text


# -- values of JSON bodies -----------------------------------------------------------------------

#: A JSON value, how A repeats it, what B calls it.
VALUES: list[tuple[Any, str, str]] = [
    (None, "None", "null"),
    (True, "True", "a boolean"),
    (1, "1", "an integer"),
    (1.5, "1.5", "a decimal number"),
    ("x", "'x'", "a string"),
    ([], "[]", "an array"),
    ({}, "{}", "an object"),
]
#: What each parameter takes: a type, or names in the order in which they are listed.
IN_2022: dict[str, Any] = {
    "prompt": "string",
    "n": "integer",
    "response_format": ["b64_json", "url"],
    "size": ["256x256", "512x512", "1024x1024"],
    "user": "string",
}
SINCE_2023: dict[str, Any] = IN_2022 | {
    "model": "string",
    "quality": ["standard", "hd"],
    "size": ["256x256", "512x512", "1024x1024", "1024x1792", "1792x1024"],
    "style": ["vivid", "natural"],
}
TAKEN_BY_A = {OLDEST: IN_2022, MIDDLE: SINCE_2023, DEFAULT: SINCE_2023}
TAKEN_BY_B: dict[str, dict[str, Any]] = {
    "dall-e-2": {k: v for k, v in (IN_2022 | {"model": "string"}).items() if k != "user"},
    "dall-e-3": SINCE_2023 | {"size": ["1024x1024", "1024x1792", "1792x1024"], "user": "any"},
}


def is_right(value: Any, taken: Any, name: str) -> bool:
    if value is None:
        return name != "prompt"
    match taken:
        case "any":
            return True
        case "integer":
            return type(value) is int
        case "string":
            return isinstance(value, str)
        case _:
            return False


def wrong_in_a(name: str, taken: Any, value: Any, shown: str) -> str:
    if isinstance(taken, list) and isinstance(value, str):
        return legacy(f"{shown} is not one of {taken} - '{name}'")
    kind = "string" if isinstance(taken, list) else taken
    return legacy(f"{shown} is not of type '{kind}' - '{name}'")


def quoted(names: list[str], word: str) -> str:
    """As B lists names; here there are two of them or more."""
    comma = "," if len(names) > 2 else ""
    return ", ".join(f"'{n}'" for n in names[:-1]) + f"{comma} {word} '{names[-1]}'"


def wrong_in_b(name: str, taken: Any, value: Any, called: str) -> str:
    if isinstance(taken, list) and isinstance(value, str):
        said = f"Invalid value: '{value}'. Supported values are: {quoted(taken, 'and')}."
        return gateway(said, param=name, code="invalid_value")
    words = {"string": "a string", "integer": "an integer"}
    kind = f"one of {quoted(taken, 'or')}" if isinstance(taken, list) else words[taken]
    said = f"Invalid type for '{name}': expected {kind}, but got {called} instead."
    return gateway(said, param=name, code="invalid_type")


def json_values() -> Iterator[Case]:
    for value, shown, called in VALUES:
        for day, parameters in TAKEN_BY_A.items():
            for name, taken in parameters.items():
                if not is_right(value, taken, name):
                    told = wrong_in_a(name, taken, value, shown)
                    yield Case(f"{day} {name}={shown}", day, asks(**{name: value}), told)
        for model, parameters in TAKEN_BY_B.items():
            for name, taken in parameters.items():
                if not is_right(value, taken, name):
                    told = wrong_in_b(name, taken, value, called)
                    request = asks(**{"model": model, name: value})
                    yield Case(f"{GATEWAY} {model} {name}={shown}", GATEWAY, request, told)


# -- names, bounds, lengths, models --------------------------------------------------------------


def unknown(*names: str) -> str:
    verb = "was" if len(names) == 1 else "were"
    listed = ", ".join(f"'{n}'" for n in names)
    return legacy(f"Additional properties are not allowed ({listed} {verb} unexpected)")


def unknown_in_b(name: str) -> str:
    return gateway(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")


def missing_in_b(name: str) -> str:
    said = f"Missing required parameter: '{name}'."
    return gateway(said, param=name, code="missing_required_parameter")


def bound_in_b(name: str, side: str, sign: str, bound: int, value: int) -> str:
    word = {"below": "min", "above": "max"}[side]
    said = (
        f"Invalid '{name}': integer {side} {word}imum value. "
        f"Expected a value {sign} {bound}, but got {value} instead."
    )
    return gateway(said, param=name, code=f"integer_{side}_{word}_value")


def long_in_b(most: int, length: int) -> str:
    said = (
        f"Invalid 'prompt': string too long. Expected a string with maximum length {most}, "
        f"but got a string with length {length} instead."
    )
    return gateway(said, param="prompt", code="string_above_max_length")


EMPTY_IN_B = gateway(
    "Invalid 'prompt': empty string. Expected a string with minimum length 1, but got an empty "
    "string instead.",
    param="prompt",
    code="empty_string",
)
EMPTY_IN_A = {
    OLDEST: legacy("'' is too short - 'prompt'"),
    MIDDLE: legacy("'' is too short - 'prompt'"),
    DEFAULT: platform("You must provide a prompt."),
}
OVER_MODEL = (
    "Prompt must be length 1000 or less. Your prompt length is 1001. Please reduce your prompt "
    "length."
)
NOT_OF_MODEL = legacy("The size is not supported by this model.", code="invalid_size")
NO_SUCH = "The model '{}' does not exist."


def bounds_of_a() -> Iterator[Row]:
    for day in OF_A:
        most = 1000 if day == OLDEST else 4000
        long = "x" * (most + 1)
        yield day, asks(stream=True), unknown("stream")
        yield day, asks(b=1, a=None), unknown("b", "a")
        yield day, asks() | {"json": {}}, legacy("'prompt' is a required property")
        yield day, asks(n=0), legacy("0 is less than the minimum of 1 - 'n'")
        yield day, asks(n=-(10**30)), legacy(f"-{10**30} is less than the minimum of 1 - 'n'")
        yield day, asks(n=11), legacy("11 is greater than the maximum of 10 - 'n'")
        yield day, asks(n=10**30), legacy(f"{10**30} is greater than the maximum of 10 - 'n'")
        yield day, asks(prompt=""), EMPTY_IN_A[day]
        yield day, asks(prompt=long), legacy(f"'{long}' is too long - 'prompt'")
    for name in ("model", "quality", "style"):
        yield OLDEST, asks(**{name: None}), unknown(name)
    for day in (MIDDLE, DEFAULT):
        yield day, asks(prompt="x" * 1001), legacy(OVER_MODEL)
        for size in ("1024x1792", "1792x1024"):
            yield day, asks(size=size), NOT_OF_MODEL
        for size in ("256x256", "512x512"):
            yield day, asks(model="dall-e-3", size=size), NOT_OF_MODEL
        yield day, asks(model="dall-e-3", n=2), legacy("You must provide n=1 for this model.")
        for model in ("", "x", "dall-e-1", "gpt-image-1"):
            said = f"Invalid model {model}. The model argument should be left blank."
            yield day, asks(model=model), legacy(said)


def bounds_of_b() -> Iterator[Row]:
    for model, length, n in (("dall-e-2", 1000, 10), ("dall-e-3", 4000, 1)):
        body = {"model": model}
        yield GATEWAY, asks(**body, b=1, a=None), unknown_in_b("b")
        yield GATEWAY, asks() | {"json": body}, missing_in_b("prompt")
        yield GATEWAY, asks(**body, n=0), bound_in_b("n", "below", ">=", 1, 0)
        for above in (n + 1, 11, 10**30):
            yield GATEWAY, asks(**body, n=above), bound_in_b("n", "above", "<=", n, above)
        yield GATEWAY, asks(**body, prompt=""), EMPTY_IN_B
        long = "é" * (length + 1)
        yield GATEWAY, asks(**body, prompt=long), long_in_b(length, length + 1)
    for name in ("quality", "style"):
        for value in (None, "standard", "x"):
            yield GATEWAY, asks(**{name: value}), unknown_in_b(name)
    for model in ("", "x", "dall-e-1", "gpt-image-2"):
        told = gateway(NO_SUCH.format(model), BACKEND, "model", "invalid_value")
        yield GATEWAY, asks(model=model), told
    for model, size in (("dall-e-2", "1792x1024"), ("dall-e-3", "256x256"), ("dall-e-2", "auto")):
        told = wrong_in_b("size", TAKEN_BY_B[model]["size"], size, "")
        yield GATEWAY, asks(model=model, size=size), told


def named(rows: Iterator[Row]) -> Iterator[Case]:
    """Rows as cases; what they ask, shortened and numbered, is their name."""
    for number, (day, request, body) in enumerate(rows):
        asked = request.get("json", request.get("content", request.get("data", "")))
        short = re.sub(r"\W+", " ", str(asked))[:40]
        yield Case(f"{day} {number} {request['url']} {short}", day, request, body)


def test_values_of_json_are_refused_as_their_family() -> None:
    check(json_values())


@pytest.mark.parametrize("bounds", [bounds_of_a, bounds_of_b])
def test_what_is_out_of_bounds_is_refused_as_its_family(
    bounds: Callable[[], Iterator[Row]],
) -> None:
    check(named(bounds()))

"""Families of refusals of forms and uploads: each fault × each field × each dialect.

What is expected comes from the small tables here alone, not from the words of the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from httpx2 import Response

from tests.core.test_families import (
    DEFAULT,
    EMPTY_IN_A,
    EMPTY_IN_B,
    GATEWAY,
    MIDDLE,
    OF_A,
    OLDEST,
    Case,
    Row,
    bound_in_b,
    check,
    client,
    long_in_b,
    missing_in_b,
    unknown,
    unknown_in_b,
    wrong_in_b,
)
from tests.test_records import BACKEND, EDITS, NOT_A_PNG, VARIATIONS, gateway, legacy, png

CODE_OF_PNG = {OLDEST: None, MIDDLE: "invalid_image_format", DEFAULT: "invalid_image_format"}
GOOD = png()
SIZES = ["256x256", "512x512", "1024x1024"]
FORMATS = ["b64_json", "url"]
LONG = "é" * 1001
Fields = list[tuple[str, Any]]


def text(value: str) -> tuple[None, str]:
    """A field's value as a form sends it: without a file name."""
    return (None, value)


def file(data: bytes, kind: str | None = "image/png") -> tuple[Any, ...]:
    return ("a.png", data, kind) if kind is not None else ("a.png", data)


def form(url: str, *fields: tuple[str, Any], without: str = "") -> dict[str, Any]:
    """A form that is right but for `fields`, which replace what it had, and the one left out."""
    found: Fields = [("image", file(GOOD))]
    if url == EDITS:
        found += [("prompt", text("x")), ("mask", file(GOOD))]
    replaced = {name.partition("[")[0] for name, _ in fields} | {without}
    files = [f for f in found if f[0] not in replaced] + list(fields)
    return {"method": "POST", "url": url, "files": files}


def texts_in_a() -> Iterator[Row]:
    """Fields with a wrong text. Variations speak A in every year until their end."""
    for day, url in [(day, url) for day in OF_A for url in (EDITS, VARIATIONS)] + [
        (GATEWAY, VARIATIONS)
    ]:
        for wrong in ("x", "1.5", "", "true", "null", "[1]", "+1", "1e0"):
            told = legacy(f"'{wrong}' is not of type 'integer' - 'n'")
            yield day, form(url, ("n", text(wrong))), told
        for below in (0, -1):
            told = legacy(f"{below} is less than the minimum of 1 - 'n'")
            yield day, form(url, ("n", text(str(below)))), told
        told = legacy("11 is greater than the maximum of 10 - 'n'")
        yield day, form(url, ("n", text("11"))), told
        for name, taken in (("size", SIZES), ("response_format", FORMATS)):
            for wrong in ("x", "", "null", "256×256", "1024x1792"):
                shown = f"'{wrong}' is not one of {taken} - '{name}'"
                yield day, form(url, (name, text(wrong))), legacy(shown)
        yield day, form(url, ("stream", text("true"))), unknown("stream")
        yield day, form(url, ("b", text("")), ("a", file(GOOD))), unknown("b", "a")
        told = legacy("'image' is a required property")
        yield day, form(url, ("n", text("1")), without="image"), told
        for name in ("model",) if day == OLDEST else ():
            yield day, form(url, (name, text("dall-e-2"))), unknown(name)
        for model in () if day == OLDEST else ("", "x", "dall-e-3", "gpt-image-1"):
            said = f"Invalid model {model}. The model argument should be left blank."
            yield day, form(url, ("model", text(model))), legacy(said)


def prompts_in_a() -> Iterator[Row]:
    for day in OF_A:
        yield day, form(EDITS, without="prompt"), legacy("'prompt' is a required property")
        yield day, form(EDITS, ("prompt", text(""))), EMPTY_IN_A[day]
        yield day, form(EDITS, ("prompt", text(LONG))), legacy(f"'{LONG}' is too long - 'prompt'")
        yield day, form(VARIATIONS, ("prompt", text("x"))), unknown("prompt")
        yield day, form(VARIATIONS, ("mask", file(GOOD))), unknown("mask")
    yield OLDEST, form(EDITS, without="mask"), legacy("'mask' is a required property")


def fields_in_b() -> Iterator[Row]:
    not_a_number = gateway(
        "Invalid type for 'n': expected an integer, but got a string value that could not be "
        "converted into an integer.",
        param="n",
        code="invalid_type",
    )
    for wrong in ("x", "1.5", "", "true", "null", "[1]", "+1", "1e0"):
        yield GATEWAY, form(EDITS, ("n", text(wrong))), not_a_number
    for n in (0, -1):
        yield GATEWAY, form(EDITS, ("n", text(str(n)))), bound_in_b("n", "below", ">=", 1, n)
    yield GATEWAY, form(EDITS, ("n", text("11"))), bound_in_b("n", "above", "<=", 10, 11)
    for name, taken in (("size", SIZES), ("response_format", FORMATS)):
        for wrong in ("x", "", "null", "256×256", "1024x1792"):
            told = wrong_in_b(name, taken, wrong, "")
            yield GATEWAY, form(EDITS, (name, text(wrong))), told
    for model in ("", "x", "dall-e-3", "gpt-image-2"):
        said = f"Invalid value: '{model}'. Value must be 'dall-e-2'."
        told = gateway(said, param="model", code="invalid_value")
        yield GATEWAY, form(EDITS, ("model", text(model))), told
    yield GATEWAY, form(EDITS, ("prompt", text(""))), EMPTY_IN_B
    yield GATEWAY, form(EDITS, ("prompt", text(LONG))), long_in_b(1000, 1001)
    for name in ("image", "prompt"):
        yield GATEWAY, form(EDITS, without=name), missing_in_b(name)
    for name in ("quality", "style", "stream", "b"):
        yield GATEWAY, form(EDITS, (name, text("x")), ("z", text(""))), unknown_in_b(name)


#: Each field of edits in B with a right value, and what B expects there.
FIELDS: dict[str, tuple[Any, str]] = {
    "model": (text("dall-e-2"), "a string"),
    "prompt": (text("x"), "a string"),
    "image": (file(GOOD), "a file"),
    "mask": (file(GOOD), "a file"),
    "n": (text("1"), "an integer"),
    "response_format": (text("url"), "one of 'b64_json' or 'url'"),
    "size": (text("256x256"), "one of '256x256', '512x512', or '1024x1024'"),
    "user": (text("x"), "a string"),
}


def wrong_kind(name: str, expected: str, got: str) -> str:
    said = f"Invalid type for '{name}': expected {expected}, but got {got} instead."
    return gateway(said, param=name, code="invalid_type")


def lists_and_doubles_in_b() -> Iterator[Row]:
    for name, (value, expected) in FIELDS.items():
        told = wrong_kind(name, expected, "an array")
        for listed in (f"{name}[]", f"{name}[0]"):
            yield GATEWAY, form(EDITS, (listed, value)), told
        said = (
            f"Duplicate parameter: '{name}'. You provided multiple values for this parameter, "
            "whereas only one is allowed. If you are trying to provide a list of values, use the "
            f"array syntax instead e.g. '{name}[]=<value>'."
        )
        told = gateway(said, param=name, code="duplicate_parameter")
        yield GATEWAY, form(EDITS, (name, value), (name, value)), told
    for name in ("image", "mask"):
        told = wrong_kind(name, "a file", "a string")
        yield GATEWAY, form(EDITS, (name, text("x"))), told


def types_in_b() -> Iterator[Row]:
    for name in ("image", "mask"):
        for kind in ("image/jpeg", "image/webp", "application/octet-stream", "text/plain", "x"):
            said = (
                f"Invalid file '{name}': unsupported mimetype ('{kind}'). Supported file formats "
                "are 'image/png'."
            )
            told = gateway(said, param=name, code="unsupported_file_mimetype")
            yield GATEWAY, form(EDITS, (name, file(GOOD, kind))), told


# -- what uploads are ----------------------------------------------------------------------------

OTHERS = (b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", GOOD[:25], b"\0" * 8, png(size=(1, 4097)))
TOO_MUCH = GOOD + b"\0" * (4 * 1024 * 1024 - len(GOOD))
WITH_A_MASK = ["RGB", "RGBA", "LA", "L"]
ALONE = {OLDEST: ["RGBA"], MIDDLE: ["RGBA", "LA", "L"], DEFAULT: ["RGBA", "LA", "L"]}
SQUARE = "Invalid input image - expected an image with equal width and height, got 300x200 instead."
MASK_SIZE = (
    "Invalid input mask - expected a mask with the size of the image, 64x64, got 32x32 instead."
)


def mode(what: str, listed: list[str], got: str) -> str:
    return f"Invalid input {what} - format must be in {listed}, got {got}."


def pictures_in_a() -> Iterator[Row]:
    for day, url in [(day, url) for day in OF_A for url in (EDITS, VARIATIONS)] + [
        (GATEWAY, VARIATIONS)
    ]:
        no_png = legacy(NOT_A_PNG, code=CODE_OF_PNG.get(day, "invalid_image_format"))
        for data in (*OTHERS, TOO_MUCH):
            yield day, form(url, ("image", file(data))), no_png
        yield day, form(url, ("image", text("x"))), no_png
        yield day, form(url, ("image", file(png(size=(300, 200))))), legacy(SQUARE)
        listed = WITH_A_MASK if url == EDITS else ["RGB", "RGBA"]
        for got in ("P", "1", "I;16"):
            named = "I" if got == "I;16" and day in (OLDEST, MIDDLE) else got
            told = legacy(mode("image", listed, named))
            yield day, form(url, ("image", file(png(got)))), told
    for day in OF_A:
        for data in OTHERS:
            told = legacy(NOT_A_PNG, code=CODE_OF_PNG[day])
            yield day, form(EDITS, ("mask", file(data))), told
        told = legacy(mode("mask", ["RGBA", "LA", "L"], "RGB"))
        yield day, form(EDITS, ("mask", file(png("RGB")))), told
        yield day, form(EDITS, ("mask", file(png(size=(32, 32))))), legacy(MASK_SIZE)
        for got in () if day == OLDEST else ("RGB", "P"):
            told = legacy(mode("image", ALONE[day], got))
            yield day, form(EDITS, ("image", file(png(got))), without="mask"), told


def pictures_in_b() -> Iterator[Row]:
    def told(said: str, code: str | None = None) -> str:
        return gateway(said, BACKEND, code=code)

    for name in ("image", "mask"):
        for data in (*OTHERS, TOO_MUCH):
            no_png = told(NOT_A_PNG, "invalid_image_format")
            yield GATEWAY, form(EDITS, (name, file(data))), no_png
    yield GATEWAY, form(EDITS, ("image", file(png(size=(300, 200))))), told(SQUARE)
    for got in ("P", "1"):
        said = mode("image", WITH_A_MASK, got)
        yield GATEWAY, form(EDITS, ("image", file(png(got)))), told(said)
    for got in ("RGB", "P"):
        said = mode("image", ["RGBA", "LA", "L"], got)
        yield GATEWAY, form(EDITS, ("image", file(png(got))), without="mask"), told(said)
    wrong = "Invalid mask image format - "
    code = "invalid_mask_image_format"
    no_alpha = told(f"{wrong}mask image missing alpha channel", code)
    yield GATEWAY, form(EDITS, ("mask", file(png("RGB")))), no_alpha
    other_size = told(f"{wrong}mask size does not match image size", code)
    yield GATEWAY, form(EDITS, ("mask", file(png(size=(32, 32))))), other_size


FAMILIES = (
    *(texts_in_a, prompts_in_a, pictures_in_a),
    *(fields_in_b, lists_and_doubles_in_b, types_in_b, pictures_in_b),
)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_refusal_of_a_form_is_that_of_its_family(family: Callable[[], Iterator[Row]]) -> None:
    check(
        Case(f"{number} {day}", day, request, body)
        for number, (day, request, body) in enumerate(family())
    )


# -- what no dialect refuses ---------------------------------------------------------------------


def answer(day: str, request: dict[str, Any]) -> Response:
    return client(day).request(**request, headers={"Authorization": "Bearer sk-mock-me"})


@pytest.mark.parametrize(("day", "url"), [(DEFAULT, EDITS), (GATEWAY, VARIATIONS)])
def test_a_takes_the_first_of_two_fields_and_lists_of_one(day: str, url: str) -> None:
    for value, status in (("1", 200), ("11", 400)):
        other = text("12" if value == "1" else "1")
        doubled = form(url, ("n", text(value)), ("n", other))
        assert answer(day, doubled).status_code == status
        assert answer(day, form(url, ("n[]", text(value)))).status_code == status
    assert answer(day, form(url, ("image[]", file(GOOD)))).status_code == 200


@pytest.mark.parametrize("kind", ["image/jpeg", "application/octet-stream", "x"])
def test_a_looks_at_the_bytes_and_not_at_the_type_that_a_part_names(kind: str) -> None:
    for day, url in ((DEFAULT, EDITS), (DEFAULT, VARIATIONS), (GATEWAY, VARIATIONS)):
        assert answer(day, form(url, ("image", file(GOOD, kind)))).status_code == 200


@pytest.mark.parametrize(
    ("day", "status"),
    [("2025-04-15", 200), ("2025-04-16", 400), ("2025-08-31", 400), ("2025-09-01", 200)],
)
def test_octet_stream_was_taken_refused_and_taken_again(day: str, status: int) -> None:
    for name in ("image", "mask"):
        asked = form(EDITS, (name, file(GOOD, "application/octet-stream")))
        assert answer(day, asked).status_code == status
    assert answer("2025-09-01", form(EDITS, ("image", file(GOOD, "image/jpeg")))).status_code == 400

"""The mock and the contract accept the same forms, whatever their texts and files are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from PIL import Image

from contracts.build import Sizes, build
from contracts.forms import keeps
from contracts.uploads import ALL_MODES, encoded, good, near_misses, padded, png, rules_of
from mockserver.core.errors import ApiError
from mockserver.core.uploads import Part
from mockserver.core.validation import Validator
from mockserver.facts import Operation, load
from mockserver.retouch import Unreadable, decoded

Fields = dict[str, bytes]
FACTS = load()
FORMS = {operation.id: operation for operation in FACTS.operations.values() if operation.form}
OFFERS = {name: FACTS.models["dall-e-2"].offers[name] for name in FORMS}
SIZES: tuple[Sizes, ...] = ("page", "api")
SCHEMAS = {s: build(s)["components"]["schemas"] for s in SIZES}
VALIDATORS = {
    (s, operation.id): Validator(FACTS, operation, page_sizes=s == "page")
    for s in SIZES
    for operation in FORMS.values()
}

LENGTHS = sorted({o.prompt_max + more for o in OFFERS.values() for more in (-1, 0, 1)} - {-1})
# A character beyond the basic plane is one; so is a byte, or the start of one, that is no UTF-8.
LETTERS = [b"x", b" ", "é".encode(), b"\0", "\U0001f9a6".encode(), b"\xff", b"\xf0\x9f\xa6"]
# Of each text: what is taken, and beside it what only just is not taken.
NEAR: dict[str, list[bytes]] = {
    "prompt": [letter * length for letter in LETTERS for length in LENGTHS],
    "model": [b"dall-e-2", b"", b"dall-e-3", b"DALL-E-2", b"dall-e-2 ", b"null"],
    "n": [b"1", b"2", b"10", b"02", b"0" * 17 + b"2", b"0" * 18 + b"2", b"0", b"-0", b"-1", b"11"],
    "response_format": [b"url", b"b64_json", b"b64", b"URL", b"", b"null"],
    "size": [
        *sorted({s.encode() for o in OFFERS.values() for s in o.sizes + o.page_sizes}),
        *(b"1024x1792", b"1792x1024", b"1024X1024", b"auto", b"256x256 ", b"256x256\n", b""),
    ],
    "user": [b"user-1", b"", b"5", b"null", b"\xff", b"x" * 2000],
    "quality": [b"standard", b""],
    "Prompt": [b"x"],
    "": [b"x"],
}
NEAR["n"] += [b"2.0", b"1e0", b"+2", b" 2", b"2\n", b"", b"two", b"9" * 18, b"true", b"null"]
NEAR["n"] += ["\u0662".encode(), "\uff12".encode(), b"\xff", b"2,3", b"--1", b"1_0"]


def text(operation: Operation, **more: bytes) -> Fields:
    """The texts of a good form, and these."""
    needed = {p.name: b"x" for p in operation.parameters if p.required and p.type == "string"}
    return needed | more


def accepts(sizes: Sizes, operation: Operation, fields: Fields) -> bool:
    """What the mock says, which checks a file's header first and decodes it later."""
    try:
        request = VALIDATORS[sizes, operation.id].validated(
            {name: Part(value) for name, value in fields.items()}
        )
        for file in (request.image, request.mask):
            if file is not None:
                decoded(file)
    except (ApiError, Unreadable):
        return False
    return True


def agreed(sizes: Sizes, operation: Operation, fields: Fields) -> bool:
    """What both say of a form."""
    accepted = accepts(sizes, operation, fields)
    assert keeps(SCHEMAS[sizes][operation.id], operation, fields) is accepted
    return accepted


every_form = pytest.mark.parametrize("operation", FORMS.values(), ids=FORMS)


@every_form
@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("name", NEAR)
def test_each_near_miss_of_a_text_is_judged_alike(
    name: str, sizes: Sizes, operation: Operation
) -> None:
    files = good(operation, b"", masked=False)
    for value in NEAR[name]:
        agreed(sizes, operation, files | text(operation) | {name: value})


@every_form
def test_every_near_miss_of_a_file_is_refused_by_both(operation: Operation) -> None:
    for name, files in near_misses(operation).items():
        assert not agreed("page", operation, text(operation) | files), name


@every_form
def test_every_file_that_the_rules_take_is_accepted_by_both(operation: Operation) -> None:
    rules = rules_of(operation)
    for mode in rules.image_modes:
        assert agreed("page", operation, text(operation, image=png(mode)))
    for mode in rules.image_modes_with_mask:
        for mask in rules.mask_modes:
            assert agreed("page", operation, text(operation, image=png(mode), mask=png(mask)))
    mode, side = rules.image_modes[0], rules.side_max
    assert agreed("page", operation, text(operation, image=padded(png(mode), rules.bytes_max - 1)))
    largest = encoded(Image.new(mode, (side, side)), compress_level=1)
    assert agreed("page", operation, text(operation, image=largest))


def small(operation: Operation) -> list[bytes]:
    """Files of every kind that is decoded at once."""
    bad = {f for files in near_misses(operation).values() for f in files.values()}
    fine = {png(mode, side) for mode in ALL_MODES for side in (15, 16)}
    return sorted(f for f in bad | fine if len(f) < 10_000)


@every_form
def test_any_two_files_are_judged_alike(operation: Operation) -> None:
    files = small(operation)
    told = [
        agreed("page", operation, text(operation, image=image, mask=mask))
        for image in files
        for mask in files
    ]
    assert any(told) is ("mask" in {p.name for p in operation.parameters})


@st.composite
def forms(draw: st.DrawFn, operation: Operation) -> Fields:
    """A form that is good but for at most two things, which are often only just wrong."""
    named = {p.name for p in operation.parameters}
    masked = "mask" in named and draw(st.booleans())
    fields = good(operation, draw(st.binary(max_size=4)), masked=masked) | text(operation)
    for name in sorted(draw(st.sets(st.sampled_from(sorted(named & NEAR.keys()))))):
        fields[name] = NEAR[name][draw(st.integers(0, 1))]
    for _ in range(draw(st.integers(0, 2))):
        match draw(st.sampled_from(["near", "near", "any", "drop", "file", "cut"])):
            case "near":
                name = draw(st.sampled_from(sorted(NEAR)))
                fields[name] = draw(st.sampled_from(NEAR[name]))
            case "any":
                fields[draw(st.sampled_from(sorted(NEAR)))] = draw(st.binary(max_size=6))
            case "drop" if fields:
                del fields[draw(st.sampled_from(sorted(fields)))]
            case "file":
                name = draw(st.sampled_from(["image", "mask"]))
                fields[name] = draw(st.sampled_from(SMALL[operation.id]) | st.binary(max_size=40))
            case _:
                image = fields.get("image", b"")
                at = draw(st.integers(0, len(image)))
                fields["image"] = image[:at] + draw(st.binary(max_size=2)) + image[at + 1 :]
    return fields


SMALL = {name: small(operation) for name, operation in FORMS.items()}


@every_form
@pytest.mark.parametrize("sizes", SIZES)
@settings(max_examples=200)
@given(data=st.data())
def test_the_mock_accepts_the_forms_that_the_contract_accepts_and_no_others(
    sizes: Sizes, operation: Operation, data: Any
) -> None:
    event("accepted" if agreed(sizes, operation, data.draw(forms(operation))) else "refused")

"""On any day the mock and the contract accept the same forms, whatever their texts and files are."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from contracts.cases.forms import keeps
from contracts.cases.uploads import (
    ALL_MODES,
    Files,
    blank,
    good,
    model_for,
    near_misses,
    needs_mask,
    padded,
    png,
    rules_of,
)
from contracts.document.bodies import models_of
from contracts.document.build import Schema, Sizes, build
from contracts.forms import Field
from mockserver.core.dialects import validator_of
from mockserver.core.errors import ApiError
from mockserver.core.uploads import Form, Part
from mockserver.core.validation import Validator
from mockserver.facts import Operation, load
from mockserver.pictures.decoding import Unreadable, decoded
from tests.contracts.days import BETWEEN, DAYS, examples, of_each_size

Fields = dict[str, Field]
#: Every form of each day, while there is a model.
FORMS = [
    pytest.param(
        operation,
        day,
        id=f"{operation.id} {day}",
        marks=[pytest.mark.slow] * (day in BETWEEN),
    )
    for day in DAYS
    for operation in load(day).operations.values()
    if operation.form and models_of(load(day), operation)
]
OFFERS = [
    offer for model in load().models.values() for offer in model.offers.values() if offer.upload
]


@cache
def schemas(day: date, sizes: Sizes) -> Schema:
    found: Schema = build(sizes, day)["components"]["schemas"]
    return found


@cache
def validator(day: date, sizes: Sizes, operation: Operation) -> Validator:
    return validator_of(load(day), operation, page_sizes=sizes == "page")


LENGTHS = sorted({o.prompt_max + more for o in OFFERS for more in (-1, 0, 1)} - {-1})
# A character beyond the basic plane is one; so is a byte, or the start of one, that is no UTF-8.
LETTERS = [b"x", b" ", "é".encode(), b"\0", "\U0001f9a6".encode(), b"\xff", b"\xf0\x9f\xa6"]
# Of each text: what is taken, and beside it what only just is not taken.
NEAR: dict[str, list[bytes]] = {
    "prompt": [letter * length for letter in LETTERS for length in LENGTHS],
    "model": [b"dall-e-2", b"", b"dall-e-3", b"DALL-E-2", b"dall-e-2 ", b"null"],
    "n": [
        b"1",
        b"2",
        b"10",
        b"02",
        b"0" * 18 + b"2",
        b"0" * 3999 + b"2",
        b"0",
        b"-0",
        b"-1",
        b"11",
    ],
    "response_format": [b"url", b"b64_json", b"b64", b"URL", b"", b"null"],
    "size": [
        *sorted({s.encode() for o in OFFERS for s in o.parameter["size"].taken(page=True)}),
        *(b"1024x1792", b"1792x1024", b"1024X1024", b"auto", b"256x256 ", b"256x256\n", b""),
    ],
    "user": [b"user-1", b"", b"5", b"null", b"\xff", b"x" * 2000],
    "quality": [b"standard", b""],
    "Prompt": [b"x"],
    "": [b"x"],
}
NEAR["n"] += [
    b"2.0",
    b"1e0",
    b"+2",
    b" 2",
    b"2\n",
    b"",
    b"two",
    b"0" * 4000 + b"2",
    b"9" * 4000,
    b"true",
    b"null",
]
NEAR["n"] += ["\u0662".encode(), "\uff12".encode(), b"\xff", b"2,3", b"--1", b"1_0"]


def plain(value: bytes) -> Field:
    """A text, as clients send one."""
    return Field(value, is_file=False)


def files(found: Files) -> Fields:
    """Files, as good clients send them."""
    return {name: Field(data, "image/png") for name, data in found.items()}


def text(operation: Operation, day: date) -> Fields:
    """The texts of a good form."""
    required = [p for p in operation.parameters if p.required and p.type == "string"]
    model = model_for(operation, day).encode()
    return {p.name: plain(model if p.name == "model" else b"x") for p in required}


def part(field: Field) -> Part:
    """A field as the mock reads it."""
    told = {name: getattr(field, name) for name in ("data", "type", "is_file", "is_list")}
    return Part(**told, repeated=field.repeated, others=tuple(map(part, field.others)))


def accepts(sizes: Sizes, day: date, operation: Operation, fields: Fields) -> bool:
    """What the mock says, which checks a file's header first and decodes it later."""
    try:
        request = validator(day, sizes, operation).validated(
            Form({name: part(field) for name, field in fields.items()})
        )
        for file in (*request.images, request.mask):
            if file is not None:
                decoded(file)
    except (ApiError, Unreadable):
        return False
    return True


def agreed(sizes: Sizes, day: date, operation: Operation, fields: Fields) -> bool:
    """What both say of a form."""
    accepted = accepts(sizes, day, operation, fields)
    assert keeps(schemas(day, sizes), operation, fields, day) is accepted
    return accepted


every_form = pytest.mark.parametrize(("operation", "day"), FORMS)


@every_form
@of_each_size
@pytest.mark.parametrize("name", NEAR)
def test_each_near_miss_of_a_text_is_judged_alike(
    name: str, sizes: Sizes, operation: Operation, day: date
) -> None:
    fine = files(good(operation, b"", day=day)) | text(operation, day)
    assert agreed(sizes, day, operation, fine)
    for value in NEAR[name]:
        agreed(sizes, day, operation, fine | {name: plain(value)})


@every_form
def test_every_near_miss_of_a_file_is_refused_by_both(operation: Operation, day: date) -> None:
    for name, found in near_misses(operation, day).items():
        assert not agreed("page", day, operation, text(operation, day) | files(found)), name


@every_form
def test_every_file_that_the_rules_take_is_accepted_by_both(
    operation: Operation, day: date
) -> None:
    def taken(**found: bytes) -> bool:
        return agreed("page", day, operation, text(operation, day) | files(found))

    rules = rules_of(operation, day)
    if rules.formats:
        assert all(taken(image=png(mode)) for mode in ALL_MODES)
        assert all(taken(image=png(mode), mask=png("LA")) for mode in ALL_MODES)
        return
    for mode in rules.image_modes:
        assert taken(image=png(mode)) is not needs_mask(operation)
    for mode in rules.image_modes_with_mask:
        for mask in rules.mask_modes:
            assert taken(image=png(mode), mask=png(mask))
    mode = rules.image_modes[0]
    largest = blank(mode, rules.side_max)
    heaviest = padded(png(mode), rules.bytes_max - 1)
    for file in (largest, heaviest):
        assert taken(image=file, **({"mask": file} if needs_mask(operation) else {}))


@cache
def small(operation: Operation, day: date) -> list[bytes]:
    """Files of every kind that is decoded at once."""
    bad = {f for found in near_misses(operation, day).values() for f in found.values()}
    fine = {png(mode, side) for mode in ALL_MODES for side in (15, 16)}
    return sorted(f for f in bad | fine if len(f) < 10_000)


@every_form
def test_any_two_files_are_judged_alike(operation: Operation, day: date) -> None:
    found = small(operation, day)
    told = [
        agreed("page", day, operation, text(operation, day) | files({"image": image, "mask": mask}))
        for image in found
        for mask in found
    ]
    assert any(told) is ("mask" in {p.name for p in operation.parameters})


TYPES = ("", "image/png", "image/jpeg", "text/plain", "application/octet-stream")
#: What can be odd about how a field is sent.
ODDLY: list[dict[str, Any]] = [
    *({"type": media} for media in TYPES),
    *({how: told} for how in ("is_file", "is_list", "repeated") for told in (True, False)),
]


@every_form
def test_each_odd_way_to_send_a_field_is_judged_alike(operation: Operation, day: date) -> None:
    named = {p.name for p in operation.parameters}
    fine = files(good(operation, b"", masked="mask" in named, day=day))
    if rules_of(operation, day).formats:  # of GPT image models, which take no more of these
        named &= {"prompt", "n", "user"}
    fine |= {name: plain(NEAR[name][0]) for name in sorted(named & NEAR.keys())}
    fine |= text(operation, day)
    assert agreed("api", day, operation, fine)
    for name, field in fine.items():
        for odd in ODDLY:
            agreed("api", day, operation, fine | {name: replace(field, **odd)})


@st.composite
def forms(draw: st.DrawFn, operation: Operation, day: date) -> Fields:
    """A form that is good but for at most two things, which are often only just wrong."""
    named = {p.name for p in operation.parameters}
    masked = "mask" in named and draw(st.booleans())
    fields = files(good(operation, draw(st.binary(max_size=4)), masked=masked, day=day))
    fields |= text(operation, day)
    for name in sorted(draw(st.sets(st.sampled_from(sorted(named & NEAR.keys()))))):
        fields[name] = plain(NEAR[name][draw(st.integers(0, 1))])
    for _ in range(draw(st.integers(0, 2))):
        fields |= draw(changes(operation, day, fields))
        if fields and draw(st.integers(0, 5)) == 0:
            del fields[draw(st.sampled_from(sorted(fields)))]
    return fields


@st.composite
def changes(draw: st.DrawFn, operation: Operation, day: date, fields: Fields) -> Fields:
    """One field of a form, made new."""
    match draw(st.sampled_from(["near", "near", "any", "file", "cut", "oddly"])):
        case "near":
            name = draw(st.sampled_from(sorted(NEAR)))
            return {name: plain(draw(st.sampled_from(NEAR[name])))}
        case "any":
            return {draw(st.sampled_from(sorted(NEAR))): plain(draw(st.binary(max_size=6)))}
        case "file":
            data = draw(st.sampled_from(small(operation, day)) | st.binary(max_size=40))
            return {draw(st.sampled_from(["image", "mask"])): Field(data, "image/png")}
        case "oddly" if fields:
            name = draw(st.sampled_from(sorted(fields)))
            return {name: replace(fields[name], **draw(st.sampled_from(ODDLY)))}
        case _:
            image = fields.get("image", Field(b"")).data
            at = draw(st.integers(0, len(image)))
            cut = image[:at] + draw(st.binary(max_size=2)) + image[at + 1 :]
            return {"image": Field(cut, "image/png")}


@every_form
@of_each_size
def test_the_mock_accepts_the_forms_that_the_contract_accepts_and_no_others(
    sizes: Sizes, operation: Operation, day: date
) -> None:
    @settings(max_examples=examples(day, 200))
    @given(fields=forms(operation, day))
    def judged(fields: Fields) -> None:
        event("accepted" if agreed(sizes, day, operation, fields) else "refused")

    judged()

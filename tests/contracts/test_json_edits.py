"""An edit as JSON is taken by the mock if the contract takes it: its pictures stand in data: URLs."""

from __future__ import annotations

from base64 import b64encode
from datetime import date
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from contracts.cases.uploads import encoded, picture
from contracts.document.addresses import named
from contracts.document.build import build
from mockserver.core.errors import ApiError
from mockserver.core.inputs import inline, settled
from mockserver.facts import load
from tests.contracts.days import DAYS
from tests.contracts.test_agreement import EDIT, NEAR, bodies, contract, odd, validator, wild

DAYS_OF_JSON = [day for day in DAYS if load(day).operations[EDIT].json_too]
each_day_of_json = pytest.mark.parametrize("day", DAYS_OF_JSON, ids=str)


def formats_in(document: Any) -> set[str]:
    """The names of all formats."""
    match document:
        case dict():
            own = {document["format"]} if isinstance(document.get("format"), str) else set()
            return own.union(*map(formats_in, document.values()))
        case list():
            return set().union(*map(formats_in, document))
        case _:
            return set()


FORMATS = formats_in(build("api", DAYS_OF_JSON[-1])["components"]["schemas"])
KNOWN = [known for name in sorted(FORMATS) if (known := named(name))]
IMAGES = [url for known in KNOWN if known.use == "image" for url in known.examples()]
MASKS = [url for known in KNOWN if known.use == "mask" for url in known.examples()]


def data_url(form: str, mode: str, side: int = 16) -> str:
    file = encoded(picture(mode, (side, side), b"x"), form)
    return f"data:image/{form.lower()};base64,{b64encode(file).decode()}"


#: What is no picture in a data: URL, or one that is not taken. Whole heads of cut files are left to
#: the tests of forms: that they are cut is seen where they are decoded, not here.
BAD = [
    "",
    "data:image/png;base64,",
    "data:image/png;base64,iVBORw0KGgo=",
    "data:image/png;base64,!!!!",
    "data:text/plain;base64,RXhhbXBsZQ==",
    data_url("GIF", "L"),
    data_url("BMP", "RGB"),
    IMAGES[0][:48],
]
#: Masks that are none: without alpha, or no PNG.
BAD_MASKS = [*BAD, data_url("PNG", "RGB"), data_url("WEBP", "RGBA")]


def accepts(day: date, body: Any) -> bool:
    """Whether the mock takes a body, with the pictures that it refers to."""
    judge = validator(day, "api", EDIT)
    try:
        request = judge.validated(body)
        files = [inline(source) for source in request.sources]
        found = [file for file in files if file is not None]
        if len(found) < len(files):
            return False  # other addresses: nothing is there, as nothing is fetched
        end = len(found) - request.has_mask
        settled(request, found[:end], found[-1] if request.has_mask else None)
    except ApiError:
        return False
    return True


def judged_alike(day: date, body: Any) -> bool:
    accepted = accepts(day, body)
    assert contract(day, "api", f"{EDIT}.json").is_valid(body) is accepted, body
    return accepted


references = st.sampled_from(IMAGES).map(lambda url: {"image_url": url})


@st.composite
def edits(draw: st.DrawFn, day: date) -> Any:
    """A body that is good but for at most two things, of its pictures or of the rest."""
    body = draw(bodies(day).filter(lambda body: isinstance(body, dict)))
    facts = load(day)
    names = [m.id for m in facts.models.values() if EDIT in m.offers]
    body.setdefault("model", draw(st.sampled_from(names)))
    body["images"] = draw(st.lists(references, min_size=1, max_size=17))
    if draw(st.booleans()):
        body["mask"] = draw(st.sampled_from([*({"image_url": url} for url in MASKS), None]))
    match draw(st.sampled_from(["", "", "image", "mask", "shape", "odd", "file"])):
        case "image":
            body["images"][0] = {"image_url": draw(st.sampled_from(BAD))}
        case "mask":
            body["mask"] = {"image_url": draw(st.sampled_from(BAD_MASKS))}
        case "shape":
            wrong: list[Any] = [
                {},
                {"image_url": 5},
                {"url": IMAGES[0]},
                {"file_id": "file-1"},
                "x",
            ]
            body["images"] = [*body["images"][:3], draw(st.sampled_from(wrong))]
        case "odd":
            body[draw(st.sampled_from(["images", "mask", "image"]))] = draw(odd)
        case "file":
            body["images"] = [{"image_url": "https://example.com/a.png"}]
    return body


@each_day_of_json
def test_the_mock_takes_the_edits_that_the_contract_takes_and_no_others(day: date) -> None:
    good = edits(day)

    @settings(max_examples=200)
    @given(body=good | good | good | wild)
    def judged(body: Any) -> None:
        event("accepted" if judged_alike(day, body) else "refused")

    judged()


@each_day_of_json
@pytest.mark.parametrize("name", NEAR)
def test_each_near_miss_is_judged_alike(name: str, day: date) -> None:
    fine = {"prompt": "x", "images": [{"image_url": IMAGES[0]}]}
    models = [m.id for m in load(day).models.values() if EDIT in m.offers]
    for model in models[:2]:
        for value in NEAR[name]:
            judged_alike(day, fine | {"model": model} | {name: value})


def test_good_and_bad_pictures_are_told_apart() -> None:
    day = DAYS_OF_JSON[-1]
    fine = {"prompt": "x", "model": "gpt-image-1"}
    for url in IMAGES:
        assert judged_alike(day, fine | {"images": [{"image_url": url}]})
    for url in MASKS:
        with_mask = {"images": [{"image_url": IMAGES[0]}], "mask": {"image_url": url}}
        assert judged_alike(day, fine | with_mask)
    for url in BAD:
        assert not judged_alike(day, fine | {"images": [{"image_url": url}]})

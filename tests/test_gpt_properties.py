"""Whatever a GPT image model takes: pictures as asked, tokens that add up, a price that follows."""

from __future__ import annotations

from base64 import b64decode
from datetime import date
from functools import lru_cache
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.facts import Model, Offer, load, periods
from tests.conftest import error, generate, up_to
from tests.in_process import client_of
from tests.pictured import alpha, drawn_svg, opened

DAY = date(2026, 11, 28)
MODELS = [m for m in load(DAY).models.values() if m.family]
HERE = {"Mock-Sandbox-Key": "sk-mock-me"}


@lru_cache
def client(day: date = DAY) -> TestClient:
    config = configured(log_format="none", as_of=str(day), tier="off", prices="billing")
    headers = {"Authorization": "Bearer sk-mock-me"}
    app = create_app(config, clock=ManualClock())
    return client_of(app, headers)


@st.composite
def free_sizes(draw: st.DrawFn) -> str:
    """WIDTHxHEIGHT within the four bounds."""
    long = draw(st.integers(52, 240))  # in steps of 16 pixels; the fewest pixels need 52
    least = max(-(-long // 3), -(-655_360 // (256 * long)))
    short = draw(st.integers(least, min(long, 8_294_400 // (256 * long))))
    sides = draw(st.permutations([16 * long, 16 * short]))
    return "x".join(map(str, sides))


def valued(offer: Offer, name: str) -> st.SearchStrategy[Any]:
    """A value that an offer takes."""
    parameter = offer.parameter[name]
    if name == "size":
        listed = st.sampled_from(parameter.values or ())
        return listed | free_sizes() if parameter.free else listed
    if parameter.type == "boolean":
        return st.booleans()
    if parameter.type == "integer":
        return st.integers(int(parameter.minimum or 1), int(parameter.maximum or 16))
    return st.sampled_from(parameter.values) if parameter.values else st.text(max_size=9)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[Model, dict[str, Any]]:
    """A model and a body that each of its rules for one parameter lets pass."""
    model = draw(st.sampled_from(MODELS))
    offer = model.offers["images.generate"]
    names = sorted(offer.parameter.keys() - {"model", "prompt", "n", "svg"})
    body = {
        name: draw(valued(offer, name))
        for name in draw(st.lists(st.sampled_from(names), max_size=4))
    }
    prompt = draw(st.text(min_size=1, max_size=40).filter(lambda text: "mock:" not in text))
    return model, body | {"model": model.id, "prompt": prompt, "n": draw(st.integers(1, 2))}


def refused_together(offer: Offer, body: dict[str, Any]) -> bool:
    """Whether some options of a body don't go together: written anew, from the facts' words."""
    given = {p.name: p.default for p in offer.parameter.values()} | {"n": 1} | body
    streamed, partial = given["stream"], given["partial_images"]
    transparent = given["background"] == "transparent"
    return (
        (given["output_format"] == "png" and given["output_compression"] < 100)
        or (transparent and given["output_format"] == "jpeg")
        or (transparent and any(row.reason == "transparent_background" for row in offer.refused))
        or (partial > 0 and not streamed)
        or (streamed and given["n"] > 1)
    )


@settings(max_examples=up_to(150))
@given(bodies())
def test_every_valid_body_gives_pictures_of_the_asked_size_format_alpha_and_count(
    asked: tuple[Model, dict[str, Any]],
) -> None:
    model, body = asked
    offer = model.offers["images.generate"]
    answer = generate(client(), **body)
    if refused_together(offer, body):
        assert answer.status_code == 400, body
        assert error(answer)["type"] == "image_generation_user_error"
        return
    assert answer.status_code == 200, answer.text[:400]
    told = answer.json()
    size = offer.parameter["size"].chosen(body.get("size", "auto"))
    assert told["size"] == size
    assert told["quality"] == offer.parameter["quality"].chosen(body.get("quality", "auto"))
    assert len(told["data"]) == body["n"]
    for item in told["data"]:
        check_picture(body, size, b64decode(item["b64_json"]))
    check_usage(model.id, told)


def check_picture(body: dict[str, Any], size: str, file: bytes) -> None:
    """A picture has the size, format, alpha and frames that a body asks for."""
    form = body.get("output_format", "png").upper()
    if form == "SVG":
        picture = drawn_svg(file)
    else:
        picture = opened(file)
        frames = body.get("frame_count", 9) if form == "GIF" else 1
        assert (picture.format, getattr(picture, "n_frames", 1)) == (form, frames)
    assert f"{picture.width}x{picture.height}" == size
    is_clear = body.get("background") == "transparent"
    assert alpha(picture).getextrema() == ((0, 255) if is_clear else (255, 255))


def check_usage(model: str, told: dict[str, Any]) -> None:
    """The sums add up, and the bill is what they cost by the price of a million."""
    usage = told["usage"]
    put, got = usage["input_tokens_details"], usage["output_tokens_details"]
    assert usage["input_tokens"] == put["text_tokens"] + put["image_tokens"]
    assert usage["output_tokens"] == got["text_tokens"] + got["image_tokens"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    price = load(DAY).prices["billing"][model]
    kinds = {
        "text_input": put["text_tokens"],
        "image_input": put["image_tokens"],
        "image_output": got["image_tokens"],
        "text_output": got["text_tokens"],
    }
    usd = sum(price.million.get(kind, 0) * number / 1e6 for kind, number in kinds.items())
    if price.picture:  # a model whose pictures have a price of their own
        usd += len(told["data"]) * price.picture[told["quality"], told["size"]]
    billed = client().get("/_mock/ledger", headers=HERE).json()["requests"][-1]["usd"]
    assert abs(billed - usd) < 1e-6


@settings(max_examples=up_to(60))
@given(bodies(), st.sampled_from(periods()), st.data())
def test_any_two_dates_of_one_period_answer_the_same(
    asked: tuple[Model, dict[str, Any]], first: date, data: st.DataObject
) -> None:
    following = [day for day in periods() if day > first]
    last = date.fromordinal(min(following).toordinal() - 1) if following else date(2027, 6, 1)
    day = data.draw(st.dates(first, last))
    body = asked[1]
    one, other = (generate(client(d), **body) for d in (first, day))
    assert one.status_code == other.status_code
    if one.status_code == 200:
        assert one.json() == other.json()
    else:
        known = ("message", "type", "param", "code")
        told = [{k: error(a)[k] for k in known} for a in (one, other)]
        assert told[0] == told[1]

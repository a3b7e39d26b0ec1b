"""What a migration foretells is what the server answers when the same body names the other model."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from httpx2 import Response
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.core.judging.migration import Move, Terms, moved
from mockserver.core.judging.model_days import is_there
from mockserver.core.judging.seen import Journal
from mockserver.facts import ever, ever_there, load, periods
from tests.conftest import up_to
from tests.edits import FORMS, encoded, half_clear, in_data, scene
from tests.in_process import client_of

HERE = {"Mock-Sandbox-Key": "sk-mock-me"}
MODELS = [*ever_there()]
PATHS = {"images.generate": "generations", "images.edit": "edits", "images.vary": "variations"}


@lru_cache(maxsize=64)
def client(day: date) -> TestClient:
    """A server of a day whose answers have no pictures: drawing them is not what is tried."""
    app = create_app(configured(log_format="none", as_of=str(day), tier="off"), clock=ManualClock())
    found = client_of(app, {"Authorization": "Bearer sk-mock-me"})
    assert found.post("/_mock/rules", json={"then": {"pictures": 0}}, headers=HERE).is_success
    return found


def last(of: TestClient) -> dict[str, Any]:
    told: dict[str, Any] = of.get("/_mock/requests?limit=1", headers=HERE).json()["requests"][0]
    return told


def foretold(of: TestClient, to: str, day: date) -> Move | None:
    """What becomes of the last request with another model; None if its body was not read."""
    record = last(of)
    migration = moved(Journal.of({"requests": [record]}), load(day), to, day, Terms(False))
    assert len(migration.moves) + migration.unjudged == 1
    return migration.moves[0] if migration.moves else None


SIZES = ["256x256", "512x512", "1024x1024", "1792x1024", "1024x1536", "2048x1152", "1000x1000"]
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "size": st.sampled_from([*SIZES, *ever()["size"], "1x1", "huge", 7]),
    "n": st.sampled_from([1, 2, 4, 10, 11, 0, "2", None]),
    "quality": st.sampled_from([*ever()["quality"], "best", None]),
    "response_format": st.sampled_from(["url", "b64_json", "xml", None]),
    "style": st.sampled_from(["vivid", "natural", "loud"]),
    "user": st.sampled_from(["anna", 7]),
    "background": st.sampled_from(["transparent", "opaque", "auto", "red"]),
    "output_format": st.sampled_from(["png", "webp", "jpeg", "gif", "bmp"]),
    "output_compression": st.sampled_from([0, 50, 100, 101]),
    "moderation": st.sampled_from(["auto", "low", "none"]),
    "stream": st.sampled_from([False, None]),
    "partial_images": st.sampled_from([0, 2, 5]),
    "input_fidelity": st.sampled_from(["high", "low", "odd"]),
    "safety_identifier": st.just("anna"),
    "mode": st.just("fast"),
}
PROMPTS = ["a fox", "", "f" * 1001, "f" * 4001, "f" * 32001, 7]


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from([*VALUES]), max_size=4, unique=True))
    body = {name: draw(VALUES[name]) for name in names}
    prompt = draw(st.sampled_from(["a fox"] * 6 + PROMPTS))
    return {"prompt": prompt, **body} if draw(st.integers(0, 9)) else body


@st.composite
def moves_on_a_day(draw: st.DrawFn) -> tuple[date, str, str]:
    """A day, a model that is asked, and one of that day that is moved to."""
    day = draw(st.sampled_from(periods()))
    there = [model for model in MODELS if is_there(model, day)]
    to = draw(st.sampled_from(there))
    return day, draw(st.sampled_from([m for m in MODELS if m != to])), to


def check(move: Move | None, answer: Response, usd: float, told: Any) -> None:
    """The judgement is the answer."""
    if move is None:
        return
    if answer.status_code == 200:
        assert not move.faults, (told, move.faults)
        assert move.after == usd, (told, move)
        assert move.least <= usd <= move.most, (told, move)
        return
    assert move.faults, (told, answer.text)
    error, first = answer.json()["error"], move.faults[0]
    said = error["message"] if isinstance(error, dict) else error
    if first.reason == "unknown_parameter" and first.message != said:
        # the journal has fields in the order of the facts: which name came first it does not know
        assert said in [fault.message for fault in move.faults] or "unexpected" in said, told
        return
    assert (first.status, first.message) == (answer.status_code, said), told
    if isinstance(error, dict):
        assert first.code == error["code"], told


@settings(max_examples=up_to(250))
@given(moves_on_a_day(), bodies())
@example((date(2026, 8, 1), "dall-e-2", "gpt-image-2"), {"prompt": "f" * 32001})
def test_a_generation_meets_what_was_foretold(
    asked: tuple[date, str, str], body: dict[str, Any]
) -> None:
    day, model, to = asked
    of, path = client(day), "/v1/images/generations"
    of.post(path, json={**body, "model": model})
    move = foretold(of, to, day)
    answer = of.post(path, json={**body, "model": to})
    check(move, answer, last(of)["usd"], (day, model, to, body))


FILES = {
    "a square": encoded(scene()),
    "a wide one": encoded(scene(300, 200)),
    "one with alpha": encoded(half_clear()),
    "a JPEG": encoded(scene(), "JPEG"),
    "a WebP": encoded(scene(), "WEBP"),
    "a grey one": encoded(scene(mode="L")),
}
KINDS = {"a JPEG": FORMS["JPEG"], "a WebP": FORMS["WEBP"]}


def part(name: str, which: str) -> tuple[str, tuple[str, bytes, str]]:
    return name, ("image", FILES[which], KINDS.get(which, FORMS["PNG"]))


@st.composite
def edits(draw: st.DrawFn) -> tuple[list[str], str, dict[str, str]]:
    """Pictures, a mask, and options as a form has them."""
    images = draw(st.lists(st.sampled_from([*FILES]), min_size=1, max_size=2))
    mask = draw(st.sampled_from(["", "", "one with alpha"]))
    body = {k: str(v) for k, v in draw(bodies()).items() if isinstance(v, str | int) and v != ""}
    return images, mask, {k: v for k, v in body.items() if v not in ("True", "False")}


@settings(max_examples=up_to(150))
@given(moves_on_a_day(), edits(), st.sampled_from(["edits", "variations"]))
@example(
    (date(2025, 8, 1), "dall-e-2", "gpt-image-1"),
    (["a square"], "", {"prompt": "f" * 32001}),  # which a family has words of its own for
    "edits",
)
def test_uploads_meet_what_was_foretold(
    asked: tuple[date, str, str], form: tuple[list[str], str, dict[str, str]], path: str
) -> None:
    day, model, to = asked
    images, mask, body = form
    name = "image" if len(images) == 1 else "image[]"
    files = [part(name, which) for which in images] + ([part("mask", mask)] if mask else [])
    of, url = client(day), f"/v1/images/{path}"
    of.post(url, files=files, data={**body, "model": model})
    move = foretold(of, to, day)
    answer = of.post(url, files=files, data={**body, "model": to})
    check(move, answer, last(of)["usd"], (day, model, to, form, path))


@settings(max_examples=up_to(100))
@given(moves_on_a_day(), edits())
def test_references_meet_what_was_foretold(
    asked: tuple[date, str, str], form: tuple[list[str], str, dict[str, str]]
) -> None:
    day, model, to = asked
    images, mask, body = form
    told: dict[str, Any] = {
        "images": [in_data(FILES[i], KINDS.get(i, FORMS["PNG"])) for i in images],
        **body,
    }
    told |= {"mask": in_data(FILES[mask])} if mask else {}
    of, url = client(day), "/v1/images/edits"
    if of.post(url, json={**told, "model": model}).status_code != 200:
        return  # then the journal does not know the files
    move = foretold(of, to, day)
    answer = of.post(url, json={**told, "model": to})
    check(move, answer, last(of)["usd"], (day, model, to, form))

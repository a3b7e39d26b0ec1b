"""Models that the vendor has and this server has not yet: the API's error, and a hint that says so."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from mockserver.facts import load
from tests.conftest import Api, error, generate

UNBUILT = sorted(load().unbuilt)
WORDS = "Invalid model gpt-image-1. The model argument should be left blank."


def test_no_model_is_built_and_unbuilt() -> None:
    for day in (None, load().day):
        assert not load(day).unbuilt & load(day).models.keys()


@pytest.mark.parametrize("model", UNBUILT)
def test_a_model_that_is_not_built_is_a_model_that_is_not_there(api: Api, model: str) -> None:
    client = api()
    answer = generate(client, model=model, quality="low", background="transparent", size="auto")
    assert answer.status_code == 400
    assert error(answer)["message"] == WORDS.replace("gpt-image-1", model)
    hint = f"this server does not have {model} yet: it has dall-e-2 and dall-e-3"
    assert answer.headers["mock-hint"].partition("; ")[0] == hint
    last = client.get("/_mock/requests/last", headers={"Mock-Sandbox-Key": "sk-mock-me"}).json()
    assert f"hint: {hint}" in last["trace"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"model": "gpt-image-9", "quality": "low"}, "'low' is not one of ['standard', 'hd']"),
        ({"model": "dall-e-2", "quality": "low"}, "'low' is not one of ['standard', 'hd']"),
        ({"model": ["gpt-image-1"]}, "['gpt-image-1'] is not of type 'string'"),
        ({"model": "dall-e-4"}, "Invalid model dall-e-4."),
    ],
    ids=str,
)
def test_any_other_model_is_checked_as_before_and_gets_no_hint(
    api: Api, body: dict[str, Any], words: str
) -> None:
    answer = generate(api(), **body)
    assert error(answer)["message"].startswith(words)
    assert "mock-hint" not in answer.headers


def test_before_there_were_models_the_parameter_is_the_one_that_is_wrong(api: Api) -> None:
    answer = generate(api(as_of="2022-12-01"), model="gpt-image-1")
    assert "'model' was unexpected" in error(answer)["message"]


@pytest.mark.parametrize("as_of", ["2025-06-01", "2026-04-01", "2026-06-01"])
def test_the_newer_dialect_says_it_in_its_own_words_and_hints_too(api: Api, as_of: str) -> None:
    answer = generate(api(as_of=as_of), model="gpt-image-1", quality="low")
    assert (answer.status_code, error(answer)["param"]) == (400, "model")
    assert "does not have gpt-image-1 yet" in answer.headers["mock-hint"]


@pytest.mark.parametrize(
    ("model", "as_of", "came"),
    [
        ("gpt-image-1", "2022-11-10", "2025-04-23"),  # no model could be named at all
        ("gpt-image-1", "2025-04-22", "2025-04-23"),
        ("gpt-image-1", "2025-04-23", None),
        ("gpt-image-2", "2026-04-20", "2026-04-21"),
        ("gpt-image-2", "2026-04-21", None),
        ("gpt-image-1-mini", "2024-01-01", None),  # its day is not known
    ],
)
def test_on_a_day_before_a_model_came_the_hint_has_its_day(
    api: Api, model: str, as_of: str, came: str | None
) -> None:
    hint = generate(api(as_of=as_of), model=model).headers["mock-hint"]
    nor = f"nor had OpenAI on the day whose rules count here (--as-of): {model} came on {came}"
    assert (nor in hint) is (came is not None)
    assert ("nor had" in hint) is (came is not None)


def test_so_it_is_for_a_form_on_a_day_without_models(api: Api) -> None:
    answer = edit(api, "edits", as_of="2022-11-10")
    assert "gpt-image-1 came on 2025-04-23" in answer.headers["mock-hint"]


def edit(api: Api, operation: str, **settings: str) -> httpx2.Response:
    form = {"model": "gpt-image-1", "prompt": "x", "quality": "low"}
    files = [("image[]", ("a.png", b"x", "image/png"))]
    return api(**settings).post(f"/v1/images/{operation}", data=form, files=files)


@pytest.mark.parametrize("operation", ["edits", "variations"])
def test_a_form_is_refused_as_json_is(api: Api, operation: str) -> None:
    answer = edit(api, operation)
    assert error(answer)["message"] == WORDS
    assert "mock-hint" in answer.headers


def test_the_models_endpoint_hints_at_it_too(api: Api) -> None:
    answer = api().get("/v1/models/gpt-image-1")
    assert answer.status_code == 404
    assert "does not have gpt-image-1 yet" in answer.headers["mock-hint"]

"""Models of other days than the one whose rules count: the API's error, and a hint that says so."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.clock import ManualClock
from mockserver.facts import default_days
from tests.conftest import Api, error, generate
from tests.test_records import seconds

MODELS = sorted(default_days())
WORDS = "Invalid model gpt-image-1. The model argument should be left blank."


@pytest.mark.parametrize("model", MODELS)
def test_before_its_day_a_model_is_not_there(api: Api, model: str) -> None:
    answer = generate(api(as_of="2025-03-31"), model=model)
    assert answer.status_code == 400
    assert error(answer)["message"] == WORDS.replace("gpt-image-1", model)
    nor = f"OpenAI had no {model} on the day whose rules count here (--as-of): it came on 202"
    assert answer.headers["mock-hint"].startswith(nor)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"model": "gpt-image-9", "quality": "low"}, "'low' is not one of ['standard', 'hd']"),
        ({"model": "dall-e-2", "quality": "low"}, "'low' is not one of ['standard', 'hd']"),
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


@pytest.mark.parametrize(
    ("model", "as_of", "hint"),
    [
        ("gpt-image-1", "2022-11-10", "it came on 2025-04-23"),  # no model could be named at all
        ("gpt-image-1", "2025-04-22", "it came on 2025-04-23"),
        ("gpt-image-1", "2025-04-23", None),
        ("gpt-image-1", "2026-10-22", None),
        (
            "gpt-image-1",
            "2026-10-23",
            "was shut down on 2026-10-23: name gpt-image-2.5-sunburst or",
        ),
        ("gpt-image-1.5", "2026-12-01", "was shut down on 2026-12-01: name gpt-image-2.5-sunburst"),
        ("gpt-image-2", "2026-04-20", "it came on 2026-04-21"),
        ("gpt-image-2", "2026-12-02", None),
    ],
)
def test_a_hint_has_the_day_on_which_a_model_came_or_went(
    api: Api, model: str, as_of: str, hint: str | None
) -> None:
    answer = generate(api(as_of=as_of), model=model)
    assert answer.status_code == (400 if hint else 200)
    assert (hint or "") in answer.headers.get("mock-hint", "")


def test_the_models_endpoint_hints_at_it_too(api: Api, clock: ManualClock) -> None:
    clock.advance(seconds("2026-11-28") - clock.now() / 1e9)
    answer = api().get("/v1/models/gpt-image-1")
    assert answer.status_code == 404
    assert "gpt-image-1 was shut down on 2026-10-23" in answer.headers["mock-hint"]

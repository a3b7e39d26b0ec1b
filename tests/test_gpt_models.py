"""GPT image models in the list of models: when each is there, and what is said of its end."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from mockserver.clock import ManualClock
from tests.conftest import Api, generate
from tests.test_gpt_images import MODELS, TODAY
from tests.test_records import seconds


def listed(client: TestClient) -> dict[str, dict[str, Any]]:
    return {m["id"]: m for m in client.get("/v1/models").json()["data"]}


@pytest.mark.parametrize(
    ("day", "there"),
    [
        ("2025-04-22", 0),
        ("2025-04-23", 1),
        ("2025-10-06", 2),
        ("2025-12-16", 5),
        ("2026-04-21", 7),
        ("2026-09-08", 11),
        ("2026-10-23", 10),
        ("2026-11-04", 12),
        ("2026-12-01", 8),
    ],
)
def test_models_come_and_go(api: Api, clock: ManualClock, day: str, there: int) -> None:
    clock.advance(seconds(day) - clock.now() / 1e9)
    for client in (api(as_of=day), api(as_of="today"), api()):
        models = [name for name in listed(client) if not name.startswith("dall-e")]
        assert len(models) == there
        for model in MODELS:
            found = generate(client, key=f"sk-mock-{model}", model=model).status_code
            assert found == (200 if model in models else 400), model


def test_a_list_tells_when_a_model_ends_once_that_was_announced(api: Api) -> None:
    assert "shutdown_date" not in listed(api(as_of="2025-12-31"))["dall-e-2"]
    for day, told in (("2026-06-01", None), ("2026-06-02", "2026-12-01")):
        one = listed(api(as_of=day))["gpt-image-1.5"]
        assert list(one) == ["id", "object", "created", "owned_by", "shutdown_date"]
        assert one["shutdown_date"] == told


def test_each_model_is_listed_as_on_its_own_day(api: Api, clock: ManualClock) -> None:
    clock.advance(seconds(TODAY) - clock.now() / 1e9)
    client = api()
    assert listed(client)["gpt-image-1.5"]["shutdown_date"] == "2026-12-01"
    assert "shutdown_date" not in listed(client)["dall-e-2"]

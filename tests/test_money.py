"""Ledger, usage and costs agree, whatever was asked, whatever the clocks do, wherever one looks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from tests.conftest import generate
from tests.in_process import client_of

KEY = "sk-mock-me"
HERE = {"Mock-Sandbox-Key": KEY}
BEGUN = 1_790_000_000  # autumn 2026
SIZES = {
    "gpt-image-2": ["1024x1024", "1024x1536", "auto", "1008x1024"],
    "gpt-image-1-mini": ["1024x1024", "1024x1536"],
    "gpt-image-1.5": ["1536x1024"],
}
SECONDS = {"1d": 86_400, "1h": 3_600, "1m": 60}
GROUPS = ["project_id", "user_id", "api_key_id"]
ask = st.sampled_from([(model, size) for model, sizes in SIZES.items() for size in sizes])
step = st.one_of(
    st.tuples(st.just("ask"), ask, st.integers(1, 4), st.sampled_from(["low", "medium", "high"])),
    st.tuples(st.just("refused"), st.sampled_from(["mock:429", "mock:500", "mock:spend-limit"])),
    st.tuples(st.just("move"), st.sampled_from([0.3, 59, 3_000, 40_000, 86_400, 2_500_000])),
    st.tuples(st.just("back")),
)
history = st.lists(step, max_size=25)
look = st.tuples(
    st.sampled_from(["1d", "1h", "1m"]),
    st.integers(5, 31),
    st.sets(st.sampled_from(["model", "size", "source", *GROUPS])),
    st.sets(st.sampled_from(["line_item", *GROUPS])),
    st.sampled_from(["UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati"]),
)


@contextmanager
def zone(name: str) -> Iterator[None]:
    """The client's time zone."""
    with patch.dict("os.environ", TZ=name):
        time.tzset()
        yield
    time.tzset()


@contextmanager
def narrow() -> Iterator[None]:
    """A ledger with room for three bills and six sums."""
    with (
        patch("mockserver.store.tables.BILLS", 3),
        patch("mockserver.core.sandbox.ledger.SUMS", 6),
    ):
        yield


def new_client(clock: ManualClock) -> TestClient:
    app = create_app(configured(log_format="none", tier="off"), clock=clock)
    return client_of(app, {"Authorization": f"Bearer {KEY}"})


def results(client: TestClient, path: str, **asked: Any) -> list[dict[str, Any]]:
    """The results of all pages."""
    headers, found = {"Authorization": "Bearer sk-mock-admin-me"}, list[dict[str, Any]]()
    url = f"/v1/organization/{path}"
    while True:
        page = client.get(url, params=asked, headers=headers).json()
        found += [result for bucket in page["data"] for result in bucket["results"]]
        if not page["has_more"]:
            return found
        asked["page"] = page["next_page"]


def micro(usd: float) -> int:
    return round(usd * 1e6)


@settings(max_examples=25)
@given(history, look)
def test_the_sums_of_ledger_usage_and_costs_agree(
    steps: list[tuple[Any, ...]], seen: tuple[Any, ...]
) -> None:
    width, limit, usage_groups, cost_groups, timezone = seen
    clock, images, requests = ManualClock(BEGUN), 0, 0
    with narrow(), zone(timezone):
        client = new_client(clock)
        for kind, *given_ in steps:
            match kind, given_:
                case "ask", [(model, size), n, quality]:
                    body = {"model": model, "size": size, "n": n, "quality": quality}
                    answer = generate(client, **body)
                    assert answer.status_code == 200, answer.text
                    images, requests = images + n, requests + 1
                case "refused", [prompt]:
                    assert generate(client, model="gpt-image-2", prompt=prompt).status_code >= 400
                case "move", [seconds]:
                    asked = {"seconds": seconds}
                    client.post("/_mock/clock/advance", json=asked, headers=HERE)
                case "back", _:
                    client.post("/_mock/reset", json={"only": ["clock"]}, headers=HERE)
        ledger = client.get("/_mock/ledger", headers=HERE).json()
        now = client.get("/_mock/clock", headers=HERE).json()["now"]
        if (now - BEGUN) / SECONDS[width] > 5_000:  # which would be many pages
            width, limit = "1d", min(limit, 31)
        local = datetime.fromtimestamp(BEGUN, UTC).astimezone().replace(tzinfo=None)
        asked = {"start_time": int(local.timestamp()), "limit": limit}  # as programs do it
        used = results(
            client, "usage/images", **asked, bucket_width=width, group_by=sorted(usage_groups)
        )
        costs = results(client, "costs", **asked, group_by=sorted(cost_groups))
    assert sum(u["images"] for u in used) == images
    assert sum(u["num_model_requests"] for u in used) == requests
    assert sum(micro(c["amount"]["value"]) for c in costs) == micro(ledger["spent_usd"])


def test_more_requests_than_the_ledger_has_room_for_are_in_every_sum() -> None:
    clock = ManualClock(BEGUN + 30.5)  # a clock that stands in the middle of a minute
    client = new_client(clock)
    for _ in range(1_010):
        assert generate(client, model="gpt-image-2", quality="low").status_code == 200
    ledger = client.get("/_mock/ledger", headers=HERE).json()
    assert len(ledger["requests"]) == 1_000
    [used] = results(client, "usage/images", start_time=BEGUN + 30, bucket_width="1m")
    assert (used["images"], used["num_model_requests"]) == (1_010, 1_010)
    [cost] = results(client, "costs", start_time=BEGUN + 30)
    assert cost["amount"]["value"] == ledger["spent_usd"]


def test_where_others_need_the_room_sums_stay() -> None:
    clock = ManualClock(BEGUN)
    with patch("mockserver.store.memory.STATE_BYTES", 60_000):
        client = client_of(
            create_app(configured(log_format="none", tier="off"), clock=clock),
            {"Authorization": f"Bearer {KEY}"},
        )
    for n in range(1, 4):
        generate(client, model="gpt-image-2", quality="low", n=n)
    for other in range(40):
        generate(client, key=f"sk-mock-{other}", model="gpt-image-2", quality="low")
    [used] = results(client, "usage/images", start_time=BEGUN)
    assert used["images"] == 6

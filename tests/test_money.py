"""Ledger, usage and costs agree, whatever was asked, whatever the clocks do, wherever one looks."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.core.sandbox import Options
from mockserver.core.sandbox.account import Account, settle
from mockserver.store.memory import MemoryStore
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
DAY = 86_400
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


def new_client(clock: ManualClock, store: MemoryStore | None = None) -> TestClient:
    app = create_app(configured(log_format="none", tier="off"), clock=clock, store=store)
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


@settings(max_examples=12)
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


@pytest.mark.in_memory("it has room for fewer bills than another one")
def test_more_requests_than_the_ledger_has_room_for_are_in_every_sum() -> None:
    clock = ManualClock(BEGUN + 30.5)  # a clock that stands in the middle of a minute
    client = new_client(clock)
    with narrow():
        for _ in range(13):
            assert generate(client, model="gpt-image-2", quality="low").status_code == 200
    ledger = client.get("/_mock/ledger", headers=HERE).json()
    assert len(ledger["requests"]) == 3
    [used] = results(client, "usage/images", start_time=BEGUN + 30, bucket_width="1m")
    assert (used["images"], used["num_model_requests"]) == (13, 13)
    [cost] = results(client, "costs", start_time=BEGUN + 30)
    assert cost["amount"]["value"] == ledger["spent_usd"]


def test_where_others_need_the_room_sums_stay() -> None:
    clock = ManualClock(BEGUN)
    store = MemoryStore(state_bytes=60_000, now=clock.now)
    client = new_client(clock, store)
    for n in range(1, 4):
        generate(client, model="gpt-image-2", quality="low", n=n)
    for other in range(7):
        generate(client, key=f"sk-mock-{other}", model="gpt-image-2", quality="low")
    assert client.get("/_mock/ledger", headers=HERE).json()["requests"] == []
    [used] = results(client, "usage/images", start_time=BEGUN)
    assert (used["images"], used["num_model_requests"]) == (6, 3)


# -- budgets -----------------------------------------------------------------------------------


def paid(client: TestClient, **asked: Any) -> tuple[int, str | None]:
    """The status of a request for one picture of $0.04, and the code of its refusal."""
    answer = generate(client, model="dall-e-3", **asked)
    code = None if answer.status_code == 200 else answer.json()["error"]["code"]
    return answer.status_code, code


def moved(client: TestClient, **by: float) -> None:
    client.post("/_mock/clock/advance", json=by, headers=HERE)


@pytest.mark.parametrize(("name", "days"), [("day", 1), ("month", 31)])
def test_a_budget_of_a_time_is_there_again_in_the_next(name: str, days: int) -> None:
    client = new_client(ManualClock(ManualClock().now() / 1e9 - DAY / 2))  # 2025-03-30, noon
    client.post("/_mock/sandbox", json={f"budget_{name}_usd": 0.09}, headers=HERE)
    for _ in range(2):
        assert [paid(client), paid(client)] == [(200, None)] * 2
        assert paid(client) == (400, "billing_hard_limit_reached")
        told = client.get("/_mock/ledger", headers=HERE).json()
        assert (told[f"spent_{name}_usd"], told[f"budget_{name}_usd"]) == (0.08, 0.09)
        last = client.get("/_mock/requests/last", headers=HERE).json()
        assert f"budget of the {name}: $0.04 more would exceed it" in last["trace"]
        moved(client, days=days)


def test_what_was_spent_counts_for_a_budget_that_comes_later() -> None:
    client = new_client(ManualClock())
    paid(client)
    moved(client, days=1)  # 2025-04-01: another month
    paid(client)
    for budgets, expected in (
        ({"budget_day_usd": 0.04}, 400),
        ({"budget_day_usd": None, "budget_month_usd": 0.07}, 400),
        ({"budget_month_usd": 0.08}, 200),
        ({"budget_month_usd": None, "budget_usd": 0.12}, 400),
        ({"budget_usd": None}, 200),
    ):
        client.put("/_mock/ledger", json=budgets, headers=HERE)
        assert paid(client)[0] == expected, budgets


@pytest.mark.parametrize(
    ("day", "budget", "code"),
    [
        ("2026-09-30", "budget_usd", "billing_hard_limit_reached"),
        ("2026-09-30", "budget_day_usd", "billing_hard_limit_reached"),
        ("2026-10-01", "budget_usd", "credit_balance_exhausted"),
        ("2026-10-01", "budget_day_usd", "organization_spend_limit_exceeded"),
        ("2026-10-01", "budget_month_usd", "organization_spend_limit_exceeded"),
    ],
)
def test_a_budget_is_refused_in_the_words_of_the_day(day: str, budget: str, code: str) -> None:
    client = new_client(ManualClock(BEGUN + 30 * DAY))
    client.post("/_mock/sandbox", json={budget: 0, "as_of": day}, headers=HERE)
    answer = generate(client, model="gpt-image-2")
    assert answer.json()["error"]["code"] == code
    assert answer.status_code == (400 if code.startswith("billing") else 429)


def test_a_reset_of_the_ledger_forgets_all_that_was_charged() -> None:
    client = new_client(ManualClock())
    client.post("/_mock/sandbox", json={"budget_day_usd": 0.05}, headers=HERE)
    paid(client)
    client.put("/_mock/ledger", json={"budget_day_usd": 9, "budget_month_usd": 9}, headers=HERE)
    client.post("/_mock/reset", json={"only": ["ledger"]}, headers=HERE)
    told = client.get("/_mock/ledger", headers=HERE).json()
    assert told["budget_day_usd"] == 0.05
    assert (told["spent_day_usd"], told["spent_usd"], told["requests"]) == (0, 0, [])
    assert "budget_month_usd" not in told
    assert results(client, "costs", start_time=int(ManualClock().now() // 1e9)) == []


def test_a_refill_leaves_what_was_spent() -> None:
    client = new_client(ManualClock())
    client.post("/_mock/sandbox", json={"budget_day_usd": 0.05}, headers=HERE)
    paid(client)
    client.post("/_mock/limits/refill", headers=HERE)
    assert paid(client)[0] == 400


DAYS_SPENT = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 9)), max_size=80)


@settings(max_examples=40)
@given(DAYS_SPENT, st.integers(0, 30), st.integers(0, 90))
def test_no_day_and_no_month_spends_more_than_its_budget(
    asked: list[tuple[int, int]], day: int, month: int
) -> None:
    account, options = Account(), Options(budget_day=day, budget_month=month)
    days, months = Counter[int](), Counter[str]()
    for number, amount in sorted(asked):
        account, verdict = settle(
            *(account, "m"),
            limits=(),
            charge={},
            options=options,
            amount=amount,
            now=number * DAY * 10**9,
        )
        name = f"{date.fromordinal(number + date(1970, 1, 1).toordinal()):%Y-%m}"
        fits = days[number] + amount <= day and months[name] + amount <= month
        assert verdict.admitted is fits
        days[number] += amount * fits
        months[name] += amount * fits
    assert account.spent == days.total()


def test_lines_of_batches_and_pictures_of_responses_are_charged_as_all_others() -> None:
    client = new_client(ManualClock(BEGUN))
    body = {"model": "gpt-image-2", "prompt": "a fox", "size": "1024x1024", "quality": "low"}
    assert client.post("/v1/images/generations", json=body).status_code == 200
    whole = client.get("/_mock/ledger", headers=HERE).json()["spent_usd"]
    line = {"custom_id": "1", "method": "POST", "url": "/v1/images/generations", "body": body}
    lines = {"file": ("lines.jsonl", json.dumps(line))}
    file = client.post("/v1/files", files=lines, data={"purpose": "batch"}).json()["id"]
    asked = {"input_file_id": file, "endpoint": line["url"], "completion_window": "24h"}
    batch = client.post("/v1/batches", json=asked).json()["id"]
    assert client.get(f"/v1/batches/{batch}").json()["status"] == "completed"
    tools = [{"type": "image_generation", "size": "1024x1024", "quality": "low"}]
    drawn = {"model": "gpt-5.4", "input": "Draw a fox", "tools": tools}
    assert client.post("/v1/responses", json=drawn).status_code == 200
    ledger = client.get("/_mock/ledger", headers=HERE).json()
    assert [bill["usd"] for bill in ledger["requests"]][:2] == [whole, whole / 2]
    [used] = results(client, "usage/images", start_time=BEGUN)
    assert (used["images"], used["num_model_requests"]) == (3, 3)
    [cost] = results(client, "costs", start_time=BEGUN)
    assert cost["amount"]["value"] == ledger["spent_usd"]
    lines_of_costs = results(client, "costs", start_time=BEGUN, group_by="line_item")
    assert sum(micro(c["amount"]["value"]) for c in lines_of_costs) == micro(ledger["spent_usd"])

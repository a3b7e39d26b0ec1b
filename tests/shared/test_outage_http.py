"""What clients and operators see while the shared state is away."""

from __future__ import annotations

import json
import socket

import pytest
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.server.listening import Server
from mockserver.store.outage import Policy
from tests.batches import line, patience
from tests.conftest import error, generate
from tests.in_process import LOOP, client_of
from tests.shared import store_over
from tests.shared.logs import LocalSteps, Log
from tests.shared.test_outage import until
from tests.test_control import HERE


def served(policy: Policy = "local", **chosen: str) -> tuple[TestClient, Log]:
    log, clock = Log(), ManualClock()
    store = store_over(LocalSteps(log), clock, policy)
    config = configured(log_format="text", limits="5/min", on_state_outage=policy, **chosen)
    app = create_app(config, clock=clock, store=store)
    return client_of(app, {"Authorization": "Bearer sk-mock-me"}), log


def back(client: TestClient, log: Log) -> None:
    log.is_away = False
    health = client._transport.app.state.world.store.health  # type: ignore[attr-defined]
    LOOP.run_until_complete(until(lambda: not health.degraded))


def test_answers_say_that_limits_count_for_this_process_alone_and_the_log_says_it_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    client, log = served()
    assert "mock-warning" not in generate(client).headers
    log.is_away = True
    for _ in range(3):
        answer = generate(client)
        assert answer.status_code == 200
        said = (
            "the shared state is away: limits count for this process alone, what is set may be lost"
        )
        assert answer.headers["mock-warning"] == said
    ready = client.get("/_mock/ready")
    assert (ready.status_code, ready.json()["status"], ready.json()["state"]) == (
        200,
        "ready",
        "away",
    )
    assert client.get("/_mock/live").json()["status"] == "live"
    told = client.get("/_mock/metrics", headers=HERE).text
    assert "images_mock_store_degraded 1\n" in told
    assert "images_mock_store_errors_total 0\n" not in told
    back(client, log)
    assert "mock-warning" not in generate(client).headers
    assert "state" not in client.get("/_mock/ready").json()
    journal = client.get("/_mock/requests", headers=HERE).json()["requests"]
    warned = [any("the shared state is away" in t for t in entry["trace"]) for entry in journal]
    assert sorted(warned) == [False, False, True, True, True]
    assert "images_mock_store_degraded 0\n" in client.get("/_mock/metrics", headers=HERE).text
    lines = [line for line in capsys.readouterr().err.splitlines() if "shared state" in line]
    assert len([line for line in lines if "WARNING the shared state is away" in line]) == 1


def test_it_refuses_requests_in_the_apis_form_where_a_setting_says_so() -> None:
    client, log = served("refuse")
    assert generate(client).status_code == 200
    log.is_away = True
    for _ in range(2):
        refused = generate(client)
        assert (refused.status_code, error(refused)["code"]) == (503, "state_away")
        assert refused.headers["mock-warning"] == "the shared state is away: requests are refused"
    ready = client.get("/_mock/ready")
    assert (ready.status_code, ready.json()["status"]) == (503, "not ready")
    assert client.get("/_mock/live").status_code == 200
    assert client.get("/_mock/requests", headers=HERE).status_code == 503
    back(client, log)
    assert client.get("/_mock/ready").status_code == 200
    journal = client.get("/_mock/requests", headers=HERE).json()["requests"]
    assert [entry["status"] for entry in journal] == [200]


def test_it_limits_nothing_where_a_setting_says_so() -> None:
    client, log = served("allow")
    assert generate(client).status_code == 200
    log.is_away = True
    assert {generate(client, prompt=f"fox {n}").status_code for n in range(12)} == {200}
    back(client, log)
    assert generate(client).status_code == 429


def test_what_could_not_be_kept_is_refused_and_pictures_are_made_all_the_same() -> None:
    client, log = served(as_of="2026-11-28")
    assert generate(client, model="gpt-image-2").status_code == 200
    log.is_away = True
    given = {"file": ("f.jsonl", json.dumps(line()).encode())}
    refused = client.post("/v1/files", files=given, data={"purpose": "batch"})
    assert (refused.status_code, error(refused)["code"]) == (503, "state_away")
    asked = {"model": "gpt-5", "input": "a fox", "tools": [{"type": "image_generation"}]}
    assert client.post("/v1/responses", json=asked).status_code == 200
    assert generate(client, prompt="another", model="gpt-image-2").status_code == 200
    back(client, log)


def test_a_batch_stands_while_requests_are_refused_and_goes_on_afterwards(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client, log = served("refuse", as_of="2026-11-28")
    asks = json.dumps(line()).encode()
    file = client.post("/v1/files", files={"file": ("f.jsonl", asks)}, data={"purpose": "batch"})
    asked = {"endpoint": "/v1/images/generations", "completion_window": "24h"}
    asked["input_file_id"] = file.json()["id"]
    batch = client.post("/v1/batches", json=asked)
    assert batch.status_code == 200, batch.text
    log.is_away = True
    path = f"/v1/batches/{batch.json()['id']}"
    assert client.get(path).status_code == 503
    back(client, log)
    for _ in patience():
        told = client.get(path).json()
        if told["status"] == "completed":
            break
    assert told["status"] == "completed", told
    assert not caplog.records


def test_what_is_set_meanwhile_is_answered_with_the_same_warning() -> None:
    client, log = served()
    assert "mock-warning" not in client.get("/_mock/rules", headers=HERE).headers
    log.is_away = True
    generate(client)
    made = client.post("/_mock/rules", headers=HERE, json={"then": {"refuse": True}})
    assert made.status_code == 201
    assert made.headers["mock-warning"].endswith("what is set may be lost")
    back(client, log)
    assert "mock-warning" not in client.get("/_mock/rules", headers=HERE).headers


def test_a_server_is_ready_once_it_knows_what_others_have_done() -> None:
    log = Log()
    others, store = store_over(LocalSteps(log)), store_over(LocalSteps(log))
    LOOP.run_until_complete(others.sandbox("known"))
    known: list[int] = []
    config = configured(state="redis://127.0.0.1:1/0")
    server = Server(config, ready=lambda: known.append(store.memory.begun), store=store)

    async def start() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server.config.load()
            server.lifespan = server.config.lifespan_class(server.config)
            await server.startup([listener])
            await server.shutdown([listener])

    LOOP.run_until_complete(start())
    assert known == [1]

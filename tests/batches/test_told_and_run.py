"""/v1/batches in process: how batches are told, what is refused, when lines are run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.config import configured
from tests.batches import (
    HERE,
    MODEL,
    NOW,
    advance,
    begin,
    cancel,
    create,
    created,
    ids,
    journal,
    jsonl,
    line,
    lines_of,
    look,
    looks,
    patience,
    rule,
    upload,
)
from tests.conftest import GENERATIONS, Api, error
from tests.in_process import client_of

# -- how it is told ----------------------------------------------------------------------------


def test_a_new_batch_is_told_as_it_was_recorded(api: Api) -> None:
    client = api(as_of="2025-03-31")
    file = upload(client, jsonl(line()))
    answer = create(client, input_file_id=file)
    assert answer.status_code == 200
    assert list(answer.json().items()) == [
        ("id", answer.json()["id"]),
        ("object", "batch"),
        ("endpoint", GENERATIONS),
        ("errors", None),
        ("input_file_id", file),
        ("completion_window", "24h"),
        ("status", "validating"),
        ("output_file_id", None),
        ("error_file_id", None),
        ("created_at", NOW),
        ("in_progress_at", None),
        ("expires_at", NOW + 86_400),
        ("finalizing_at", None),
        ("completed_at", None),
        ("failed_at", None),
        ("expired_at", None),
        ("cancelling_at", None),
        ("cancelled_at", None),
        ("request_counts", {"total": 0, "completed": 0, "failed": 0}),
        ("metadata", None),
    ]


def test_since_september_2025_model_and_usage_are_told(api: Api) -> None:
    client = api(as_of="2026-05-01")
    batch = look(client, created(client, line(), line("b")))
    assert batch["model"] == MODEL
    usage = batch["usage"]
    assert usage["input_tokens"] + usage["output_tokens"] == usage["total_tokens"] > 0


def test_before_the_day_of_batch_there_is_no_such_url(api: Api) -> None:
    answer = api(as_of="2024-04-01").get("/v1/batches")
    assert (answer.status_code, error(answer)["message"]) == (404, "Invalid URL (GET /v1/batches)")


def test_a_small_batch_is_done_at_the_first_look(box: TestClient) -> None:
    batch = look(box, created(box, line("a"), line("b", n=2), metadata={"night": "1"}))
    assert batch["status"] == "completed"
    assert batch["request_counts"] == {"total": 2, "completed": 2, "failed": 0}
    assert batch["metadata"] == {"night": "1"}
    assert batch["error_file_id"] is None
    stamps = ("in_progress_at", "finalizing_at", "completed_at")
    assert {batch[stamp] for stamp in stamps} == {batch["created_at"]}
    first, second = lines_of(box, batch, "output")
    assert list(first) == ["id", "custom_id", "response", "error"]
    assert first["id"].startswith("batch_req_")
    assert first["error"] is None
    assert first["response"]["status_code"] == 200
    assert len(first["response"]["body"]["data"][0]["b64_json"]) > 100
    assert len(second["response"]["body"]["data"]) == 2
    assert first["id"] != second["id"]
    assert look(box, batch["id"]) == batch


def test_a_line_has_the_picture_that_the_same_request_gets(box: TestClient) -> None:
    asked = line()
    (answer,) = lines_of(box, look(box, created(box, asked)), "output")
    live = box.post(GENERATIONS, json=asked["body"]).json()
    assert answer["response"]["body"] == live


def test_the_list_works_on_its_batches_too_and_has_the_newest_first(box: TestClient) -> None:
    made = [created(box, line()) for _ in range(3)]
    told = box.get("/v1/batches?limit=2").json()
    assert list(told) == ["object", "data", "first_id", "last_id", "has_more"]
    assert [b["id"] for b in told["data"]] == [*reversed(made)][:2]
    assert {b["status"] for b in told["data"]} == {"completed"}
    assert told["has_more"]
    rest = box.get(f"/v1/batches?after={told['last_id']}").json()
    assert [b["id"] for b in rest["data"]] == made[:1]
    assert not rest["has_more"]


def test_a_batch_of_another_key_is_not_there(box: TestClient) -> None:
    batch = created(box, line())
    other = {"Authorization": "Bearer sk-mock-other"}
    answer = box.get(f"/v1/batches/{batch}", headers=other)
    assert answer.status_code == 404
    assert error(answer)["message"] == f"No batch found with id '{batch}'."
    assert box.get("/v1/batches", headers=other).json()["data"] == []


# -- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "param", "code"),
    [
        ({"endpoint": "/v1/nope"}, "endpoint", "invalid_value"),
        ({"endpoint": "/v1/embeddings"}, "endpoint", "invalid_value"),
        ({"endpoint": 1}, "endpoint", "invalid_type"),
        ({"completion_window": "48h"}, "completion_window", "invalid_value"),
        ({"input_file_id": None}, "input_file_id", "invalid_type"),
        ({"metadata": "x"}, "metadata", "invalid_type"),
        ({"metadata": {"tags": ["a"]}}, "metadata.tags", "invalid_type"),
        ({"metadata": {"a": "x" * 513}}, "metadata.a", "string_above_max_length"),
        ({"metadata": {"x" * 65: ""}}, "metadata", "property_name_above_max_length"),
        ({"metadata": {str(i): "" for i in range(17)}}, "metadata", "object_above_max_properties"),
        (
            {"output_expires_after": {"anchor": "created_at", "seconds": 10}},
            "output_expires_after.seconds",
            "integer_below_min_value",
        ),
        (
            {"output_expires_after": {"seconds": 3600}},
            "output_expires_after.anchor",
            "missing_required_parameter",
        ),
        ({"window": "24h"}, "window", "unknown_parameter"),
    ],
)
def test_what_the_body_may_not_be(box: TestClient, more: Any, param: str, code: str) -> None:
    answer = create(box, **{"input_file_id": "file-x"} | more)
    assert answer.status_code == 400
    assert (error(answer)["param"], error(answer)["code"]) == (param, code)


def test_refusals_have_the_words_that_were_recorded(box: TestClient) -> None:
    answer = create(box, input_file_id="file-x", metadata={"tags": ["a", "b"]})
    assert error(answer) == {
        "message": "Invalid type for 'metadata.tags': expected a string, but got an array instead.",
        "type": "invalid_request_error",
        "param": "metadata.tags",
        "code": "invalid_type",
    }
    answer = create(box, input_file_id="file-x", endpoint="/v1/invalid/endpoint")
    assert error(answer)["message"].startswith(
        "Invalid value: '/v1/invalid/endpoint'. Supported values are: '/v1/images/edits'"
    )


def test_an_endpoint_that_only_the_real_batch_runs_gets_a_hint(box: TestClient) -> None:
    assert "this mock" in create(box, line(), endpoint="/v1/videos").headers["mock-hint"]
    assert "mock-hint" not in create(box, line(), endpoint="/v1/nope").headers


def test_a_file_of_another_purpose_makes_no_batch(box: TestClient) -> None:
    file = upload(box, b"x", "vision")
    answer = create(box, input_file_id=file)
    assert (answer.status_code, error(answer)["param"]) == (400, "input_file_id")
    assert box.get("/v1/batches").json()["data"] == []


def test_what_has_ended_is_not_cancelled_but_what_was_cancelled_may_be_again(
    box: TestClient,
) -> None:
    batch = created(box, line())
    assert cancel(box, batch).json()["status"] == "cancelling"
    assert look(box, batch)["status"] == "cancelled"
    assert cancel(box, batch).json()["status"] == "cancelled"
    done = look(box, created(box, line()))["id"]
    answer = cancel(box, done)
    assert answer.status_code == 409
    assert error(answer)["message"] == "Cannot cancel a batch with status 'completed'."
    assert error(answer)["code"] is None
    assert cancel(box, "batch_nope").status_code == 404


# -- when --------------------------------------------------------------------------------------


def test_a_batch_with_a_time_is_done_by_and_by_as_the_clock_moves(box: TestClient) -> None:
    begin(box, batch_time="2h")
    batch = created(box, *[line(str(i)) for i in range(4)])
    told = look(box, batch)
    assert told["status"] == "in_progress"
    assert told["request_counts"] == {"total": 4, "completed": 0, "failed": 0}
    advance(box, hours=1)
    assert look(box, batch)["request_counts"]["completed"] == 2
    advance(box, minutes=59)
    assert look(box, batch)["request_counts"]["completed"] == 3
    advance(box, minutes=1)
    told = look(box, batch)
    assert told["status"] == "completed"
    assert told["completed_at"] - told["created_at"] == 7200
    assert told["in_progress_at"] == told["created_at"]


def test_a_batch_that_was_not_looked_at_is_done_at_once_when_its_time_is_over(
    box: TestClient,
) -> None:
    begin(box, batch_time="1h")
    batch = created(box, line())
    advance(box, days=3)
    assert look(box, batch)["status"] == "completed"


def test_the_servers_setting_is_the_time_of_a_batch_where_the_sandbox_has_none(api: Api) -> None:
    client = api(batch_time="1h")
    assert look(client, created(client, line()))["status"] == "in_progress"
    begin(client, batch_time="0s")
    assert look(client, created(client, line()))["status"] == "completed"


def test_what_is_not_done_within_its_window_expires(box: TestClient) -> None:
    begin(box, batch_time="2d")
    batch = created(box, *[line(str(i)) for i in range(4)])
    advance(box, days=2)
    told = look(box, batch)
    assert told["status"] == "expired"
    assert told["expired_at"] == told["expires_at"] == told["created_at"] + 86_400
    assert told["completed_at"] is None
    assert told["request_counts"] == {"total": 4, "completed": 2, "failed": 2}
    assert ids(lines_of(box, told, "output")) == ["0", "1"]
    expired = lines_of(box, told, "error")
    assert ids(expired) == ["2", "3"]
    assert [(e["response"], e["error"]["code"]) for e in expired] == [(None, "batch_expired")] * 2
    assert len(journal(box)) == 2


def test_a_cancelled_batch_keeps_what_is_done(box: TestClient) -> None:
    begin(box, batch_time="1h")
    batch = created(box, *[line(str(i)) for i in range(4)])
    advance(box, minutes=30)
    look(box, batch)
    told = cancel(box, batch).json()
    assert told["status"] == "cancelling"
    assert told["cancelling_at"] == told["created_at"] + 1800
    advance(box, hours=5)
    told = look(box, batch)
    assert (told["status"], told["request_counts"]["completed"]) == ("cancelled", 2)
    assert ids(lines_of(box, told, "output")) == ["0", "1"]
    assert told["finalizing_at"] is None


def test_a_batch_that_is_cancelled_unseen_runs_no_line(box: TestClient) -> None:
    batch = created(box, line())
    cancel(box, batch)
    told = look(box, batch)
    assert told["status"] == "cancelled"
    assert told["in_progress_at"] is None
    assert told["request_counts"]["total"] == 0
    assert journal(box) == []


def test_a_larger_batch_shows_how_far_it_is(box: TestClient, hasty: None) -> None:
    batch = created(box, *[line(str(i)) for i in range(30)])
    seen = [*looks(box, batch, "completed")]
    done = [told["request_counts"]["completed"] for told in seen]
    assert done == sorted(done)
    assert done[-1] == 30
    assert len(set(done)) > 2
    assert ids(lines_of(box, seen[-1], "output")) == [str(i) for i in range(30)]


def test_a_line_that_never_ends_holds_its_batch_until_that_is_cancelled(hasty: None) -> None:
    app = create_app(configured(log_format="none"))  # a clock that stands ends every wait
    box = client_of(app, {"Authorization": "Bearer sk-mock-me"})
    begin(box)
    rule(box, {"prompt": "slow"}, {"stall": True})
    batch = created(box, line("a"), line("b", prompt="slow"), line("c"))
    for _ in patience():
        told = look(box, batch)
        if told["request_counts"]["completed"] == 1:
            break
    for _ in range(20):
        told = look(box, batch)
    assert (told["status"], told["request_counts"]["completed"]) == ("in_progress", 1)
    cancel(box, batch)
    *_, told = looks(box, batch, "cancelled")
    assert told["status"] == "cancelled"
    assert told["request_counts"] == {"total": 3, "completed": 1, "failed": 0}


@pytest.mark.parametrize(
    "end",
    [
        lambda c: begin(c),
        lambda c: c.post("/_mock/reset", headers=HERE, json={"only": ["batches"]}),
    ],
    ids=["renewed", "reset"],
)
def test_a_batch_ends_with_its_sandbox(
    box: TestClient, hasty: None, end: Callable[[TestClient], None]
) -> None:
    batch = created(box, *[line(str(i)) for i in range(50)])
    look(box, batch)
    end(box)
    box.get("/v1/files")
    before = len(journal(box))
    for _ in range(20):
        assert look(box, batch)["error"]["code"] is None
    assert len(journal(box)) == before
    late = box.get("/_mock/requests", headers=HERE).json()["late"]
    assert [r for r in late if r.get("batch")] == []


@pytest.mark.in_memory("who shares a Redis is numbered by its time, and so are his requests")
def test_equal_histories_have_equal_ids(api: Api) -> None:
    def history() -> Iterator[Any]:
        client = api()
        batch = look(client, created(client, line("a"), line("b", size="7x7")))
        yield batch
        yield lines_of(client, batch, "output")
        yield [one["id"] for one in lines_of(client, batch, "error")]

    assert [*history()] == [*history()]


def test_answers_that_find_no_room_fail_the_batch_and_name_the_setting(api: Api) -> None:
    client = api(file_room="4000")
    batch = look(client, created(client, *[line(str(i)) for i in range(5)]))
    assert batch["status"] == "failed"
    (told,) = batch["errors"]["data"]
    assert "--file-room" in told["message"]
    assert batch["output_file_id"] is None
    assert journal(client) != []


def test_the_files_of_a_batch_expire_as_was_asked_for(box: TestClient) -> None:
    expiry = {"anchor": "created_at", "seconds": 3600}
    batch = look(box, created(box, line(), output_expires_after=expiry))
    file = box.get(f"/v1/files/{batch['output_file_id']}").json()
    assert file["expires_at"] == file["created_at"] + 3600


def test_a_batch_of_responses_draws_by_their_tool(box: TestClient) -> None:
    tool = {"type": "image_generation", "model": MODEL, "quality": "low"}
    body = {"model": "gpt-5", "input": "a fox", "tools": [tool]}
    url = "/v1/responses"
    lines = [line(name) | {"url": url, "body": body} for name in "ab"]
    batch = look(box, created(box, *lines, endpoint=url))
    assert batch["request_counts"]["completed"] == 2, batch
    first = lines_of(box, batch, "output")[0]["response"]["body"]
    assert "image_generation_call" in [item["type"] for item in first["output"]]
    assert [r["retries"] for r in journal(box)] == [0, 0]
    streamed = [line() | {"url": url, "body": body | {"stream": True}}]
    (told,) = look(box, created(box, *streamed, endpoint=url))["errors"]["data"]
    assert told["message"] == "Responses: Streaming is not supported in the Batch API."

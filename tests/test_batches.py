"""/v1/batches in process: what is refused, when lines are run, what becomes of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from mockserver.api.platform import batch_runs
from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from tests.conftest import GENERATIONS, Api, error
from tests.edits import encoded, in_data, scene
from tests.in_process import client_of

MODEL = "gpt-image-2"
NOW = 1_788_220_800
HERE = {"Mock-Sandbox-Key": "sk-mock-me"}
Line = dict[str, Any]


def line(custom_id: str = "a", **body: Any) -> Line:
    """A line that asks for a small picture."""
    asked = {"model": MODEL, "prompt": "a fox", "quality": "low"} | body
    return {"custom_id": custom_id, "method": "POST", "url": GENERATIONS, "body": asked}


def jsonl(*lines: Line | str) -> bytes:
    """A file of these lines."""
    return "\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines).encode()


def upload(client: TestClient, content: bytes, purpose: str = "batch") -> str:
    """The id of an uploaded file."""
    files = {"file": ("batch.jsonl", content)}
    answer = client.post("/v1/files", files=files, data={"purpose": purpose})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def create(client: TestClient, *lines: Line | str, **more: Any) -> Response:
    """The answer to a batch of these lines."""
    told = {"endpoint": GENERATIONS, "completion_window": "24h"} | more
    if "input_file_id" not in told:
        told["input_file_id"] = upload(client, jsonl(*lines))
    return client.post("/v1/batches", json=told)


def created(client: TestClient, *lines: Line | str, **more: Any) -> str:
    """The id of a batch of these lines."""
    return str(create(client, *lines, **more).json()["id"])


def look(client: TestClient, batch: str) -> dict[str, Any]:
    """What is told of a batch."""
    found: dict[str, Any] = client.get(f"/v1/batches/{batch}").json()
    return found


def looks(client: TestClient, batch: str, status: str) -> Iterator[dict[str, Any]]:
    """What is told of a batch, until it has a status."""
    for _ in range(500):
        yield (told := look(client, batch))
        if told["status"] == status:
            return
    raise AssertionError(f"it is not {status}, but {told}")


def cancel(client: TestClient, batch: str) -> Response:
    """The answer to its end."""
    return client.post(f"/v1/batches/{batch}/cancel")


def lines_of(client: TestClient, batch: dict[str, Any], name: str) -> list[Line]:
    """The lines of its output or error file."""
    if batch[f"{name}_file_id"] is None:
        return []
    content = client.get(f"/v1/files/{batch[f'{name}_file_id']}/content").text
    return [json.loads(one) for one in content.splitlines()]


def ids(lines: list[Line]) -> list[str]:
    """Whose answers these lines are."""
    return [one["custom_id"] for one in lines]


def begin(client: TestClient, **options: Any) -> None:
    """Begin the sandbox anew, with a clock that stands."""
    answer = client.post("/_mock/sandbox", headers=HERE, json={"standing": True} | options)
    assert answer.status_code == 200, answer.text


def advance(client: TestClient, **how_far: float) -> None:
    """Move its clock on."""
    client.post("/_mock/clock/advance", headers=HERE, json=how_far)


def rule(client: TestClient, when: dict[str, Any], then: dict[str, Any]) -> None:
    """Script something."""
    answer = client.post("/_mock/rules", headers=HERE, json={"when": when, "then": then})
    assert answer.status_code == 201, answer.text


def journal(client: TestClient) -> list[dict[str, Any]]:
    """The records of all lines of batches."""
    records = client.get("/_mock/requests", headers=HERE).json()["requests"]
    return [record for record in records if record.get("batch")]


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at 2026-09-01 00:00 UTC."""
    return ManualClock(NOW)


@pytest.fixture
def box(api: Api) -> TestClient:
    """A client whose sandbox has a clock that stands."""
    client = api()
    begin(client)
    return client


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no look wait."""
    monkeypatch.setattr(batch_runs, "PATIENCE", 0)


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


# -- a file that is not right ------------------------------------------------------------------


def problem(code: str, line: int | None, message: str, param: str | None) -> dict[str, Any]:
    """One row of a failed batch's errors."""
    return {"code": code, "line": line, "message": message, "param": param}


def without(name: str) -> Line:
    """A line that lacks something."""
    return {key: value for key, value in line().items() if key != name}


_MISSING = [
    (
        [without(name)],
        problem("missing_required_parameter", 1, f"Missing required parameter: '{name}'.", name),
    )
    for name in ("custom_id", "method", "url", "body")
]
_URL = "The URL provided for this request does not match the batch endpoint."
_UNSUPPORTED = "The provided model '{}' is not supported by the Batch API."
_DUPLICATE = (
    "The custom_id 'a' for this request is a duplicate of another request. The custom_id parameter "
    "must be unique for each request in a batch."
)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        *_MISSING,
        (
            [line(), "{invalid json here"],
            problem("invalid_json_line", 2, "This line is not parseable as valid JSON.", None),
        ),
        (
            ["[]"],
            problem("invalid_json_line", 1, "This line is not parseable as valid JSON.", None),
        ),
        ([line(), line()], problem("duplicate_custom_id", 2, _DUPLICATE, "custom_id")),
        ([line() | {"url": "/v1/embeddings"}], problem("invalid_url", 1, _URL, "url")),
        (
            [line() | {"method": "GET"}],
            problem("invalid_value", 1, "Invalid value: 'GET'. Value must be 'POST'.", "method"),
        ),
        (
            [line() | {"custom_id": 1}],
            problem(
                "invalid_type",
                1,
                "Invalid type for 'custom_id': expected a string, but got an integer instead.",
                "custom_id",
            ),
        ),
        (
            [line(), line("b", stream=True)],
            problem(
                "streaming_unsupported",
                2,
                "Images: Streaming is not supported in the Batch API.",
                "body.stream",
            ),
        ),
        (
            [line(model=None)],
            problem("invalid_request", 1, "Model parameter is required.", "body.model"),
        ),
        (
            [line(model="gpt-x")],
            problem("model_not_found", 1, _UNSUPPORTED.format("gpt-x"), "body.model"),
        ),
        (
            [line(model="gpt-image-2.6-flare")],
            problem("model_not_found", 1, _UNSUPPORTED.format("gpt-image-2.6-flare"), "body.model"),
        ),
        (
            [line(model="dall-e-2")],
            problem("model_not_found", 1, _UNSUPPORTED.format("dall-e-2"), "body.model"),
        ),
        (
            [line(), line("b", model="gpt-image-1.5")],
            problem(
                "mismatched_model",
                2,
                "The model 'gpt-image-1.5' for this request does not match the rest of the batch. "
                "Each batch must contain requests for a single model.",
                "body.model",
            ),
        ),
        (
            [" ", ""],
            problem(
                "empty_file",
                None,
                "The input file is empty. Please provide a file with at least one request.",
                None,
            ),
        ),
    ],
)
def test_a_batch_fails_by_its_file(
    box: TestClient, lines: list[Line | str], expected: dict[str, Any]
) -> None:
    batch = look(box, created(box, *lines))
    assert batch["status"] == "failed"
    assert batch["failed_at"] == batch["created_at"]
    assert batch["errors"] == {"object": "list", "data": [expected]}
    assert batch["request_counts"] == {"total": 0, "completed": 0, "failed": 0}
    assert journal(box) == []


def test_a_batch_without_its_file_is_made_and_fails(box: TestClient) -> None:
    batch = look(box, created(box, input_file_id="file-nope"))
    (told,) = batch["errors"]["data"]
    assert (told["code"], told["param"]) == ("invalid_request", "file_id")
    assert told["message"].startswith("Cannot find file file-nope, or organization org-")


def test_a_file_with_a_thousand_faults_tells_a_hundred(box: TestClient) -> None:
    batch = look(box, created(box, *["{"] * 1000))
    assert [p["line"] for p in batch["errors"]["data"]] == [*range(1, 101)]


def test_too_many_lines_are_too_many(box: TestClient) -> None:
    some = jsonl(line("%d")).decode()
    content = "\n".join(some.replace("%d", str(i)) for i in range(50_002)).encode()
    batch = look(box, created(box, input_file_id=upload(box, content)))
    assert batch["errors"]["data"][0]["code"] == "too_many_tasks"
    assert "50,000" in batch["errors"]["data"][0]["message"]


def test_blank_lines_are_no_requests_but_lines(box: TestClient) -> None:
    batch = look(box, created(box, line(), "", line("b"), ""))
    assert batch["request_counts"]["total"] == 2
    batch = look(box, created(box, line(), "", "{"))
    assert batch["errors"]["data"][0]["line"] == 3


def test_a_file_that_is_deleted_meanwhile_is_read_on(box: TestClient) -> None:
    file = upload(box, jsonl(line()))
    batch = created(box, input_file_id=file)
    box.delete(f"/v1/files/{file}")
    assert look(box, batch)["status"] == "completed"


# -- what becomes of lines ---------------------------------------------------------------------


def test_a_line_that_the_api_refuses_is_a_line_of_the_error_file(box: TestClient) -> None:
    batch = look(box, created(box, line("a"), line("b", size="7x7"), line("c")))
    assert batch["status"] == "completed"
    assert batch["request_counts"] == {"total": 3, "completed": 2, "failed": 1}
    assert ids(lines_of(box, batch, "output")) == ["a", "c"]
    (refused,) = lines_of(box, batch, "error")
    assert refused["custom_id"] == "b"
    assert refused["error"] is None
    assert refused["response"]["status_code"] == 400
    assert refused["response"]["body"]["error"]["param"] == "size"


def test_without_any_success_there_is_no_output_file(box: TestClient) -> None:
    batch = look(box, created(box, line(size="7x7")))
    assert (batch["status"], batch["output_file_id"]) == ("completed", None)
    assert batch["error_file_id"]


def test_the_files_of_a_batch_are_among_the_files(box: TestClient) -> None:
    batch = look(box, created(box, line("a"), line("b", size="7x7")))
    for name in ("output", "error"):
        file = box.get(f"/v1/files/{batch[f'{name}_file_id']}").json()
        assert file["purpose"] == "batch_output"
        assert file["filename"] == f"{batch['id']}_{name}.jsonl"
        assert file["bytes"] == len(box.get(f"/v1/files/{file['id']}/content").content)


def test_an_edit_has_its_pictures_in_its_line(box: TestClient) -> None:
    url = "/v1/images/edits"
    asked = line(images=[in_data(encoded(scene()))]) | {"url": url}
    batch = look(box, created(box, asked, endpoint=url))
    assert batch["request_counts"]["completed"] == 1
    (record,) = journal(box)
    assert record["operation"] == "images.edit"
    assert record["fields"]["images"][0]["format"] == "PNG"


def test_each_line_is_in_the_journal_with_its_batch(box: TestClient) -> None:
    batch = created(box, line("a"), line("b"))
    look(box, batch)
    records = journal(box)
    assert [(r["batch"], r["custom_id"]) for r in records] == [(batch, "a"), (batch, "b")]
    assert [r["retries"] for r in records] == [0, 0]
    assert len({r["call"] for r in records}) == 2
    others = box.get("/_mock/requests", headers=HERE).json()["requests"]
    assert all("batch" not in r for r in others if not r["operation"].startswith("images"))
    answers = {one["custom_id"]: one for one in lines_of(box, look(box, batch), "output")}
    for record in records:
        assert record["id"].endswith(answers[record["custom_id"]]["response"]["request_id"])


def test_nobody_outside_can_be_a_line(box: TestClient) -> None:
    headers = {"images_mock.line": "x", "batch": "batch_x", "custom-id": "a"}
    box.post(GENERATIONS, json=line()["body"], headers=headers)
    assert journal(box) == []


def test_lines_cost_half_and_take_nothing_from_the_minute(box: TestClient) -> None:
    begin(box, per_minute=1)
    live = box.post(GENERATIONS, json=line()["body"])
    assert live.status_code == 200
    batch = look(box, created(box, *[line(str(i)) for i in range(3)]))
    assert batch["request_counts"]["failed"] == 0
    records = box.get("/_mock/requests", headers=HERE).json()["requests"]
    price = next(r["usd"] for r in records if r["operation"] == "images.generate")
    assert [r["usd"] for r in journal(box)] == [pytest.approx(price / 2)] * 3
    spent = box.get("/_mock/ledger", headers=HERE).json()["spent_usd"]
    assert spent == pytest.approx(price * 2.5)


def test_the_budget_ends_a_batch_line_by_line(box: TestClient) -> None:
    begin(box, budget_usd=0.0071)
    batch = look(box, created(box, *[line(str(i)) for i in range(4)]))
    assert batch["request_counts"] == {"total": 4, "completed": 2, "failed": 2}
    refused = lines_of(box, batch, "error")[0]["response"]["body"]["error"]
    assert refused["code"] == "billing_hard_limit_reached"


def test_rules_and_magic_words_count_for_lines(box: TestClient) -> None:
    rule(box, {"prompt": "a cat"}, {"error": "refused"})
    batch = created(box, line("a"), line("b", prompt="a cat"), line("c", prompt="mock:429 fox"))
    told = look(box, batch)
    assert ids(lines_of(box, told, "output")) == ["a"]
    refused = lines_of(box, told, "error")
    assert [r["response"]["status_code"] for r in refused] == [400, 429]
    assert [r["scripted"] for r in journal(box)] == [False, True, True]


@pytest.mark.parametrize(
    "then", [{"respond": {"status": 200, "body": "<html>"}}, {"bad_json": True}]
)
def test_an_answer_that_is_no_json_is_none(box: TestClient, then: dict[str, Any]) -> None:
    rule(box, {}, then)
    batch = look(box, created(box, line()))
    (broken,) = lines_of(box, batch, "error")
    assert broken["response"] is None
    assert broken["error"]["code"] == "server_error"


def test_a_rule_can_refuse_a_batch_for_what_is_enqueued(box: TestClient) -> None:
    rule(box, {"operation": "batches.create"}, {"error": "batch_queue_full"})
    answer = create(box, line())
    assert answer.status_code == 429
    assert error(answer)["code"] == "token_limit_exceeded"
    assert error(answer)["message"].startswith("Enqueued token limit reached for")


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
    for _ in range(50):
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

"""Batches whose files are not right: they fail, and tell which line for what."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.batches import (
    Line,
    created,
    journal,
    jsonl,
    line,
    look,
    upload,
)

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
            [line(n=float("nan"))],
            problem("invalid_json_line", 1, "This line is not parseable as valid JSON.", None),
        ),
        (
            [jsonl(line()).decode().replace('"a fox"', "1e400")],
            problem("invalid_json_line", 1, "This line is not parseable as valid JSON.", None),
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


@pytest.mark.parametrize(("encoding", "status"), [("utf-8-sig", "completed"), ("utf-16", "failed")])
def test_a_file_is_utf_8_with_a_mark_or_without(
    box: TestClient, encoding: str, status: str
) -> None:
    file = upload(box, jsonl(line(prompt="ein Füchslein")).decode().encode(encoding))
    assert look(box, created(box, input_file_id=file))["status"] == status


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

"""/v1/files: what it refuses, what it tells by the day, pages, and who sees what."""

from __future__ import annotations

from datetime import date
from typing import Any
from unittest.mock import patch

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from mockserver.facts import platform
from tests.conftest import Api, error

JSONL = b'{"custom_id": "1"}\n'
NOW = "2026-06-15"  # a day by whose rules all parameters are there
FORM = {"seconds": "expires_after[seconds]", "anchor": "expires_after[anchor]"}
PURPOSES = "['fine-tune', 'assistants', 'batch', 'user_data', 'vision', 'evals']"


@pytest.fixture
def files(api: Api) -> TestClient:
    return controlled(api(as_of=NOW))


def controlled(client: TestClient) -> TestClient:
    """The same, whose calls of the control API are about its own sandbox."""
    client.headers["Mock-Sandbox-Key"] = "sk-mock-me"
    return client


def upload(
    client: TestClient, data: bytes = JSONL, name: str = "a.jsonl", key: str = "", **form: Any
) -> Response:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    fields = {"purpose": "vision"} | {FORM.get(k, k): v for k, v in form.items()}
    return client.post("/v1/files", data=fields, files={"file": (name, data)}, headers=headers)


def kept(client: TestClient, *data: bytes, **form: Any) -> list[str]:
    return [upload(client, one, **form).json()["id"] for one in data]


def said(response: Response) -> tuple[int, str, str | None]:
    found = error(response)
    assert response.content.endswith(b"\n  }\n}\n")
    assert list(found) == ["message", "type", "param", "code"]
    return response.status_code, found["message"], found["param"]


# -- what is told --------------------------------------------------------------------------------


def test_a_file_is_told_as_it_was_recorded_on_each_day(api: Api) -> None:
    for day, is_told in (("2024-05-20", False), ("2025-02-14", False), ("2025-03-14", True)):
        answer = upload(api(as_of=day), name="image.png")
        told = answer.json()
        expected = ["object", "id", "purpose", "filename", "bytes", "created_at"]
        expected += ["expires_at"] * is_told + ["status", "status_details"]
        assert list(told) == expected
        assert answer.content.endswith(b'  "status_details": null\n}\n')
        assert (b'"expires_at": null' in answer.content) == is_told


def test_a_list_is_told_as_it_was_recorded_on_each_day(api: Api) -> None:
    assert list(api(as_of="2023-11-14").get("/v1/files").json()) == ["object", "has_more", "data"]
    client = api(as_of=NOW)
    none = {"object": "list", "data": [], "has_more": False, "first_id": None, "last_id": None}
    answer = client.get("/v1/files")
    assert answer.json() == none
    assert list(answer.json()) == list(none)


def test_the_content_comes_under_the_name_that_was_sent(files: TestClient) -> None:
    for name, told in (
        ("image.png", 'attachment; filename="image.png"'),
        ("a b.png", 'attachment; filename="a b.png"'),
        ("ü.png", 'attachment; filename="\\\\xfc.png"'),
        ("a\\b.png", 'attachment; filename="a\\\\b.png"'),
    ):
        (one,) = kept(files, b"xyz", name=name)
        assert files.get(f"/v1/files/{one}").json()["filename"] == name
        answer = files.get(f"/v1/files/{one}/content")
        assert answer.content == b"xyz"
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"] == told


def test_no_file_name_adds_a_header(files: TestClient) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a\\"\tb\x01"\r\n\r\nx\r\n'
        b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nvision\r\n--b--\r\n'
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    made = files.post("/v1/files", content=body, headers=headers).json()
    told = files.get(f"/v1/files/{made['id']}/content").headers["content-disposition"]
    assert told.isascii()
    assert told.isprintable()
    assert told.count('"') == 2


def test_ids_are_the_same_in_each_run_and_others_for_another_seed(api: Api) -> None:
    first = kept(api(), b"1", b"2")
    assert first == kept(api(), b"x", b"y")
    assert not {*first} & {*kept(api(seed="7"), b"1", b"2")}
    assert len({*first}) == 2
    assert all(len(one) == len("file-") + 22 for one in first)


def test_the_journal_has_each_request_under_its_operation(files: TestClient) -> None:
    (one,) = kept(files, b"x")
    files.get("/v1/files")
    files.get(f"/v1/files/{one}")
    files.get(f"/v1/files/{one}/content")
    files.delete(f"/v1/files/{one}")
    found = files.get("/_mock/requests").json()["requests"]
    operations = [f"files.{name}" for name in ("create", "list", "retrieve", "content", "delete")]
    assert [r["operation"] for r in found] == operations
    assert found[0]["fields"]["purpose"] == "vision"
    assert found[0]["fields"]["file"]["bytes"] == 1
    of_one = files.get("/_mock/requests", params={"operation": "files.list"}).json()
    assert [r["id"] for r in of_one["requests"]] == [found[1]["id"]]


# -- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "message", "param"),
    [
        ({"purpose": "x"}, f"'x' is not one of {PURPOSES} - 'purpose'", "purpose"),
        ({"colour": "x"}, "Additional properties are not allowed ('colour' was unexpected)", None),
        (
            {"anchor": "x", "seconds": "3600"},
            "'x' is not one of ['created_at'] - 'expires_after[anchor]'",
            "expires_after[anchor]",
        ),
        (
            {"anchor": "created_at", "seconds": "3599"},
            "3599 is less than the minimum of 3600 - 'expires_after[seconds]'",
            None,
        ),
        (
            {"anchor": "created_at", "seconds": "2592001"},
            "2592001 is greater than the maximum of 2592000 - 'expires_after[seconds]'",
            None,
        ),
        (
            {"anchor": "created_at", "seconds": "soon"},
            "'soon' is not of type 'integer' - 'expires_after[seconds]'",
            None,
        ),
        (
            {"seconds": "3600"},
            "'expires_after[anchor]' is a required property",
            None,
        ),
    ],
)
def test_a_parameter_is_refused_as_json_schema_says_it(
    files: TestClient, form: dict[str, Any], message: str, param: str | None
) -> None:
    assert said(upload(files, **form)) == (400, message, param)


def test_what_is_missing_is_named(files: TestClient) -> None:
    required = "'{}' is a required property"
    nothing = files.post("/v1/files", json={"purpose": "vision"})
    assert said(nothing) == (400, required.format("file"), None)
    no_purpose = files.post("/v1/files", files={"file": ("a", b"x")})
    assert said(no_purpose) == (400, required.format("purpose"), None)
    as_text = files.post("/v1/files", data={"purpose": "vision"}, files={"file": (None, b"x")})
    assert said(as_text) == (400, required.format("file"), None)
    bare = files.post("/v1/files", content=b"x", headers={"Content-Type": "text/plain"})
    assert said(bare) == (400, required.format("file"), None)
    assert said(files.post("/v1/files")) == (400, required.format("file"), None)


def test_a_file_without_a_byte_or_with_too_many_is_refused(api: Api) -> None:
    client = api(as_of=NOW, file_room="1kB")
    assert said(upload(client, b"")) == (400, "File is empty.", "file")
    refused = upload(client, b"x" * 1001)
    assert (refused.status_code, error(refused)["code"]) == (413, "file_room")
    assert "--file-room" in error(refused)["message"]
    assert upload(client, b"x" * 1000).status_code == 200


def test_the_vendors_own_bound_counts_too(api: Api) -> None:
    bounds = platform.on("files", date.fromisoformat(NOW))["bounds"]
    with patch.dict(bounds, {"bytes_max": 10}):
        told = said(upload(api(as_of=NOW), b"x" * 11))
    assert told == (413, "Maximum content size limit (10) exceeded (11 bytes read)", None)


def test_a_file_that_is_not_there_is_none(files: TestClient) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/content")):
        answer = files.request(method, f"/v1/files/file-abc{path}")
        assert said(answer) == (404, "No such File object: file-abc", "id")
        assert "--file-room" in answer.headers["mock-hint"]


@pytest.mark.parametrize(
    ("day", "purpose", "is_open"),
    [
        (NOW, "vision", True),
        (NOW, "batch", True),
        (NOW, "assistants", False),
        (NOW, "user_data", False),
        ("2025-07-01", "user_data", True),
        ("2023-11-14", "fine-tune", True),
    ],
)
def test_not_every_content_may_be_read(api: Api, day: str, purpose: str, is_open: bool) -> None:
    client = api(as_of=day)
    (one,) = kept(client, b"x", purpose=purpose)
    answer = client.get(f"/v1/files/{one}/content")
    if is_open:
        assert answer.content == b"x"
    else:
        message = f"Not allowed to download files of purpose: {purpose}"
        assert said(answer) == (400, message, None)


def test_purposes_came_one_by_one(api: Api) -> None:
    for day, purpose, status in (
        ("2024-04-14", "batch", 400),
        ("2024-04-15", "batch", 200),
        ("2024-05-08", "vision", 400),
        ("2024-05-09", "vision", 200),
        ("2025-03-10", "user_data", 400),
        ("2025-03-11", "user_data", 200),
    ):
        assert upload(api(as_of=day), purpose=purpose).status_code == status


def test_expiry_is_refused_before_it_was_known(api: Api) -> None:
    form: dict[str, Any] = {"anchor": "created_at", "seconds": "3600"}
    unexpected = "('expires_after[anchor]', 'expires_after[seconds]' were unexpected)"
    answer = upload(api(as_of="2025-08-14"), **form)
    assert said(answer)[1] == f"Additional properties are not allowed {unexpected}"
    assert upload(api(as_of="2025-08-15"), **form).status_code == 200


@pytest.mark.parametrize(
    ("query", "message", "param"),
    [
        ("limit=0", "0 is less than the minimum of 1 - 'limit'", None),
        ("limit=10001", "10001 is greater than the maximum of 10000 - 'limit'", None),
        ("limit=many", "'many' is not of type 'integer' - 'limit'", None),
        ("limit=", "'' is not of type 'integer' - 'limit'", None),
        ("order=up", "'up' is not one of ['asc', 'desc'] - 'order'", "order"),
    ],
)
def test_a_query_is_refused_as_json_schema_says_it(
    files: TestClient, query: str, message: str, param: str | None
) -> None:
    assert said(files.get(f"/v1/files?{query}")) == (400, message, param)


def test_what_a_query_has_beside_its_parameters_is_not_looked_at(files: TestClient) -> None:
    (one,) = kept(files, b"x")
    assert files.get(f"/v1/files/{one}?timeout=120").json()["id"] == one
    assert files.get("/v1/files?timeout=120&limit=1").json()["first_id"] == one


def test_a_cursor_that_is_gone_is_refused(files: TestClient) -> None:
    one, _ = kept(files, b"x", b"y")
    files.delete(f"/v1/files/{one}")
    answer = files.get("/v1/files", params={"after": one})
    assert said(answer) == (404, "Resource not found.", "after")
    assert "deleted" in answer.headers["mock-hint"]


def test_other_paths_and_methods_are_refused_as_everywhere(files: TestClient) -> None:
    assert files.get("/v1/files/").status_code == 404
    assert files.get("/v1/files/a/b").status_code == 404
    assert files.patch("/v1/files").status_code == 405

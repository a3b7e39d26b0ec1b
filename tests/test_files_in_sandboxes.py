"""Files in their sandboxes: time, rules, keys, edits that name them, pages, and who sees what."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mockserver.app import create_app
from mockserver.clock import ManualClock
from mockserver.config import configured
from mockserver.core.errors import ApiError, Reason
from mockserver.core.paging import page_of
from mockserver.core.sandbox.items import Item
from tests.conftest import Api, error, generate
from tests.edits import encoded, refer, scene
from tests.in_process import client_of
from tests.test_kept_files_refused import NOW, controlled, kept, said, upload


@pytest.fixture
def files(api: Api) -> TestClient:
    return controlled(api(as_of=NOW))


# -- time ----------------------------------------------------------------------------------------


def test_a_file_is_gone_once_its_time_is_over(files: TestClient) -> None:
    form: dict[str, Any] = {"anchor": "created_at", "seconds": "3600"}
    made = upload(files, **form).json()
    assert made["expires_at"] == made["created_at"] + 3600
    stays = kept(files, b"x")
    files.post("/_mock/clock/advance", json={"seconds": 3599})
    assert files.get(f"/v1/files/{made['id']}").status_code == 200
    files.post("/_mock/clock/advance", json={"seconds": 1})
    assert files.get("/v1/files").json()["last_id"] == stays[0]
    assert said(files.get(f"/v1/files/{made['id']}"))[0] == 404
    assert len(files.get("/v1/files").json()["data"]) == 1


def test_files_of_batches_are_kept_thirty_days_since_that_was_said(api: Api) -> None:
    for day, seconds in (("2025-08-14", None), (NOW, 30 * 86_400)):
        told = upload(api(as_of=day), purpose="batch").json()
        assert told["expires_at"] == (seconds and told["created_at"] + seconds)


# -- rules, keys, resets -------------------------------------------------------------------------


def test_a_rule_that_names_no_operation_is_not_meant(files: TestClient) -> None:
    files.post("/_mock/rules", json={"next": True, "then": {"error": "internal"}})
    files.post("/_mock/rules", json={"then": {"delay": 0.001}, "times": 5})
    assert upload(files).status_code == 200
    assert generate(files, model="gpt-image-2").status_code == 500


@pytest.mark.parametrize(
    ("then", "status"),
    [
        ({"error": "internal"}, 500),
        ({"error": "missing_parameter"}, 400),
        ({"rate_limit": True}, 429),
        ({"quota": True}, 429),
        ({"respond": {"status": 418, "body": "tea"}}, 418),
        ({"gateway": 502}, 502),
        ({"headers": {"x-a": "b"}}, 200),
        ({"pictures": 0}, 200),
    ],
)
def test_a_rule_does_to_files_what_it_does_to_any_answer(
    files: TestClient, then: dict[str, Any], status: int
) -> None:
    (one,) = kept(files, b"x")
    rule = {"when": {"operation": {"contains": "files."}}, "then": then}
    assert files.post("/_mock/rules", json=rule).status_code == 201
    for answer in (files.get("/v1/files"), files.get(f"/v1/files/{one}/content"), upload(files)):
        assert answer.status_code == status
        assert "x-request-id" in answer.headers or "gateway" in then
    if "headers" in then:
        assert files.get("/v1/files").headers["x-a"] == "b"


def test_a_rule_that_names_what_there_is_not_is_refused(files: TestClient) -> None:
    rule = {"when": {"operation": "files.make"}, "then": {"error": "internal"}}
    answer = files.post("/_mock/rules", json=rule)
    assert answer.status_code == 400
    assert "files.create" in answer.text


def test_an_error_in_the_request_is_told_before_a_rule_is(files: TestClient) -> None:
    rule = {"when": {"operation": "files.list"}, "times": 1, "then": {"error": "internal"}}
    files.post("/_mock/rules", json=rule)
    assert files.get("/v1/files?limit=0").status_code == 400
    assert files.get("/v1/files").status_code == 500


@pytest.mark.parametrize("key", ["sk-mock-no-credit", "sk-mock-hard-limit", "sk-mock-unverified"])
def test_who_may_not_draw_may_keep_files(files: TestClient, key: str) -> None:
    made = upload(files, key=key)
    assert made.status_code == 200
    assert upload(files, key="sk-mock-revoked").status_code == 401


@pytest.mark.parametrize("what", ["reset", "sandbox"])
def test_files_go_with_a_reset_and_with_a_new_beginning(files: TestClient, what: str) -> None:
    (one,) = kept(files, b"x")
    headers = {"Mock-Sandbox-Key": "sk-mock-me"}
    body = {"only": ["files"]} if what == "reset" else {}
    assert files.post(f"/_mock/{what}", json=body, headers=headers).is_success
    assert files.get(f"/v1/files/{one}").status_code == 404
    assert (len(files.get("/_mock/requests").json()["requests"]) > 1) == (what == "reset")


# -- edits ---------------------------------------------------------------------------------------


def test_an_edit_finds_files_of_its_own_key_that_are_for_pictures(api: Api) -> None:
    client, file = controlled(api(as_of=NOW, tier="off")), encoded(scene(40, 30))
    (mine,) = kept(client, file)
    (of_other,) = kept(client, file, key="sk-mock-other")
    (lines,) = kept(client, file, purpose="batch")
    assert refer(client, {"file_id": mine}).status_code == 200
    told = client.get("/_mock/requests").json()["requests"][-1]["fields"]["images"]
    assert (told[0]["file_id"], told[0]["width"], told[0]["height"]) == (mine, 40, 30)
    for wrong in (of_other, lines, "file-none"):
        refused = refer(client, {"file_id": wrong})
        assert error(refused)["message"] == f"No such File object: {wrong}"
        assert error(refused)["param"] == "images[0].file_id"
    assert "purpose batch" in refer(client, {"file_id": lines}).headers["mock-hint"]


def test_a_file_that_a_rule_gives_goes_before_an_uploaded_one(api: Api) -> None:
    client = controlled(api(as_of=NOW, tier="off"))
    (mine,) = kept(client, encoded(scene(40, 30)))
    given = b64encode(encoded(scene(64, 64))).decode()
    client.post("/_mock/rules", json={"then": {"addresses": {mine: given}}})
    refer(client, {"file_id": mine})
    told = client.get("/_mock/requests").json()["requests"][-1]["fields"]["images"]
    assert told[0]["width"] == 64


# -- pages and sandboxes, whatever there is ------------------------------------------------------

COUNT = st.integers(0, 12)


@settings(max_examples=50)
@given(COUNT, st.integers(1, 14), st.sampled_from(["asc", "desc"]))
def test_pages_have_each_item_once_whatever_the_limit(count: int, limit: int, order: str) -> None:
    items = [Item(str(n), n, None, 0) for n in range(count)]
    expected = [i.id for i in items][:: 1 if order == "asc" else -1]
    found, after = list[str](), None
    for _ in range(count + 2):
        page = page_of(items, limit, order=order, after=after)
        found += [i.id for i in page.items]
        if not page.has_more:
            break
        after = page.items[-1].id
    assert found == expected
    back, before = list[str](), None
    while count and len(back) <= count:
        page = page_of(items, limit, order=order, before=before or expected[-1])
        back = [*(i.id for i in page.items), *back]
        if not page.has_more:
            break
        before = page.items[0].id
    assert back == expected[: len(back)]
    assert len(back) == max(0, count - 1)


def test_a_page_after_what_is_not_there_is_none() -> None:
    with pytest.raises(ApiError):
        page_of([], 1, after="x")


asks = st.tuples(st.sampled_from("abc"), st.sampled_from(["upload", "delete", "list"]), COUNT)


@settings(max_examples=10)
@given(st.lists(asks, max_size=25), st.integers(1, 4))
def test_no_file_of_one_sandbox_is_seen_by_another(
    asked: list[tuple[str, str, int]], limit: int
) -> None:
    app = create_app(configured(log_format="none", as_of=NOW), clock=ManualClock())
    client = client_of(app)
    own: dict[str, list[str]] = {name: [] for name in "abc"}
    for name, what, number in asked:
        key = f"sk-mock-{name}"
        headers = {"Authorization": f"Bearer {key}"}
        everyone = [one for ids in own.values() for one in ids]
        match what:
            case "upload":
                own[name] += kept(client, b"x" * (number + 1), key=key)
            case "delete" if everyone:
                one = everyone[number % len(everyone)]
                answer = client.delete(f"/v1/files/{one}", headers=headers)
                assert (answer.status_code == 200) == (one in own[name])
                own[name] = [kept for kept in own[name] if kept != one]
            case _:
                pass
        params = {"limit": str(limit), "order": "asc"}
        page = client.get("/v1/files", params=params, headers=headers).json()
        assert [file["id"] for file in page["data"]] == own[name][:limit]
        for one in everyone:
            seen = client.get(f"/v1/files/{one}/content", headers=headers).status_code == 200
            assert seen == (one in own[name])


def test_who_reads_a_large_file_keeps_nobody_waiting() -> None:
    app = create_app(configured(log_format="none", as_of=NOW), clock=ManualClock())
    client = client_of(app, {"Authorization": "Bearer sk-mock-me"})
    (one,) = kept(client, b"x" * 3_000_000)
    order: list[str] = []

    async def ask(path: str, name: str) -> bytes:
        body = b""

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        async def send(message: Any) -> None:
            nonlocal body
            body += message.get("body", b"")
            order.append(name)

        headers = [(b"authorization", b"Bearer sk-mock-me"), (b"host", b"localhost")]
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": b"",
            "headers": headers,
        }
        await app(
            {**scope, "raw_path": path.encode(), "root_path": "", "scheme": "http"}, receive, send
        )
        return body

    async def both() -> tuple[bytes, bytes]:
        large = asyncio.ensure_future(ask(f"/v1/files/{one}/content", "large"))
        return await asyncio.gather(large, ask("/v1/files", "small"))

    large, small = asyncio.run(both())
    assert len(large) == 3_000_000
    assert json.loads(small)["first_id"] == one
    assert order.index("small") < len(order) - 1 - order[::-1].index("large")


def test_every_error_can_be_asked_for_beside_images_too(files: TestClient) -> None:
    for reason in Reason:
        rule = {"when": {"operation": "files.list"}, "then": {"error": reason}, "next": True}
        files.post("/_mock/rules", json=rule)
        assert files.get("/v1/files").status_code >= 400, reason

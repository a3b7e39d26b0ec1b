"""What becomes of the lines of a batch: answers, errors, rules, the journal, the price."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.batches import (
    HERE,
    begin,
    create,
    created,
    ids,
    journal,
    line,
    lines_of,
    look,
    rule,
    upload,
)
from tests.conftest import GENERATIONS, error
from tests.edits import encoded, in_data, scene

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


def test_an_edit_names_a_file_that_was_uploaded(box: TestClient) -> None:
    url, file = "/v1/images/edits", upload(box, encoded(scene()), "vision")
    asked = [
        line(name, images=[{"file_id": of}]) | {"url": url}
        for name, of in {"there": file, "nowhere": "file-x"}.items()
    ]
    batch = look(box, created(box, *asked, endpoint=url))
    assert ids(lines_of(box, batch, "output")) == ["there"]
    assert ids(lines_of(box, batch, "error")) == ["nowhere"]


def test_an_answer_of_a_rule_may_tell_any_usage(box: TestClient) -> None:
    rule(box, {}, {"respond": {"status": 200, "body": {"usage": {"input_tokens": "many"}}}})
    batch = look(box, created(box, line()))
    assert batch["request_counts"]["completed"] == 1
    assert batch["usage"]["input_tokens"] == 0

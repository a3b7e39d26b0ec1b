"""/v1/responses: pictures by its tool, as the official SDK and raw requests get them."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

import openai
import pytest
from PIL import Image
from starlette.testclient import TestClient

from mockserver.clock import ManualClock
from mockserver.handle import Sandbox
from tests.conftest import Api, error
from tests.edits import DAY, encoded, half_clear, scene
from tests.responses import (
    LAMP,
    OF_2025,
    PATH,
    ROOM,
    TOOL,
    answered,
    ask,
    client_of_day,
    drawn,
    refusal,
    shown,
    url,
)


def names(text: str) -> list[str]:
    return text.split()


#: The keys of an answer, of a picture and of a message, as recorded on 2026-09-29.
KEYS = names(
    "id object created_at status access_programs background billing completed_at error "
    "frequency_penalty incomplete_details instructions max_output_tokens max_tool_calls model "
    "moderation output parallel_tool_calls presence_penalty previous_response_id prompt_cache_key "
    "prompt_cache_retention reasoning safety_identifier service_tier store temperature text "
    "tool_choice tool_usage tools top_logprobs top_p truncation usage user metadata"
)
CALL_KEYS = names(
    "id type status action background output_format quality result revised_prompt size"
)


@pytest.fixture(scope="module")
def client() -> TestClient:
    return client_of_day()


# -- with the SDK over a socket ------------------------------------------------------------------


def test_the_sdk_saves_a_picture_and_edits_it_by_the_answer_before(
    box: Sandbox, sdk: openai.OpenAI
) -> None:
    first = sdk.responses.create(
        model="gpt-5", input="a red fox", tools=[{"type": "image_generation", "quality": "low"}]
    )
    (fox,) = [item for item in first.output if item.type == "image_generation_call"]
    assert fox.status == "completed"
    assert b64decode(fox.result or "").startswith(b"\x89PNG")
    assert first.output_text == ""
    second = sdk.responses.create(
        model="gpt-5",
        input="now with a hat",
        previous_response_id=first.id,
        tools=[{"type": "image_generation", "quality": "low"}],
    )
    assert second.output[0].type == "image_generation_call"
    assert second.output[0].action == "edit"
    assert sdk.responses.retrieve(second.id) == second
    assert [item.type for item in sdk.responses.input_items.list(second.id)] == ["message"]
    sdk.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        sdk.responses.retrieve(first.id)
    assert [r.operation for r in box.requests][:2] == ["responses.create", "responses.create"]
    assert box.requests[1].prompt == "now with a hat"


def test_the_sdk_edits_files_that_it_uploaded(sdk: openai.OpenAI) -> None:
    plan = encoded(scene(1024, 1024))
    room = sdk.files.create(file=("room.png", plan), purpose="vision")
    mask = sdk.files.create(file=("mask.png", encoded(half_clear(1024, 1024))), purpose="vision")
    answer = sdk.responses.create(
        model="gpt-5",
        input=[
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "a rug"},
                    {"type": "input_image", "file_id": room.id, "detail": "auto"},
                ],
            }
        ],
        tools=[
            {
                "type": "image_generation",
                "size": "1024x1024",
                "quality": "low",
                "input_image_mask": {"file_id": mask.id},
            }
        ],
    )
    assert answer.output[0].type == "image_generation_call"
    made = _image(answer.output[0].result or "")
    assert made.getpixel((10, 10)) == _image(b64encode(plan).decode()).getpixel((10, 10))
    assert answer.tool_usage
    assert answer.tool_usage.image_gen.input_tokens_details.image_tokens == 1024


def _image(result: str) -> Image.Image:
    from io import BytesIO

    return Image.open(BytesIO(b64decode(result))).convert("RGB")


# -- what is answered ----------------------------------------------------------------------------


def test_an_answer_has_the_recorded_keys_in_their_order(client: TestClient) -> None:
    answer = answered(client)
    assert [*answer] == KEYS
    picture, message = answer["output"]
    assert [*picture] == CALL_KEYS
    assert [*message] == ["id", "type", "status", "content", "role"]
    told = [{"type": "output_text", "annotations": [], "logprobs": [], "text": ""}]
    assert message["content"] == told
    assert [*answer["tools"][0]] == names(
        "type background model moderation n output_compression output_format quality size"
    )
    ids = [answer["id"], picture["id"], message["id"]]
    assert [one.partition("_")[0] for one in ids] == ["resp", "ig", "msg"]
    assert {len(one.partition("_")[2]) for one in ids} == {50}


def test_usage_is_told_apart_for_words_and_for_the_picture(client: TestClient) -> None:
    answer = answered(client, tool={"size": "1024x1024"})
    images = client.post(
        "/v1/images/generations",
        json={"model": "gpt-image-2", "prompt": "a fox", "quality": "low", "size": "1024x1024"},
    ).json()
    told = answer["tool_usage"]
    assert told["web_search"] == {"num_requests": 0}
    assert told["image_gen"] == images["usage"]
    words = answer["usage"]
    assert words["total_tokens"] == words["input_tokens"] + words["output_tokens"]


def test_answers_of_2025_had_fewer_keys(api: Api) -> None:
    answer = answered(api(as_of="2025-10-01"), tool=OF_2025)
    assert {*KEYS} - {*answer} == {
        *("access_programs", "completed_at", "frequency_penalty", "moderation"),
        *("presence_penalty", "prompt_cache_retention", "tool_usage"),
    }
    assert "action" not in answer["output"][0]
    assert "model" not in answer["tools"][0]


def test_the_picture_is_that_of_images_for_the_same_prompt_and_options(client: TestClient) -> None:
    options = {"size": "1024x1536", "output_format": "webp", "output_compression": 80}
    body = {"model": "gpt-image-2", "prompt": "a fox", "quality": "low", **options}
    same = client.post("/v1/images/generations", json=body).json()["data"][0]["b64_json"]
    picture = drawn(client, tool=options)
    assert picture["result"] == same
    assert (picture["size"], picture["output_format"]) == ("1024x1536", "webp")


def test_an_edit_is_that_of_images_too(client: TestClient) -> None:
    body: dict[str, Any] = {"model": "gpt-image-2", "prompt": "furnish it"}
    body |= {"quality": "low", "size": "1024x640"}
    body |= {"images": [{"image_url": url(ROOM)}, {"image_url": url(LAMP)}]}
    same = client.post("/v1/images/edits", json=body).json()["data"][0]["b64_json"]
    assert drawn(client, shown(ROOM, LAMP))["result"] == same


def test_the_same_request_gets_the_same_ids_and_picture_in_each_run(api: Api) -> None:
    one, other = answered(api(as_of=DAY)), answered(api(as_of=DAY))
    assert one == other


@pytest.mark.parametrize(
    ("day", "model"),
    [
        ("2025-06-15", "gpt-image-1"),
        ("2026-05-01", "gpt-image-2"),
        ("2026-09-29", "gpt-image-2"),
        ("2026-11-28", "gpt-image-2.6-sunburst"),
    ],
)
def test_the_model_that_draws_where_none_is_named_is_that_of_the_day(
    api: Api, day: str, model: str
) -> None:
    client = api(as_of=day)
    answer = client.post(PATH, json={"model": "x", "input": "y", "tools": [{"type": TOOL["type"]}]})
    assert answer.status_code == 200
    (record,) = client.get("/_mock/requests").json()["requests"]
    assert record["fields"]["model"] == model
    assert "model" in record["filled"]


def test_where_nobody_says_a_day_it_is_today(api: Api, clock: ManualClock) -> None:
    clock.advance(607 * 86_400)  # 2026-11-28
    assert answered(api(), tool={"model": "gpt-image-2.6-flare"})["status"] == "completed"


def test_where_only_the_shape_is_looked_at_any_model_draws(api: Api) -> None:
    client = api(validation="schema")
    assert drawn(client, tool={"model": "any", "quality": "any"})["status"] == "completed"
    assert drawn(client, shown(b"no picture"), tool={"model": "any"})["status"] == "completed"


def test_it_was_not_there_before_its_day(api: Api) -> None:
    refused = ask(api(as_of="2025-03-31"))
    assert (refused.status_code, error(refused)["message"]) == (
        404,
        "Invalid URL (POST /v1/responses)",
    )


# -- whether it draws ----------------------------------------------------------------------------

ALLOWED = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "image_generation"}]}


@pytest.mark.parametrize("choice", [None, "auto", "required", {"type": TOOL["type"]}, ALLOWED])
def test_the_tool_is_called_whenever_it_may_be(client: TestClient, choice: Any) -> None:
    assert drawn(client, tool_choice=choice)["type"] == "image_generation_call"


FUNCTION = {"type": "function", "name": "f", "parameters": {}}


@pytest.mark.parametrize(
    "body",
    [
        {"tools": []},
        {"tools": [FUNCTION]},
        {"tool_choice": "none"},
        {"tools": [TOOL, FUNCTION], "tool_choice": {"type": "function", "name": "f"}},
    ],
)
def test_without_it_one_sentence_is_said_and_a_header_tells_why(
    client: TestClient, body: Any
) -> None:
    answer = ask(client, **body)
    (message,) = answer.json()["output"]
    assert message["content"][0]["text"] == "This mock server draws pictures and writes no words."
    assert "writes no words" in answer.headers["mock-warning"]


def test_of_a_long_text_the_prompt_is_the_beginning(client: TestClient) -> None:
    answered(client, "x" * 40_000)
    record = client.get("/_mock/requests").json()["requests"][-1]
    assert len(record["fields"]["prompt"]) == 32_000


def test_the_prompt_is_the_last_that_the_user_said(client: TestClient) -> None:
    said = [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "a fox"},
        {"role": "assistant", "content": [{"type": "output_text", "text": "here it is"}]},
        {"role": "user", "content": [{"type": "input_text", "text": t} for t in ("a", "wolf")]},
    ]
    assert drawn(client, said)["result"] == drawn(client, "a\nwolf")["result"]


def test_where_the_user_says_nothing_there_is_a_prompt_all_the_same(client: TestClient) -> None:
    first = answered(client, "a fox")
    for body in (
        {"said": [{"role": "developer", "content": "draw an owl"}]},
        {"said": "", "instructions": "draw an owl"},
    ):
        assert drawn(client, **body)["result"] == drawn(client, "draw an owl")["result"]
    assert drawn(client, None, previous_response_id=first["id"])["action"] == "edit"


# -- what is worked on ---------------------------------------------------------------------------


def test_a_picture_of_the_input_is_edited_unless_the_action_says_otherwise(
    client: TestClient,
) -> None:
    assert drawn(client, shown(ROOM))["action"] == "edit"
    assert drawn(client, shown(ROOM), tool={"action": "edit"})["action"] == "edit"
    fresh = drawn(client, shown(ROOM), tool={"action": "generate"})
    assert fresh["action"] == "generate"
    assert fresh["result"] == drawn(client, "furnish it")["result"]


def test_the_last_picture_is_edited_whichever_way_it_is_told(client: TestClient) -> None:
    first = answered(client)
    fox = first["output"][0]
    told = {"role": "user", "content": "a hat"}
    by_answer = drawn(client, "a hat", previous_response_id=first["id"])
    by_id = drawn(client, [{"type": "image_generation_call", "id": fox["id"]}, told])
    by_reference = drawn(client, [{"type": "item_reference", "id": fox["id"]}, told])
    by_result = drawn(client, [fox, told])
    as_input = drawn(client, shown(b64decode(fox["result"]), text="a hat"))
    results = [p["result"] for p in (by_id, by_reference, by_result, as_input)]
    assert results == [by_answer["result"]] * 4


def test_words_between_do_not_lose_the_picture(client: TestClient) -> None:
    first = answered(client)
    second = answered(client, "nice", previous_response_id=first["id"], tool_choice="none")
    third = drawn(client, "a hat", previous_response_id=second["id"])
    fox = b64decode(first["output"][0]["result"])
    assert third["result"] == drawn(client, shown(fox, text="a hat"))["result"]


def test_what_is_shown_after_the_last_picture_is_worked_on_with_it(client: TestClient) -> None:
    first = answered(client)
    fox = b64decode(first["output"][0]["result"])
    both = drawn(client, shown(LAMP), previous_response_id=first["id"])
    assert both["result"] == drawn(client, shown(fox, LAMP))["result"]


def test_a_picture_of_this_servers_own_address_is_edited(api: Api) -> None:
    then = api(as_of="2025-10-01")
    body = {"model": "dall-e-2", "prompt": "x", "response_format": "url", "size": "1024x1024"}
    address = then.post("/v1/images/generations", json=body).json()["data"][0]["url"]
    content = [{"type": "input_text", "text": "x"}, {"type": "input_image", "image_url": address}]
    answer = ask(then, [{"role": "user", "content": content}], tool=OF_2025)
    assert answer.status_code == 200
    record = then.get("/_mock/requests").json()["requests"][-1]
    assert record["fields"]["images"][0]["width"] == 1024


def test_an_edit_is_possible_before_images_took_json(api: Api) -> None:
    client = api(as_of="2025-06-15")
    assert drawn(client, shown(ROOM), tool=OF_2025)["status"] == "completed"


# -- what is kept --------------------------------------------------------------------------------


def test_a_kept_answer_is_read_again_and_its_input_page_by_page(client: TestClient) -> None:
    said = [{"role": "user", "content": text} for text in ("a", "b", "c")]
    answer = answered(client, said, metadata={"k": "v"})
    path = f"{PATH}/{answer['id']}"
    assert client.get(path).json() == answer
    assert answer["metadata"] == {"k": "v"}
    page = client.get(f"{path}/input_items", params={"limit": 2}).json()
    assert [item["content"][0]["text"] for item in page["data"]] == ["c", "b"]
    assert page["has_more"]
    after = {"after": page["last_id"], "order": "desc"}
    (last,) = client.get(f"{path}/input_items", params=after).json()["data"]
    assert last["content"] == [{"type": "input_text", "text": "a"}]


def test_what_is_not_to_be_stored_is_not_there_afterwards(client: TestClient) -> None:
    answer = answered(client, store=False)
    assert answer["store"] is False
    gone = client.get(f"{PATH}/{answer['id']}")
    assert (gone.status_code, error(gone)["message"]) == (
        404,
        f"Response with id '{answer['id']}' not found.",
    )
    assert refusal(client, previous_response_id=answer["id"]) == (
        f"Previous response with id '{answer['id']}' not found.",
        "previous_response_id",
        "previous_response_not_found",
    )


def test_a_deleted_answer_is_gone_and_others_see_none(client: TestClient) -> None:
    answer = answered(client)
    path, other = f"{PATH}/{answer['id']}", {"Authorization": "Bearer sk-mock-other"}
    assert client.get(path, headers=other).status_code == 404
    assert client.delete(path).json() == {
        "id": answer["id"],
        "object": "response",
        "deleted": True,
    }
    assert client.get(path).status_code == 404
    assert client.delete(path).status_code == 404


def test_in_the_background_it_is_queued_and_then_done(client: TestClient) -> None:
    queued = answered(client, background=True)
    assert (queued["status"], queued["output"]) == ("queued", [])
    done = client.get(f"{PATH}/{queued['id']}").json()
    assert (done["status"], done["output"][0]["status"]) == ("completed", "completed")
    assert client.post(f"{PATH}/{queued['id']}/cancel").json() == done


def test_no_other_can_be_cancelled(client: TestClient) -> None:
    refused = client.post(f"{PATH}/{answered(client)['id']}/cancel")
    assert error(refused)["message"] == "Cannot cancel a synchronous response."


def test_an_answer_in_the_background_that_is_not_kept_is_warned_of(client: TestClient) -> None:
    told = ask(client, background=True, store=False).headers["mock-warning"]
    assert "no background without store" in told

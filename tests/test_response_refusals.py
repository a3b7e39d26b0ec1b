"""/v1/responses: what is refused, by the API, a rule, a limit or a key."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from starlette.testclient import TestClient

from mockserver.core.journal import TEXT
from mockserver.handle import Sandbox
from mockserver.request.bodies import JSON
from tests.conftest import Api, error
from tests.edits import DAY
from tests.responses import OF_2025, ROOM, answered, ask, client_of_day, refusal, shown


@pytest.fixture(scope="module")
def client() -> TestClient:
    return client_of_day()


# -- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            {"seed": 1},
            ("Unknown parameter: 'seed'.", "seed", "unknown_parameter"),
        ),
        (
            {"input": None},
            (
                "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id' "
                "must be provided.",
                "input",
                "missing_required_parameter",
            ),
        ),
        (
            {"model": "gpt-image-2"},
            (
                "The requested model 'gpt-image-2' is not supported with the Responses API.",
                "model",
                "model_not_found",
            ),
        ),
        (
            {"tool_choice": "always"},
            (
                "Invalid value: 'always'. Supported values are: 'none', 'auto', and 'required'.",
                "tool_choice",
                "invalid_value",
            ),
        ),
        (
            {"tool_choice": {}},
            ("Missing required parameter: 'tool_choice.type'.",)
            + ("tool_choice.type", "missing_required_parameter"),
        ),
        (
            {"input": [{"type": "image_generation_call"}]},
            ("Missing required parameter: 'input[0].id'.",)
            + ("input[0].id", "missing_required_parameter"),
        ),
        (
            {"previous_response_id": "resp_1", "tools": []},
            (
                "Previous response with id 'resp_1' not found.",
                "previous_response_id",
                "previous_response_not_found",
            ),
        ),
        (
            {"tools": [], "tool_choice": {"type": "image_generation"}},
            ("Tool choice 'image_generation' not found in 'tools' parameter.", "tool_choice", None),
        ),
        (
            {"input": [{"type": "image_generation_call", "id": "ig_1"}]},
            (
                "Item with id 'ig_1' not found. Items are not persisted when `store` is set to "
                "false. Try again with `store` set to true, or remove this item from your input.",
                "input",
                None,
            ),
        ),
    ],
)
def test_a_wrong_request_is_refused_in_the_apis_words(
    client: TestClient, body: Any, told: Any
) -> None:
    assert refusal(client, **body) == told


@pytest.mark.parametrize(
    ("tool", "told"),
    [
        ({"foo": 1}, ("Unknown parameter: 'tools[0].foo'.", "tools[0].foo", "unknown_parameter")),
        (
            {"quality": "hd"},
            (
                "Invalid value: 'hd'. Supported values are: 'low', 'medium', 'high', and 'auto'.",
                "tools[0].quality",
                "invalid_value",
            ),
        ),
        (
            {"output_compression": 101},
            (
                "Invalid 'tools[0].output_compression': integer above maximum value. Expected a "
                "value <= 100, but got 101 instead.",
                "tools[0].output_compression",
                "integer_above_max_value",
            ),
        ),
        (
            {"partial_images": 4},
            (
                "Invalid 'tools[0].partial_images': integer above maximum value. Expected a "
                "value <= 3, but got 4 instead.",
                "tools[0].partial_images",
                "integer_above_max_value",
            ),
        ),
        (
            {"action": "paint"},
            (
                "Invalid value: 'paint'. Supported values are: 'generate', 'edit', and 'auto'.",
                "tools[0].action",
                "invalid_value",
            ),
        ),
        (
            {"size": "1000x1000"},
            (
                "Invalid size '1000x1000'. Width and height must both be divisible by 16.",
                "tools",
                "invalid_value",
            ),
        ),
        (
            {"background": "transparent"},
            (
                "Transparent background is not supported for this model.",
                "tools",
                "invalid_value",
            ),
        ),
        (
            {"model": "dall-e-3"},
            ("The model 'dall-e-3' does not exist.", "tools", "invalid_value"),
        ),
    ],
)
def test_a_wrong_option_is_refused_by_its_place(client: TestClient, tool: Any, told: Any) -> None:
    assert refusal(client, tool=tool) == told


@pytest.mark.parametrize("name", ["prompt", "stream", "image", "images", "mask"])
def test_what_images_takes_and_the_tool_has_not_is_refused(client: TestClient, name: str) -> None:
    assert refusal(client, tool={name: "x"})[1:] == (f"tools[0].{name}", "unknown_parameter")


def test_a_tool_that_nobody_has_is_refused(client: TestClient) -> None:
    message, param, code = refusal(client, tools=[{"type": "paint"}])
    assert message.startswith("Invalid value: 'paint'. Supported values are: 'function', ")
    assert (param, code) == ("tools[0].type", "invalid_value")


@pytest.mark.parametrize("value", ["1e999", '{"a":[-1e999]}', "[" * 970 + "]" * 970])
@pytest.mark.parametrize("spaces", [0, 300_000])  # a large body is read elsewhere
def test_what_no_answer_could_tell_again_is_no_json(
    client: TestClient, value: str, spaces: int
) -> None:
    body = f'{{"model":"gpt-5","input":"x","temperature":{value}}}' + " " * spaces
    refused = client.post("/v1/responses", content=body, headers={"content-type": JSON})
    assert refused.status_code == 400
    assert error(refused)["message"].startswith("We could not parse the JSON body")


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({str(number): "x" for number in range(17)}, "object_above_max_properties"),
        ({"n" * 65: "x"}, "property_name_above_max_length"),
        ({"note": "x" * 513}, "string_above_max_length"),
        ({"note": 5}, "invalid_type"),
    ],
)
def test_metadata_has_its_bounds(client: TestClient, metadata: Any, code: str) -> None:
    assert refusal(client, metadata=metadata)[2] == code


def test_who_wants_a_kept_answer_as_events_is_told_that_there_are_none(client: TestClient) -> None:
    kept = client.get(f"/v1/responses/{answered(client)['id']}?stream=true")
    assert "as JSON" in kept.headers["mock-warning"]


def test_a_form_is_refused(client: TestClient) -> None:
    refused = client.post("/v1/responses", data={"model": "gpt-5"}, files={"a": b"x"})
    assert refused.status_code == 400
    assert error(refused)["message"].startswith("Unsupported content type: 'multipart/form-data'.")


def test_what_is_refused_takes_no_id(api: Api) -> None:
    first, other = api(as_of=DAY), api(as_of=DAY)
    assert refusal(first, tool={"size": "1x1"})
    assert answered(first)["id"] == answered(other)["id"]


def test_an_edit_needs_a_picture(client: TestClient) -> None:
    assert refusal(client, tool={"action": "edit"})[1] == "tools"


def test_a_picture_that_is_none_is_refused_by_its_place(client: TestClient) -> None:
    found = refusal(client, input=shown(b"no picture"))
    assert found[1] == "input[0].content[1].image_url"
    said = [{"type": "input_image", "file_id": "file-none"}]
    assert refusal(client, input=[{"role": "user", "content": said}])[1] == (
        "input[0].content[0].file_id"
    )


def test_a_stream_without_partial_pictures_was_refused_in_2025(api: Api) -> None:
    body = {"stream": True, "tool": OF_2025}
    assert refusal(api(as_of="2025-06-16"), **body) == (
        "Streaming must have non-zero partial images.",
        "tools",
        None,
    )
    assert ask(api(as_of="2025-10-16"), **body).status_code == 200


def test_the_journal_has_no_more_of_a_model_s_name_than_of_any_text(api: Api) -> None:
    client = api(as_of=DAY)
    assert ask(client, model="m" * 200_000).status_code == 200
    assert len(client.get("/_mock/requests/last").json()["fields"]["text_model"]) == TEXT + 1


# -- rules, money, limits ------------------------------------------------------------------------


def test_a_rule_without_an_operation_means_these_pictures_too(box: Sandbox, sdk: Any) -> None:
    box.on(contains="fox", model="gpt-image-2", size="1024x1024").error("refused")
    size = {"size": "1024x1024", "quality": "low"}
    tool: Any = {"type": "image_generation", "model": "gpt-image-2", **size}
    with pytest.raises(openai.BadRequestError) as refused:
        sdk.responses.create(model="gpt-5", input="a fox", tools=[tool])
    assert refused.value.code == "moderation_blocked"
    assert sdk.responses.create(model="gpt-5", input="a wolf", tools=[tool]).output


def test_a_rule_can_be_meant_for_this_alone(box: Sandbox, sdk: Any) -> None:
    box.on(operation="responses.create").error("overloaded")
    assert sdk.images.generate(model="gpt-image-2", prompt="x").data
    for tools in ([{"type": "image_generation"}], []):
        with pytest.raises(openai.APIStatusError):
            sdk.responses.create(model="gpt-5", input="a fox", tools=tools)


def test_a_picture_costs_what_it_costs_at_images_and_words_nothing(api: Api) -> None:
    client = api(as_of=DAY)
    body = {"model": "gpt-image-2", "prompt": "a fox", "quality": "low", "size": "1024x640"}
    assert client.post("/v1/images/generations", json=body).status_code == 200
    answered(client)
    answered(client, tools=[])
    spent = [r["usd"] for r in client.get("/_mock/requests").json()["requests"]]
    assert spent[0] == spent[1] > 0
    assert spent[2] == 0


def test_a_tool_that_wants_several_pictures_draws_and_costs_one(api: Api) -> None:
    client = api(as_of=DAY)
    assert answered(client, tool={"n": 2})["tool_usage"] == answered(client)["tool_usage"]
    assert refusal(client, tool={"n": 11})[1] == "tools[0].n"
    answered(client, shown(ROOM), tool={"n": 2})
    answered(client, shown(ROOM))
    spent = [r["usd"] for r in client.get("/_mock/requests").json()["requests"]]
    assert spent[0] == spent[1] > 0
    assert spent[3] == spent[4] > 0


def test_a_budget_and_a_limit_hold_here_too(api: Api) -> None:
    client = api(as_of=DAY, tier="1")
    for _ in range(5):
        answered(client)
    refused = ask(client)
    assert (refused.status_code, error(refused)["code"]) == (429, "rate_limit_exceeded")


def test_a_key_that_has_no_credit_is_refused_with_and_without_a_picture(api: Api) -> None:
    client = api(as_of=DAY)
    client.headers["Authorization"] = "Bearer sk-mock-no-credit"
    assert {ask(client).status_code, ask(client, tools=[]).status_code} == {429}
    requests = client.get("/_mock/requests").json()["requests"]
    assert [r["scripted"] for r in requests] == [True, True]

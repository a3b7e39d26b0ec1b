"""Azure's paths: which model a request means, what is refused, and what an answer tells."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import Response

from mockserver.clock import ManualClock
from mockserver.core.errors import Reason
from tests.azure import HERE, KEY, NOT_FOUND, PREVIEW, Azure, asks, deployed, edits, last
from tests.conftest import error

GUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


# -- which model ------------------------------------------------------------------------------


def test_a_deployment_draws_what_its_model_draws_in_v1(azure: Azure) -> None:
    client = azure(deployment=["art=gpt-image-2", "more.art_2=gpt-image-1.5"])
    v1 = client.post(
        "/v1/images/generations",
        json={"prompt": "x", "model": "gpt-image-2", "quality": "low", "size": "1024x1024"},
        headers={"Authorization": "Bearer sk-mock-me"},
    )
    here = asks(client, "art")
    assert here.json()["data"][0]["b64_json"] == v1.json()["data"][0]["b64_json"]
    assert here.json()["usage"] == v1.json()["usage"]
    assert asks(client, "more.art_2").status_code == 200


@pytest.mark.parametrize("named", ["dall-e-3", "nonsense", 7, None])
def test_the_model_of_a_body_is_ignored_where_the_path_has_a_deployment(
    azure: Azure, named: Any
) -> None:
    client = azure(deployment="art=gpt-image-2")
    assert asks(client, "art", model=named).json() == asks(client, "art").json()
    assert last(client)["fields"]["model"] == "gpt-image-2"


def test_the_model_of_a_form_is_ignored_too(azure: Azure) -> None:
    client = azure(deployment="art=gpt-image-2")
    assert edits(client, "art").status_code == 200
    assert edits(client, "art", model="dall-e-3").status_code == 200
    assert last(client)["fields"]["model"] == "gpt-image-2"


def test_a_key_that_was_copied_with_its_scheme_is_refused_and_a_hint_says_why(
    azure: Azure,
) -> None:
    refused = azure("Bearer sk-mock-me").post(deployed("gpt-image-2"), json={"prompt": "x"})
    assert refused.status_code == 401
    assert "without 'Bearer'" in refused.headers["mock-hint"]


def test_a_deployment_of_a_model_that_was_not_there_yet_is_none_on_any_day(azure: Azure) -> None:
    for day in ("2022-11-03", "2023-11-05", "2023-11-07"):
        refused = azure(as_of=day).post(deployed("gpt-image-1"), json={"prompt": "x"})
        assert refused.json()["error"]["code"] == "DeploymentNotFound"
        assert "it came on 2025-04-23" in refused.headers["mock-hint"]


@pytest.mark.parametrize("path", ["/openai/v1/images/generations", "/openai/v1/images/edits"])
def test_without_one_in_the_path_the_model_of_the_body_is_a_deployment(
    azure: Azure, path: str
) -> None:
    client = azure(deployment="art=gpt-image-2")
    ask = edits if path.endswith("edits") else asks
    assert ask(client, path, model="art").status_code == 200
    assert last(client)["fields"]["model"] == "gpt-image-2"
    for refused in (ask(client, path, model="gpt-image-2"), ask(client, path)):
        assert (refused.status_code, error(refused)["code"]) == (404, "DeploymentNotFound")


def test_the_path_that_the_sdk_makes_of_a_base_url_has_a_deployment(azure: Azure) -> None:
    client = azure()
    for operation, ask in (("generations", asks), ("edits", edits)):
        path = f"/openai/v1/deployments/gpt-image-2/images/{operation}"
        for query in ("", "?api-version=preview"):
            assert ask(client, path + query, model="other").status_code == 200


def test_by_default_each_model_s_own_id_is_a_deployment(azure: Azure) -> None:
    client = azure()
    for model in ("gpt-image-1.5", "gpt-image-1-mini", "gpt-image-2.5-flare"):
        assert asks(client, model).status_code == 200
    for model in ("dall-e-2", "chatgpt-image-latest", "gpt-5"):
        refused = asks(client, model)
        assert (refused.status_code, error(refused)["code"]) == (404, "DeploymentNotFound")
    assert asks(azure(as_of="2025-03-01"), "dall-e-3").status_code == 200


def test_named_ones_are_all_there_are_and_a_slip_is_told(azure: Azure) -> None:
    client = azure(deployment=["pictures=gpt-image-2"])
    refused = asks(client, "picture")
    assert refused.text == (
        '{"error":{"code":"DeploymentNotFound", "message":"The API deployment for this resource '
        "does not exist. If you created the deployment within the last 5 minutes, please wait a "
        'moment and try again."}}'
    )
    assert refused.headers["content-length"] == "198"  # as recorded
    assert "did you mean the deployment pictures?" in refused.headers["mock-hint"]
    assert "there are pictures (" in asks(client, "gpt-image-2").headers["mock-hint"]


def test_a_model_that_is_not_there_on_the_day_has_no_deployment(azure: Azure) -> None:
    refused = asks(azure(as_of="2026-01-01"), "gpt-image-2")
    assert (refused.status_code, error(refused)["code"]) == (404, "DeploymentNotFound")
    assert "it came on 2026-04-21" in refused.headers["mock-hint"]


# -- which paths and versions -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        (deployed("gpt-image-2", "2025-04"), "there from 2023-12-01-preview to 2025-04-01-preview"),
        (deployed("gpt-image-2", "2023-06-01-preview"), "from 2023-12-01-preview"),
        (deployed("gpt-image-2", ""), "no api-version"),
        ("/openai/deployments/gpt-image-2/images/generations", "no api-version"),
        (deployed("gpt-image-2", "2024-02-01", "edits"), "from 2025-04-01-preview"),
        (deployed("gpt-image-2", "2025-03-01-preview", "edits"), "from 2025-04-01-preview"),
        (deployed("gpt-image-2", PREVIEW, "variations"), "has those of images alone"),
        ("/openai/images/generations?api-version=2024-02-01", "send model="),
        ("/openai/images/edits?api-version=2025-04-15", "send model="),
        ("/openai/images/generations:submit?api-version=2024-02-01", "to 2023-12-01-preview"),
        ("/openai/deployments/a/b/images/generations?api-version=2024-02-01", "of images alone"),
        ("/openai/", "of images alone"),
        ("/openai/v1/chat/completions", "of images alone"),
    ],
)
def test_what_azure_has_not_is_a_404_of_its_own_with_a_hint(
    azure: Azure, path: str, hint: str
) -> None:
    client = azure()
    refused = client.post(path, json={"prompt": "x"})
    assert (refused.status_code, refused.text) == (404, NOT_FOUND)
    assert hint in refused.headers["mock-hint"]
    assert last(client)["path"] == path.partition("?")[0]


def test_a_wrong_method_is_told_what_is_there(azure: Azure) -> None:
    refused = azure().get(deployed("gpt-image-2"))
    assert (refused.status_code, refused.text) == (404, NOT_FOUND)
    assert refused.headers["mock-hint"] == "Azure has POST there"


@pytest.mark.parametrize("version", ["2024-02-01", PREVIEW, "nonsense"])
def test_the_path_of_v1_takes_no_dated_version(azure: Azure, version: str) -> None:
    refused = asks(azure(), f"/openai/v1/images/generations?api-version={version}", model="d")
    assert (refused.status_code, refused.text) == (
        400,
        '{"error":{"code":"BadRequest","message":"api-version query parameter is not allowed when '
        'using /v1 path"}}',
    )
    assert "preview or latest" in refused.headers["mock-hint"]


@pytest.mark.parametrize("query", ["", "?api-version=preview", "?api-version=latest"])
def test_the_path_of_v1_takes_others_and_none(azure: Azure, query: str) -> None:
    path = f"/openai/v1/images/generations{query}"
    assert asks(azure(), path, model="gpt-image-2").status_code == 200


# -- who asks ---------------------------------------------------------------------------------


def test_a_key_is_taken_from_either_header(azure: Azure) -> None:
    client = azure(key=None)
    for headers in (KEY, {"Authorization": "Bearer sk-mock-me"}):
        answer = client.post(deployed("gpt-image-2"), json={"prompt": "x"}, headers=headers)
        assert answer.status_code == 200
        assert last(client)["status"] == 200


@pytest.mark.parametrize("headers", [{}, {"api-key": "nonsense"}, {"Authorization": "Bearer no"}])
def test_who_has_no_key_that_is_let_in_gets_the_recorded_401(
    azure: Azure, headers: dict[str, str]
) -> None:
    client = azure(key=None, keys="mock")
    refused = client.post(deployed("gpt-image-2"), json={"prompt": "x"}, headers=headers)
    assert refused.status_code == 401
    assert error(refused)["code"] == "401"
    assert error(refused)["message"].startswith("Access denied due to invalid subscription key or")
    assert refused.headers["content-length"] == "224"  # as recorded
    assert "www-authenticate" not in refused.headers


def test_an_organization_is_nothing_that_azure_knows(azure: Azure) -> None:
    client = azure()
    client.headers["OpenAI-Organization"] = "org-mock-mismatch"
    assert asks(client).status_code == 200


# -- answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["sk-mock-me", None])
def test_answers_and_refusals_have_azure_s_headers(azure: Azure, key: str | None) -> None:
    answer = asks(azure(key))
    assert re.fullmatch(GUID, answer.headers["apim-request-id"])
    assert re.fullmatch(GUID, answer.headers["x-request-id"])
    assert answer.headers["x-ms-client-request-id"] == answer.headers["apim-request-id"]
    assert answer.headers["x-ms-region"] == "East US 2"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not [name for name in answer.headers if name.startswith("openai-")]


def test_a_client_s_id_is_repeated_and_the_request_s_is_the_journal_s(azure: Azure) -> None:
    client = azure()
    client.headers["x-ms-client-request-id"] = "mine"
    answer = asks(client)
    assert answer.headers["x-ms-client-request-id"] == "mine"
    assert last(client)["id"] == answer.headers["x-request-id"]


SAFE = {"filtered": False, "severity": "safe"}
NONE = {"detected": False, "filtered": False}
IMAGE = dict.fromkeys(["hate", "self_harm", "sexual", "violence"], SAFE)
PROMPT = IMAGE | dict.fromkeys(["jailbreak", "profanity"], NONE)


@pytest.mark.parametrize("body", [{}, {"response_format": "b64_json"}])
def test_each_picture_is_told_with_what_the_filters_found(
    azure: Azure, body: dict[str, str]
) -> None:
    answer = asks(azure(as_of="2025-03-01"), "dall-e-3", **body)
    (item,) = answer.json()["data"]
    assert item["content_filter_results"] == IMAGE
    assert item["prompt_filter_results"] == PROMPT
    assert list(item) == sorted(item)
    assert answer.text.startswith('{\n  "created": ')


def test_every_picture_of_several_has_them(azure: Azure) -> None:
    items = asks(azure(), n=3).json()["data"]
    assert [item["content_filter_results"] for item in items] == [IMAGE] * 3
    assert len({item["b64_json"] for item in items}) == 3


def test_a_picture_s_url_can_be_fetched(azure: Azure) -> None:
    client = azure(as_of="2025-03-01")
    url = asks(client, "dall-e-3").json()["data"][0]["url"]
    assert client.get(url).headers["content-type"] == "image/png"


def test_a_stream_is_that_of_v1(azure: Azure) -> None:
    told = asks(azure(), stream=True, partial_images=1).text
    events = re.findall("^event: (.*)$", told, re.M)
    assert events == ["image_generation.partial_image", "image_generation.completed"]


def test_any_error_in_a_stream_is_an_event(azure: Azure) -> None:
    rules = [
        {"when": {"prompt": r.value}, "then": {"stream": {"events": [r.value]}}} for r in Reason
    ]
    client = azure(rules=rules, tier="off")
    for reason in Reason:
        told = asks(client, stream=True, prompt=reason.value).text
        assert json.loads(told.partition("data: ")[2])["type"] == "error", reason


@pytest.mark.parametrize(
    ("ask", "path", "value"),
    [
        (asks, "gpt-image-2", "webp"),
        (asks, "/openai/v1/images/generations", "webp"),
        (asks, "gpt-image-2", "bmp"),
        (edits, "gpt-image-2", "webp"),
    ],
)
def test_formats_are_png_and_jpeg(
    azure: Azure, ask: Callable[..., Response], path: str, value: str
) -> None:
    client = azure()
    refused = ask(client, path, model="gpt-image-2", output_format=value)
    told = f"Invalid value: '{value}'. Supported values are: 'png' and 'jpeg'."
    assert (refused.status_code, error(refused)["message"]) == (400, told)
    fine = ask(client, path, model="gpt-image-2", output_format="jpeg")
    assert fine.status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", None),
        (b"[]", None),
        (b'{"quality": "low"}', "missing_required_parameter"),
        (b'{"prompt": "x", "n": 11}', "integer_above_max_value"),
        (b'{"prompt": "x", "style": "vivid"}', "unknown_parameter"),
    ],
)
def test_what_is_wrong_with_a_body_is_said_in_the_words_of_v1(
    azure: Azure, body: bytes, code: str | None
) -> None:
    client = azure()
    json_type = {"Content-Type": "application/json"}
    refused = client.post(deployed("gpt-image-2"), content=body, headers=json_type)
    assert (refused.status_code, error(refused)["code"]) == (400, code)
    assert list(error(refused)) == ["message", "type", "param", "code"]


def test_a_rule_can_give_every_error(azure: Azure) -> None:
    client = azure(tier="off")
    for reason in Reason:
        client.post("/_mock/rules", json={"then": {"error": reason}, "next": True}, headers=HERE)
        refused = asks(client)
        assert refused.status_code >= 400
        assert last(client)["error"]["reason"] == reason
        assert not refused.content or refused.json()["error"]


@pytest.mark.parametrize("path", [deployed("gpt-image-2"), "/openai/v1/images/generations"])
def test_a_body_that_can_t_be_read_is_refused_as_such(azure: Azure, path: str) -> None:
    client = azure()
    json_type = {"Content-Type": "application/json"}
    refused = client.post(path, content=b"{", headers=json_type)
    assert refused.status_code == 400
    assert error(refused)["message"].startswith("We could not parse the JSON body")


def test_without_a_day_a_body_is_refused_in_the_words_of_its_model_s_day(
    azure: Azure, clock: ManualClock
) -> None:
    clock.advance(600 * 86_400)  # from 2025 to 2026, when there is such a model
    client = azure(as_of=None)
    for body in (b"{", b"[]", b'{"prompt": "x", "output_format": "webp"}'):
        json_type = {"Content-Type": "application/json"}
        refused = client.post(deployed("gpt-image-2"), content=body, headers=json_type)
        assert list(error(refused)) == ["message", "type", "param", "code"]


def test_a_model_without_edits_says_so(azure: Azure) -> None:
    refused = edits(azure(as_of="2025-06-01"), "dall-e-3")
    assert (refused.status_code, error(refused)["code"]) == (400, "OperationNotSupported")
    assert error(refused)["message"].startswith(
        "The imageEdits operation does not work with the specified model, dall-e-3. Please choose"
    )


def test_a_page_of_the_web_may_read_what_azure_tells_in_headers(azure: Azure) -> None:
    client = azure()
    answer = client.get("/openai/v1/x", headers={"Origin": "http://localhost:3000"})
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"operation-location", "apim-request-id", "x-ratelimit-limit-requests"} <= {*exposed}

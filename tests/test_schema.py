"""`--validation schema`: the shape of the vendor's schema is held, and no value."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from httpx2 import Response
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mockserver.app import create_app
from mockserver.config import ConfigError, configured
from mockserver.facts import ever_there
from mockserver.facts.schema import schema_facts
from tests.conftest import Api, error, generate
from tests.in_process import client_of

CLIENT = client_of(
    create_app(configured(validation="schema", log_format="none")),
    {"Authorization": "Bearer My API Key"},
)
EDITS, VARIATIONS, MODELS = "/v1/images/edits", "/v1/images/variations", "/v1/models"
PLACEHOLDERS: dict[str, Any] = {
    "model": "string",
    "size": "string",
    "quality": "string",
    "user": "string",
    "n": 0,
}
FIELDS = [
    *("created", "background", "data", "output_format", "quality"),
    *("safety_identifier", "size", "usage"),
]


def test_placeholders_are_answered_with_every_field() -> None:
    answer = generate(CLIENT, **PLACEHOLDERS, unknown={"what": "ever"}).json()
    assert list(answer) == FIELDS
    assert list(answer["data"][0]) == ["b64_json", "revised_prompt"]
    assert answer["usage"]["input_tokens_details"].keys() == {"image_tokens", "text_tokens"}
    assert answer["usage"]["output_tokens_details"].keys() == {"image_tokens", "text_tokens"}
    assert all(value is not None for value in answer.values())


@pytest.mark.parametrize("prices", ["model-page", "billing"])
@pytest.mark.parametrize("model", sorted(ever_there()))
def test_every_model_by_its_name_is_answered_and_paid_as_the_one_that_stands_for_all(
    api: Api, model: str, prices: str
) -> None:
    client = api(validation="schema", prices=prices)
    asked = [generate(client, model=name, size=s) for name in (model, "x") for s in ("auto", "z")]
    assert [answer.status_code for answer in asked] == [200] * 4
    bill = client.get("/_mock/ledger", headers={"Mock-Sandbox-Key": "sk-mock-me"}).json()
    assert len({request["usd"] for request in bill["requests"]}) == 1


@pytest.mark.parametrize("path", [EDITS, VARIATIONS])
def test_any_bytes_are_an_image(path: str) -> None:
    files = dict.fromkeys(("image", "mask", "markup"), ("upload", b"Example data"))
    texts = {"prompt": "x", "model": "string", "svg[reasoning][effort]": "none"}
    answer = CLIENT.post(path, data=texts, files=files)
    assert answer.status_code == 200
    assert list(answer.json()) == FIELDS


@pytest.mark.parametrize("size", ["256x256", "1024x1024", "1024x1792", "1536x864"])
def test_a_size_that_can_be_drawn_is_drawn(size: str) -> None:
    answer = generate(CLIENT, size=size, response_format="url").json()
    assert answer["size"] == size
    picture = Image.open(io.BytesIO(CLIENT.get(answer["data"][0]["url"]).content))
    assert f"{picture.width}x{picture.height}" == size


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"prompt": 1}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"n": "2"}, "n"),
        ({"stream": "yes"}, "stream"),
        ({"svg": "yes"}, "svg"),
        ({"input_fidelity": 1, "model": 2}, "model"),
    ],
)
def test_what_is_of_another_type_is_refused(body: dict[str, Any], param: str) -> None:
    refused = generate(CLIENT, **body)
    assert refused.status_code == 400
    assert f"'{param}'" in error(refused)["message"]


def test_what_is_required_must_be_there() -> None:
    assert "'prompt'" in error(CLIENT.post("/v1/images/generations", json={}))["message"]
    assert "'image'" in error(CLIENT.post(EDITS, files={"prompt": (None, "x")}))["message"]
    assert CLIENT.post("/v1/images/generations", json=[]).status_code == 400


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"prompt": "x", "images": [{"image_url": "https://example.test/x.png"}], "mask": {}}, ""),
        ({"prompt": "x", "images": [{"file_id": "string"}], "model": "string"}, ""),
        ({"prompt": "x", "images": "string"}, "'images'"),
        ({"prompt": "x"}, "'images'"),
        ({"images": [{"file_id": "string"}]}, "'prompt'"),
    ],
)
def test_an_edit_may_refer_to_its_images_in_json(body: dict[str, Any], said: str) -> None:
    answer = CLIENT.post(EDITS, json=body)
    assert answer.status_code == (400 if said else 200)
    assert said in answer.text


def test_a_variation_is_a_form() -> None:
    assert CLIENT.post(VARIATIONS, json={"image": "string"}).status_code == 400


def test_a_model_of_any_name_is_found_and_deleted() -> None:
    found = CLIENT.get(f"{MODELS}/string").json()
    assert {**found, "created": 0, "owned_by": ""} == {
        "id": "string",
        "object": "model",
        "created": 0,
        "owned_by": "",
    }
    deleted = CLIENT.delete(f"{MODELS}/ft:any:model").json()
    assert deleted == {"id": "ft:any:model", "object": "model", "deleted": True}
    listed = [model["id"] for model in CLIENT.get(MODELS).json()["data"]]
    assert {"dall-e-2", "dall-e-3", "gpt-image-1", "gpt-image-2.6-flare"} <= {*listed}


def test_a_suite_meets_no_limits_unless_it_wants_them(api: Api) -> None:
    wants_none, wants_some = api(validation="schema"), api(validation="schema", tier="1")
    assert all(generate(wants_none, n=10).status_code == 200 for _ in range(30))
    assert 429 in {generate(wants_some, n=10).status_code for _ in range(30)}


def test_a_blank_is_part_of_a_key_and_no_key() -> None:
    assert generate(CLIENT, key="My API Key").status_code == 200
    assert generate(CLIENT, key="  ").status_code == 401


def test_a_schema_has_no_day() -> None:
    with pytest.raises(ConfigError, match="goes with validation real alone"):
        configured(validation="schema", as_of="2023-12-01")


def test_no_answer_is_told_to_be_refused_today() -> None:
    assert "mock-warning" not in generate(CLIENT, model="dall-e-2").headers


OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(max_size=20),
    "integer": st.integers(),
    "boolean": st.booleans(),
    "object": st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
    "list": st.lists(st.text(max_size=5), max_size=2),
    "any": st.none() | st.text(max_size=5),
}
PARAMETERS = {p.name: p for p in schema_facts().operations["images.generate"].parameters}
BODIES = st.fixed_dictionaries(
    {"prompt": st.text(max_size=50)},
    optional={
        name: st.sampled_from(p.values) if p.values else OF_TYPE[p.type]
        for name, p in PARAMETERS.items()
        if name not in ("prompt", "n")
    },
)


@given(BODIES)
def test_every_body_of_the_right_types_is_answered(body: dict[str, Any]) -> None:
    answer = generate(CLIENT, **body)
    assert answer.status_code == 200, answer.text
    if body.get("stream"):
        assert events(answer)[-1] == "image_generation.completed"
    else:
        assert list(answer.json()) == FIELDS


def events(answer: Response) -> list[str]:
    assert answer.headers["content-type"].startswith("text/event-stream")
    found: list[str] = re.findall(r"^event: (.*)$", answer.text, re.MULTILINE)
    return found


def test_a_stream_of_placeholders_is_a_stream() -> None:
    asked = {**PLACEHOLDERS, "n": 3, "stream": True, "partial_images": 1}
    assert events(generate(CLIENT, **asked)) == [
        "image_generation.partial_image",
        "image_generation.completed",
    ]


def test_an_edit_of_any_bytes_is_streamed() -> None:
    texts = {"prompt": "x", "stream": "true"}
    answer = CLIENT.post(EDITS, data=texts, files={"image": ("upload", b"Example data")})
    assert events(answer) == ["image_edit.completed"]


def test_a_sandbox_of_a_server_without_days_can_have_none(api: Api) -> None:
    client, here = api(validation="schema"), {"Mock-Sandbox-Key": "sk-mock-me"}
    answer = client.post("/_mock/sandbox", headers=here, json={"as_of": "2026-09-01"})
    assert answer.status_code == 400
    assert error(answer)["param"] == "as_of"
    assert error(answer)["message"] == (
        "as_of goes with --validation real alone: a schema has no day. Leave it out, or start the "
        "server without --validation schema."
    )
    for day in ({}, {"as_of": None}):
        assert client.post("/_mock/sandbox", headers=here, json=day).status_code == 200

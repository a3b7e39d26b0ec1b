"""The contract: current as committed, sound and whole on every day, and in today's SDK's language."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import jsonschema_rs
import pytest
import schemathesis
from jsonschema import Draft202012Validator
from openai.types import ImagesResponse, Model
from openai.types.image_create_variation_params import ImageCreateVariationParams
from openai.types.image_edit_params import ImageEditParamsNonStreaming
from openai.types.image_generate_params import ImageGenerateParamsNonStreaming

from contracts.cases.forms import is_file
from contracts.cases.schema import CAREFUL, schema_of
from contracts.cases.uploads import rules_of
from contracts.document import __main__ as building
from contracts.document.__main__ import main
from contracts.document.bodies import models_of, takes_nothing
from contracts.document.build import DOCUMENT, build, facts_of, path_of, references, rendered
from contracts.document.formats import CHECKER
from contracts.document.narrow import narrowed
from contracts.document.reading import read_yaml
from mockserver.facts import Operation, load, periods

CONTRACT: dict[str, Any] = read_yaml(DOCUMENT.read_text("utf-8"))
FACTS = load()
NOTHING: dict[str, Any] = {"application/json": {"examples": {}}}
SENDABLE = {
    "images.generate": ImageGenerateParamsNonStreaming,
    "images.edit": ImageEditParamsNonStreaming,
    "images.vary": ImageCreateVariationParams,
}
SDK_TYPES: dict[str, type[ImagesResponse | Model]] = {"Images": ImagesResponse, "Model": Model}


def validator(name: str, document: dict[str, Any] = CONTRACT) -> Draft202012Validator:
    reference = f"#/components/schemas/{name}"
    return Draft202012Validator(
        {"$ref": reference, "components": document["components"]}, format_checker=CHECKER
    )


@cache
def contract(day: date) -> dict[str, Any]:
    return build("api", day)


def operations(document: dict[str, Any] = CONTRACT) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def answers(document: dict[str, Any] = CONTRACT) -> Iterator[tuple[str, Any]]:
    """Each example of a good answer, and the name of its schema."""
    for operation in operations(document):
        answer = operation["responses"].get("200", {"content": NOTHING})
        if "$ref" in answer:
            answer = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        media = answer["content"].get("application/json", {})
        for shown in media.get("examples", {}).values():
            yield media["schema"]["$ref"].rpartition("/")[2], shown["value"]


def test_the_committed_contract_is_current() -> None:
    assert main(["--check"]) is None
    assert build() == CONTRACT


def test_a_contract_that_is_not_current_is_told_and_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "DOCUMENT", tmp_path / "openapi.yaml")
    assert "not current" in (main(["--check"]) or "")
    assert main([]) is None
    assert main(["--check"]) is None
    assert "--check" in (main(["--unknown"]) or "")


def test_the_contract_of_a_day_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--as-of", "2025-06-15"]) is None
    assert read_yaml(capsys.readouterr().out) == contract(date(2025, 6, 15))
    for text, complaint in (("2022-11-02", "before 2022-11-03"), ("soon", "Invalid isoformat")):
        assert complaint in (main(["--as-of", text]) or "")
    assert not capsys.readouterr().out


every_period = pytest.mark.parametrize("day", periods(), ids=str)


@every_period
def test_the_contract_is_valid_openapi(day: date) -> None:
    schemathesis.openapi.from_dict(contract(day)).validate()


@every_period
def test_each_schema_is_valid_json_schema(day: date) -> None:
    for schema in contract(day)["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)  # its sister in Python takes five seconds


@every_period
def test_the_contract_has_the_operations_of_the_day_and_no_others(day: date) -> None:
    document = contract(day)
    found = {
        path: definition["x-operation"]
        for path, methods in document["paths"].items()
        for definition in methods.values()
        if path.startswith("/images/")
    }
    assert found == {path_of(o, document): o.id for o in load(day).operations.values()}
    assert facts_of(document) == load(day)


@every_period
def test_the_contract_has_every_model_and_parameter_of_the_facts(day: date) -> None:
    facts, schemas = load(day), contract(day)["components"]["schemas"]
    for operation in facts.operations.values():
        models = [model for model in facts.models.values() if operation.id in model.offers]
        assert takes_nothing(schemas[operation.id]) is (not models)
        for model in models:
            branch = schemas[f"{operation.id}.{model.id}" if len(models) > 1 else operation.id]
            assert list(branch["properties"]) == list(model.offers[operation.id].parameter)
            assert model.id in (branch["properties"].get("model", {}).get("enum") or [model.id])


@every_period
def test_no_reference_leads_nowhere_and_every_schema_is_referred_to(day: date) -> None:
    document = contract(day)
    for name in references(document):
        found: Any = document
        for part in name.removeprefix("#/").split("/"):
            found = found[part]
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert schemas <= set(references(document))


@every_period
def test_the_examples_of_requests_keep_the_contract(day: date) -> None:
    facts, document = load(day), contract(day)
    for operation in facts.operations.values():
        definition = document["paths"][path_of(operation, document)]["post"]
        kind = "multipart/form-data" if operation.form else "application/json"
        examples = definition["requestBody"]["content"][kind].get("examples", {})
        assert bool(examples) is bool(models_of(facts, operation))
        for shown in examples.values():
            validator(operation.id, document).validate(shown["value"])


HEADERS = {
    "2022-11-10": ("^[0-9a-f]{32}$", set()),
    "2025-03-31": ("^req_[0-9a-f]{32}$", set()),
    "2025-06-15": ("^req_[0-9a-f]{32}$", {"x-content-type-options"}),
    "2026-03-31": ("^req_[0-9a-f]{32}$", {"x-content-type-options", "openai-project"}),
}


@pytest.mark.parametrize("day", HEADERS)
def test_the_headers_are_those_of_the_day(day: str) -> None:
    document, (pattern, more) = contract(date.fromisoformat(day)), HEADERS[day]
    headers = document["components"]["headers"]
    assert headers["x-request-id"]["schema"]["pattern"] == pattern
    assert {"x-content-type-options", "openai-project"} & headers.keys() == more
    assert more <= document["components"]["responses"]["BadRequest"]["headers"].keys()


def test_a_model_that_does_not_know_a_parameter_has_a_branch_without_it() -> None:
    schema = validator("images.generate", contract(date(2025, 6, 15)))
    assert schema.is_valid({"prompt": "x", "model": "dall-e-3", "quality": "hd", "user": 123})
    assert not schema.is_valid({"prompt": "x", "model": "dall-e-2", "quality": "standard"})
    assert validator("images.generate").is_valid({"prompt": "x", "quality": "standard"})


def test_an_empty_404_is_in_the_contract_since_it_was_seen() -> None:
    refusals = {"Bare", "MethodNotAllowed"}
    before, since = (contract(date(2026, 7, 31)), contract(date(2026, 8, 1)))
    assert refusals & before["components"]["responses"].keys() == {"MethodNotAllowed"}
    assert refusals & since["components"]["responses"].keys() == {"Bare"}
    assert "content" not in since["components"]["responses"]["Bare"]


def test_files_name_their_type_where_the_api_looked_at_it() -> None:
    def media(day: date) -> dict[str, Any]:
        content = contract(day)["paths"]["/images/edits"]["post"]["requestBody"]["content"]
        form: dict[str, Any] = content["multipart/form-data"]
        return form

    assert "encoding" not in media(FACTS.day)
    told = {"contentType": "image/png"}
    assert media(date(2025, 4, 18))["encoding"] == {"image": told, "mask": told}
    told = {"contentType": "image/png, image/jpeg, image/webp"}
    assert media(date(2025, 6, 15))["encoding"] == {"image": told, "mask": told}


def test_the_contract_says_of_files_what_the_facts_say() -> None:
    for operation in (o for o in FACTS.operations.values() if o.form):
        rules = rules_of(operation)
        properties = CONTRACT["components"]["schemas"][operation.id]["properties"]
        files = {name: of["x-upload"] for name, of in properties.items() if is_file(of)}
        assert list(files) == [p.name for p in operation.parameters if p.type == "file"]
        assert files["image"]["modes"] == list(rules.image_modes)
        assert files["image"].get("modes-with-mask", []) == list(rules.image_modes_with_mask)
        assert files.get("mask", {}).get("modes", []) == list(rules.mask_modes)
        for said in files.values():
            assert (said["bytes-below"], said["side-maximum"]) == (rules.bytes_max, rules.side_max)


@every_period
def test_the_examples_of_answers_keep_the_contract_and_name_the_models_of_the_day(
    day: date,
) -> None:
    listed = sorted(model.id for model in load(day).models.values() if model.listed)
    for name, answer in answers(contract(day)):
        validator(name, contract(day)).validate(answer)
        if name == "Models":
            assert sorted(model["id"] for model in answer["data"]) == listed
        if name == "Model":
            assert answer["id"] in listed


@every_period
def test_pictures_are_among_the_answers_as_long_as_there_is_a_model(day: date) -> None:
    for operation in operations(contract(day)):
        if found := load(day).operations.get(operation["x-operation"]):
            assert ("200" in operation["responses"]) is bool(models_of(load(day), found))


@pytest.mark.parametrize(("name", "answer"), [a for a in answers() if a[0] in SDK_TYPES])
def test_todays_sdk_reads_the_examples_of_answers_whole(name: str, answer: Any) -> None:
    parsed = SDK_TYPES[name].model_validate(answer, strict=True)
    assert parsed.model_dump(exclude_unset=True) == answer


def test_todays_sdk_can_send_every_parameter() -> None:
    for operation in FACTS.operations.values():
        sendable = get_type_hints(SENDABLE[operation.id])
        assert {p.name for p in operation.parameters} <= sendable.keys()


def test_the_sizes_of_the_api_are_fewer() -> None:
    for operation in FACTS.operations.values():
        narrow, wide = validator(operation.id, build("api")), validator(operation.id)
        needed = {p.name: "x" for p in operation.parameters if p.required}
        assert wide.is_valid(needed | {"size": "1024x1536"})
        assert not narrow.is_valid(needed | {"size": "1024x1536"})


def test_rendering_loses_nothing() -> None:
    assert read_yaml(rendered(build("api"))) == build("api")


@pytest.mark.parametrize("operation", FACTS.operations.values(), ids=lambda o: o.id)
def test_a_narrow_contract_takes_one_small_picture_alone(operation: Operation) -> None:
    needed: dict[str, Any] = {p.name: "x" for p in operation.parameters if p.required}
    body = needed | {"size": "256x256"}
    schema = validator(operation.id, narrowed(CONTRACT))
    assert schema.is_valid(body)
    for costly in ({"n": 2}, {"size": "512x512"}, {"size": None}, {"model": "dall-e-3"}):
        assert not schema.is_valid(body | costly)
    assert not schema.is_valid(needed)


def test_a_narrow_contract_deletes_nothing() -> None:
    methods = {
        name for path in schema_of(None, CAREFUL).raw_schema["paths"].values() for name in path
    }
    assert methods == {"get", "post"}


@pytest.mark.parametrize("operation", FACTS.operations.values(), ids=lambda o: o.id)
def test_the_examples_of_a_narrow_contract_are_narrow_too(operation: Operation) -> None:
    raw = schema_of(None, CAREFUL).raw_schema
    definition = raw["paths"][path_of(operation, raw)]["post"]
    (media,) = definition["requestBody"]["content"].values()
    assert [e["value"]["size"] for e in media["examples"].values()] == ["256x256"]
    assert [e["value"].get("n", 1) for e in media["examples"].values()] == [1]

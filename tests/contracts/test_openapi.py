"""The committed contract: current, sound, whole, and in today's SDK's language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import schemathesis
import yaml
from jsonschema import Draft202012Validator
from openai.types import ImagesResponse, Model
from openai.types.image_create_variation_params import ImageCreateVariationParams
from openai.types.image_edit_params import ImageEditParamsNonStreaming
from openai.types.image_generate_params import ImageGenerateParamsNonStreaming

from contracts import build as building
from contracts.build import DOCUMENT, build, main, path_of, rendered
from contracts.forms import is_file
from contracts.judging import CAREFUL, requests_of
from contracts.narrow import narrowed
from contracts.uploads import rules_of
from mockserver.facts import Operation, load

CONTRACT: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text("utf-8"))
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
    return Draft202012Validator({"$ref": reference, "components": document["components"]})


def operations() -> Iterator[dict[str, Any]]:
    for methods in CONTRACT["paths"].values():
        yield from methods.values()


def answers() -> Iterator[tuple[str, Any]]:
    """Each example of a good answer, and the name of its schema."""
    for operation in operations():
        answer = operation["responses"].get("200", {"content": NOTHING})
        if "$ref" in answer:
            answer = CONTRACT["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        media = answer["content"]["application/json"]
        for shown in media["examples"].values():
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


def test_the_contract_is_valid_openapi() -> None:
    schemathesis.openapi.from_path(DOCUMENT).validate()


def test_each_schema_is_valid_json_schema() -> None:
    for schema in CONTRACT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_the_contract_has_every_operation_of_the_facts() -> None:
    for operation in FACTS.operations.values():
        definition = CONTRACT["paths"][path_of(operation, CONTRACT)][operation.method.lower()]
        assert definition["operationId"] == operation.id


def test_the_contract_has_every_model_and_parameter_of_the_facts() -> None:
    for operation in FACTS.operations.values():
        schemas = CONTRACT["components"]["schemas"]
        models = [name for name, model in FACTS.models.items() if operation.id in model.offers]
        for model in models:
            branch = schemas[f"{operation.id}.{model}" if len(models) > 1 else operation.id]
            assert list(branch["properties"]) == [p.name for p in operation.parameters]
            assert model in (branch["properties"]["model"].get("enum") or [model])


def test_no_reference_leads_nowhere() -> None:
    for name in references(CONTRACT):
        found: Any = CONTRACT
        for part in name.removeprefix("#/").split("/"):
            found = found[part]


def references(value: Any) -> Iterator[str]:
    match value:
        case {"$ref": str(name)}:
            yield name
        case dict():
            for inner in value.values():
                yield from references(inner)
        case list():
            for inner in value:
                yield from references(inner)


def test_the_examples_of_requests_keep_the_contract() -> None:
    for operation in FACTS.operations.values():
        definition = CONTRACT["paths"][path_of(operation, CONTRACT)]["post"]
        kind = "multipart/form-data" if operation.form else "application/json"
        for shown in definition["requestBody"]["content"][kind]["examples"].values():
            validator(operation.id).validate(shown["value"])


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


@pytest.mark.parametrize(("name", "answer"), list(answers()))
def test_the_examples_of_answers_keep_the_contract(name: str, answer: Any) -> None:
    validator(name).validate(answer)


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
    assert yaml.safe_load(rendered(build("api"))) == build("api")


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
    methods = {name for path in requests_of(CAREFUL).raw_schema["paths"].values() for name in path}
    assert methods == {"get", "post"}


@pytest.mark.parametrize("operation", FACTS.operations.values(), ids=lambda o: o.id)
def test_the_examples_of_a_narrow_contract_are_narrow_too(operation: Operation) -> None:
    raw = requests_of(CAREFUL).raw_schema
    definition = raw["paths"][path_of(operation, raw)]["post"]
    (media,) = definition["requestBody"]["content"].values()
    assert [e["value"]["size"] for e in media["examples"].values()] == ["256x256"]
    assert [e["value"].get("n", 1) for e in media["examples"].values()] == [1]

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
from openai.types.image_generate_params import ImageGenerateParamsNonStreaming

from contracts import build as building
from contracts.build import DOCUMENT, build, main, path_of, rendered
from contracts.judging import CAREFUL, requests_of
from contracts.narrow import narrowed
from mockserver.facts import load

CONTRACT: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text("utf-8"))
FACTS = load()
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
        media = operation["responses"]["200"]["content"]["application/json"]
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
        for model in FACTS.models:
            branch = CONTRACT["components"]["schemas"][f"{operation.id}.{model}"]
            assert list(branch["properties"]) == [p.name for p in operation.parameters]


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
    (operation,) = FACTS.operations.values()
    definition = CONTRACT["paths"][path_of(operation, CONTRACT)]["post"]
    for shown in definition["requestBody"]["content"]["application/json"]["examples"].values():
        validator(operation.id).validate(shown["value"])


@pytest.mark.parametrize(("name", "answer"), list(answers()))
def test_the_examples_of_answers_keep_the_contract(name: str, answer: Any) -> None:
    validator(name).validate(answer)


@pytest.mark.parametrize(("name", "answer"), [a for a in answers() if a[0] in SDK_TYPES])
def test_todays_sdk_reads_the_examples_of_answers_whole(name: str, answer: Any) -> None:
    parsed = SDK_TYPES[name].model_validate(answer, strict=True)
    assert parsed.model_dump(exclude_unset=True) == answer


def test_todays_sdk_can_send_every_parameter() -> None:
    sendable = get_type_hints(ImageGenerateParamsNonStreaming)
    for operation in FACTS.operations.values():
        assert {p.name for p in operation.parameters} <= sendable.keys()


def test_the_sizes_of_the_api_are_fewer() -> None:
    narrow, wide = validator("images.generate", build("api")), validator("images.generate")
    body = {"prompt": "x", "size": "1024x1536"}
    assert wide.is_valid(body)
    assert not narrow.is_valid(body)


def test_rendering_loses_nothing() -> None:
    assert yaml.safe_load(rendered(build("api"))) == build("api")


def test_a_narrow_contract_takes_one_small_picture_alone() -> None:
    body = {"prompt": "x", "size": "256x256"}
    schema = validator("images.generate", narrowed(CONTRACT))
    assert schema.is_valid(body)
    for costly in ({"n": 2}, {"size": "512x512"}, {"size": None}, {"model": "dall-e-3"}):
        assert not schema.is_valid(body | costly)
    assert not schema.is_valid({"prompt": "x"})


def test_the_examples_of_a_narrow_contract_are_narrow_too() -> None:
    raw = requests_of(CAREFUL).raw_schema
    media = raw["paths"]["/images/generations"]["post"]["requestBody"]["content"]
    shown = media["application/json"]["examples"]
    assert [e["value"]["size"] for e in shown.values()] == ["256x256"]

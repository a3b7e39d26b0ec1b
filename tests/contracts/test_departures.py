"""Each place where the contract departs from the vendor's published document has its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.document.__main__ import main
from contracts.document.departures import VENDOR, contract, departures, differences, published
from contracts.document.shape import shape_of

DIFFERENCES = list(differences(contract(), published()))


def test_each_difference_has_a_reason() -> None:
    bare = [d for d in DIFFERENCES if not any(why.explains(d) for why in departures())]
    assert bare == []


@pytest.mark.parametrize("why", departures(), ids=lambda why: f"{why.places[0]} {why.aspects[0]}")
def test_each_reason_is_needed(why: Any) -> None:
    explained = [d for d in DIFFERENCES if why.explains(d)]
    for pattern in why.places:
        assert any(why._replace(places=[pattern]).explains(d) for d in explained), pattern
    for aspect in why.aspects:
        assert any(d.aspect == aspect for d in explained), aspect
    assert len(why.reason) > 20


def document(schema: dict[str, Any]) -> dict[str, Any]:
    media = {"content": {"application/json": {"schema": schema}}}
    operation = {"operationId": "op", "requestBody": media, "responses": {"200": {}}}
    return {"paths": {"/x": {"post": operation}}, "components": {"schemas": {"Named": schema}}}


def test_schemas_that_are_cut_otherwise_have_one_shape() -> None:
    size = {"type": "string", "enum": ["a", "b"]}
    whole = {"type": "object", "required": ["size"], "properties": {"size": size}}
    cut = {"oneOf": [{"properties": {"size": {"const": v}}, "required": ["size"]} for v in "ab"]}
    assert shape_of(document(whole)) == shape_of(document(cut))
    assert shape_of(document({"$ref": "#/components/schemas/Named"}) | {
        "components": {"schemas": {"Named": whole}}
    }) == shape_of(document(whole))  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "aspect"),
    [
        ({"type": ["string", "null"]}, "types"),
        ({"enum": ["a", "c"]}, "values"),
        ({"type": "string", "default": "a"}, "default"),
        ({"type": "string", "maxLength": 3}, "maxLength"),
    ],
)
def test_another_rule_is_another_shape(rules: dict[str, Any], aspect: str) -> None:
    usual = {"type": "string"} if aspect != "values" else {"enum": ["a", "b"]}
    one, other = ({"properties": {"x": said}} for said in (usual, rules))
    (found,) = differences(shape_of(document(one)), shape_of(document(other)))
    assert (found.place, found.aspect) == ("op body x", aspect)


def test_a_published_document_is_written_as_its_shape(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "openapi.yaml"
    file.write_text('{"paths": {"/images/x": {"post": {"operationId": "op", "responses": {}}}}}')
    assert main(["--shape", str(file)]) is None
    assert '"op" = { at = ["POST /images/x"] }' in capsys.readouterr().out
    assert '"createImage" = { answers = ["200"]' in VENDOR.read_text("utf-8")

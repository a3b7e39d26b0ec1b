"""Multipart forms: how they are read and judged, and real files for generated ones. Sends nothing.

Schemathesis judges a form by the values that it generated, which are not what a server reads: `5`
leaves as the text "5", and of a file it knows nothing. Here a form is judged by its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from hashlib import sha256
from typing import Any

from jsonschema_rs import Draft202012Validator
from schemathesis import Case

from contracts.cases.uploads import Files, good, kept, near_misses, rules_of
from contracts.document.bodies import NOTHING, takes_nothing
from contracts.document.build import Schema, facts_of
from contracts.document.formats import formats_in
from contracts.exchange import Request
from contracts.forms import FORM, Field, Fields, fields_in, gathered
from mockserver.facts import Operation

#: What a part is that names no type (RFC 7578 says text/plain; the API said this).
_NO_TYPE = "application/octet-stream"
_DIGITS = "-?[0-9]{1,4000}"


def read(schema: Schema, fields: Fields) -> dict[str, Any]:
    """The values of a form as `schema` means them: a file is left out of its text."""
    known = schema.get("properties", {})
    return {name: _read(known.get(name, {}), field.data) for name, field in fields.items()}


def is_utf_8(schema: Schema, fields: Fields) -> bool:
    """Whether all texts of a form can be read."""
    known = schema.get("properties", {})
    texts = [field.data for name, field in fields.items() if not is_file(known.get(name, {}))]
    return all(text.decode("utf-8", "ignore").encode() == text for text in texts)


def _read(rules: Schema, value: bytes) -> Any:
    if is_file(rules):
        return ""
    text = value.decode("utf-8", "replace")
    if "boolean" in rules.get("type", ()):
        return {"true": True, "false": False}.get(text, text)
    digits = rules.get("x-form-text", _DIGITS if "integer" in rules.get("type", ()) else "")
    return int(text) if digits and re.fullmatch(digits, text) else text


def is_file(rules: Schema) -> bool:
    """Whether a property of a form is a file."""
    return rules.get("format") == "binary" or "x-upload" in rules


def branch_of(schemas: Schema, operation: Operation, model: Any) -> Schema:
    """The schema of a form by the model that it names; one that nothing keeps if there is none."""
    found: Schema = schemas[operation.id]
    if "oneOf" in found:
        found = schemas.get(f"{operation.id}.{model}", NOTHING)
    return found | ({"allOf": found["x-all-of"]} if "x-all-of" in found else {})


def model_in(operation: Operation, fields: Fields) -> str:
    """The model that a form names, or the one that is meant without."""
    told = fields.get("model")
    return told.data.decode("utf-8", "replace") if told else operation.default_model


class _Same:
    """Schemas that are equal to themselves alone, so that what is made of them can be kept."""

    def __init__(self, schemas: Schema) -> None:
        self.schemas = schemas

    def __hash__(self) -> int:
        return id(self.schemas)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.schemas is other.schemas


@lru_cache(maxsize=64)
def _judge(same: _Same, operation: Operation, model: str) -> tuple[Schema, Draft202012Validator]:
    schema = branch_of(same.schemas, operation, model)
    formats = formats_in(schema)
    return schema, Draft202012Validator(schema, formats=formats, validate_formats=bool(formats))


def keeps(schemas: Schema, operation: Operation, fields: Fields, day: date | None = None) -> bool:
    """Whether a form keeps the contract: its schema, and the rules of the operation's files."""
    model = model_in(operation, fields)
    schema, validator = _judge(_Same(schemas), operation, model)
    if not (is_utf_8(schema, fields) and validator.is_valid(read(schema, fields))):
        return False
    rules = rules_of(operation, day, model)
    if operation.dialect == "B" and not _sent_well(schema, fields):
        return False
    files = {name: field.data for name, field in fields.items()}
    return kept(rules, files, [field.data for field in fields["image"].others])


def _sent_well(schema: Schema, fields: Fields) -> bool:
    """Whether each field comes once and under its own name, and files as files of a good type."""
    for name, field in fields.items():
        told = schema["properties"][name]
        most = told.get("x-upload", {}).get("at-most", 0)  # 0 is no list, even of one
        if field.repeated or (field.is_list and not 0 < len(field.all) <= most):
            return False
        types = told["x-upload"].get("types") if is_file(told) else None
        if is_file(told) and not all(_is_good_file(one, types) for one in field.all):
            return False
    return True


def _is_good_file(field: Field, types: Sequence[str] | None) -> bool:
    return field.is_file and (not types or (field.type or _NO_TYPE) in types)


def operation_of(case: Case[Any]) -> Operation | None:
    """The operation of a case whose body is a form, else None."""
    facts = facts_of(case.operation.schema.raw_schema)
    found = facts.operations.get(case.operation.definition.raw.get("x-operation", ""))
    if found is None or not found.form or case.media_type not in (None, FORM):
        return None
    return found if case.method == found.method else None


def schemas_of(case: Case[Any]) -> Schema:
    """The schemas of the document that the case is from."""
    schemas: Schema = case.operation.schema.raw_schema["components"]["schemas"]
    return schemas


def dressed(case: Case[Any]) -> Case[Any]:
    """The case with real files in the place of generated ones; all others as they are.

    Good files for what should be accepted; where Schemathesis broke something, near misses too.
    They follow from the generated body, so that two runs send the same. What comes out has no
    metadata, as it no longer is what was generated: `status_of_form` judges it, not Schemathesis.
    """
    operation = operation_of(case)
    if operation is None or not isinstance(case.body, dict):
        return case
    model = case.body.get("model", operation.default_model)
    schema = branch_of(schemas_of(case), operation, model)
    if takes_nothing(schema):
        return case
    names = {name for name, rules in schema["properties"].items() if is_file(rules)}
    files = _files(case, case.body, operation, masked="mask" in names & case.body.keys())
    body = {k: files.get(k, b"") if k in names else v for k, v in case.body.items()}
    changed: Case[Any] = case.operation.Case(
        method=case.method,
        headers=case.headers,
        query=case.query,
        cookies=case.cookies,
        body=body,
        media_type=case.media_type,
    )
    return changed


def is_negative(case: Case[Any]) -> bool:
    """Whether Schemathesis meant to break the contract with this case."""
    return case.meta is not None and case.meta.generation.mode.is_negative


def _files(
    case: Case[Any], body: Mapping[str, Any], operation: Operation, *, masked: bool
) -> Files:
    day, model = facts_of(case.operation.schema.raw_schema).day, str(body.get("model", ""))
    seed = sha256(repr(sorted(body.items(), key=repr)).encode()).digest()
    if is_negative(case) and seed[0] % 4 == 0:
        misses = [f for f in near_misses(operation, day).values() if ("mask" in f) is masked]
        return misses[seed[1] % len(misses)]
    return good(operation, seed, masked=masked, day=day, model=model)


def status_of_form(case: Case[Any], request: Request) -> int:
    """The status of a form by its bytes, which are not what was generated; 0 if it is none."""
    operation = operation_of(case)
    if operation is None:
        return 0
    day = facts_of(case.operation.schema.raw_schema).day
    fields = gathered(fields_in(request.header("content-type"), request.body))
    return 200 if keeps(schemas_of(case), operation, fields, day) else 400

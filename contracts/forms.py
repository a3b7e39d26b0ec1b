"""Multipart forms: how they are read and judged, and real files for generated ones. Sends nothing.

Schemathesis judges a form by the values that it generated, which are not what a server reads: `5`
leaves as the text "5", and of a file it knows nothing. Here a form is judged by its bytes.
"""

# ruff: noqa: ARG001, S101 - Schemathesis passes three arguments, and takes an AssertionError for a no

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from jsonschema_rs import Draft202012Validator
from schemathesis import Case, CheckContext, Response

from contracts.build import Schema
from contracts.uploads import Files, good, kept, near_misses, rules_of
from mockserver.facts import Operation, load

FORM = "multipart/form-data"
Fields = dict[str, bytes]

_BOUNDARY = re.compile(r'\A\s*multipart/form-data\s*;.*?\bboundary="?([^";]+)', re.I | re.S)
_NAME = re.compile(rb'^content-disposition:[^\r\n]*?;\s*name="([^"]*)"', re.I | re.M)
_LIST = re.compile(r"\[[0-9]*\]\Z")
#: Answers that say nothing of the form: the key, the limit.
NOT_JUDGED = (401, 403, 429)


def fields_in(content_type: str | bytes | None, body: Any) -> list[tuple[str, bytes]]:
    """Names and values of a form, in order; none if it is no form, as clients write one."""
    told = content_type.decode("latin-1") if isinstance(content_type, bytes) else content_type
    boundary = _BOUNDARY.match(told or "")
    if not (boundary and isinstance(body, bytes)):
        return []
    found = []
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary[1].encode())[1:]:
        head, _, value = part.partition(b"\r\n\r\n")
        if name := _NAME.search(head):
            found.append((_LIST.sub("", name[1].decode("utf-8", "replace")), value))
    return found


def sent_fields(response: Response) -> Fields:
    """The form that left with a request; of equal names the first counts."""
    request = response.request
    return dict(reversed(fields_in(request.headers.get("content-type"), request.body)))


def read(schema: Schema, fields: Mapping[str, bytes]) -> dict[str, Any]:
    """The values of a form as `schema` means them: a file is left out of its text."""
    return {name: _read(schema["properties"].get(name, {}), v) for name, v in fields.items()}


def _read(rules: Schema, value: bytes) -> Any:
    if is_file(rules):
        return ""
    text = value.decode("utf-8", "replace")
    digits = rules.get("x-form-text")
    return int(text) if digits and re.fullmatch(digits, text) else text


def is_file(rules: Schema) -> bool:
    """Whether a property of a form is a file."""
    return rules.get("format") == "binary"


def keeps(schema: Schema, operation: Operation, fields: Mapping[str, bytes]) -> bool:
    """Whether a form keeps the contract: its schema, and the rules of the operation's files."""
    if not Draft202012Validator(schema).is_valid(read(schema, fields)):
        return False
    return kept(rules_of(operation), fields)


def operation_of(case: Case[Any]) -> Operation | None:
    """The operation of a case whose body is a form, else None."""
    found = load().operations.get(case.operation.definition.raw.get("operationId", ""))
    return found if found and found.form and case.method == found.method else None


def schema_of(case: Case[Any], operation: Operation) -> Schema:
    """The schema of the operation's form, in the document that the case is from."""
    schemas: Schema = case.operation.schema.raw_schema["components"]["schemas"]
    schema: Schema = schemas[operation.id]
    return schema


def dressed(case: Case[Any]) -> Case[Any]:
    """The case with real files in the place of generated ones; all others as they are.

    Good files for what should be accepted; where Schemathesis broke something, near misses too.
    They follow from the generated body, so that two runs send the same. What comes out has no
    metadata, as it no longer is what was generated: `accepted_as_sent` judges it, not Schemathesis.
    """
    operation = operation_of(case)
    if operation is None or not isinstance(case.body, dict):
        return case
    schema = schema_of(case, operation)
    names = {name for name, rules in schema["properties"].items() if is_file(rules)}
    seed = sha256(repr(sorted(case.body.items(), key=repr)).encode()).digest()
    files = _files(operation, seed, is_negative(case), masked="mask" in case.body)
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


def _files(operation: Operation, seed: bytes, negative: bool, *, masked: bool) -> Files:
    if negative and seed[0] % 4 == 0:
        misses = [f for f in near_misses(operation).values() if ("mask" in f) is masked]
        return misses[seed[1] % len(misses)]
    return good(operation, seed, masked=masked)


def accepted_as_sent(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """A form is accepted if what left keeps the contract, and else refused with 400."""
    operation = operation_of(case)
    if operation is None or response.status_code in NOT_JUDGED or response.status_code >= 500:
        return
    wanted = 200 if keeps(schema_of(case, operation), operation, sent_fields(response)) else 400
    status = response.status_code
    assert status == wanted, f"a form that wants {wanted} is answered with {status}"

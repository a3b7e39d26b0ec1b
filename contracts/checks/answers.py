"""What an OpenAPI document can't say of an answer, as checks for Schemathesis. Asks nothing itself.

They are handed over with each call and not registered, so that they judge nobody else's suite that
runs in the same process.
"""

# ruff: noqa: ARG001, S101 - Schemathesis passes three arguments, and takes an AssertionError for a no

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from schemathesis import Case, CheckContext, Response

from contracts.cases.forms import (
    branch_of,
    is_negative,
    keeps,
    model_in,
    operation_of,
    read,
    schemas_of,
    sent_fields,
)
from contracts.document.bodies import beside
from contracts.document.build import bare_404, facts_of
from contracts.document.streams import EVENTS, completed
from mockserver.facts import Facts, Offer, Operation

Fetch = Callable[[str], bytes | None]
Check = Callable[[CheckContext, Response, Case[Any]], None]
ERROR_KEYS = {"code", "message", "param", "type"}
_SVG = re.compile(rb'\s*<svg [^>]*width="(?P<width>\d+)" height="(?P<height>\d+)"')


@dataclass(frozen=True, slots=True)
class Asked:
    """What a body that was accepted asks for, with the defaults filled in."""

    n: int
    size: tuple[int, int] | None  # width, height in pixels; None where it follows what was sent
    field: str  # "url" or "b64_json"
    revised: bool
    format: str  # of the files, as Pillow names it
    clear: bool  # whether there may be transparency


def asked(body: dict[str, Any], operation: str, facts: Facts) -> Asked:
    """Read `body`, of which the server said that it is good."""
    given = {name: value for name, value in body.items() if value is not None}
    model = given.get("model") or _meant(body, facts.operations[operation], facts)
    offer: Offer = facts.models[model].offers[operation]
    size = offer.parameter["size"]
    told = given.get("size", size.default)
    width, height = size.chosen(told).split("x")
    follows = size.follows and told in size.leaves
    form, kind = map(offer.parameter.get, ("response_format", "output_format"))
    return Asked(
        n=int(given.get("n", 1)),
        size=None if follows else (int(width), int(height)),
        field=given.get("response_format", form.default) if form else "b64_json",
        revised=offer.revises_prompt,
        format=str(given.get("output_format", kind.default) if kind else "png").upper(),
        clear=given.get("background") == "transparent",
    )


def _meant(body: dict[str, Any], operation: Operation, facts: Facts) -> str:
    """The model of a body that names none."""
    other = facts.models.get(operation.other_default)
    if other and not body.keys().isdisjoint(beside(operation, other)):
        return other.id
    return operation.default_model


def request_id(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """Every answer names itself, whatever it says."""
    assert response.headers.get("x-request-id"), "there is no x-request-id"


def error_envelope(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """Every refusal has the one form, those of undeclared methods and content types too."""
    if response.status_code >= 400 and not _refuses_bare(response, case):
        assert_error((response.headers.get("content-type") or [""])[0], response.content)


def _refuses_bare(response: Response, case: Case[Any]) -> bool:
    """Whether this is the empty 404 that undeclared methods came to get."""
    is_empty = response.status_code == 404 and not response.content
    return is_empty and response.request.method not in _declared(case) and _is_bare(case)


def _declared(case: Case[Any]) -> set[str]:
    return {name.upper() for name in case.operation.schema[case.operation.path]}


def _is_bare(case: Case[Any]) -> bool:
    facts = facts_of(case.operation.schema.raw_schema)
    operation = case.operation.definition.raw["x-operation"]
    return bare_404(facts, operation if operation in facts.words else "models")


def assert_error(content_type: str, content: bytes) -> None:
    """The JSON form of an error: one object with exactly the four keys."""
    assert content_type.partition(";")[0] == "application/json", f"an error as {content_type!r}"
    try:
        body = json.loads(content)
    except ValueError as fault:
        raise AssertionError(f"an error that is no JSON: {fault}") from None
    assert isinstance(body, dict), "the error body is no object"
    assert isinstance(body.get("error"), dict), "the error is no object"
    assert body.keys() == {"error"}, f"the error body has the keys {sorted(body)}"
    error = body["error"]
    assert error.keys() == ERROR_KEYS, f"the error has the keys {sorted(error)}"
    assert isinstance(error["message"], str), "the message is no text"
    assert isinstance(error["type"], str), "the type is no text"
    assert isinstance(error["code"], str | None), "the code is neither text nor null"
    assert isinstance(error["param"], str | None), "the param is neither text nor null"


def undeclared_method(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """A method that the path does not have is refused with 405; on some days with an empty 404."""
    method = response.request.method or ""
    # OPTIONS is the browser's question, which servers may answer before they route.
    if method in _declared(case) | {"OPTIONS"}:
        return
    wanted = 404 if _is_bare(case) else 405
    assert response.status_code == wanted, f"{method} is answered with {response.status_code}"
    assert wanted == 405 or not response.content, f"{method} is answered with a body"


def pictures(fetch: Fetch) -> Check:
    """Every picture is a PNG of the size asked for, and there are as many as asked for.

    Args:
        fetch: gives the bytes behind a URL, or None where it is not this server's to answer for.
    """

    def pictures_as_asked(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
        facts = facts_of(case.operation.schema.raw_schema)
        operation = case.operation.definition.raw["x-operation"]
        if response.status_code != 200 or operation not in facts.operations or is_negative(case):
            return
        body = _sent(response, case)
        if body is None:
            return
        wanted = asked(body, operation, facts)
        items = _items(response)
        assert len(items) == wanted.n, f"{len(items)} pictures where {wanted.n} were asked for"
        for item in items:
            fields = {wanted.field} | ({"revised_prompt"} if wanted.revised else set())
            assert item.keys() == fields, f"fields {sorted(item)} instead of {sorted(fields)}"
        # Of many the first and the last: each is as large as the others, and takes as long.
        for file in _bytes_of(items[:1] + items[1:][-1:], wanted.field, fetch):
            assert_picture(file, wanted)

    return pictures_as_asked


def _items(response: Response) -> Any:
    """The pictures of an answer, or of a stream the whole ones."""
    if (response.headers.get("content-type") or [""])[0].startswith(EVENTS):
        assert response.content.endswith(b"\n\n"), "the last event lacks its blank line"
        return completed(response.content)
    return json.loads(response.content).get("data", [])


def _sent(response: Response, case: Case[Any]) -> Any:
    """The body as it left: what was generated may have been changed on its way.

    None for a form that breaks the contract: to accept it is a fault that another check tells.
    """
    if operation := operation_of(case):
        schemas, fields = schemas_of(case), sent_fields(response)
        kept = keeps(schemas, operation, fields, facts_of(case.operation.schema.raw_schema).day)
        schema = branch_of(schemas, operation, model_in(operation, fields))
        return read(schema, fields) if kept else None
    body = response.request.body
    return json.loads(body) if isinstance(body, str | bytes) else {}


def _bytes_of(items: list[dict[str, str]], field: str, fetch: Fetch) -> Iterator[bytes]:
    for item in items:
        file = _decoded(item[field]) if field == "b64_json" else fetch(item[field])
        if file is not None:
            yield file


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError as error:
        raise AssertionError(f"not base64: {error}") from None


def assert_picture(file: bytes, wanted: Asked) -> None:
    """A whole file of the format and size that were asked for, and RGB unless it may be clear."""
    size = _svg_size(file) if wanted.format == "SVG" else _decoded_size(file, wanted)
    assert wanted.size in (None, size), f"{size} where {wanted.size} was asked for"


def _svg_size(file: bytes) -> tuple[int, int]:
    found = _SVG.match(file)
    if not found or not file.rstrip().endswith(b"</svg>"):
        raise AssertionError("not a whole SVG")
    return int(found["width"]), int(found["height"])


def _decoded_size(file: bytes, wanted: Asked) -> tuple[int, int]:
    from PIL import Image  # only here: 30 ms, and not every run makes a picture

    try:
        picture = Image.open(BytesIO(file), formats=[wanted.format])
        picture.load()  # all of it: a cut or altered file fails here
    except (OSError, SyntaxError, ValueError) as error:
        raise AssertionError(f"not a whole {wanted.format}: {error}") from None
    modes = ("RGB", "RGBA") if wanted.clear else ("RGB",)
    assert wanted.format == "GIF" or picture.mode in modes, f"mode {picture.mode}"
    return picture.size

"""What an answer of a service beside images must be: the document's schema. Looks at one answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from jsonschema_rs import Draft202012Validator, ValidationError, validator_for

from contracts.checks.layout import layout
from contracts.checks.said import said
from contracts.document.build import build
from contracts.exchange import Exchange, Request
from contracts.trials import Verdict
from mockserver.facts.platform import SERVICES, endpoints

SCHEMA = "An answer beside images has the schema that the document has of it"
MEDIA = "An answer beside images has the content type that the document has of it"
_BASE = "/v1"


class Known(NamedTuple):
    """An endpoint, and what the document of a day says of its good answer."""

    id: str
    media: tuple[str, ...]
    validator: Draft202012Validator | None  # of JSON


def endpoint_of(request: Request) -> str:
    """The id of the endpoint that a request goes to; "" for none beside images."""
    path = request.path.partition("?")[0]
    for service in SERVICES:
        for endpoint in endpoints(service):
            pattern = re.sub(r"\{\w+\}", "[^/]+", endpoint.path.removeprefix(_BASE))
            if endpoint.method == request.method and re.fullmatch(pattern, path):
                return endpoint.id
    return ""


def day_of(day: date | None, exchange: Exchange) -> date:
    """The day whose rules count beside images: today's, where nobody says one."""
    return day or datetime.fromtimestamp(exchange.began, UTC).date()


@lru_cache(maxsize=64)
def known(endpoint: str, day: date) -> Known | None:
    """What the document of a day says; None if it has no such endpoint."""
    document = _document(day)
    for methods in document["paths"].values():
        for definition in methods.values():
            if definition["x-operation"] == endpoint:
                return _known(endpoint, definition, document)
    return None


@lru_cache(maxsize=4)
def _document(day: date) -> dict[str, Any]:
    return build("api", day)


def _known(endpoint: str, definition: Mapping[str, Any], document: Mapping[str, Any]) -> Known:
    content = definition["responses"].get("200", {"content": {}})["content"]
    told = content.get("application/json")
    if told is None:
        return Known(endpoint, tuple(content), None)
    schema = told["schema"] | {"components": document["components"]}
    return Known(endpoint, tuple(content), validator_for(schema))  # type: ignore[arg-type]


def beside(exchange: Exchange, day: date | None) -> Iterator[Verdict]:
    """Judge an answer with 200; of what is no endpoint beside images nothing is said."""
    name = endpoint_of(exchange.request)
    found = known(name, day_of(day, exchange)) if name else None
    if found is None:
        return
    media, answer = exchange.answer.media, exchange.answer
    yield said(MEDIA, media in found.media, f"it is {media!r} and not {' or '.join(found.media)}")
    if found.validator is None or media != "application/json":
        return
    try:
        found.validator.validate(answer.json())
    except ValidationError as error:
        where = "/".join(map(str, error.instance_path)) or "its top"
        yield said(SCHEMA, holds=False, told=f"at {where}: {error.message}"[:200])
    else:
        yield said(SCHEMA, holds=True)
    yield from layout(answer, (2,), ("\n", ""))

"""The contract of a day as Schemathesis' schema: what is generated, and how much. Sends nothing."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal, NamedTuple

import schemathesis
from hypothesis import strategies as st
from schemathesis import openapi
from schemathesis.schemas import BaseSchema

from contracts.document.beside import service_of
from contracts.document.bodies import models_of
from contracts.document.build import Schema, build, facts_of, path_of
from contracts.document.formats import teach
from contracts.document.narrow import cheapest, narrowed, only_media
from contracts.forms import FORM
from mockserver.facts import Operation

#: Checks of Schemathesis that find fault with habits of the real API, which a stand-in must share.
EXCLUDED = (
    "unsupported_method",  # wants an Allow header with each 405. None was recorded.
    # Sends each accepted request again with a made-up key: the mock lets every key in unless told
    # otherwise, and elsewhere this would pay twice.
    "ignored_auth",
    # Sends what was answered with 5xx once more, past the target that counts what it pays.
    "not_a_server_error",
)
#: Those that judge a form by the values that were generated, which are not what is sent.
BY_VALUES = ("negative_data_rejection", "positive_data_acceptance")


class Extent(NamedTuple):
    """How much is generated."""

    examples: int  # for each operation, beside those of the document
    uploads: int  # instead, where files are sent
    coverage: bool  # every keyword of the schema broken once, whatever `examples` says
    mode: Literal["all", "positive"]  # positive: requests that keep the contract alone
    narrow: bool  # one small picture a request


#: For servers that cost nothing.
FULL = Extent(examples=50, uploads=25, coverage=True, mode="all", narrow=False)
QUICK = Extent(examples=12, uploads=6, coverage=True, mode="all", narrow=False)
#: For those where pictures cost something.
CAREFUL = Extent(examples=1, uploads=1, coverage=False, mode="positive", narrow=True)


def schema_of(day: date | None = None, extent: Extent = FULL) -> BaseSchema:
    """What to generate from; its `parametrize()` makes one test of each operation.

    Args:
        day: whose rules count; the default day's unless given.
        extent: how much of it.
    """
    document = document_of(day, extent)
    teach(document, lambda name, sizes: openapi.format(name, st.sampled_from(sizes)))
    return schemathesis.openapi.from_dict(document, config=_configuration(extent, document))


def document_of(day: date | None, extent: Extent) -> Schema:
    """The contract of a day: with the sizes that the mock has there, the API's under a date."""
    document = build("api", day) if day else build()
    return narrowed(document) if extent.narrow else _of_one_model(document)


def _of_one_model(document: Schema) -> Schema:
    """A document whose forms are those of one model, for the same reason as "x-all-of".

    No JSON is in their place: which addresses have a picture, a schema can't say.
    """
    schemas, facts = document["components"]["schemas"], facts_of(document)
    for operation in facts.operations.values():
        if operation.form and models_of(facts, operation):
            schemas[operation.id] = schemas[cheapest(schemas, operation)]
            path = document["paths"][path_of(operation, document)]
            only_media(path[operation.method.lower()])
    return document


def _configuration(extent: Extent, document: Schema) -> schemathesis.Config:
    return schemathesis.Config.from_dict(
        {
            "seed": 1,
            "generation": {
                "mode": extent.mode,
                "max-examples": extent.examples,
                "deterministic": True,
                "no-shrink": extent.narrow,  # shrinking a failure means to buy it again and again
                "database": "none",
                "with-security-parameters": False,  # the target sends the key
            },
            "checks": {name: {"enabled": False} for name in EXCLUDED},
            "operations": [
                {
                    "include-path": path_of(operation, document),
                    "generation": _generation(extent, document, operation),
                    "checks": {name: {"enabled": not operation.form} for name in BY_VALUES},
                }
                for operation in facts_of(document).operations.values()
            ]
            + [
                {"include-path": path, "checks": {name: {"enabled": False} for name in BY_VALUES}}
                for path, methods in document["paths"].items()
                if FORM in methods.get("post", {}).get("requestBody", {}).get("content", {})
                and service_of(path)
            ]
            + [
                # Which cursors and earlier responses there are, how many buckets of which width,
                # and what was made in the background, no schema can say.
                {"include-path": path, "checks": {BY_VALUES[1]: {"enabled": False}}}
                for path in document["paths"]
                if service_of(path) in ("organization", "responses")
            ],
            "phases": {"coverage": {"enabled": extent.coverage}},
            # Constants out of the code under test would make other requests in process than by URL.
            "analysis": {"constants": {"enabled": False}},
            "cache": {"enabled": False},
        }
    )


def _generation(extent: Extent, document: Schema, operation: Operation) -> dict[str, Any]:
    examples = {"max-examples": extent.uploads if operation.form else extent.examples}
    if models_of(facts_of(document), operation):
        return examples
    return examples | {"mode": "negative"}  # whatever is sent is refused

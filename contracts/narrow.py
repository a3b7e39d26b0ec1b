"""Makes the contract so narrow that a request costs as little as can be. Knows no server."""

from __future__ import annotations

from copy import deepcopy

from contracts.bodies import takes_nothing
from contracts.build import Schema, facts_of, path_of
from mockserver.facts import Operation


def narrowed(document: Schema) -> Schema:
    """A document whose requests mean one picture each: the smallest, by the default model.

    None of them deletes anything, and none is of a kind that is always refused.
    """
    narrow = deepcopy(document)
    for methods in narrow["paths"].values():
        methods.pop("delete", None)
    schemas = narrow["components"]["schemas"]
    for operation in facts_of(document).operations.values():
        if takes_nothing(schemas[operation.id]):
            del narrow["paths"][path_of(operation, document)]
            continue
        branch = schemas.get(f"{operation.id}.{operation.default_model}", schemas[operation.id])
        _narrow_branch(branch)
        schemas[operation.id] = branch
        _replace_examples(narrow, operation, branch)
    return narrow


def _narrow_branch(branch: Schema) -> None:
    rules = branch["properties"]
    rules["n"] |= {"maximum": 1}
    # Required, and not null: left out, it would be the default size, which may cost more.
    rules["size"] = {"type": "string", "enum": [smallest(rules["size"]["enum"])]}
    branch["required"] = [*branch["required"], "size"]


def smallest(sizes: list[str | None]) -> str:
    """The size with the fewest pixels."""
    return min((s for s in sizes if s), key=_pixels)


def _pixels(size: str) -> int:
    width, height = size.split("x")
    return int(width) * int(height)


def _replace_examples(document: Schema, operation: Operation, branch: Schema) -> None:
    """The examples of the document are requests too, and would be sent as they stand."""
    definition = document["paths"][path_of(operation, document)][operation.method.lower()]
    (media,) = definition["requestBody"]["content"].values()
    shown = next(iter(media["examples"].values()))["value"]
    needed = {p.name: shown[p.name] for p in operation.parameters if p.required}
    size = branch["properties"]["size"]["enum"][0]
    media["examples"] = {"small": {"value": needed | {"size": size}}}

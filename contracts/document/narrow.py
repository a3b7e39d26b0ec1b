"""Makes the contract so narrow that a request costs as little as can be. Knows no server."""

from __future__ import annotations

from copy import deepcopy

from contracts.document.beside import service_of
from contracts.document.bodies import takes_nothing
from contracts.document.build import Schema, facts_of, path_of
from contracts.document.formats import teach
from mockserver.facts import Operation


def narrowed(document: Schema) -> Schema:
    """A document whose requests mean one picture each: the smallest, by one model.

    None of them deletes anything, and none is of a kind that is always refused.
    """
    narrow = deepcopy(document)
    for path, methods in [*narrow["paths"].items()]:
        methods.pop("delete", None)
        if service_of(path):  # nothing is left in anybody's account
            methods.pop("post", None)
        if not methods:
            del narrow["paths"][path]
    schemas = narrow["components"]["schemas"]
    for operation in facts_of(document).operations.values():
        if takes_nothing(schemas[operation.id]):
            del narrow["paths"][path_of(operation, document)]
            continue
        branch = schemas[cheapest(schemas, operation)]
        _narrow_branch(branch)
        schemas[operation.id] = branch
        _replace_examples(narrow, operation, branch)
    return narrow


def cheapest(schemas: Schema, operation: Operation) -> str:
    """The branch of the default model; where a model must be named, the first there is."""
    named = [name for name in schemas if name.startswith(f"{operation.id}.")]
    branches = [name for name in named if "properties" in schemas[name]]
    wanted = f"{operation.id}.{operation.default_model}"
    return wanted if wanted in branches else next(iter(branches), operation.id)


def _narrow_branch(branch: Schema) -> None:
    rules = branch["properties"]
    rules["n"] |= {"maximum": 1}
    # Required, and not null: left out, it would be the default, which may cost more.
    rules["size"] = {"type": "string", "enum": [smallest(_sizes(rules["size"]))]}
    branch["required"] = [*branch["required"], "size"]
    if _LOW in rules.get("quality", {}).get("enum", ()):
        rules["quality"] = {"type": "string", "enum": [_LOW]}
        branch["required"] += ["quality"]


_LOW = "low"


def _sizes(schema: Schema) -> list[str | None]:
    """The sizes that a model takes, or some of them."""
    found: list[str | None] = list(schema.get("enum", ()))
    teach(schema, lambda _, sizes: found.extend(sizes))
    return found


def smallest(sizes: list[str | None]) -> str:
    """The size with the fewest pixels."""
    return min((s for s in sizes if s and s != "auto"), key=_pixels)


def _pixels(size: str) -> int:
    width, height = size.split("x")
    return int(width) * int(height)


def only_media(definition: Schema) -> Schema:
    """What is said of a body as it is mostly sent; the other ways to send it are taken away."""
    content: Schema = definition["requestBody"]["content"]
    kind = next(iter(content))
    definition["requestBody"]["content"] = {kind: content[kind]}
    media: Schema = content[kind]
    return media


def _replace_examples(document: Schema, operation: Operation, branch: Schema) -> None:
    """The examples of the document are requests too, and would be sent as they stand."""
    definition = document["paths"][path_of(operation, document)][operation.method.lower()]
    media = only_media(definition)
    shown = next(iter(media["examples"].values()))["value"]
    rules = branch["properties"]
    held = [name for name in ("size", "quality") if name in branch["required"]]
    only = {name: rules[name]["enum"][0] for name in held}
    model = {"model": rules["model"]["const"]} if "const" in rules.get("model", {}) else {}
    needed = {p.name: shown[p.name] for p in operation.parameters if p.required and p.name in shown}
    media["examples"] = {"small": {"value": needed | model | only}}

"""The parts that the OpenAPI document of the control API is made of. Describes nothing itself."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.core.durations import PATTERN
from mockserver.core.shapes import TEXT, Schema

USD: Schema = {"type": "number", "minimum": 0}
NOTHING: Schema = {"type": "object", "maxProperties": 0}
TIER: Schema = {"enum": ["free", *"12345", "off", *range(1, 6), None]}


def time_of(most: int) -> Schema:
    """A length of time: seconds, or a text with a unit."""
    seconds: Schema = {"type": "number", "minimum": 0, "maximum": most}
    return {"anyOf": [seconds, TEXT | {"pattern": f"^{PATTERN}$"}]}


def table(properties: Mapping[str, Schema], *optional: str) -> Schema:
    """An object of these properties, which are all there but for the optional ones."""
    found: Schema = {"type": "object", "properties": dict(properties)}
    required = [name for name in properties if name not in optional]
    return found | ({"required": required} if required else {})


def named(name: str) -> Schema:
    """The schema of a name."""
    return {"$ref": f"#/components/schemas/{name}"}


def json_of(schema: Schema) -> Schema:
    """A body of such a value."""
    return {"application/json": {"schema": schema}}


def reference(kind: str, name: str) -> Schema:
    """What stands under `components`."""
    return {"$ref": f"#/components/{kind}/{name}"}


_WHICH = [reference("parameters", "Sandbox"), reference("parameters", "Key")]


def does(
    name: str,
    summary: str,
    answer: Schema,
    *,
    body: Schema | None = None,
    parameters: list[Schema] | None = None,
    status: int = 200,
) -> Schema:
    """One operation, which answers `answer` or an error."""
    told: Schema = {
        "operationId": name,
        "summary": summary,
        "parameters": [*(parameters or []), *_WHICH],
        "responses": {
            str(status): {"description": summary, "content": json_of(answer)},
            "default": reference("responses", "Error"),
        },
    }
    return told | ({"requestBody": {"content": json_of(body)}} if body else {})


def query(name: str, schema: Schema, description: str) -> Schema:
    """A parameter of the query."""
    return {"name": name, "in": "query", "schema": schema, "description": description}


def id_of(pattern: str) -> Schema:
    """The id in a path."""
    return {"name": "id", "in": "path", "required": True, "schema": TEXT | {"pattern": pattern}}

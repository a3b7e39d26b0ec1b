"""What the document of a day says of the services beside images. Knows nothing of pictures.

Methods and paths are the facts'; what the facts don't hold is in `services/`, a file each:

    tag         what its operations are filed under
    named       what a parameter of their paths is, by its name
    operations  by the id of an endpoint; `answer` is the good one, `refused` the statuses of others
                beside those that every operation has
    schemas, securitySchemes    components
    examples    only there to be referred to

`{$fact: [limit, maximum]}` stands for a value of the service's facts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mockserver.facts import load, looked_up
from mockserver.facts.platform import SERVICES, Endpoint, endpoints, table

Schema = dict[str, Any]
HERE = Path(__file__).parent / "services"
_FACT = "$fact"
_REFUSALS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    413: "TooLarge",
    429: "TooManyRequests",
    500: "ServerError",
}
_OF_EACH = (401, 429, 500)


def services_on(day: date) -> list[str]:
    """The services beside images that are there on a day."""
    return [s for s in SERVICES if s in load(day).words and endpoints(s)]


def service_of(path: str) -> str:
    """The service beside images that a path below the base URL is one of; "" for none."""
    first = path.partition("?")[0].split("/")[1:2]
    return first[0] if first and first[0] in SERVICES else ""


def add_beside(document: Schema, day: date | None) -> None:
    """Add all that a day has beside images; without one that of the day of the facts.

    Where nobody says a day, these services are as they are today.
    """
    day = day or looked_up()
    document["info"]["x-rules"]["beside"] = str(day)
    base = document["servers"][0]["url"].rpartition("/")[2]
    for service in services_on(day):
        said = _said(service)
        document["tags"].append({"name": said["tag"]})
        for kind in ("schemas", "securitySchemes"):
            document["components"][kind] |= said.get(kind, {})
        for endpoint in endpoints(service):
            path = endpoint.path.removeprefix(f"/{base}")
            methods = document["paths"].setdefault(path, {})
            methods[endpoint.method.lower()] = _operation(endpoint, said, document)


def _said(service: str) -> Schema:
    found: Schema = _filled(_file(service), table(service))
    return found


@cache
def _file(service: str) -> Any:
    return yaml.safe_load((HERE / f"{service}.yaml").read_text("utf-8"))


def _filled(value: Any, facts: Mapping[str, Any]) -> Any:
    match value:
        case {"$fact": path}:
            found: Any = facts
            for step in path:
                found = found[step]
            return found
        case dict():
            return {name: _filled(inner, facts) for name, inner in value.items()}
        case list():
            return [_filled(inner, facts) for inner in value]
        case _:
            return value


def _operation(endpoint: Endpoint, said: Schema, document: Schema) -> Schema:
    told = said["operations"][endpoint.id]
    answer, refused = told["answer"], sorted({*told.get("refused", ()), *_OF_EACH})
    named = [_named(name, said) for name in re.findall(r"\{(\w+)\}", endpoint.path)]
    parameters = [*named, *told.get("parameters", ())]
    return {
        "operationId": told["operationId"],
        "x-operation": endpoint.id,
        "tags": [said["tag"]],
        **{name: told[name] for name in ("summary", "description", "security") if name in told},
        **({"parameters": parameters} if parameters else {}),
        **{name: told[name] for name in ("requestBody", "x-correction") if name in told},
        "responses": {
            "200": _answer(answer, document),
            **{str(s): {"$ref": f"#/components/responses/{_REFUSALS[s]}"} for s in refused},
        },
    }


def _named(name: str, said: Schema) -> Schema:
    about = said["named"][name]
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "description": about, "schema": schema}


def _answer(told: Schema, document: Schema) -> Schema:
    media: Schema = {"schema": {}}
    if "schema" in told:
        shown = {name: {"value": value} for name, value in told["examples"].items()}
        media = {"schema": {"$ref": f"#/components/schemas/{told['schema']}"}, "examples": shown}
    return {
        "description": told["description"],
        "headers": document["x-shared"]["authenticated"],
        "content": {told.get("media", "application/json"): media},
    }

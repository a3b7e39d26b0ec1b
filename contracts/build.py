"""Builds the OpenAPI document from the facts and the skeleton. Sends nothing and judges nothing.

python -m contracts.build            writes openapi.yaml
python -m contracts.build --check    fails when openapi.yaml is not current
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import yaml

from mockserver.facts import Facts, Model, Offer, Operation, Parameter, UploadRules, load

Schema = dict[str, Any]
Sizes = Literal["page", "api"]

HERE = Path(__file__).parent
SKELETON = HERE / "skeleton.yaml"
DOCUMENT = HERE / "openapi.yaml"
_HEADER = """\
# Built from mockserver/facts and contracts/skeleton.yaml by `python -m contracts.build`.
# Change those, not this.

"""


def build(sizes: Sizes = "page") -> Schema:
    """The contract as an OpenAPI 3.1 document.

    Args:
        sizes: "page" takes the sizes of the model page too, as the mock does unless told otherwise;
            "api" takes those that the real API took.
    """
    facts = load()
    document: Schema = yaml.safe_load(SKELETON.read_text("utf-8"))
    del document["x-shared"]
    wording = document.pop("x-wording")
    document["info"] |= {
        "version": str(facts.day),
        "x-rules": {
            "day": str(facts.day),
            "dialect": facts.operations["images.generate"].dialect,
            "sizes": sizes,
        },
    }
    schemas = document["components"]["schemas"]
    for operation in facts.operations.values():
        schemas |= _requests(facts, operation, wording[operation.id], sizes)
    _fill_headers(document["components"]["headers"], facts)
    _fill_models(document, facts)
    return document


def _dialect(facts: Facts) -> str:
    return next(iter(facts.operations.values())).dialect


def _requests(facts: Facts, operation: Operation, wording: Schema, sizes: Sizes) -> Schema:
    """The schema of an operation's body, and one for each of its models if there are more."""
    models = [m for m in facts.models.values() if operation.id in m.offers]
    branches = {f"{operation.id}.{m.id}": _branch(operation, m, wording, sizes) for m in models}
    said = {key: wording[key] for key in ("description", "x-correction")}
    if len(branches) == 1:
        (branch,) = branches.values()
        return {operation.id: said | branch}
    one_of = [{"$ref": f"#/components/schemas/{name}"} for name in branches]
    return {operation.id: said | {"oneOf": one_of}} | branches


def _branch(operation: Operation, model: Model, wording: Schema, sizes: Sizes) -> Schema:
    """What one model takes. `model` keeps the branches apart: only the default needs none."""
    offer = model.offers[operation.id]
    property_of = partial(_property, operation=operation, model=model, sizes=sizes)
    required = [p.name for p in operation.parameters if p.required]
    if model.id != operation.default_model:
        required.append("model")
    return {
        "type": "object",
        "required": required,
        "additionalProperties": False,
        "properties": {
            p.name: property_of(p) | _remark(p, offer) | wording["properties"][p.name]
            for p in operation.parameters
        },
    }


def _property(parameter: Parameter, *, operation: Operation, model: Model, sizes: Sizes) -> Schema:
    offer = model.offers[operation.id]
    match parameter.name:
        case "model":
            if model.id != operation.default_model:
                return {"const": model.id}
            return _typed(parameter, {"enum": [model.id], "default": model.id})
        case "prompt":
            return _typed(parameter, {"maxLength": offer.prompt_max})
        case "n":
            most = min(offer.n_max, parameter.maximum or offer.n_max)
            return _typed(parameter, {"minimum": parameter.minimum, "maximum": most})
        case "size":
            return _typed(parameter, {"enum": taken(offer, sizes), "default": offer.default_size})
        case _ if offer.upload and parameter.type == "file":
            return FILE | {"x-upload": _upload(parameter, offer.upload)}
        case _:
            return _typed(parameter, _listed(parameter) | _default(parameter, offer))


#: An uploaded file: `format` for tools that know OpenAPI 3.0's word alone.
FILE = {"type": "string", "format": "binary", "contentMediaType": "image/png"}


def _upload(parameter: Parameter, rules: UploadRules) -> Schema:
    """What a schema can't say of a file; uploads.py holds files to it."""
    bounds = {"bytes-below": rules.bytes_max, "side-maximum": rules.side_max}
    if parameter.name == "mask":
        return bounds | {"size": "the image's", "modes": list(rules.mask_modes)}
    modes: Schema = {"modes": list(rules.image_modes)}
    if rules.image_modes_with_mask:
        modes["modes-with-mask"] = list(rules.image_modes_with_mask)
    return bounds | {"size": "square"} | modes


def _typed(parameter: Parameter, rules: Schema) -> Schema:
    """These rules, and null beside them where it means the same as leaving the parameter out."""
    if not parameter.nullable:
        return {"type": parameter.type} | rules
    if "enum" in rules:
        rules = rules | {"enum": [*rules["enum"], None]}
    return {"type": [parameter.type, "null"]} | rules


def taken(offer: Offer, sizes: Sizes) -> list[str]:
    """The sizes that a model takes, each once."""
    return list(dict.fromkeys(offer.sizes + (offer.page_sizes if sizes == "page" else ())))


def _listed(parameter: Parameter) -> Schema:
    return {} if parameter.values is None else {"enum": list(parameter.values)}


def _default(parameter: Parameter, offer: Offer) -> Schema:
    defaults = {"quality": offer.default_quality, "style": offer.default_style}
    default = defaults.get(parameter.name)
    return {} if default is None else {"default": default}


def _remark(parameter: Parameter, offer: Offer) -> Schema:
    return {"x-ignored": True} if parameter.name in offer.ignored else {}


def _fill_headers(headers: Schema, facts: Facts) -> None:
    headers["x-request-id"]["schema"]["pattern"] = (
        f"^{facts.headers.request_id_prefix}[0-9a-f]{{32}}$"
    )
    headers["openai-version"]["schema"]["const"] = facts.headers.openai_version


def _fill_models(document: Schema, facts: Facts) -> None:
    """Name the models that can be asked for, and bound the answer by the most that any makes."""
    (parameter,) = document["paths"]["/models/{model}"]["get"]["parameters"]
    parameter["examples"] = {name: {"value": name} for name in facts.models}
    offers = [o for model in facts.models.values() for o in model.offers.values()]
    images = document["components"]["schemas"]["Images"]
    images["properties"]["data"]["maxItems"] = max(offer.n_max for offer in offers)


def path_of(operation: Operation, document: Mapping[str, Any]) -> str:
    """The operation's path as the document has it: under the base path of its server."""
    return operation.path.removeprefix(urlsplit(document["servers"][0]["url"]).path)


class _Plain(yaml.SafeDumper):
    """Writes out what stands in two places twice, as anchors are hard to read."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def rendered(document: Mapping[str, Any]) -> str:
    """The document as the text of openapi.yaml."""
    body = yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100)
    return _HEADER + body


def main(arguments: list[str]) -> str | None:
    """Write or check openapi.yaml; what is returned is the complaint."""
    text = rendered(build())
    if arguments == ["--check"]:
        current = DOCUMENT.is_file() and DOCUMENT.read_text("utf-8") == text
        return None if current else "openapi.yaml is not current: run python -m contracts.build"
    if arguments:
        return __doc__
    DOCUMENT.write_text(text, "utf-8")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

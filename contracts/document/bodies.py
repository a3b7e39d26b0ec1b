"""The schemas of request bodies, made from the facts of a day. Knows nothing of answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from functools import partial
from typing import Any, Literal

from contracts.document.addresses import format_of as address_format
from contracts.document.sizes import format_of
from mockserver.facts import Facts, FreeSizes, Model, Offer, Operation, Parameter, UploadRules

Schema = dict[str, Any]
Sizes = Literal["page", "api"]

#: An uploaded file: `format` for tools that know OpenAPI 3.0's word alone.
FILE = {"type": "string", "format": "binary", "contentMediaType": "image/png"}
#: The same of any format that a model takes; several of them are a list, as `image[]`.
PICTURE = {"type": "string", "format": "binary", "contentMediaType": "image/*"}
#: What no value keeps.
NOTHING: Schema = {"not": {}}


def takes_nothing(schema: Mapping[str, Any]) -> bool:
    """Whether a body's schema refuses every body."""
    return schema.get("not") == {}


def models_of(facts: Facts, operation: Operation) -> list[Model]:
    """The models that serve an operation on the day of these facts."""
    return [m for m in facts.models.values() if operation.id in m.offers]


def bodies(facts: Facts, operation: Operation, skeleton: Schema, sizes: Sizes) -> Schema:
    """The schema of an operation's body, and one for each of its models if there are more."""
    models = models_of(facts, operation)
    wording = _wording(skeleton, operation, len(models))
    branches = {f"{operation.id}.{m.id}": _branch(operation, m, wording, sizes) for m in models}
    said = {key: wording[key] for key in ("description", "x-correction") if key in wording}
    match list(branches.values()):
        case []:
            return {operation.id: said | NOTHING}
        case [branch]:
            return {operation.id: said | branch}
        case _:
            one_of = [{"$ref": f"#/components/schemas/{name}"} for name in branches]
            return {operation.id: said | {"oneOf": one_of}} | branches


def in_json(facts: Facts, operation: Operation, skeleton: Schema, sizes: Sizes) -> Schema:
    """The schemas of the body of an operation that takes a form, where it is JSON instead."""
    whole = operation._replace(id=f"{operation.id}.json", form=False)
    models = [m for m in models_of(facts, operation) if m.offers[operation.id].json]
    meant = {m.id: _as_json(m, operation.id, whole.id) for m in models}
    return bodies(facts._replace(models=meant), whole, skeleton, sizes)


def _as_json(model: Model, form: str, whole: str) -> Model:
    offer = model.offers[form]
    return model._replace(offers={whole: offer._replace(parameter=offer.json, json={})})


def _wording(skeleton: Schema, operation: Operation, models: int) -> Schema:
    """What is said of an operation and its parameters, as it is on this day."""
    wording: Schema = skeleton["x-wording"][operation.id]
    for occasion in _occasions(operation, models):
        layer = skeleton["x-wording-when"][occasion].get(operation.id, {})
        properties = wording["properties"] | layer.get("properties", {})
        wording = wording | layer | {"properties": properties}
    return wording


def _occasions(operation: Operation, models: int) -> Iterator[str]:
    if models == 1:
        yield "one model"
    yield f"dialect {operation.dialect}"
    if not models:
        yield "no model"


def _branch(operation: Operation, model: Model, wording: Schema, sizes: Sizes) -> Schema:
    """What one model takes. `model` keeps the branches apart: only the default needs none."""
    offer = model.offers[operation.id]
    property_of = partial(_property, operation=operation, model=model, sizes=sizes)
    parameters = offer.parameter.values()
    required = [p.name for p in parameters if p.required]
    rules = _together(offer)
    if model.id == operation.other_default:
        rules.append(_meaning(operation, model))
    elif model.id != operation.default_model:
        required.append("model")
    return {
        "type": "object",
        "required": list(dict.fromkeys(required)),
        "additionalProperties": False,
        "properties": {
            p.name: property_of(p) | _remark(p) | wording["properties"].get(p.name, {})
            for p in parameters
        },
    } | ({_ALL_OF[operation.form]: rules} if rules else {})


#: Where a branch says what does not go together. In a form forms.py alone reads it: Schemathesis
#: (4.32) would ask a validator that takes no bytes for a file ("Unsupported type: 'Binary'").
_ALL_OF = {False: "allOf", True: "x-all-of"}


def _property(parameter: Parameter, *, operation: Operation, model: Model, sizes: Sizes) -> Schema:
    offer = model.offers[operation.id]
    if parameter.free:
        return _free(parameter, parameter.free)
    match parameter.name:
        case "model":
            if model.id == operation.other_default and parameter.nullable:
                return {"enum": [model.id, None]}
            if model.id != operation.default_model:
                return {"const": model.id}
            return _typed(parameter, {"enum": [model.id], "default": model.id})
        case "images" | "mask" if offer.upload and parameter.type in ("list", "object"):
            return _references(parameter, offer.upload)
        case _ if offer.upload and parameter.type in ("file", "files"):
            kind = PICTURE if parameter.type == "files" else FILE
            return kind | {"x-upload": _upload(parameter, offer.upload)}
        case _:
            never = {v for name, v in _alone(offer) if name == parameter.name}
            return _typed(parameter, _bounds(parameter, sizes, never))


def _free(parameter: Parameter, free: FreeSizes) -> Schema:
    """The values that are named, and sizes without end; null where that is as good as nothing."""
    values = [*(parameter.values or ()), *([None] if parameter.nullable else [])]
    any_size = {"type": "string", "format": format_of(free)}
    return {"default": parameter.default, "anyOf": [{"enum": values}, any_size]}


def beside(operation: Operation, model: Model) -> list[str]:
    """The parameters that a model has beside those of the operation."""
    shared = {p.name for p in operation.parameters}
    return [name for name in model.offers[operation.id].parameter if name not in shared]


def _meaning(operation: Operation, model: Model) -> Schema:
    """A body that means a model by its name, or by a parameter that the operation's own are not."""
    own = beside(operation, model)
    named = {"required": ["model"], "properties": {"model": {"const": model.id}}}
    return {"anyOf": [named, *({"required": [name]} for name in own)]}


def _alone(offer: Offer) -> Iterator[tuple[str, Any]]:
    """Options that are refused whatever the others are."""
    for row in offer.refused:
        if len(row.when) == 1:
            yield from row.when.items()


def _together(offer: Offer) -> list[Schema]:
    """For each of the others that which a body must not be."""
    rows = [row.when for row in offer.refused if len(row.when) > 1]
    return [{"not": _met(offer, when)} for when in rows if when.keys() <= offer.parameter.keys()]


def _met(offer: Offer, when: Mapping[str, Any]) -> Schema:
    """A body with these options: left out, or null, is as the default."""
    properties: Schema = {}
    required = []
    for name, wanted in when.items():
        properties[name], is_usual = _wanted(wanted, offer.parameter[name].default)
        if is_usual:
            properties[name] = {"anyOf": [properties[name], {"type": "null"}]}
        else:
            required.append(name)
    return {"properties": properties, "required": required}


def _wanted(wanted: Any, usual: Any) -> tuple[Schema, bool]:
    """The schema of an option that a refusal looks at, and whether its default is met by it."""
    match wanted:
        case {"above": bound}:
            return {"type": "number", "exclusiveMinimum": bound}, usual > bound
        case {"below": bound}:
            return {"type": "number", "exclusiveMaximum": bound}, usual < bound
        case _:
            return {"const": wanted}, usual == wanted


def _references(parameter: Parameter, rules: UploadRules) -> Schema:
    """Pictures by address: in a data: URL. What else has one, only the server knows."""
    use = "mask" if parameter.name == "mask" else "image"
    address = {"type": "string", "format": address_format(rules, use)}
    one: Schema = {
        "type": "object",
        "required": ["image_url"],
        "additionalProperties": False,
        "properties": {"image_url": address},
    }
    if parameter.type == "list":
        return {"type": "array", "minItems": 1, "maxItems": parameter.items_max, "items": one}
    return {"anyOf": [one, {"type": "null"}]} if parameter.nullable else one


def _upload(parameter: Parameter, rules: UploadRules) -> Schema:
    """What a schema can't say of a file; uploads.py and forms.py hold files to it."""
    is_mask = parameter.name == "mask"
    bounds: Schema = {"bytes-below": rules.bytes_max, "side-maximum": rules.side_max}
    if rules.types:
        more = rules.mask_types_unlisted if is_mask else ()
        bounds["types"] = list(rules.types + rules.types_unlisted + more)
    if rules.formats:
        if not is_mask:
            return bounds | {"at-most": parameter.items_max or 0, "formats": list(rules.formats)}
        bounds["bytes-below"] = rules.mask_bytes_max
        return bounds | {"formats": ["PNG"], "size": "the first image's", "alpha": True}
    if is_mask:
        return bounds | {"size": "the image's", "modes": list(rules.mask_modes)}
    modes: Schema = {"modes": list(rules.image_modes)}
    if rules.image_modes_with_mask:
        modes["modes-with-mask"] = list(rules.image_modes_with_mask)
    return bounds | {"size": "square"} | modes


def _typed(parameter: Parameter, rules: Schema) -> Schema:
    """These rules, and null beside them where it means the same as leaving the parameter out."""
    if parameter.type == "any":
        return rules
    kind = _JSON_TYPES.get(parameter.type, parameter.type)
    if not parameter.nullable:
        return {"type": kind} | rules
    if "enum" in rules:
        rules = rules | {"enum": [*rules["enum"], None]}
    return {"type": [kind, "null"]} | rules


_JSON_TYPES = {"list": "array", "files": "array"}
#: What a parameter's bounds are called in a schema.
_BOUNDS = {
    "length_max": "maxLength",
    "minimum": "minimum",
    "maximum": "maximum",
    "pattern": "pattern",
    "default": "default",
}


def value_of(parameter: Parameter) -> Schema:
    """What a parameter of a service beside images takes."""
    if parameter.type == "file":
        return {"type": "string", "format": "binary"}
    rules = _bounds(parameter, "api")
    if parameter.type == "list" and "enum" in rules:
        rules["items"] = rules.get("items", {}) | {"enum": rules.pop("enum")}
    return _typed(parameter, rules)


def _bounds(parameter: Parameter, sizes: Sizes, never: Set[Any] = frozenset()) -> Schema:
    found: Schema = {}
    if parameter.values:
        found["enum"] = [value for value in taken(parameter, sizes) if value not in never]
    for name, word in _BOUNDS.items():
        if (bound := getattr(parameter, name)) is not None:
            found[word] = bound
    if parameter.items:
        found["items"] = {"type": _JSON_TYPES.get(parameter.items, parameter.items)}
    return found


def taken(parameter: Parameter, sizes: Sizes) -> list[str]:
    """The values that a model takes, each once."""
    more = parameter.page_values if sizes == "page" else ()
    return list(dict.fromkeys((parameter.values or ()) + more))


def _remark(parameter: Parameter) -> Schema:
    return {"x-ignored": True} if parameter.ignored else {}


def encoding(facts: Facts, operation: Operation) -> Schema:
    """For each file of a form the content types that its part may name; empty if it may be any."""
    offers = [m.offers[operation.id] for m in models_of(facts, operation)]
    types = {t: None for o in offers if o.upload for t in o.upload.types + o.upload.types_unlisted}
    told = {"contentType": ", ".join(types)}
    return {p.name: dict(told) for p in operation.parameters if p.type == "file"} if types else {}


def kept_examples(facts: Facts, operation: Operation, examples: Schema) -> Schema:
    """The examples that are good on this day, without the parameters that it does not know."""
    models = {m.id: m for m in models_of(facts, operation)}
    kept: Schema = {}
    for name, shown in examples.items():
        model = models.get(shown["value"].get("model", operation.default_model))
        if model is None:
            continue
        known = model.offers[operation.id].parameter
        value = {key: v for key, v in shown["value"].items() if key in known}
        if all(p.name in value for p in operation.parameters if p.required):
            kept[name] = shown | {"value": value}
    return kept

"""What a case sends: the least good body, with what the case lays over it. Sends nothing."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from contracts.cases.case import Case
from contracts.cases.files import file_of
from contracts.cases.good import smallest_size
from contracts.checks.asked import BASE
from contracts.exchange import Part, Request, form_request, json_request
from mockserver.facts import Facts, Model, Offer, Operation, Parameter, UploadRules

#: Of files that no model looks at.
_NO_RULES = UploadRules(bytes_max=0, side_max=0, image_modes=(), source="", level="")
#: What a part is whose case names no type.
PNG = "image/png"


class AskedCase(NamedTuple):
    """A case as it is asked of one model, with the facts that count for it."""

    case: Case
    name: str  # what tells it from the others of its case, or ""
    facts: Facts  # whose words and headers the answer has
    operation: Operation | None = None
    model: Model | None = None
    body: Mapping[str, Any] = {}  # what is sent, files aside
    own: Facts | None = None  # that the model is known from, where others' words count
    names: Mapping[str, str] = {}  # ids of what was made for it, see `given.py`

    @property
    def offer(self) -> Offer | None:
        """What the model offers in the operation."""
        return self.model.offers[self.operation.id] if self.model and self.operation else None

    @property
    def is_form(self) -> bool:
        """Whether the body is a form."""
        if self.operation is None:
            return self.case.form or bool(self.case.files)
        return self.operation.form and not self.case.json

    @property
    def id(self) -> str:
        """As a report names it."""
        return f"{self.case.id} ({self.name})" if self.name else self.case.id


def known(offer: Offer, *, is_form: bool) -> Mapping[str, Parameter]:
    """The parameters of a model in a form, or in JSON."""
    return offer.parameter if is_form or not offer.json else offer.json


def bodies(case: Case, operation: Operation, model: Model) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a case sends to a model, by what tells one from another: each value of a parameter."""
    offer = model.offers[operation.id]
    parameters = known(offer, is_form=operation.form and not case.json)
    least = _least(operation, model, parameters)
    kept = {name: value for name, value in least.items() if name not in case.without}
    each = [n for n, value in case.send.items() if _is_made(value) and value["made"] == "each"]
    sent = {n: _made(value, parameters.get(n)) for n, value in case.send.items() if n not in each}
    if not each:
        yield "", kept | sent
        return
    (name,) = each
    for value in _values(offer, parameters[name]):
        yield value, kept | sent | {name: value}


def is_made_for(case: Case, operation: Operation, model: Model) -> bool:
    """Whether a model has what the values of a case are made of."""
    parameters = known(model.offers[operation.id], is_form=operation.form and not case.json)
    return all(
        name in parameters and _has(parameters[name], _MADE_OF[value["made"]])
        for name, value in case.send.items()
        if _is_made(value)
    )


#: What a value is made of: fields of a parameter.
_MADE_OF = {
    "each": "values",
    "text": "length_max",
    "least": "minimum",
    "most": "maximum",
    "items": "items_max",
    "free": "free",
    "null": "nullable",
}
MADE = frozenset(_MADE_OF)


def _has(parameter: Parameter, field: str) -> bool:
    return getattr(parameter, field) not in (None, False)


def _least(
    operation: Operation, model: Model, parameters: Mapping[str, Parameter]
) -> dict[str, Any]:
    """The good body that costs least."""
    told: dict[str, Any] = {}
    for name, parameter in parameters.items():
        match name:
            case "model":
                told[name] = model.id
            case "prompt":
                told[name] = "x"
            case "images":
                told[name] = [{"image_url": data_url(_rules(model, operation))}]
            case "size":
                told[name] = smallest_size(parameter)
            case "quality" if "low" in (parameter.values or ()):
                told[name] = "low"
    return told


def _is_made(value: Any) -> bool:
    return isinstance(value, dict) and "made" in value


def _made(value: Any, parameter: Parameter | None) -> Any:
    """A value as it is, or made by what the facts say of its parameter."""
    if not _is_made(value) or parameter is None:
        return value
    plus = value.get("plus", 0)
    match value["made"]:
        case "null":
            return None
        case "text":
            return "é" * ((parameter.length_max or 0) + plus)
        case "least":
            return int(parameter.minimum or 0) + plus
        case "most":
            return int(parameter.maximum or 0) + plus
        case "free":
            return value["of"]
        case "items":
            return [value["of"]] * ((parameter.items_max or 0) + plus)
        case made:
            raise ValueError(f"nothing is made by {made!r}")


def _values(offer: Offer, parameter: Parameter) -> list[str]:
    """The values that are named, without those that are refused whatever else is sent."""
    alone = [row.when for row in offer.refused if len(row.when) == 1]
    return [v for v in parameter.values or () if {parameter.name: v} not in alone]


# The request


def request_of(asked: AskedCase) -> Request:
    """What is sent."""
    case, method, path = asked.case, *where(asked)
    if case.raw is not None:
        request = Request(method, path, (), case.raw.encode())
    elif asked.is_form:
        request = form_request(method, path, _parts(asked))
    elif asked.operation:
        request = json_request(method, path, dict(asked.body))
    elif case.send:
        request = json_request(method, path, filled(dict(case.send), asked.names))
    else:
        request = Request(method, path)
    named = {name.lower() for name in case.headers}
    kept = tuple(header for header in request.headers if header[0] not in named)
    return request._replace(headers=(*kept, *case.headers.items()), key=case.key)


def where(asked: AskedCase) -> tuple[str, str]:
    """The method and the path below the base URL."""
    operation, call = asked.operation, asked.case.call
    if operation and not call:
        return operation.method, operation.path.removeprefix(BASE)
    method, _, path = call.partition(" ")
    names = {"model": asked.model.id if asked.model else "", **asked.names}
    return method, filled(path, names)


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """A value with these names in the place of {name}, wherever it stands.

    `{ repeat = "x", times = 3 }` is a long text.
    """
    match value:
        case str():
            return re.sub(r"\{(\w+)\}", lambda found: names.get(found[1], found[0]), value)
        case {"repeat": str(text), "times": int(times)}:
            return text * times
        case dict():
            return {name: filled(inner, names) for name, inner in value.items()}
        case list():
            return [filled(inner, names) for inner in value]
        case _:
            return value


def _parts(asked: AskedCase) -> Iterator[Part]:
    """The texts, then the files: those that are needed, unless the case says otherwise."""
    for name, value in filled(dict(asked.body), asked.names).items():
        for one in value if isinstance(value, list) else [value]:
            yield name, None, "", _text(one).encode()
    if not (asked.model and asked.operation):
        yield from parts_of(asked.case.files)
        return
    rules = _rules(asked.model, asked.operation)
    needed = {n: f"good{' mask' * (n == 'mask')}" for n in _needed(asked.operation)}
    without = {*asked.case.without, *asked.case.files}
    files = {n: f for n, f in needed.items() if n not in without} | dict(asked.case.files)
    for name, told in files.items():
        for one in told if isinstance(told, list) else [told]:
            yield _file(name, one, rules)


def parts_of(files: Mapping[str, Any]) -> Iterator[Part]:
    """Files of a form that has no rules for pictures."""
    for name, told in files.items():
        for one in told if isinstance(told, list) else [told]:
            yield _file(name, one, _NO_RULES)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value).lower()


def _needed(operation: Operation) -> list[str]:
    return [p.name for p in operation.parameters if p.required and p.type == "file"]


def _file(field: str, told: str | Mapping[str, Any], rules: UploadRules) -> Part:
    """A file as a part of a form, under another name or type where the case says so."""
    if isinstance(told, str):
        return field, f"{field}.png", PNG, file_of(told, rules)
    file = file_of(told.get("file", told), rules)
    name = None if told.get("as_text") else told.get("filename", f"{field}.png")
    return told.get("name", field), name, "" if name is None else told.get("type", PNG), file


def _rules(model: Model, operation: Operation) -> UploadRules:
    rules = model.offers[operation.id].upload
    if rules is None:
        raise ValueError(f"{operation.id} takes no files")
    return rules


def data_url(rules: UploadRules) -> str:
    """A good picture as an address."""
    return "data:image/png;base64," + b64encode(file_of("good", rules)).decode()

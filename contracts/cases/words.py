"""What a request is told on a day: the facts' words, filled with its values. Judges nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from contracts.cases.case import Expected
from contracts.cases.sending import AskedCase, filled, known, where
from contracts.checks.asked import BASE
from contracts.checks.words import Refusal
from mockserver.facts import Offer, Parameter
from mockserver.facts.platform import SERVICES, endpoints
from mockserver.facts.words import words_of
from mockserver.facts.words.wording import Reason, Wording

#: What JSON Schema calls each type.
_TYPES = {"list": "array", "files": "array"}
_FORM, _JSON = "multipart/form-data", "application/json"


def refusal_of(asked: AskedCase, expected: Expected) -> Refusal:
    """How a request is refused."""
    if expected.reason is None:
        raise ValueError(f"{asked.id} is not refused")
    wording = _wording(asked, expected.reason)
    return Refusal(wording, _values(asked, expected) | filled(dict(expected.values), asked.names))


def _wording(asked: AskedCase, reason: Reason) -> Wording:
    facts, named = asked.facts, asked.body.get("model")
    model = facts.models.get(named) if isinstance(named, str) else None
    words = facts.family_words[model.family] if model and model.family else facts.words
    return words_of(words[asked.case.service])[reason]


def _values(asked: AskedCase, expected: Expected) -> dict[str, Any]:
    """What words can mention of a request: by what the facts say of the parameter."""
    method, path = where(asked)
    is_form = asked.operation is not None and asked.operation.form
    media = asked.case.headers.get("content-type", "")
    told: dict[str, Any] = {
        "method": method,
        "path": BASE + path,
        "content_type": media,
        "media": media,
        "expected": _FORM if asked.is_form or is_form else _JSON,
        "param": expected.param,
        "value": asked.body.get(expected.param),
        "unexpected": f"{expected.param!r} was",
        "model": asked.body.get("model", asked.model.id if asked.model else ""),
    }
    if asked.case.service in SERVICES and expected.param:
        told |= _beside(asked, expected)
    if asked.model and asked.operation and asked.offer:
        told |= _of_model(asked, asked.offer, expected)
    return told


def _beside(asked: AskedCase, expected: Expected) -> dict[str, Any]:
    """What the facts of a service say of a parameter of the query, or of the body."""
    known = endpoints(asked.case.service, asked.facts.day)
    found = [e for e in known if e.id == asked.case.operation]
    every = [p for e in found for p in (*e.query, *e.body) if p.name == expected.param]
    kind = str(expected.values.get("expected", "string"))
    told: dict[str, Any] = {"parameter": Parameter(expected.param, kind, "", "")}
    for parameter in every:
        told |= {"parameter": parameter, "allowed": [*(parameter.values or ())]}
        if bound := _BOUNDS.get(expected.reason or Reason.WRONG_TYPE):
            told["bound"] = bound(parameter)
    return told


def _of_model(asked: AskedCase, offer: Offer, expected: Expected) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if isinstance(value := asked.body.get(expected.param), str | list):
        told["length"] = len(value)
    if parameter := parameter_of(asked, offer, expected.param):
        told |= {"parameter": parameter, "allowed": [*(parameter.values or ())]}
        if bound := _BOUNDS.get(expected.reason or Reason.WRONG_TYPE):
            told["bound"] = bound(parameter)
        if expected.reason in (Reason.WRONG_TYPE, Reason.NOT_A_NUMBER):
            told["expected"] = _TYPES.get(parameter.type, parameter.type)
    if expected.reason == Reason.PROMPT_OVER_MODEL:
        told["bound"] = offer.prompt_max
    if offer.upload and expected.param.partition("[")[0] in ("image", "mask"):
        told["allowed"] = _uploads(asked, offer, expected)
    if expected.reason in (Reason.UNKNOWN_MODEL, Reason.PROMPT_TOO_LONG):
        told["allowed"] = _models(asked)
    return told


def parameter_of(asked: AskedCase, offer: Offer, name: str) -> Parameter | None:
    """A parameter, or one of its items, as a dialect means it: A the operation's, B the model's."""
    own = known(offer, is_form=asked.is_form)
    shared = {p.name: p for p in asked.operation.parameters} if asked.operation else {}
    top, _, place = name.partition("[")
    found = own.get(top) if dialect(asked) == "B" else shared.get(top) or own.get(top)
    if found and place.endswith("]"):  # one of a list
        return found._replace(type=found.items or "any", values=None)
    return found


#: What bounds a parameter, by the reason that tells the bound.
_BOUNDS: Mapping[Reason, Callable[[Parameter], Any]] = {
    Reason.TOO_SMALL: lambda parameter: parameter.minimum,
    Reason.TOO_LARGE: lambda parameter: parameter.maximum,
    Reason.LIST_TOO_LONG: lambda parameter: parameter.items_max,
    Reason.PROMPT_TOO_LONG: lambda parameter: parameter.length_max,
    Reason.SIZE_MULTIPLE: lambda parameter: parameter.free and parameter.free.multiple,
    Reason.SIZE_RATIO: lambda parameter: parameter.free and parameter.free.ratio_max,
    Reason.SIZE_SIDE: lambda parameter: parameter.free and parameter.free.side_max,
}


def _uploads(asked: AskedCase, offer: Offer, expected: Expected) -> list[str]:
    """What is taken of a file: its types, or the modes of its pixels."""
    rules = offer.upload
    if rules is None:
        return []
    if expected.reason == Reason.FILE_TYPE:
        return [*rules.types]
    if expected.param == "mask":
        return [*rules.mask_modes]
    return [*(rules.image_modes_with_mask if "mask" in asked.case.files else rules.image_modes)]


def _models(asked: AskedCase) -> list[str]:
    """The models that a refusal names: the usual one while it is there, or all that are."""
    operation, models = asked.operation, asked.facts.models
    if operation is None or operation.default_model in models:
        return [operation.default_model] if operation else []
    return [name for name, model in models.items() if operation.id in model.offers]


def dialect(asked: AskedCase) -> str:
    """Whose words an answer has."""
    return asked.facts.words[asked.case.service][0]

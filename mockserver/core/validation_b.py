"""Check a body in the order of dialect B: the model first, then unknown names, then each parameter.

Measured in 2026-08 with two faults in one body: model (missing, type, existence), unknown names,
prompt, images, n, the rest. Null is a type error unless the parameter takes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.core.errors import ApiError, Reason
from mockserver.core.options import check_choice, check_together
from mockserver.core.uploads import Part, check_uploads
from mockserver.core.validation import (
    ABSENT,
    Given,
    Validator,
    check_prompt,
    check_value,
    is_of_type,
    wrong_type,
)
from mockserver.facts import Facts, Model, Offer, Operation, Parameter


class ModelFirstValidator(Validator):
    """The rules of one operation in dialect B."""

    def __init__(self, facts: Facts, operation: Operation, *, page_sizes: bool) -> None:
        super().__init__(facts, operation, page_sizes=page_sizes)
        self._ordered = {m: _ordered(operation, offer) for m, offer in self.offers.items()}

    def checked(self, body: Mapping[str, Any]) -> tuple[Given, Model]:
        """The values of `body` that count, and the model that they mean."""
        model = self._model_in(body)
        offer = self.offers[model.id]
        for name in body:
            if name not in offer.parameter:
                raise ApiError(Reason.UNKNOWN_PARAMETER, param=name)
        given: Given = {}
        for parameter in self._ordered[model.id]:
            value = self._value(body, parameter)
            if value is not ABSENT:
                _check_media(body[parameter.name], parameter, offer)
                self._check(parameter, value, model)
                given[parameter.name] = value
        if body.get("model") is not None:
            given["model"] = model.id
        self._check_behind(given, model)
        if offer.upload:
            check_uploads(offer.upload, given["image"], given.get("mask"))
        return given, model

    def _model_in(self, body: Mapping[str, Any]) -> Model:
        parameter = self.parameters["model"]
        name = self._value(body, parameter)
        if name is ABSENT:
            name = self._meant(body)
        elif not isinstance(name, str):
            raise wrong_type(parameter, name)
        if model := self.models.get(name):
            return model
        raise ApiError(Reason.UNKNOWN_MODEL, param="model", model=name, allowed=[*self.models])

    def _meant(self, body: Mapping[str, Any]) -> str:
        """The model of a body that names none: another than usual if only that has a parameter."""
        other = self.offers.get(self.operation.other_default)
        if other and any(n in other.parameter and n not in self.parameters for n in body):
            return self.operation.other_default
        return self.operation.default_model

    def _check_behind(self, given: Given, model: Model) -> None:
        """What the service behind the gateway refuses, which sees only what that lets pass."""
        offer = self.offers[model.id]
        for parameter in offer.parameter.values():
            if parameter.behind and parameter.name in given:
                check_choice(parameter, given[parameter.name])
        if offer.refused:
            check_together(offer.refused, {"n": 1} | self._options[model.id] | given)

    def _value(self, body: Mapping[str, Any], parameter: Parameter) -> Any:
        value = self.value_of(body, parameter)
        if value is ABSENT and parameter.required:
            raise ApiError(Reason.MISSING_PARAMETER, param=parameter.name)
        part = body.get(parameter.name)
        if isinstance(part, Part):
            _check_part(parameter, part, value)
        return value

    def _check(self, parameter: Parameter, value: Any, model: Model) -> None:
        taken = self.taken.get((model.id, parameter.name))
        if taken and isinstance(value, str):
            if value not in taken:
                told = {"value": value, "allowed": parameter.values}
                raise ApiError(Reason.SIZE_NOT_OF_MODEL, param=parameter.name, **told)
            return
        check_value(parameter._replace(values=None) if parameter.behind else parameter, value)
        if parameter.name == "prompt":
            check_prompt(value, parameter.length_max or len(value))


def _ordered(operation: Operation, offer: Offer) -> list[Parameter]:
    """A model's parameters in the order in which they are checked; the model itself was before."""
    first = [name for name in operation.first if name in offer.parameter]
    return [offer.parameter[n] for n in dict.fromkeys((*first, *offer.parameter)) if n != "model"]


def _check_part(parameter: Parameter, part: Part, value: Any) -> None:
    if part.repeated:
        raise ApiError(Reason.DUPLICATE_PARAMETER, param=parameter.name)
    if part.is_list:  # refused even with one item, 2025-09-06: these models take no list
        raise wrong_type(parameter, [value])
    if parameter.type == "file" and not part.is_file:
        raise wrong_type(parameter, "")
    if not is_of_type(value, parameter.type):  # all else in a form is a text, so it is a number
        raise ApiError(Reason.NOT_A_NUMBER, param=parameter.name, value=value)


def _check_media(part: Any, parameter: Parameter, offer: Offer) -> None:
    """Refuse a file by the content type that its part names; no type is octet-stream."""
    rules = offer.upload
    if parameter.type != "file" or not isinstance(part, Part) or not rules or not rules.types:
        return
    found = part.type or "application/octet-stream"
    if found not in rules.types + rules.types_unlisted:
        raise ApiError(Reason.FILE_TYPE, param=parameter.name, type=found, allowed=rules.types)

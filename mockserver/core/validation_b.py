"""Check a body in the order of dialect B: the model first, then unknown names, then each parameter.

Measured in 2026-08 with two faults in one body: model (missing, type, existence), unknown names,
prompt, images, n, the rest. Null is a type error unless the parameter takes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.core.errors import ApiError, Reason
from mockserver.core.inputs import sources_in
from mockserver.core.options import check_choice, check_together
from mockserver.core.uploads import FILES, Form, Part
from mockserver.core.validation import (
    ABSENT,
    Given,
    Validator,
    check_prompt,
    check_upload,
    check_value,
    is_of_type,
    sent_as_character,
    wrong_type,
)
from mockserver.facts import Facts, Model, Offer, Operation, Parameter


class ModelFirstValidator(Validator):
    """The rules of one operation in dialect B."""

    def __init__(self, facts: Facts, operation: Operation, *, page_sizes: bool) -> None:
        super().__init__(facts, operation, page_sizes=page_sizes)
        self._ordered = {
            (m, is_form): _ordered(operation, offer.parameter if is_form else offer.json)
            for m, offer in self.offers.items()
            for is_form in (True, False)
        }

    def checked(self, body: Mapping[str, Any]) -> tuple[Given, Model]:
        """The values of `body` that count, and the model that they mean."""
        model = self._model_in(body)
        offer = self.offers[model.id]
        is_plain = isinstance(body, Form) or not offer.json
        for name in body:
            if name not in (offer.parameter if is_plain else offer.json):
                raise _unknown(name, offer)
        given: Given = {}
        for parameter in self._ordered[model.id, is_plain]:
            value = self._value(body, parameter)
            if value is not ABSENT:
                _check_media(body[parameter.name], parameter, offer)
                self._check(parameter, value, model)
                is_file = is_plain or parameter.name not in FILES
                given[parameter.name] = value if is_file else sources_in(parameter, value)
        if body.get("model") is not None:
            given["model"] = model.id
        self._check_behind(given, model)
        check_upload(offer, given)
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
        usual = self.operation.default_model
        allowed = [usual] if usual in self.models else [*self.models]
        raise ApiError(Reason.UNKNOWN_MODEL, param="model", model=name, allowed=allowed)

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
            options = {"n": 1} | self._options[model.id] | given
            check_together(offer.refused, options, model.id)

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
            usual = [self.operation.default_model]
            most = parameter.length_max or len(value)
            check_prompt(value, most, model=model.id, allowed=usual)


def _ordered(operation: Operation, known: Mapping[str, Parameter]) -> list[Parameter]:
    """A model's parameters in the order in which they are checked; the model itself was before."""
    first = [name for name in operation.first if name in known]
    return [known[name] for name in dict.fromkeys((*first, *known)) if name != "model"]


def _unknown(name: str, offer: Offer) -> ApiError:
    reason = Reason.UNKNOWN_PARAMETER
    if name in offer.json:
        reason = Reason.FOR_JSON
    elif name in offer.parameter:
        reason = Reason.FOR_FORMS
    return ApiError(reason, param=name)


def _check_part(parameter: Parameter, part: Part, value: Any) -> None:
    if part.repeated:
        raise ApiError(Reason.DUPLICATE_PARAMETER, param=parameter.name)
    if parameter.type == "files":
        _check_files(parameter, part)
        return
    if part.is_list:  # refused even with one item, 2025-09-06: these models take no list
        raise wrong_type(parameter, [value])
    if parameter.type == "file" and not part.is_file:
        raise wrong_type(parameter, "")
    if not is_of_type(value, parameter.type):  # all else in a form is a text, so it is a number
        hint = sent_as_character(parameter, value)
        raise ApiError(Reason.NOT_A_NUMBER, param=parameter.name, value=value, hint=hint)


def _check_files(parameter: Parameter, part: Part) -> None:
    for param, one in _named(parameter, part):
        if not one.is_file:
            kind = "file" if part.is_list else parameter.type
            raise wrong_type(parameter._replace(name=param, type=kind), "")


def _named(parameter: Parameter, part: Part) -> list[tuple[str, Part]]:
    """Each of some parts, with its place where they are a list."""
    if not part.is_list or parameter.type != "files":
        return [(parameter.name, part)]
    return [(f"{parameter.name}[{place}]", one) for place, one in enumerate(part.all)]


def _check_media(part: Any, parameter: Parameter, offer: Offer) -> None:
    """Refuse a file by the content type that its part names; no type is octet-stream."""
    rules = offer.upload
    is_file = isinstance(part, Part) and parameter.type in ("file", "files")
    if not is_file or not rules or not rules.types:
        return
    unlisted = rules.mask_types_unlisted if parameter.name == "mask" else ()
    for param, one in _named(parameter, part):
        found = one.type or "application/octet-stream"
        if found not in rules.types + rules.types_unlisted + unlisted:
            hint = {"hint": _TYPED} if rules.formats else {}
            raise ApiError(Reason.FILE_TYPE, param=param, type=found, allowed=rules.types, **hint)


_TYPED = 'a file goes by the type that its part names: send ("image.png", data, "image/png")'

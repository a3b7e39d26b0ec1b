"""Check the shape of a body alone: known fields are of their types, and required ones are there.

No value is refused: what the model that stands for all can't draw counts as left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.core.errors import ApiError, Reason
from mockserver.core.options import check_choice, check_together
from mockserver.core.uploads import FILES, Form
from mockserver.core.validation import (
    ABSENT,
    Given,
    Validator,
    check_value,
    is_of_type,
    wrong_type,
)
from mockserver.facts import Facts, Model, Offer, Operation, Parameter


class SchemaValidator(Validator):
    """The shape of one operation's bodies."""

    def __init__(self, facts: Facts, operation: Operation, *, page_sizes: bool) -> None:
        super().__init__(facts, operation, page_sizes=page_sizes)
        self._stand_in = self.models[facts.stand_in]

    def checked(self, body: Mapping[str, Any]) -> tuple[Given, Model]:
        """The values of `body` that can be drawn, and the model that they mean."""
        given: Given = {}
        for name, parameter in self._of_body(body).items():
            value = self.value_of(body, parameter)
            if value is ABSENT and parameter.required:
                raise ApiError(Reason.MISSING_PARAMETER, param=name)
            if value is ABSENT or (value is None and not parameter.required):
                continue
            if not is_of_type(value, parameter.type):
                raise wrong_type(parameter, value)
            given[name] = value
        model = self.models.get(given.get("model", ""), self._stand_in)
        return self._drawable(given, model), model

    def _of_body(self, body: Mapping[str, Any]) -> Mapping[str, Parameter]:
        """The parameters of a form, or those of JSON where it has others."""
        of_json = self.offers[self._stand_in.id].json
        return self.parameters if isinstance(body, Form) or not of_json else of_json

    def _drawable(self, given: Given, model: Model) -> Given:
        """What can be drawn of it: no upload, for its bytes may be anything."""
        offer = self.offers[model.id]
        found = {name: value for name, value in given.items() if _is_taken(offer, name, value)}
        for refused in offer.refused:
            try:
                check_together([refused], {"n": 1} | self._options[model.id] | found, model.id)
            except ApiError:
                found = {k: v for k, v in found.items() if k not in refused.when or k == "stream"}
        return found


def _is_taken(offer: Offer, name: str, value: Any) -> bool:
    parameter = offer.parameter.get(name)
    if parameter is None or name in FILES:
        return False
    try:
        _check(parameter, value)
    except ApiError:
        return False
    return True


def _check(parameter: Parameter, value: Any) -> None:
    if parameter.behind:
        check_choice(parameter, value)
    else:
        check_value(parameter, value)

"""Which of the things that a case expects counts for a model on a day. Judges no answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from contracts.cases.case import Expected
from contracts.cases.sending import AskedCase, known
from contracts.cases.words import dialect, parameter_of
from mockserver.facts import Model, Offer
from mockserver.facts.words.backend import BACKEND
from mockserver.facts.words.edits import EDITS
from mockserver.facts.words.wording import Reason

#: What is said of names that a model does not know.
_UNKNOWN = (Reason.UNKNOWN_PARAMETER, Reason.FOR_JSON, Reason.FOR_FORMS)
_NESTED = re.compile(r"[.\[].*")


def expected_of(asked: AskedCase) -> Expected | None:
    """What becomes of a request; None if its case says nothing of it."""
    return next((one for one in asked.case.expect if _counts(one, asked)), None)


def is_one_of(model: Model | None, names: tuple[str, ...]) -> bool:
    """Whether a model, or its family, is named."""
    return model is not None and (model.id in names or model.family in names)


def _counts(expected: Expected, asked: AskedCase) -> bool:
    is_of_rules = (
        expected.dialect in ("", dialect(asked))
        and (not expected.models or is_one_of(asked.model, expected.models))
        and expected.since <= asked.facts.day < expected.until
    )
    if not is_of_rules or asked.offer is None:
        return is_of_rules
    if expected.reason is None:
        return asked.body.keys() <= known(asked.offer, is_form=asked.is_form).keys()
    return _can_be_said(asked, asked.offer, expected, expected.reason)


def _can_be_said(asked: AskedCase, offer: Offer, expected: Expected, reason: Reason) -> bool:
    """Whether the facts of the model have what a refusal speaks of."""
    if reason.startswith("size_") and reason != Reason.SIZE_NOT_OF_MODEL:
        return _is_size_behind(offer, reason)
    if reason in BACKEND and reason not in EDITS:
        return any(row.reason == reason and _is_met(asked, row.when) for row in offer.refused)
    name = _NESTED.sub("", expected.param)
    parameter = parameter_of(asked, offer, name)
    if not name or reason in _UNKNOWN:
        return parameter is None
    if parameter is None:
        return False
    match reason:
        case Reason.MISSING_PARAMETER:
            return parameter.required
        case Reason.SIZE_NOT_OF_MODEL:
            return offer.parameter[name].of_model and not parameter.behind
        case Reason.NOT_ONE_OF:
            return bool(parameter.values) and not parameter.behind
        case _:
            return True


def _is_size_behind(offer: Offer, reason: Reason) -> bool:
    """Whether the service behind the gateway looks at sizes, and whether there are some."""
    size = offer.parameter["size"]
    return size.behind and (size.free is None) is (reason == Reason.SIZE_NOT_LISTED)


def _is_met(asked: AskedCase, when: Mapping[str, Any]) -> bool:
    """Whether a body has options that are not taken together."""
    files = dict.fromkeys(asked.case.files, True)
    for name, wanted in when.items():
        parameter = asked.offer.parameter.get(name) if asked.offer else None
        usual = 1 if name == "n" else parameter and parameter.default
        if not _is_wanted(files.get(name, asked.body.get(name, usual)), wanted):
            return False
    return True


def _is_wanted(value: Any, wanted: Any) -> bool:
    match wanted:
        case {"above": bound}:
            return value is not None and bool(value > bound)
        case {"below": bound}:
            return value is not None and bool(value < bound)
        case _:
            return bool(value == wanted)

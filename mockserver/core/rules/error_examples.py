"""What the words of a scripted error mention: values such as a request had to cause it. Pure.

Nothing caused the error, so they are made up, but from the request and its operation: what they say
is true of some request to that operation on that day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from string import Formatter
from typing import Any

from mockserver.core.dialects import dialect_of
from mockserver.core.errors import Reason
from mockserver.core.request import ImageRequest
from mockserver.facts import Facts, Offer, Parameter, default_days
from mockserver.facts.words import TABLES

Values = dict[str, Any]
_UNKNOWN = "seed"  # a parameter of other vendors' image APIs
_LONGEST = 1000  # characters of a prompt, where an operation has none
_MODES = ("P", "L", "RGB", "I;16")  # of a PNG


class Examples:
    """The values for each reason, from one request under one day's facts."""

    def __init__(self, facts: Facts, request: ImageRequest) -> None:
        operation = facts.operations[request.operation]
        self.request, self.default_model = request, operation.default_model
        self.parameters: Mapping[str, Parameter] = {p.name: p for p in operation.parameters}
        self.required = next(p.name for p in operation.parameters if p.required)
        self.offer: Offer = facts.models[request.model].offers[operation.id]
        self.tells_bound_of_model = dialect_of(operation.dialect).tells_bound_of_model
        self.models = [m.id for m in facts.models.values() if operation.id in m.offers]
        self.others = sorted(default_days())
        self.content_type = "multipart/form-data" if operation.form else "application/json"

    def of(self, reason: Reason) -> Values:
        """What the words of this reason mention, beside what those of a limit do."""
        found = _EXAMPLES.get(reason)
        return found(self) if found else {}


def _type(e: Examples) -> Values:
    n = e.parameters["n"]
    return {"param": "n", "value": "2", "expected": n.type, "parameter": n}


def _not_listed(e: Examples) -> Values:
    return {"param": "size", "value": "500x500", "allowed": list(e.parameters["size"].values or ())}


def _too_long(e: Examples) -> Values:
    """The bound of a model in dialect B, in A that of the parameter."""
    prompt = None if e.tells_bound_of_model else e.parameters.get("prompt")
    most = (prompt.length_max if prompt else 0) or e.offer.prompt_max or _LONGEST
    text = (e.request.prompt or "a fox").ljust(most + 1, ".")
    told = {"param": "prompt", "value": text, "bound": most, "length": len(text)}
    return told | {"model": e.request.model, "allowed": [e.default_model or e.request.model]}


def _over_model(e: Examples) -> Values:
    most = e.offer.prompt_max or _LONGEST
    return {"param": "prompt", "value": e.request.prompt, "bound": most, "length": most + 1}


def _model(e: Examples) -> Values:
    """The model as if it were gone: others are listed in its place."""
    others = [m for m in e.models if m != e.request.model] or e.others[:1]
    return {"param": "model", "model": e.request.model, "allowed": others}


def _mode(allowed: tuple[str, ...]) -> Values:
    return {
        "allowed": list(allowed or ("RGBA",)),
        "mode": next(m for m in _MODES if m not in allowed),
    }


def _too_large(e: Examples) -> Values:
    """The bound of a model in dialect B, in A that of the parameter."""
    parameter = (e.offer.parameter if e.tells_bound_of_model else e.parameters)["n"]
    most = int(parameter.maximum or 1)
    return {"param": "n", "value": most + 1, "bound": most}


def _file_type(e: Examples) -> Values:
    types = e.offer.upload.types if e.offer.upload else ()
    return {"param": "image", "type": "image/jpeg", "allowed": types or ("image/png",)}


_EXAMPLES: Mapping[Reason, Callable[[Examples], Values]] = {
    Reason.WRONG_METHOD: lambda _: {"method": "PUT", "allowed": "POST"},
    Reason.WRONG_CONTENT_TYPE: lambda e: {
        "content_type": "text/plain",
        "media": "text/plain",
        "expected": e.content_type,
    },
    Reason.WRONG_BODY_TYPE: lambda _: {"value": []},
    Reason.UNKNOWN_PARAMETER: lambda _: {"param": _UNKNOWN, "unexpected": f"{_UNKNOWN!r} was"},
    Reason.MISSING_PARAMETER: lambda e: {"param": e.required},
    Reason.DUPLICATE_PARAMETER: lambda _: {"param": "n"},
    Reason.WRONG_TYPE: _type,
    Reason.NOT_A_NUMBER: lambda _: {"param": "n", "value": "two"},
    Reason.NOT_ONE_OF: _not_listed,
    Reason.NO_MATCH: lambda _: {"param": "size", "value": "big", "pattern": "[0-9]+x[0-9]+"},
    Reason.TOO_SMALL: lambda _: {"param": "n", "value": 0, "bound": 1},
    Reason.TOO_LARGE: _too_large,
    Reason.EMPTY_PROMPT: lambda _: {"param": "prompt", "value": ""},
    Reason.PROMPT_TOO_LONG: _too_long,
    Reason.PROMPT_OVER_MODEL: _over_model,
    Reason.UNKNOWN_MODEL: _model,
    Reason.SIZE_NOT_OF_MODEL: lambda e: {
        "param": "size",
        "value": "500x500",
        "allowed": e.offer.parameter["size"].values,
    },
    Reason.ONE_IMAGE_ONLY: lambda _: {"param": "n"},
    Reason.SIZE_NOT_LISTED: lambda e: {
        "value": "500x500",
        "allowed": e.offer.parameter["size"].values or (),
    },
    Reason.SIZE_FORM: lambda _: {"value": "large"},
    Reason.SIZE_MULTIPLE: lambda _: {"value": "1000x1000", "bound": 16},
    Reason.SIZE_RATIO: lambda _: {"value": "3072x512", "bound": 3},
    Reason.SIZE_SIDE: lambda _: {"value": "4096x2048", "bound": 3840},
    Reason.SIZE_BELOW: lambda _: {"value": "512x512"},
    Reason.SIZE_ABOVE: lambda _: {"value": "3008x3008"},
    Reason.FILE_TYPE: _file_type,
    Reason.IMAGE_MODE: lambda e: _mode(e.offer.upload.image_modes if e.offer.upload else ()),
    Reason.MASK_MODE: lambda e: _mode(e.offer.upload.mask_modes if e.offer.upload else ()),
    Reason.NOT_SQUARE: lambda _: {"width": 640, "height": 480},
    Reason.EMPTY_LIST: lambda _: {"param": "images"},
    Reason.LIST_TOO_LONG: lambda _: {"param": "image", "bound": 16, "length": 17},
    Reason.FOR_JSON: lambda _: {"param": "images"},
    Reason.FOR_FORMS: lambda _: {"param": "image"},
    Reason.IMAGE_FILE: lambda _: {"number": 1},
    Reason.IMAGE_DATA: lambda _: {"param": "images[0].image_url"},
    Reason.NOT_DOWNLOADED: lambda _: {"status": 404},
    Reason.NO_SUCH_FILE: lambda _: {"param": "images[0].file_id", "file": "file-abc123"},
    Reason.INPUT_FIDELITY: lambda e: {"model": e.request.model},
    Reason.MASK_SIZE: lambda _: {"expected": "1024x1024", "width": 512, "height": 512},
}

_ANY = Parameter("limit", "integer", "", "")


def beside(reason: Reason) -> Values:
    """What the words of a reason mention where a request is none for pictures; else its name."""
    found = {name: _BESIDE.get(name, name) for name in _mentioned(reason) - {"request_id"}}
    if reason in (Reason.MISSING_PARAMETER, Reason.WRONG_TYPE):
        found |= {"param": "purpose", "value": 1, "expected": "string"}
    return found


@lru_cache
def _mentioned(reason: Reason) -> frozenset[str]:
    """The names of the values in all words for a reason."""
    said = [table[reason] for table in TABLES.values() if reason in table]
    texts = [text for w in said for text in (w.message, w.param or "", *map("".join, w.headers))]
    parts = [part for text in texts for part in Formatter().parse(text)]
    names = {name for _, name, _, _ in parts if name}
    return frozenset(names - {"request_id"})  # which is no example: each request has one


#: Examples of values, by the names that words give them.
_BESIDE: Values = {
    "allowed": ["1"],
    "bound": 1,
    "content_type": "text/plain",
    "expected": "integer",
    "family": "a-model",
    "file": "file-abc123",
    "height": 480,
    "id": "file-abc123",
    "length": 2,
    "media": "text/plain",
    "mode": "P",
    "model": "a-model",
    "most": 1,
    "number": 1,
    "param": "limit",
    "parameter": _ANY,
    "pattern": "[0-9]+",
    "purpose": "assistants",
    "read": 1_000_000,
    "service": "Images",
    "status": 404,
    "type": "text/plain",
    "unexpected": "'limit' was",
    "value": "0",
    "width": 640,
}

"""What a request for pictures asks for, by the facts of its day. Judges nothing."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from contracts.document.bodies import beside
from contracts.exchange import Exchange, Request
from contracts.forms import FORM, Field, fields_in, gathered
from mockserver.facts import Facts, Model, Offer, Operation, Parameter, default_days, load

Size = tuple[int, int]  # width, height in pixels
BASE = "/v1"  # what the facts' paths begin with


class Asked(NamedTuple):
    """A body that was accepted, with the defaults filled in."""

    facts: Facts  # of the model's day
    operation: Operation
    model: Model
    offer: Offer
    given: Mapping[str, Any]  # as it was sent, without nulls
    options: Mapping[str, Any]  # with the defaults; what is left to the model is left to it
    images: tuple[bytes, ...] = ()
    mask: bytes | None = None

    @property
    def n(self) -> int:
        """How many pictures; one where a server took what is no number."""
        told = str(self.options.get("n"))
        return int(told) if told.isdecimal() else 1

    @property
    def prompt(self) -> str:
        """The text, "" where there is none."""
        return str(self.options.get("prompt", ""))

    @property
    def size(self) -> Size | None:
        """The size that was named; None where it is left to the model."""
        return size_in(self.options.get("size"))

    @property
    def chosen_size(self) -> Size | None:
        """The size that the facts say; None where it follows a picture that was sent."""
        size = self.offer.parameter["size"]
        told = self.options.get("size")
        return None if size.follows and told in size.leaves else size_in(size.chosen(told))

    @property
    def field(self) -> str:
        """Where a picture stands in its item: "url" or "b64_json"."""
        known = "response_format" in self.offer.parameter
        return str(self.options["response_format"]) if known else "b64_json"

    @property
    def format(self) -> str:
        """The format of the files, as Pillow names it."""
        return str(self.options.get("output_format") or "png").upper()

    @property
    def may_be_clear(self) -> bool:
        """Whether there may be transparency."""
        return self.options.get("background") in ("transparent", "auto")

    @property
    def is_clear(self) -> bool:
        """Whether there is to be transparency."""
        return self.options.get("background") == "transparent"

    @property
    def is_streamed(self) -> bool:
        """Whether the answer is a stream of events."""
        return bool(self.offer.streamed and self.options.get("stream"))


def size_in(text: Any) -> Size | None:
    """Width and height as "1024x1536" has them; None of any other text."""
    width, _, height = str(text).partition("x")
    is_size = width.isdecimal() and height.isdecimal() and len(width + height) < 12
    return (int(width), int(height)) if is_size else None


def facts_of(day: date | None, model: Any, began: float) -> Facts:
    """The facts that count for a model: without a day, those of its own day for some."""
    own = default_days().get(model) if day is None and isinstance(model, str) else None
    return load(datetime.fromtimestamp(began, UTC).date() if own == "today" else own or day)


def asked(exchange: Exchange, day: date | None) -> Asked | None:
    """What an exchange's request asks for; None if it asks for no pictures that there are."""
    request = exchange.request
    with suppress(LookupError, TypeError, ValueError, AttributeError):
        named = _fields(request)
        fields = {name: value for name, value in named.items() if value is not None}
        told = _text(fields.get("model"))
        facts = facts_of(day, told, exchange.began)
        (operation,) = (o for o in facts.operations.values() if is_of(o, request))
        model = facts.models[told or _meant(named, operation, facts)]
        return _asked(facts, operation, model, fields)
    return None


def model_in(request: Request) -> Any:
    """The model that a body names; None where it names none."""
    with suppress(LookupError, TypeError, ValueError, AttributeError):
        return _text(_fields(request).get("model"))
    return None


def is_of(operation: Operation, request: Request) -> bool:
    """Whether a request is one of an operation's."""
    path = request.path.partition("?")[0]
    return (operation.method, operation.path.removeprefix(BASE)) == (request.method, path)


def _fields(request: Request) -> dict[str, Any]:
    """Names and values of a body that is a JSON object, or a form."""
    if form := fields_in(request.header("content-type"), request.body):
        return dict(gathered(form))
    told = {} if FORM in request.header("content-type") else json.loads(request.body or b"{}")
    return dict(told)


def _meant(fields: Mapping[str, Any], operation: Operation, facts: Facts) -> str:
    """The model of a body that names none."""
    other = facts.models.get(operation.other_default)
    if other and not fields.keys().isdisjoint(beside(operation, other)):
        return other.id
    return operation.default_model


def _asked(facts: Facts, operation: Operation, model: Model, fields: Mapping[str, Any]) -> Asked:
    offer = model.offers[operation.id]
    is_form = any(isinstance(value, Field) for value in fields.values())
    known = offer.parameter if is_form or not offer.json else offer.json
    told = {name: _value(known[name], value) for name, value in fields.items() if name in known}
    given = {name: value for name, value in told.items() if _is_typed(known[name], value)}
    defaults = {p.name: p.default for p in known.values() if p.default is not None}
    images, mask = _files(fields) if is_form else _referred(given)
    return Asked(facts, operation, model, offer, given, defaults | given, images, mask)


_TYPES = {"string": str, "integer": int, "boolean": bool}


def _is_typed(parameter: Parameter, value: Any) -> bool:
    """Whether a value is what its parameter has; a server that took another knows what it meant."""
    return parameter.name == "n" or isinstance(value, _TYPES.get(parameter.type, object))


def _value(parameter: Parameter, value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)  # which is an integer in JSON
    if not isinstance(value, Field):
        return value
    text = _text(value)
    match parameter.type:
        case "integer":
            return int(float(text))
        case "boolean":
            return {"true": True, "false": False}.get(text, text)
        case "file" | "files":
            return value
        case _:
            return text


def _text(value: Any) -> Any:
    return value.data.decode("utf-8", "replace") if isinstance(value, Field) else value


def _files(fields: Mapping[str, Field]) -> tuple[tuple[bytes, ...], bytes | None]:
    images = [one.data for one in fields["image"].all] if "image" in fields else []
    if "markup" in fields:
        images.append(fields["markup"].data)
    return tuple(images), fields["mask"].data if "mask" in fields else None


def _referred(given: Mapping[str, Any]) -> tuple[tuple[bytes, ...], bytes | None]:
    """The pictures that a JSON body has in itself."""
    images = [_data(one) for one in given.get("images", ())]
    mask = given.get("mask")
    return tuple(images), _data(mask) if mask else None


def _data(reference: Mapping[str, str]) -> bytes:
    return b64decode(reference["image_url"].partition(",")[2])

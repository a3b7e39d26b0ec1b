"""Check a decoded body against the facts, and turn it into a request. Pure: no I/O, no clock.

The order of checks is the order of the lines in `Validator.checked`: here that of dialect A, the
parameters as a schema would check them, then what only the chosen model can say. (Inferred: it was
never observed.) Dialect B's is in `gateway`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mockserver.core.errors import ApiError, Reason
from mockserver.core.uploads import Fields, Part, check_uploads
from mockserver.facts import Facts, Model, Offer, Operation, Parameter


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """A request that the API would accept, with its defaults filled in."""

    operation: str
    model: str
    prompt: str
    n: int
    size: str  # width × height in pixels, as "1024x1024"
    quality: str | None  # None where the model ignores it
    style: str | None
    response_format: str  # "url" or "b64_json"
    image: bytes | None = field(default=None, repr=False)  # as uploaded
    mask: bytes | None = field(default=None, repr=False)  # as uploaded


Given = dict[str, Any]
ABSENT: Any = object()


class Validator:
    """The rules of one operation; `page_sizes` takes the sizes of the model page too."""

    def __init__(self, facts: Facts, operation: Operation, *, page_sizes: bool) -> None:
        self.operation = operation
        self.parameters = {p.name: p for p in operation.parameters}
        self._required = [p.name for p in operation.parameters if p.required]
        self.models = {m.id: m for m in facts.models.values() if operation.id in m.offers}
        self.sizes = {
            m.id: _sizes(m.offers[operation.id], page_sizes) for m in self.models.values()
        }
        self._unbuilt = facts.unbuilt
        # Sizes that are accepted although the API's own error does not list them.
        self._unlisted = frozenset(size for sizes in self.sizes.values() for size in sizes)

    def validated(self, body: Any) -> ImageRequest:
        """The request in `body`: a decoded JSON value, or the parts of a form by name.

        Raises:
            ApiError: what the API would say first of all that is wrong.
        """
        if not isinstance(body, dict):
            raise ApiError(Reason.WRONG_BODY_TYPE, value=body)
        given, model = self.checked(body)
        return self._request(given, model, model.offers[self.operation.id])

    def checked(self, body: Mapping[str, Any]) -> tuple[Given, Model]:
        """The values of `body` that count, and the model that they mean."""
        self._check_built(body)
        self._check_names(body)
        given: Given = {}
        for name, parameter in self.parameters.items():
            value = self.value_of(body, parameter)
            if value is not ABSENT:
                check_value(parameter, value, self._unlisted if name == "size" else frozenset())
                given[name] = value
        model = self._model(given)
        self._check_offer(given, model, model.offers[self.operation.id])
        return given, model

    def value_of(self, body: Mapping[str, Any], parameter: Parameter) -> Any:
        """The value of one parameter as its type has it; ABSENT without one."""
        value = body.get(parameter.name, ABSENT)
        if value is ABSENT or (value is None and parameter.nullable):
            return ABSENT
        return from_form(parameter, value) if isinstance(value, Part) else value

    def _check_built(self, body: Mapping[str, Any]) -> None:
        """Refuse a model that this server does not have, before its parameters are held to others'.

        The API has no such step: it has those models.
        """
        parameter = self.parameters.get("model")
        name = self.value_of(body, parameter) if parameter else ABSENT
        if isinstance(name, str) and name in self._unbuilt:
            raise ApiError(Reason.UNKNOWN_MODEL, param="model", model=name)

    def ignored(self, body: Mapping[str, Any], request: ImageRequest) -> list[str]:
        """What was taken and changed nothing in an accepted body, a sentence each."""
        offer = self.models[request.model].offers[self.operation.id]
        unknown = [n for n in offer.ignored if body.get(n) is not None]
        found = [f"{request.model} ignores {n!r}" for n in unknown]
        if not isinstance(body, Fields):
            return found
        further = {k: v.more for k, v in body.items() if isinstance(v, Part) and v.more}
        parts = [f"of {n + 1} parts {k!r} only the first was used" for k, n in further.items()]
        return [*parts, *found, *body.ignored]

    def _check_names(self, body: Mapping[str, Any]) -> None:
        if not body.keys() <= self.parameters.keys():
            unknown = [name for name in body if name not in self.parameters]
            raise ApiError(
                Reason.UNKNOWN_PARAMETER, param=unknown[0], unexpected=_unexpected(unknown)
            )
        for name in self._required:
            if name not in body:
                raise ApiError(Reason.MISSING_PARAMETER, param=name)

    def _model(self, given: Given) -> Model:
        name = given.get("model", self.operation.default_model)
        if model := self.models.get(name):
            return model
        raise ApiError(Reason.UNKNOWN_MODEL, param="model", model=name)

    def _check_offer(self, given: Given, model: Model, offer: Offer) -> None:
        if "prompt" in given:
            check_prompt(given["prompt"], self.parameters["prompt"].length_max or offer.prompt_max)
            check_prompt(given["prompt"], offer.prompt_max, Reason.PROMPT_OVER_MODEL)
        size = given.get("size", offer.default_size)
        if size not in self.sizes[model.id]:
            raise self._wrong_size(size)
        if given.get("n", 1) > offer.n_max:
            raise ApiError(Reason.ONE_IMAGE_ONLY, param="n")
        if offer.upload:
            check_uploads(offer.upload, given["image"], given.get("mask"))

    def _wrong_size(self, size: str) -> ApiError:
        listed = self.parameters["size"].values or ()
        if size in listed:
            return ApiError(Reason.SIZE_NOT_OF_MODEL, param="size")
        return _not_one_of("size", size, listed)

    def _request(self, given: Given, model: Model, offer: Offer) -> ImageRequest:
        return ImageRequest(
            operation=self.operation.id,
            model=model.id,
            prompt=given.get("prompt", ""),
            n=int(given.get("n", 1)),
            size=given.get("size", offer.default_size),
            quality=_unless_ignored("quality", given, offer, offer.default_quality),
            style=_unless_ignored("style", given, offer, offer.default_style),
            response_format=given.get("response_format", "url"),
            image=given.get("image"),
            mask=given.get("mask"),
        )


def check_value(parameter: Parameter, value: Any, unlisted: frozenset[str] = frozenset()) -> None:
    """Check one value as a schema would: type, then values, then bounds."""
    name = parameter.name
    if not is_of_type(value, parameter.type):
        raise wrong_type(parameter, value)
    if parameter.values and value not in parameter.values and value not in unlisted:
        raise _not_one_of(name, value, parameter.values)
    if parameter.minimum is not None and value < parameter.minimum:
        raise ApiError(Reason.TOO_SMALL, param=name, value=value, bound=parameter.minimum)
    if parameter.maximum is not None and value > parameter.maximum:
        raise ApiError(Reason.TOO_LARGE, param=name, value=value, bound=parameter.maximum)


def wrong_type(parameter: Parameter, value: Any) -> ApiError:
    """The refusal of a value that is not of its parameter's type."""
    told = {"value": value, "expected": parameter.type, "parameter": parameter}
    return ApiError(Reason.WRONG_TYPE, param=parameter.name, **told)


def from_form(parameter: Parameter, part: Part) -> bytes | int | str:
    """A form's value, which comes as bytes, as its parameter has it: numbers come as text.

    A text that is not UTF-8 is refused as a form that can't be parsed (assumed: of the servers at
    hand some do so, some read it as Latin-1, and JSON's words of a type would repeat its bytes).
    """
    if parameter.type == "file":
        return part.data
    try:
        text = part.data.decode()
    except UnicodeDecodeError:
        hint = f"the text of {parameter.name!r} is not UTF-8"
        raise ApiError(Reason.UNPARSABLE_FORM, param=parameter.name, hint=hint) from None
    return int(text) if parameter.type == "integer" and _NUMBER.fullmatch(text) else text


_NUMBER = re.compile(r"-?[0-9]{1,4000}")  # int() takes 4300 digits at most


def is_of_type(value: Any, expected: str) -> bool:
    """Whether a decoded value is of a parameter's type."""
    if expected == "any":
        return True
    if expected == "string":
        return isinstance(value, str)
    if expected == "file":
        return isinstance(value, bytes)
    if isinstance(value, float):  # JSON Schema takes 2.0 for an integer
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def check_prompt(prompt: str, most: int, reason: Reason = Reason.PROMPT_TOO_LONG) -> None:
    """Hold a prompt to a length of at least 1 and at `most` so many characters."""
    if not prompt:
        raise ApiError(Reason.EMPTY_PROMPT, param="prompt", value=prompt)
    if len(prompt) > most:
        raise ApiError(reason, param="prompt", value=prompt, bound=most, length=len(prompt))


def _sizes(offer: Offer, page_sizes: bool) -> frozenset[str]:
    return frozenset(offer.sizes + offer.page_sizes if page_sizes else offer.sizes)


def _unless_ignored(
    name: str, given: Mapping[str, Any], offer: Offer, default: str | None
) -> str | None:
    return None if name in offer.ignored else given.get(name, default)


def _not_one_of(param: str, value: str, allowed: tuple[str, ...]) -> ApiError:
    return ApiError(Reason.NOT_ONE_OF, param=param, value=value, allowed=list(allowed))


def _unexpected(names: list[str]) -> str:
    verb = "was" if len(names) == 1 else "were"
    return f"{', '.join(map(repr, names))} {verb}"

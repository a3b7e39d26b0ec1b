"""Check a decoded body against the facts, and turn it into a request. Pure: no I/O, no clock.

The order of checks is the order of the lines in `Validator.checked`: here that of dialect A, the
parameters as a schema would check them, then what only the chosen model can say. (Inferred: it was
never observed.) Dialect B's is in `validation_b`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.core.errors import ApiError, Reason
from mockserver.core.inputs import settled
from mockserver.core.request import ImageRequest, Source
from mockserver.core.uploads import FILES, Fields, Form, Part, check_uploads
from mockserver.facts import Facts, Model, Offer, Operation, Parameter, fields

Given = dict[str, Any]
ABSENT: Any = object()


class Validator:
    """The rules of one operation; `page_sizes` takes the sizes of the model page too."""

    def __init__(self, facts: Facts, operation: Operation, *, page_sizes: bool) -> None:
        self.operation = operation
        self.parameters = {p.name: p for p in operation.parameters}
        self.models = {m.id: m for m in facts.models.values() if operation.id in m.offers}
        self.offers = {m.id: m.offers[operation.id] for m in self.models.values()}
        self.taken = {
            (m, p.name): p.taken(page=page_sizes)
            for m, offer in self.offers.items()
            for p in offer.parameter.values()
            if p.of_model and not p.behind
        }
        self._required = [p.name for p in operation.parameters if p.required]
        self._options = {m: _options(offer) for m, offer in self.offers.items()}
        # What a model can be left to choose itself.
        self._chosen = {
            m: {p.name: p for p in offer.parameter.values() if p.resolves and not p.follows}
            for m, offer in self.offers.items()
        }
        # What belongs to other options, which are told before it.
        self._parts = {
            m: {p.name: p.only_with for p in offer.parameter.values() if p.only_with}
            for m, offer in self.offers.items()
        }
        # What only the model can say something of: parameters, and values of the operation's.
        self._own = {
            m: [
                p
                for p in o.parameter.values()
                if p.name not in self.parameters or (m, p.name) in self.taken
            ]
            for m, o in self.offers.items()
        }
        self._ignored = {
            m: [p.name for p in offer.parameter.values() if p.ignored]
            for m, offer in self.offers.items()
        }
        self._names = {*self.parameters, *(n for o in self.offers.values() for n in o.parameter)}
        # Values that some model takes although the API's own error does not list them.
        self._unlisted: dict[str, frozenset[str]] = {}
        for (_, name), values in self.taken.items():
            self._unlisted[name] = values | self._unlisted.get(name, frozenset())

    def validated(self, body: Any) -> ImageRequest:
        """The request in `body`: a decoded JSON value, or the parts of a form by name.

        Raises:
            ApiError: what the API would say first of all that is wrong.
        """
        if not isinstance(body, dict):
            raise ApiError(Reason.WRONG_BODY_TYPE, value=body)
        given, model = self.checked(body)
        return self._request(given, model)

    def with_sources(
        self, body: Mapping[str, Any], sources: Sequence[Source], mask: Sequence[Source]
    ) -> ImageRequest:
        """An edit of pictures that are told apart from its options; ApiError as `validated`."""
        files = {"image": [b""] * len(sources), **({"mask": b""} if mask else {})}
        given, model = self.checked(Form({**body, **files}))
        del given["image"]
        given |= {"images": sources, **({"mask": mask} if mask else {})}
        return self._request(given, model)

    def checked(self, body: Mapping[str, Any]) -> tuple[Given, Model]:
        """The values of `body` that count, and the model that they mean."""
        self._check_names(body)
        given: Given = {}
        for name, parameter in self.parameters.items():
            if name in body:
                self._take(body, parameter, given)
        model = self._model(given)
        self._check_offer(body, given, model)
        return given, model

    def _take(self, body: Mapping[str, Any], parameter: Parameter, given: Given) -> None:
        value = self.value_of(body, parameter)
        if value is not ABSENT:
            check_value(parameter, value, self._unlisted.get(parameter.name, frozenset()))
            given[parameter.name] = value

    def value_of(self, body: Mapping[str, Any], parameter: Parameter) -> Any:
        """The value of one parameter as its type has it; ABSENT without one."""
        value = body.get(parameter.name, ABSENT)
        if value is ABSENT or (value is None and parameter.nullable):
            return ABSENT
        return from_form(parameter, value) if isinstance(value, Part) else value

    def unheard(self, body: Mapping[str, Any], request: ImageRequest) -> list[str]:
        """The parameters in an accepted body that its model takes, and does nothing with."""
        return [name for name in self._ignored[request.model] if body.get(name) is not None]

    def ignored(self, body: Mapping[str, Any], request: ImageRequest) -> list[str]:
        """What was taken and changed nothing in an accepted body, a sentence each."""
        taken = self.offers[request.model].parameter
        found = [f"{request.model} ignores {n!r}" for n in self.unheard(body, request)]
        if not isinstance(body, Fields):
            return found
        further = {
            k: v.more
            for k, v in body.items()
            if isinstance(v, Part) and v.more and taken[k].type != "files"
        }
        parts = [f"of {n + 1} parts {k!r} only the first was used" for k, n in further.items()]
        return [*parts, *found, *body.ignored]

    def takes_json(self, model: Any) -> bool:
        """Whether a body that names a model may be JSON, where others come as forms."""
        offer = self.offers.get(model) if isinstance(model, str) else None
        return self.operation.json_too or bool(offer and offer.json)

    def _check_names(self, body: Mapping[str, Any]) -> None:
        if not body.keys() <= self._names:
            unknown = [name for name in body if name not in self._names]
            raise ApiError(
                Reason.UNKNOWN_PARAMETER, param=unknown[0], unexpected=unexpected(unknown)
            )
        for name in self._required:
            if name not in body:
                raise ApiError(Reason.MISSING_PARAMETER, param=name)

    def _model(self, given: Given) -> Model:
        name = given.get("model", self.operation.default_model)
        if model := self.models.get(name):
            return model
        raise ApiError(Reason.UNKNOWN_MODEL, param="model", model=name)

    def _check_offer(self, body: Mapping[str, Any], given: Given, model: Model) -> None:
        offer = self.offers[model.id]
        if "prompt" in given:
            check_prompt(given["prompt"], self.parameters["prompt"].length_max or offer.prompt_max)
            check_prompt(given["prompt"], offer.prompt_max, Reason.PROMPT_OVER_MODEL)
        for parameter in self._own[model.id]:
            if parameter.name not in self.parameters:
                self._take(body, parameter, given)
            elif parameter.name in given:
                self._check_of_model(parameter, given[parameter.name], model)
        if given.get("n", 1) > (offer.parameter["n"].maximum or 1):
            raise ApiError(Reason.ONE_IMAGE_ONLY, param="n")
        check_upload(offer, given)

    def _check_of_model(self, parameter: Parameter, value: Any, model: Model) -> None:
        if value in self.taken[model.id, parameter.name]:
            return
        listed = self.parameters[parameter.name].values or ()
        if value in listed:
            raise ApiError(Reason.SIZE_NOT_OF_MODEL, param=parameter.name)
        raise _not_one_of(parameter.name, value, listed)

    def _request(self, given: Given, model: Model) -> ImageRequest:
        options: Given = {}
        chosen = self._chosen[model.id]
        parts = self._parts[model.id]
        for name, usual in self._options[model.id].items():
            value = _whole(given.get(name, usual))
            if name in parts and not parts[name].items() <= options.items():
                continue
            if value is not None:
                options[name] = chosen[name].chosen(value) if name in chosen else value
        offer = self.offers[model.id]
        request = ImageRequest(
            operation=self.operation.id,
            model=model.id,
            prompt=given.get("prompt", ""),
            n=int(given.get("n", 1)),
            options=options,
            offer=offer,
            filled=tuple([n for n in ("model", "n", *self._options[model.id]) if n not in given]),
            drawn=_drawn(options),
            **_pictures(given),
        )
        if request.sources or not offer.upload or not offer.upload.formats:
            return request
        return settled(request, request.images, request.mask)


def _whole(value: Any) -> Any:
    """An integer for 2.0, which JSON Schema takes for one; anything else as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def check_upload(offer: Offer, given: Given) -> None:
    """Hold the file of an edit or a variation by DALL·E to the model's rules, and its mask."""
    if offer.upload and not offer.upload.formats:
        check_uploads(offer.upload, given["image"], given.get("mask"))


def _pictures(given: Given) -> Given:
    """The fields of a request that are pictures, or say where they are."""
    image, mask = given.get("image", ()), given.get("mask")
    if sources := given.get("images"):
        return {"sources": (*sources, *(mask or ())), "has_mask": mask is not None}
    images = (image,) if isinstance(image, bytes) else (*image,)
    markup = (given["markup"],) if "markup" in given else ()
    return {"images": images + markup, "mask": mask}


def _options(offer: Offer) -> Given:
    """The defaults of all parameters that have an effect, in the order in which they are told."""
    told = fields()
    without = {"prompt", *told.request, *told.nothing, *FILES}
    found = {p.name: p.default for p in offer.parameter.values() if not p.ignored}
    return {name: found[name] for name in told.order if name in found and name not in without}


def _drawn(options: Given) -> tuple[tuple[str, Any], ...]:
    """The options that make a picture: by position, then by name.

    What stands by position is there even where it has no value, as it was before there were others.
    """
    told = fields()
    first = [(name, options.get(name)) for name in told.by_position]
    return (*first, *[(k, _frozen(v)) for k, v in options.items() if k not in told.placed])


def _frozen(value: Any) -> Any:
    return value if isinstance(value, str | int | float) else json.dumps(value, sort_keys=True)


def check_value(parameter: Parameter, value: Any, unlisted: frozenset[str] = frozenset()) -> None:
    """Check one value as a schema would: type, then values, then bounds."""
    name = parameter.name
    if not is_of_type(value, parameter.type):
        raise wrong_type(parameter, value)
    if isinstance(value, list):
        _check_items(parameter, value)
    if parameter.values and value not in parameter.values and value not in unlisted:
        raise _not_one_of(name, value, parameter.values)
    if parameter.minimum is not None and value < parameter.minimum:
        raise ApiError(Reason.TOO_SMALL, param=name, value=value, bound=parameter.minimum)
    if parameter.maximum is not None and value > parameter.maximum:
        raise ApiError(Reason.TOO_LARGE, param=name, value=value, bound=parameter.maximum)
    if parameter.pattern and not re.fullmatch(parameter.pattern, value):
        raise ApiError(Reason.NO_MATCH, param=name, value=value, pattern=parameter.pattern)


def _check_items(parameter: Parameter, value: list[Any]) -> None:
    """Hold a list to its length, and each item to its type."""
    name, most = parameter.name, parameter.items_max
    if most and not value:
        raise ApiError(Reason.EMPTY_LIST, param=name)
    if most and len(value) > most:
        raise ApiError(Reason.LIST_TOO_LONG, param=name, bound=most, length=len(value))
    if parameter.items:
        item = parameter._replace(type=parameter.items, items=None, items_max=None)
        for place, one in enumerate(value):
            check_value(item._replace(name=f"{name}[{place}]"), one)


def wrong_type(parameter: Parameter, value: Any) -> ApiError:
    """The refusal of a value that is not of its parameter's type."""
    told = {"value": value, "expected": JSON_TYPES[parameter.type], "parameter": parameter}
    told["hint"] = sent_as_character(parameter, value)
    return ApiError(Reason.WRONG_TYPE, param=parameter.name, **told)


def sent_as_character(parameter: Parameter, value: Any) -> str:
    """What to say of a number in a form that came as the character of that number."""
    if parameter.type != "integer" or not isinstance(value, str) or not _CONTROL.fullmatch(value):
        return ""
    who = "a form wants digits, and Ruby's set_form sends an Integer so"
    return f"{parameter.name!r} is the character U+{ord(value):04X}: {who}"


def from_form(parameter: Parameter, part: Part) -> Any:
    """A form's value, which comes as bytes, as its parameter has it: all but files come as text.

    A text that is not UTF-8 is refused as a form that can't be parsed (assumed: of the servers at
    hand some do so, some read it as Latin-1, and JSON's words of a type would repeat its bytes).
    """
    if parameter.type in ("file", "files"):
        return part.data if parameter.type == "file" else [one.data for one in part.all]
    try:
        text = part.data.decode()
    except UnicodeDecodeError:
        hint = f"the text of {parameter.name!r} is not UTF-8"
        raise ApiError(Reason.UNPARSABLE_FORM, param=parameter.name, hint=hint) from None
    match parameter.type:
        case "integer" if re.fullmatch(_WHOLE, text):
            return int(text)
        case "number" if re.fullmatch(_NUMBER, text):
            return float(text)
        case "boolean" if text in ("true", "false"):
            return text == "true"
        case "list":
            return [text]
        case _:
            return text


_CONTROL = re.compile(r"[\x00-\x1f]")
_WHOLE = r"-?[0-9]{1,4000}"  # int() takes 4300 digits at most
_NUMBER = r"-?[0-9]{1,300}(\.[0-9]{1,300})?"
#: What JSON Schema calls each type.
JSON_TYPES = {
    **{name: name for name in ("string", "integer", "number", "boolean", "object", "file")},
    "list": "array",
    "files": "array",
}
_CLASSES: Mapping[str, tuple[type, ...]] = {
    "any": (object,),
    "string": (str,),
    "file": (bytes,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "files": (list,),
    "object": (dict,),
}


def is_of_type(value: Any, expected: str) -> bool:
    """Whether a decoded value is of a parameter's type."""
    if isinstance(value, bool):
        return expected in ("boolean", "any")
    if expected == "integer" and isinstance(value, float):  # JSON Schema takes 2.0 for one
        return value.is_integer()
    return isinstance(value, _CLASSES[expected])


def check_prompt(
    prompt: str, most: int, reason: Reason = Reason.PROMPT_TOO_LONG, **told: Any
) -> None:
    """Hold a prompt to a length of at least 1 and at `most` so many characters.

    `told` is what words may mention beside it.
    """
    if not prompt:
        raise ApiError(Reason.EMPTY_PROMPT, param="prompt", value=prompt)
    if len(prompt) > most:
        told |= {"value": prompt, "bound": most, "length": len(prompt)}
        raise ApiError(reason, param="prompt", **told)


def _not_one_of(param: str, value: str, allowed: tuple[str, ...]) -> ApiError:
    return ApiError(Reason.NOT_ONE_OF, param=param, value=value, allowed=list(allowed))


def unexpected(names: list[str]) -> str:
    """Names as JSON Schema's words for unknown ones begin: "'a', 'b' were"."""
    verb = "was" if len(names) == 1 else "were"
    return f"{', '.join(map(repr, names))} {verb}"

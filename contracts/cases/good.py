"""Good requests: by operation, model and option, of the cheapest picture. Sends nothing."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal, NamedTuple

from contracts.cases.uploads import Files, good
from contracts.checks.asked import BASE
from contracts.document.narrow import smallest
from contracts.document.sizes import examples_of
from contracts.exchange import Part, Request, form_request, json_request
from mockserver.facts import Facts, Model, Offer, Operation, Parameter, default_days, load

How = Literal["JSON", "form"]


class Way(NamedTuple):
    """A way to ask a model for pictures."""

    facts: Facts  # of the model's day
    operation: Operation
    model: Model
    how: How

    @property
    def offer(self) -> Offer:
        """What the model takes."""
        return self.model.offers[self.operation.id]

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """What a body of this kind may have."""
        is_other = self.how == "JSON" and self.operation.form
        return self.offer.json if is_other else self.offer.parameter

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats of files; "" where none can be asked for."""
        known = self.parameters.get("output_format")
        return (known.values or ("",)) if known else ("",)

    @property
    def answers(self) -> tuple[str, ...]:
        """The ways in which pictures come: as "url", "b64_json" or a "stream"."""
        known = self.parameters.get("response_format")
        inline = (known.values or ()) if known else ("b64_json",)
        return (*inline, "stream") if self.offer.streamed else tuple(inline)


def ways(day: date | None, today: date) -> Iterator[Way]:
    """Every operation of every model of a day, in each way to send a body.

    Args:
        day: whose API; None is the default day's, with some models as they are today.
        today: that day.
    """
    for facts, name in models_on(day, today):
        model = facts.models[name]
        for operation in facts.operations.values():
            if offer := model.offers.get(operation.id):
                yield Way(facts, operation, model, "form" if operation.form else "JSON")
                if operation.form and offer.json:
                    yield Way(facts, operation, model, "JSON")


def models_on(day: date | None, today: date) -> Iterator[tuple[Facts, str]]:
    """The models of a day, each with the facts that count for it."""
    own = default_days() if day is None else {}
    for name in load(day).models:
        if name not in own:
            yield load(day), name
    for name, other in own.items():
        facts = load(today if other == "today" else other)
        if name in facts.models:
            yield facts, name


def request_of(way: Way, files: Files | None = None, **options: Any) -> Request:
    """A request for one small picture, with other options where these say so."""
    files = _files(way) if files is None else files
    told = {name: value for name, value in (_cheap(way) | options).items() if value is not None}
    path = way.operation.path.removeprefix(BASE)
    if way.how == "JSON":
        return json_request(way.operation.method, path, told | _referred(files))
    return form_request(way.operation.method, path, _parts(told, files))


def _cheap(way: Way) -> dict[str, Any]:
    known = way.parameters
    usual: dict[str, Any] = {"prompt": "a red fox in the snow", "n": 1}
    if "model" in known:
        usual["model"] = way.model.id
    if "low" in (known["quality"].values or () if "quality" in known else ()):
        usual["quality"] = "low"
    usual["size"] = smallest_size(known["size"])
    return {name: value for name, value in usual.items() if name in known}


def smallest_size(parameter: Parameter) -> str:
    """The size with the fewest pixels that a parameter takes."""
    free = examples_of(parameter.free) if parameter.free else []
    return smallest([*(parameter.values or ()), *free])


def answered_as(way: Way, answer: str, form: str = "") -> dict[str, Any]:
    """The options with which pictures come in a way, and in a format."""
    told: dict[str, Any] = {"output_format": form} if form else {}
    if answer == "stream":
        return told | {"stream": _written(way, value=True), "partial_images": 2}
    if "response_format" in way.parameters:
        told["response_format"] = answer
    return told


def _written(way: Way, *, value: bool) -> Any:
    return value if way.how == "JSON" else str(value).lower()


def _files(way: Way) -> Files:
    if not way.operation.form:
        return {}
    return good(way.operation, b"", day=way.facts.day, model=way.model.id)


def _referred(files: Files) -> dict[str, Any]:
    """Files as a JSON body refers to them: each in its address."""
    told = {n: {"image_url": _address(file)} for n, file in files.items() if n != "image"}
    return {**told, "images": [{"image_url": _address(files["image"])}]} if files else {}


def _address(file: bytes) -> str:
    return f"data:image/png;base64,{b64encode(file).decode()}"


def _parts(texts: Mapping[str, Any], files: Files) -> Iterator[Part]:
    for name, value in texts.items():
        yield name, None, "", str(value).encode()
    for name, file in files.items():
        yield name, f"{name}.png", "image/png", file

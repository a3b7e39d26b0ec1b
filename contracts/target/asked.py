"""What a request asks for, as far as it has a price. Knows no price, and sends nothing."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from contracts.exchange import Request
from contracts.forms import Field, fields_in
from contracts.target import NotObserved
from mockserver.facts import Offer, ever_there, load, periods, routes


class Unpriced(NotObserved):
    """Nobody knows what a request would cost; it is not sent."""


class Asked(NamedTuple):
    """What a request asks for, as far as its price goes."""

    operation: str  # as "images.generate"; "" is none that is known
    options: Mapping[str, Any]  # texts, numbers and switches of a form too
    files: tuple[bytes, ...] = ()  # pictures that are sent, masks among them

    @property
    def model(self) -> str | None:
        """The model's name; None where it is left to the server."""
        return self.options.get("model")


def buys(request: Request) -> bool:
    """Whether a request would cost something if it were accepted."""
    path = request.path.partition("?")[0]
    return request.method == "POST" and (path.startswith("/images/") or path in _BUYING)


#: What else leads to pictures. Nobody knows a price of these: they are not sent where it counts.
_BUYING = ("/batches", "/responses")


def read(request: Request) -> Asked:
    """What a request asks for.

    Raises:
        Unpriced: it can be read in several ways, or in none.
    """
    path, post = request.path.partition("?")[0], request.method == "POST"
    operations = {p.removeprefix("/v1"): i for i, method, p in routes() if method == "POST"}
    operation = operations.get(path, "") if post else ""
    if form := fields_in(request.header("content-type"), request.body):
        return _of_form(operation, form)
    try:
        value = json.loads(request.body, object_pairs_hook=_each_once)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Unpriced("what it would cost is not known: its body can't be read")
    return Asked(operation, value, tuple(_inlined(value)))


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError
    return dict(pairs)


def _of_form(operation: str, form: list[tuple[str, Field]]) -> Asked:
    texts = [
        (name, field.data.decode("utf-8", "replace")) for name, field in form if not field.is_file
    ]
    names = {name for name, _ in texts}
    if len(names) < len(texts):
        raise Unpriced("what it would cost is not known: it has a field twice")
    options = {name: _valued(text, _types().get(name, "")) for name, text in texts}
    files = {name: b"" for name, field in form if field.is_file}
    return Asked(operation, options | files, tuple(f.data for _, f in form if f.is_file))


@lru_cache(maxsize=1)
def _types() -> Mapping[str, str]:
    """The types of all parameters that there ever were, by name."""
    offers = [offer for name in ever_there() for offer in offered(name).values()]
    return {p.name: p.type for offer in offers for p in offer.parameter.values()}


def _valued(text: str, kind: str) -> Any:
    try:
        return json.loads(text) if kind in ("integer", "number", "boolean") else text
    except ValueError:
        return text


def _inlined(value: Mapping[str, Any]) -> Iterator[bytes]:
    """The pictures in a JSON body.

    Raises:
        Unpriced: one lies elsewhere.
    """
    listed = value.get("images")
    for told in (*(listed if isinstance(listed, list) else ()), value.get("mask")):
        url = told.get("image_url") if isinstance(told, dict) else told
        if url is None and told is None:
            continue
        if not (isinstance(url, str) and url.startswith("data:")):
            raise Unpriced("what it would cost is not known: its pictures lie elsewhere")
        yield b64decode(url.partition(",")[2])


@lru_cache(maxsize=64)
def offered(model: str, day: date | None = None) -> Mapping[str, Offer]:
    """A model's offers by operation: those of a day, or of its last."""
    for known in (day, *reversed(periods())) if day else reversed(periods()):
        if found := load(known).models.get(model):
            return found.offers
    return {}

"""What OpenAI offered on a day, as typed values read from the TOML files here. Decides nothing."""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from mockserver.facts.costs import Limits, Prices, check, limits_in, prices_in
from mockserver.facts.dated import dates, in_force
from mockserver.packaged import packaged


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation, for all of its models."""

    name: str
    type: str  # "string", "integer", "file" or "any"
    source: str
    level: str
    required: bool = False
    nullable: bool = False
    minimum: int | None = None
    maximum: int | None = None
    length_max: int | None = None  # characters, whatever the model
    values: tuple[str, ...] | None = None  # in the order in which the API's error lists them


@dataclass(frozen=True, slots=True)
class Operation:
    """One endpoint and its parameters, in the order in which they are checked."""

    id: str
    method: str
    path: str
    default_model: str  # "" where a model must be named
    dialect: str  # "A" or "B": whose words, order of checks and layout its answers have
    parameters: tuple[Parameter, ...]
    form: bool = False  # the body is multipart, else JSON
    json_too: bool = False  # a form's operation takes JSON as well
    first: tuple[str, ...] = ()  # parameters that are checked before the others


@dataclass(frozen=True, slots=True)
class UploadRules:
    """What uploads one model takes in one operation. Modes are named as Pillow names them."""

    bytes_max: int
    side_max: int  # pixels
    image_modes: tuple[str, ...]
    source: str
    level: str
    image_modes_with_mask: tuple[str, ...] = ()
    mask_modes: tuple[str, ...] = ()
    types: tuple[str, ...] = ()  # content types that a part may name; () is any, and a look at it
    types_unlisted: tuple[str, ...] = ()  # more of them, which no message lists
    grey_16: str = "I;16"  # what a refusal calls the mode of 16-bit grey
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What one model takes in one operation."""

    n_max: int
    sizes: tuple[str, ...]  # by the API reference
    default_size: str
    milliseconds: tuple[int, int]  # shortest and longest processing time recorded
    source: str
    level: str
    prompt_max: int = 0  # characters
    page_sizes: tuple[str, ...] = ()  # by the model page
    upload: UploadRules | None = None
    default_quality: str | None = None
    default_style: str | None = None
    ignored: tuple[str, ...] = ()  # parameters that are accepted and change nothing
    unknown: tuple[str, ...] = ()  # parameters of the operation that this model does not have
    revises_prompt: bool = False
    milliseconds_hd: tuple[int, int] | None = None
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """One model and the operations that it serves."""

    id: str
    created: int  # Unix seconds, as GET /v1/models says
    owned_by: str
    listed: bool  # whether GET /v1/models knows it
    shutdown: date | None
    successor: str  # what the vendor says to use in its place; "" if nothing
    offers: Mapping[str, Offer]  # by operation id


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """The fixed parts of a picture's URL."""

    seconds_before: int
    seconds_after: int
    sv: str
    skoid: str
    sktid: str
    source: str
    level: str


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What the headers of an answer are like."""

    openai_version: str
    request_id_prefix: str
    source: str
    level: str
    nosniff: bool = False  # x-content-type-options
    project: bool = False  # openai-project, where there is a caller
    exposed: tuple[str, ...] = ()  # access-control-expose-headers, a line each


@dataclass(frozen=True, slots=True)
class MagicKey:
    """An API key with an effect: either a tier or a refusal (the name of an error)."""

    name: str
    help: str
    tier: str | None = None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class MagicWord:
    """A word in a prompt with an effect: `then` is that of a rule, "$" what is after `=`."""

    name: str
    then: Mapping[str, Any]
    help: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All facts under the rules of one day."""

    day: date
    headers: HeaderFacts
    link: LinkFacts
    operations: Mapping[str, Operation]
    models: Mapping[str, Model]
    unbuilt: Mapping[str, date | None]  # the vendor's models that are not here, and their first day
    words: Mapping[str, tuple[str, ...]]  # service → tables of words, later ones over earlier
    tiers: tuple[str, ...]
    limits: Limits
    prices: Prices
    magic_prefix: str
    magic_keys: Mapping[str, MagicKey]
    magic_words: Mapping[str, MagicWord]
    mismatched_organization: str


@lru_cache(maxsize=64)
def load(day: date | None = None) -> Facts:
    """The facts in force on `day`; without one, on the day whose rules are the default."""
    day = day or _file("timeline")["default_day"]
    return replace(_of_period(period_of(day)), day=day)


def first_day() -> date:
    """The earliest day that is known of."""
    found: date = _file("timeline")["first_day"]
    return found


@lru_cache(maxsize=1)
def periods() -> tuple[date, ...]:
    """The first days of all periods: inside one, no fact changes."""
    files = ("timeline", "models", "parameters", "words", "unbuilt")
    return tuple(sorted({first_day(), *(d for f in files for d in dates(_file(f)))}))


def period_of(day: date) -> date:
    """The first day of the period in which `day` lies; what is before the first is in it too."""
    return periods()[max(0, bisect_right(periods(), day) - 1)]


def routes() -> list[tuple[str, str, str]]:
    """Every operation that there ever was: its id, method and path."""
    return [(o["id"], o["method"], o["path"]) for o in _file("parameters")["operation"]]


@lru_cache(maxsize=1)
def ever() -> Mapping[str, tuple[str, ...]]:
    """What those fields of a request can be on any day of which the values are known."""
    operations, models = _file("parameters")["operation"], _file("models")["model"]
    parameters = [p for o in operations for p in o["parameter"]]
    found = {
        name: _ever([p for p in parameters if p["name"] == name], "values")
        for name in ("size", "quality", "style", "response_format")
    }
    offers = [m[o] for m in models for o in ("generate", "edit", "vary") if o in m]
    unbuilt = [i for row in _file("unbuilt")["unbuilt"] for i in row["ids"]]
    return {
        **found,
        "operation": tuple(o["id"] for o in operations),
        "model": (*(m["id"] for m in models), *unbuilt),
        "size": _unique((*found["size"], *_ever(offers, "sizes"), *_ever(offers, "page_sizes"))),
    }


def _ever(tables: list[Any], name: str) -> tuple[str, ...]:
    """What stands under a name in these tables and in their changes."""
    layers = [layer for t in tables for layer in (t, *t.get("change", ()))]
    return _unique(v for layer in layers for v in layer.get(name, ()))


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


@lru_cache
def _of_period(day: date) -> Facts:
    timeline, limits, magic = (_file(f) for f in ("timeline", "limits", "magic"))
    operations = in_force(_file("parameters")["operation"], day)
    services = in_force(timeline["service"], day) + operations
    facts = Facts(
        day=day,
        headers=HeaderFacts(**_frozen(in_force(timeline["headers"], day))),
        link=LinkFacts(**in_force(timeline["link"], day)),
        operations={o["id"]: _operation(o) for o in operations},
        unbuilt={i: row.get("since") for row in _file("unbuilt")["unbuilt"] for i in row["ids"]},
        models={
            m["id"]: _model(m, in_force(timeline["modes"], day)["grey_16"])
            for m in in_force(_file("models")["model"], day)
        },
        words=_words(services, in_force(_file("words")["words"], day)),
        tiers=tuple(limits["tiers"]),
        limits=limits_in(limits),
        prices=prices_in(_file("prices")),
        magic_prefix=magic["prefix"],
        magic_keys={k["name"]: MagicKey(**k) for k in magic["key"]},
        magic_words={w["name"]: MagicWord(**w) for w in magic["word"]},
        mismatched_organization=magic["organization"]["mismatch"],
    )
    _check_costs(facts)
    return facts


def _check_costs(facts: Facts) -> None:
    parameters = [p for o in facts.operations.values() for p in o.parameters]
    qualities = [v for p in parameters if p.name == "quality" for v in p.values or ()]
    for model in facts.models.values():
        sizes = [size for o in model.offers.values() for size in o.sizes + o.page_sizes]
        check(facts.limits, facts.prices, model.id, sizes, qualities)


@lru_cache
def _file(name: str) -> dict[str, Any]:
    return tomllib.loads(packaged(__path__[0], f"{name}.toml").decode("utf-8"))


def _frozen(table: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}


def _operation(table: dict[str, Any]) -> Operation:
    return Operation(
        id=table["id"],
        method=table["method"],
        path=table["path"],
        default_model=table["default_model"],
        dialect=table["dialect"],
        parameters=tuple(Parameter(**_frozen(p)) for p in table["parameter"]),
        form=table.get("form", False),
        json_too=table.get("json_too", False),
        first=tuple(table.get("first", ())),
    )


def _model(table: dict[str, Any], grey_16: str) -> Model:
    return Model(
        id=table["id"],
        created=table["created"],
        owned_by=table["owned_by"],
        listed=table["listed"],
        shutdown=table.get("shutdown"),
        successor=table.get("successor", ""),
        offers={
            f"images.{name}": _offer(table[name], grey_16)
            for name in ("generate", "edit", "vary")
            if name in table
        },
    )


def _offer(table: dict[str, Any], grey_16: str) -> Offer:
    plain = {k: v for k, v in table.items() if k != "upload"}
    upload = None
    if "upload" in table:
        upload = UploadRules(**_frozen(table["upload"]), grey_16=grey_16)
    return Offer(**_frozen(plain), upload=upload)


def _words(services: list[Any], rows: list[Any]) -> dict[str, tuple[str, ...]]:
    """For each service the tables of its words: its dialect's own, and what lies over that."""
    return {
        service["id"]: (
            service["dialect"],
            *(
                row["table"]
                for row in rows
                if row["dialect"] == service["dialect"]
                and service["id"] in row.get("services", (service["id"],))
            ),
        )
        for service in services
    }

"""What OpenAI offered on a day, as typed values read from the TOML files here. Decides nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from mockserver.facts import files
from mockserver.facts.dated import dates, in_force
from mockserver.facts.files import FactsError, file, typed

TYPES = ("string", "integer", "number", "boolean", "list", "object", "file", "any")


class Parameter(NamedTuple):
    """One parameter of an operation, as one model takes it, or as all do."""

    name: str
    type: str  # one of TYPES
    source: str
    level: str
    required: bool = False
    nullable: bool = False
    default: Any = None  # what is filled in; None is nothing
    minimum: float | None = None
    maximum: float | None = None
    length_max: int | None = None  # characters
    values: tuple[str, ...] | None = None  # in the order in which the API's error lists them
    page_values: tuple[str, ...] = ()  # more of them, by the model page
    pattern: str | None = None  # a regular expression that all of a string matches
    items: str | None = None  # the type of a list's items
    ignored: bool = False  # accepted, and changes nothing
    of_model: bool = False  # its values are the model's own, among those of the operation
    assumed: tuple[str, ...] = ()

    def taken(self, *, page: bool) -> frozenset[str]:
        """The values that are accepted, those of the model page too or not; none is any."""
        return frozenset((self.values or ()) + (self.page_values if page else ()))


class Operation(NamedTuple):
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


class UploadRules(NamedTuple):
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


class Offer(NamedTuple):
    """What one model takes in one operation."""

    milliseconds: tuple[int, int]  # shortest and longest processing time recorded
    source: str
    level: str
    parameter: Mapping[str, Parameter]  # by name: those of the operation first, in their order
    upload: UploadRules | None = None
    revises_prompt: bool = False
    milliseconds_when: tuple[Mapping[str, Any], ...] = ()  # other times, with certain options
    assumed: tuple[str, ...] = ()

    @property
    def prompt_max(self) -> int:
        """The most characters of a prompt; 0 where there is none."""
        prompt = self.parameter.get("prompt")
        return (prompt.length_max or 0) if prompt else 0

    def processing(self, options: Mapping[str, Any]) -> tuple[int, int]:
        """Shortest and longest processing time recorded with these options, in milliseconds."""
        for row in self.milliseconds_when:
            if row["options"].items() <= options.items():
                shortest, longest = row["milliseconds"]
                return shortest, longest
        return self.milliseconds


class Model(NamedTuple):
    """One model and the operations that it serves."""

    id: str
    created: int  # Unix seconds, as GET /v1/models says
    owned_by: str
    listed: bool  # whether GET /v1/models knows it
    shutdown: date | None
    successor: str  # what the vendor says to use in its place; "" if nothing
    default_day: date | Literal["today"] | None  # whose rules it has if nobody says; None: all's
    offers: Mapping[str, Offer]  # by operation id


class LinkFacts(NamedTuple):
    """The fixed parts of a picture's URL."""

    seconds_before: int
    seconds_after: int
    sv: str
    skoid: str
    sktid: str
    source: str
    level: str


class HeaderFacts(NamedTuple):
    """What the headers of an answer are like."""

    openai_version: str
    request_id_prefix: str
    source: str
    level: str
    nosniff: bool = False  # x-content-type-options
    project: bool = False  # openai-project, where there is a caller
    exposed: tuple[str, ...] = ()  # access-control-expose-headers, a line each


class MagicKey(NamedTuple):
    """An API key with an effect: either a tier or a refusal (the name of an error)."""

    name: str
    help: str
    tier: str | None = None
    refusal: str | None = None


class MagicWord(NamedTuple):
    """A word in a prompt with an effect: `then` is that of a rule, "$" what is after `=`."""

    name: str
    then: Mapping[str, Any]
    help: str


class Fields(NamedTuple):
    """What a request's fields are to this server, which has a part in none but their order."""

    order: tuple[str, ...]  # in which they are told: every field of any day
    request: tuple[str, ...]  # what every request has; the rest are its options
    by_position: tuple[str, ...]  # after the size in digests and URLs; later ones by name
    answer: tuple[str, ...]  # options that make another answer, of the same pictures
    nothing: tuple[str, ...]  # what changes neither


class Facts(NamedTuple):
    """All facts under the rules of one day."""

    day: date
    headers: HeaderFacts
    link: LinkFacts
    operations: Mapping[str, Operation]
    models: Mapping[str, Model]
    unbuilt: Mapping[str, date | None]  # the vendor's models that are not here, and their first day
    words: Mapping[str, tuple[str, ...]]  # service → tables of words, later ones over earlier
    tiers: tuple[str, ...]
    limits: Mapping[str, Mapping[str, Mapping[str, int]]]  # table → model → tier → images a minute
    prices: Mapping[
        str, Mapping[str, Mapping[tuple[str, str], float]]
    ]  # list → model → (quality, size)
    magic_prefix: str
    magic_keys: Mapping[str, MagicKey]
    magic_words: Mapping[str, MagicWord]
    mismatched_organization: str


def read_from(path: Path | None) -> None:
    """Lay the facts of a directory over this package's, for the whole process.

    Raises:
        FactsError: they can't be used.
    """
    if path == files.directory():
        return
    for cache in (load, periods, fields, default_days, ever, _of_period):
        cache.cache_clear()
    files.lay_over(path)
    load()


@lru_cache(maxsize=64)
def load(day: date | None = None) -> Facts:
    """The facts in force on `day`; without one, on the day whose rules are the default."""
    day = day or file("timeline")["default_day"]
    return _of_period(period_of(day))._replace(day=day)


def first_day() -> date:
    """The earliest day that is known of."""
    found: date = file("timeline")["first_day"]
    return found


@lru_cache(maxsize=1)
def periods() -> tuple[date, ...]:
    """The first days of all periods: inside one, no fact changes."""
    dated = ("timeline", "models", "parameters", "words", "unbuilt")
    return tuple(sorted({first_day(), *(d for name in dated for d in dates(file(name)))}))


def period_of(day: date) -> date:
    """The first day of the period in which `day` lies; what is before the first is in it too."""
    return periods()[max(0, bisect_right(periods(), day) - 1)]


def routes() -> list[tuple[str, str, str]]:
    """Every operation that there ever was: its id, method and path."""
    return [(o["id"], o["method"], o["path"]) for o in file("parameters")["operation"]]


@lru_cache(maxsize=1)
def default_days() -> Mapping[str, date | Literal["today"]]:
    """The models whose rules, if nobody says a day, are those of another than the default day."""
    return {m["id"]: m["default_day"] for m in file("models")["model"] if "default_day" in m}


@lru_cache(maxsize=1)
def fields() -> Fields:
    """What the fields of requests are, of any day and model."""
    rows = file("parameters")
    told = typed(Fields, rows["fields"], "parameters.toml, [fields]")
    every = (*(p["name"] for p in _parameter_rows()), *(n for o in _offer_rows() for n in o))
    return told._replace(order=_unique((*told.order, *every)))


@lru_cache(maxsize=1)
def ever() -> Mapping[str, tuple[str, ...]]:
    """What those fields of a request can be on any day of which the values are known."""
    rows = [(row["name"], row) for row in _parameter_rows()]
    rows += [(name, row) for offer in _offer_rows() for name, row in offer.items()]
    found: dict[str, tuple[str, ...]] = {}
    for name, row in rows:
        for layer in (row, *row.get("change", ())):
            values = (*layer.get("values", ()), *layer.get("page_values", ()))
            found[name] = _unique((*found.get(name, ()), *values))
    unbuilt = [i for row in file("unbuilt")["unbuilt"] for i in row["ids"]]
    return {
        **{name: values for name, values in found.items() if values},
        "operation": tuple(o["id"] for o in file("parameters")["operation"]),
        "model": (*(m["id"] for m in file("models")["model"]), *unbuilt),
    }


def _parameter_rows() -> list[Any]:
    return [p for o in file("parameters")["operation"] for p in o["parameter"]]


def _offer_rows() -> list[Any]:
    """The tables of parameters of every model's operations."""
    models = file("models")["model"]
    return [m[name].get("parameter", {}) for m in models for name in _OFFERED if name in m]


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


#: What an operation is called in a model's table.
_OFFERED = {"generate": "images.generate", "edit": "images.edit", "vary": "images.vary"}


@lru_cache
def _of_period(day: date) -> Facts:
    timeline, limits, magic = (file(f) for f in ("timeline", "limits", "magic"))
    operations = in_force(file("parameters")["operation"], day)
    services = in_force(timeline["service"], day) + operations
    grey_16 = in_force(timeline["modes"], day)["grey_16"]
    return Facts(
        day=day,
        headers=typed(HeaderFacts, in_force(timeline["headers"], day), "timeline.toml, [headers]"),
        link=typed(LinkFacts, in_force(timeline["link"], day), "timeline.toml, [link]"),
        operations={o["id"]: _operation(o) for o in operations},
        unbuilt={i: row.get("since") for row in file("unbuilt")["unbuilt"] for i in row["ids"]},
        models={
            m["id"]: _model(m, {o["id"]: o for o in operations}, grey_16)
            for m in in_force(file("models")["model"], day)
        },
        words=_words(services, in_force(file("words")["words"], day)),
        tiers=tuple(limits["tiers"]),
        limits=_limits(limits),
        prices=_prices(file("prices")),
        magic_prefix=magic["prefix"],
        magic_keys={k["name"]: MagicKey(**k) for k in magic["key"]},
        magic_words={w["name"]: MagicWord(**w) for w in magic["word"]},
        mismatched_organization=magic["organization"]["mismatch"],
    )


def _operation(table: dict[str, Any]) -> Operation:
    where = f"parameters.toml, {table['id']}"
    row = {k: v for k, v in table.items() if k not in ("parameter", "source", "level")}
    return typed(
        Operation, row | {"parameters": [_parameter(p, where) for p in table["parameter"]]}, where
    )


def _parameter(row: dict[str, Any], where: str) -> Parameter:
    found = typed(Parameter, row, f"{where}, parameter {row['name']}")
    for kind in filter(None, (found.type, found.items)):
        if kind not in TYPES:
            raise FactsError(f"{where}: {found.name} is of type {kind!r}; it is one of {TYPES}")
    return found


def _model(table: dict[str, Any], operations: Mapping[str, Any], grey_16: str) -> Model:
    offers = {i: table[name] for name, i in _OFFERED.items() if name in table and i in operations}
    return Model(
        id=table["id"],
        created=table["created"],
        owned_by=table["owned_by"],
        listed=table["listed"],
        shutdown=table.get("shutdown"),
        successor=table.get("successor", ""),
        default_day=table.get("default_day"),
        offers={
            i: _offer(row, operations[i], grey_16, f"models.toml, {table['id']}, {i}")
            for i, row in offers.items()
        },
    )


def _offer(table: dict[str, Any], operation: Any, grey_16: str, where: str) -> Offer:
    found = table | {"parameter": _of_model(table.get("parameter", {}), operation, where)}
    if "upload" in table:
        rules = typed(UploadRules, table["upload"], f"{where}, upload")
        found["upload"] = rules._replace(grey_16=grey_16)
    return typed(Offer, found, where)


def _of_model(own: Any, operation: Any, where: str) -> dict[str, Parameter]:
    """The operation's parameters as a model has them, and what it has beside them."""
    shared = {row["name"]: row for row in operation["parameter"]}
    found = {}
    for name in (*shared, *(n for n in own if n not in shared)):
        row = {"name": name} | shared.get(name, {}) | own.get(name, {})
        if not row.pop("unknown", False):
            row["of_model"] = name in shared and "values" in own.get(name, {})
            found[name] = _parameter(row, where)
    return found


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


def _limits(file: Mapping[str, Any]) -> dict[str, dict[str, dict[str, int]]]:
    found: dict[str, dict[str, dict[str, int]]] = {}
    for row in file["table"]:
        by_tier = dict(zip(file["tiers"], row["images_per_minute"], strict=True))
        found.setdefault(row["id"], {})[row["model"]] = by_tier
    return found


def _prices(file: Mapping[str, Any]) -> dict[str, dict[str, dict[tuple[str, str], float]]]:
    found: dict[str, dict[str, dict[tuple[str, str], float]]] = {}
    for row in file["price"]:
        usual = {("", size): usd for size, usd in row["usd"].items()}
        hd = {("hd", size): usd for size, usd in row.get("usd_hd", {}).items()}
        found.setdefault(row["list"], {})[row["model"]] = usual | hd
    return found

"""What OpenAI offered on a day, as typed values read from the TOML files here. Decides nothing."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any, Literal, NamedTuple

from mockserver.facts import files
from mockserver.facts.costs import billing_in, check, limits_in, prices_in
from mockserver.facts.dated import dates, in_force
from mockserver.facts.files import FactsError, file, typed
from mockserver.facts.models import default_days, ever_there, merged, model_rows
from mockserver.facts.tokens import (
    AreaTokens,
    PartialTokens,
    PatchTokens,
    PromptTokens,
    TileTokens,
)
from mockserver.facts.values import (
    TYPES,
    Facts,
    FreeSizes,
    HeaderFacts,
    LinkFacts,
    MagicKey,
    MagicWord,
    Model,
    Offer,
    Operation,
    Parameter,
    Refused,
    RequestFields,
    Streamed,
    Told,
    UploadRules,
    check_sizes,
)

__all__ = [
    "Facts",
    "FreeSizes",
    "HeaderFacts",
    "LinkFacts",
    "MagicKey",
    "Model",
    "Offer",
    "Operation",
    "Parameter",
    "Refused",
    "RequestFields",
    "Streamed",
    "UploadRules",
    "default_days",
    "ever_there",
]


def read_from(path: Path | None) -> None:
    """Lay the facts of a directory over this package's, for the whole process.

    Raises:
        FactsError: they can't be used.
    """
    before, now = files.over(), files.found_in(path) if path else None
    if now == before:
        return
    _lay_over(now)
    if now is None:
        return  # this package's own are sound
    try:
        for day in (None, *reversed(periods())):  # what is added is mostly there in the last
            load(day)
    except FactsError:
        _lay_over(before)
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        _lay_over(before)
        raise FactsError(f"{path} has a row with a value that can't be used: {error}") from error


def _lay_over(further: files.Over | None) -> None:
    for cache in (
        load,
        periods,
        fields,
        model_rows,
        ever_there,
        default_days,
        ever,
        free_fields,
        objects,
        _of_period,
    ):
        cache.cache_clear()
    files.lay_over(further)


@lru_cache(maxsize=64)
def load(day: date | None = None) -> Facts:
    """The facts in force on `day`; without one, on the day whose rules are the default."""
    day = day or file("timeline")["default_day"]
    return _of_period(period_of(day))._replace(day=day)


def first_day() -> date:
    """The earliest day that is known of."""
    found: date = file("timeline")["first_day"]
    return found


def looked_up() -> date:
    """The day on which the facts were last held against their sources."""
    found: date = file("timeline")["looked_up"]
    return found


def key_shapes() -> list[str]:
    """Regular expressions of keys that open an account."""
    return [f"(?:{'|'.join(row['begins'])}){row['rest']}" for row in file("keys")["key"]]


@lru_cache(maxsize=1)
def periods() -> tuple[date, ...]:
    """The first days of all periods: inside one, no fact changes."""
    dated = ("timeline", "models", "parameters", "words/dates")
    return tuple(sorted({first_day(), *(d for name in dated for d in dates(file(name)))}))


def period_of(day: date) -> date:
    """The first day of the period in which `day` lies; what is before the first is in it too."""
    return periods()[max(0, bisect_right(periods(), day) - 1)]


def routes() -> list[tuple[str, str, str]]:
    """Every operation that there ever was: its id, method and path."""
    return [(o["id"], o["method"], o["path"]) for o in file("parameters")["operation"]]


@lru_cache(maxsize=1)
def fields() -> RequestFields:
    """What the fields of requests are, of any day and model."""
    rows = file("parameters")
    told = typed(RequestFields, rows["fields"], "parameters.toml, [fields]")
    every = (*(p["name"] for p in _parameter_rows()), *(n for o in _offer_rows() for n in o))
    placed = frozenset(("size", *told.by_position, *told.answer))
    return told._replace(order=_unique((*told.order, *every)), placed=placed)


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
    return {
        **{name: values for name, values in found.items() if values},
        "operation": tuple(o["id"] for o in file("parameters")["operation"]),
        "model": tuple(model_rows()),
    }


@lru_cache(maxsize=1)
def free_fields() -> frozenset[str]:
    """The fields whose values `ever` can't list, as there are sizes without end."""
    return frozenset(n for offer in _offer_rows() for n, row in offer.items() if "free" in row)


@lru_cache(maxsize=1)
def objects() -> frozenset[str]:
    """The fields that are objects, whatever is in them."""
    return frozenset(
        n for o in _offer_rows() for n, row in o.items() if row.get("type") == "object"
    )


def _parameter_rows() -> list[Any]:
    return [p for o in file("parameters")["operation"] for p in o["parameter"]]


def _offer_rows() -> list[Any]:
    """The tables of parameters of every model's operations."""
    models = file("models")["model"]  # what one shares with another is there once
    offers = [m[name] for m in models for name in _OFFERED if name in m]
    return [offer[rows] for offer in offers for rows in ("parameter", "json") if rows in offer]


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


#: What an operation is called in a model's table.
_OFFERED = {"generate": "images.generate", "edit": "images.edit", "vary": "images.vary"}


@lru_cache
def _of_period(day: date) -> Facts:
    timeline, limits, magic = (file(f) for f in ("timeline", "limits", "magic"))
    operations = in_force(file("parameters")["operation"], day)
    services = in_force(timeline["service"], day) + operations
    grey_16, by_id = in_force(timeline["modes"], day)["grey_16"], {o["id"]: o for o in operations}
    rows = in_force(list(model_rows().values()), day)
    models = {row["id"]: _model(row, by_id, grey_16) for row in rows}
    words = in_force(file("words/dates")["words"], day)
    facts = Facts(
        day=day,
        headers=typed(HeaderFacts, in_force(timeline["headers"], day), "timeline.toml, [headers]"),
        link=typed(LinkFacts, in_force(timeline["link"], day), "timeline.toml, [link]"),
        operations={o["id"]: _operation(o) for o in operations},
        billing=billing_in(in_force(timeline["billing"], day)),
        shutdown_told=in_force(timeline["models"], day)["shutdown_date"],
        models=models,
        services={
            path: s["id"]
            for s in services
            for path in s.get("paths", [s["path"]] if "path" in s else ())
        },
        words=_words(services, words),
        family_words={
            family: _words(services, words, family)
            for family in {m.family for m in models.values()} - {""}
        },
        tiers=tuple(limits["tiers"]),
        limits=limits_in(limits),
        prices=prices_in(file("prices")),
        magic_prefix=magic["prefix"],
        magic_keys={k["name"]: MagicKey(**k) for k in magic["key"]},
        magic_words={w["name"]: MagicWord(**w) for w in magic["word"]},
        mismatched_organization=magic["organization"]["mismatch"],
    )
    _check_costs(facts)
    return facts


def _check_costs(facts: Facts) -> None:
    for model in facts.models.values():
        for offer in model.offers.values():
            sizes, qualities = (_values(offer, name) for name in ("size", "quality"))
            check_sizes(model.id, sizes)
            check(facts.limits, facts.prices, model.id, sizes, qualities)
            if any(price[model.id].million for price in facts.prices.values()):
                _check_tokens(offer, model.id, product(sizes, qualities or ("",)))


def _check_tokens(offer: Offer, model: str, asked: Iterable[tuple[str, str]]) -> None:
    for size, quality in asked:
        if not offer.usage({"size": size, "quality": quality}, 1):
            told = f"{size} {quality}".strip()
            raise FactsError(f"models.toml: {model} is priced by tokens, and has none for {told}")


def _values(offer: Offer, name: str) -> list[str]:
    parameter = offer.parameter.get(name)
    if not parameter or parameter.ignored:
        return []
    return sorted({parameter.chosen(v) for v in parameter.taken(page=True)})


def _operation(table: dict[str, Any]) -> Operation:
    where = f"parameters.toml, {table['id']}"
    row = {k: v for k, v in table.items() if k not in ("parameter", "source", "level")}
    return typed(
        Operation, row | {"parameters": [_parameter(p, where) for p in table["parameter"]]}, where
    )


def _parameter(row: dict[str, Any], where: str) -> Parameter:
    where = f"{where}, parameter {row['name']}"
    if free := row.get("free"):
        row = row | {"free": typed(FreeSizes, free, f"{where}, free")}
    row = row | {"resolves": tuple(row.get("resolves", {}).items())}
    found = typed(Parameter, row, where)
    for kind in filter(None, (found.type, found.items)):
        if kind not in TYPES:
            raise FactsError(f"{where} is of type {kind!r}; it is one of {TYPES}")
    return found


class _Row(NamedTuple):
    """What the table of a model may have."""

    id: str
    created: int
    owned_by: str
    listed: bool
    source: str
    level: str
    shutdown: date | None = None
    successor: str = ""
    default_day: date | Literal["today"] | None = None
    like: str = ""
    assumed: Any = ()
    family: str = ""
    shutdown_date: date | None = None
    generate: Any = None
    edit: Any = None
    vary: Any = None


def _model(table: dict[str, Any], operations: Mapping[str, Any], grey_16: str) -> Model:
    row = typed(_Row, table, f"models.toml, {table['id']}")
    if not isinstance(row.default_day, date | None) and row.default_day != "today":
        raise FactsError(f'models.toml, {row.id}: default_day must be a date, or "today"')
    offers = {i: table[name] for name, i in _OFFERED.items() if name in table and i in operations}
    return Model(
        id=row.id,
        created=row.created,
        owned_by=row.owned_by,
        listed=row.listed,
        shutdown=row.shutdown,
        successor=row.successor,
        default_day=row.default_day,
        family=row.family,
        shutdown_date=row.shutdown_date,
        offers={
            i: _offer(row, operations[i], grey_16, f"models.toml, {table['id']}, {i}")
            for i, row in offers.items()
        },
    )


def _offer(table: dict[str, Any], operation: Any, grey_16: str, where: str) -> Offer:
    own, in_json = table.get("parameter", {}), table.get("json", {})
    found = table | {"parameter": _of_model(own, operation, where)}
    if in_json:
        found["json"] = _of_model(merged(own, in_json), operation, where)
    if "upload" in table:
        rules = typed(UploadRules, table["upload"], f"{where}, upload")
        found["upload"] = rules._replace(grey_16=grey_16)
    for name, kind in _TABLES.items():
        if name in table:
            found[name] = typed(kind, table[name], f"{where}, {name}")
    found["refused"] = [
        _refused(row, where) for row in table.get("refused", {}).values() if not row.get("never")
    ]
    return typed(Offer, found, where)


#: The tables of an offer that are values of their own.
_TABLES: Mapping[str, type[Any]] = {
    "told": Told,
    "streamed": Streamed,
    "tokens_by_area": AreaTokens,
    "prompt_tokens": PromptTokens,
    "partial": PartialTokens,
    "image_patches": PatchTokens,
    "image_tiles": TileTokens,
}


def _refused(row: Mapping[str, Any], where: str) -> Refused:
    from mockserver.facts.words.wording import Reason  # with all words: most days have none

    told = {key: value for key, value in row.items() if key not in ("source", "level")}
    found = typed(Refused, told, f"{where}, refused")
    if found.reason not in list(Reason):
        raise FactsError(f"{where}: nothing is refused for the reason {found.reason!r}")
    return found


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


def _words(services: list[Any], rows: list[Any], family: str = "") -> dict[str, tuple[str, ...]]:
    """For each service the tables of its words: its dialect's own, and what lies over that.

    What is said to a family of models alone comes last.
    """
    rows = [
        *(r for r in rows if "family" not in r),
        *(r for r in rows if r.get("family") == family),
    ]
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

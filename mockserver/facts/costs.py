"""What each model costs, from limits.toml and prices.toml: buckets by tier, price lists.

Whatever a model offers has a limit and a price here, or loading fails. Admits and bills nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

from mockserver.facts.files import FactsError, named, typed
from mockserver.facts.tokens import TOKENS

IMAGES = "images"
_ALWAYS = TOKENS[:3]  # kinds that a price by tokens has to have
_A_MINUTE = "_per_minute"  # ends the name of a unit in a row of limits
_BY_QUALITY = "usd_"  # begins the name of a column of prices


class Limit(NamedTuple):
    """One bucket that every request for a model has to pass."""

    unit: str  # what is counted: "images", or another that the facts name
    per_minute: int  # 0: the tier does not have the model

    @property
    def told(self) -> str:
        """As a trace tells it."""
        unit = "" if self.unit == IMAGES else f" {self.unit}"
        return f"{self.per_minute}{unit} a minute"


class Price(NamedTuple):
    """What a model costs by one list: by the picture, by its tokens, or both."""

    picture: Mapping[tuple[str, str], float]  # (quality, size) → USD; "" is any other quality
    million: Mapping[str, float]  # kind of token → USD for a million


_NO_PRICE = Price({}, {})
Tiers = Mapping[str, tuple[Limit, ...]]
Limits = Mapping[str, Mapping[str, Tiers]]  # table → model → tier
Prices = Mapping[str, Mapping[str, Price]]  # list → model


class BillingFacts(NamedTuple):
    """For which reasons an account that has spent its money is refused."""

    credit: str  # all there was
    limit: str  # what may be spent in a time
    source: str
    level: str


def billing_in(row: Mapping[str, Any]) -> BillingFacts:
    """The table of timeline.toml, on some day."""
    return typed(BillingFacts, row, "timeline.toml, [billing]")


def limits_in(file: Mapping[str, Any]) -> Limits:
    """The tables of limits.toml.

    Raises:
        FactsError: a row names no limit, or not one for every tier.
    """
    found: dict[str, dict[str, Tiers]] = {}
    for row in file["table"]:
        for table, model in _of(row, "limits.toml: a [[table]]", "id"):
            found.setdefault(table, {})[model] = _tiers(row, table, model, file["tiers"])
    return found


def _of(row: Mapping[str, Any], where: str, key: str) -> Iterator[tuple[str, str]]:
    """The tables or lists and the models that a row is of: of each one, or several (`models`)."""
    names = row[f"{key}s"] if f"{key}s" in row else (named(row, where, key),)
    models = row["models"] if "models" in row else (named(row, where, "model"),)
    yield from product(names, models)


def _tiers(row: Mapping[str, Any], table: str, model: str, tiers: Sequence[str]) -> Tiers:
    columns = {n.removesuffix(_A_MINUTE): row[n] for n in row if n.endswith(_A_MINUTE)}
    if not columns or any(len(column) != len(tiers) for column in columns.values()):
        raise FactsError(
            f"limits.toml: table {table!r} needs for {model} a list as "
            f"images_per_minute, with a number for each tier: {', '.join(tiers)}"
        )
    return {
        tier: tuple(Limit(unit, column[place]) for unit, column in columns.items())
        for place, tier in enumerate(tiers)
    }


def prices_in(file: Mapping[str, Any]) -> Prices:
    """The lists of prices.toml.

    A row has `usd`, by size; `usd_hd` and the like, the same for one quality; and where tokens
    are paid for `million`, the USD for a million of each kind.

    Raises:
        FactsError: a row has prices for some kinds of tokens only.
    """
    found: dict[str, dict[str, Price]] = {}
    for row in file["price"]:
        columns = {n: row[n] for n in row if n == "usd" or n.startswith(_BY_QUALITY)}
        picture = {
            (column[len(_BY_QUALITY) :], size): usd
            for column, sizes in columns.items()
            for size, usd in sizes.items()
        }
        million = row.get("million", {})
        for name, model in _of(row, "prices.toml: a [[price]]", "list"):
            if million and not set(_ALWAYS) <= million.keys() <= set(TOKENS):
                raise _unpriced(name, model, f"all tokens: {', '.join(_ALWAYS)}")
            found.setdefault(name, {})[model] = Price(picture, million)
    return found


def check(
    limits: Limits, prices: Prices, model: str, sizes: Sequence[str], qualities: Sequence[str]
) -> None:
    """Hold what one model offers against every table and list.

    Raises:
        FactsError: a limit or a price is missing.
    """
    for table, rows in limits.items():
        if model not in rows:
            raise FactsError(f"limits.toml: table {table!r} has no limit for {model}")
    for name, models in prices.items():
        price = models.get(model, _NO_PRICE)
        if price == _NO_PRICE:
            raise _unpriced(name, model, "anything")
        columns = {quality for quality, _ in price.picture}
        asked = columns if "" in columns else columns.union(qualities)
        wanted = product(asked, sizes) if columns else ()
        for quality, size in wanted:
            if (quality, size) not in price.picture:
                raise _unpriced(name, model, f"{size} {quality}".strip())


def _unpriced(name: str, model: str, what: str) -> FactsError:
    return FactsError(f"prices.toml: list {name!r} has no price of {model} for {what}")

"""The tables of all models there ever were, each with what it shares with another. Knows no day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from mockserver.facts.files import FactsError, file, named


@lru_cache(maxsize=1)
def model_rows() -> Mapping[str, Mapping[str, Any]]:
    """The table of every model that there ever was: what it shares with another is in it too.

    An operation's table can be `like` another of the same model.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for row in file("models")["model"]:
        name = named(row, "models.toml: a [[model]]", "id")
        other = row.get("like")
        if other is not None and other not in found:
            raise FactsError(f"models.toml, {name}: there is no {other!r} above it to be like")
        found[name] = _like(found[other], row) if other else row
    return {name: _with_operations(row) for name, row in found.items()}


def _with_operations(row: Mapping[str, Any]) -> Mapping[str, Any]:
    likes = {k: v["like"] for k, v in row.items() if isinstance(v, dict) and "like" in v}
    for name, other in likes.items():
        if other not in row:
            raise FactsError(f"models.toml, {row['id']}, {name}: there is no {other!r} to be like")
        own = {k: v for k, v in row[name].items() if k != "like"}
        row = {**row, name: _merged(row[other], own)}
    return row


def _like(other: Mapping[str, Any], row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A model's table over that of another, whose days are not its own."""
    return _merged({k: v for k, v in other.items() if k not in _OF_ONE}, row)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = {k: _merged(below[k], v) for k, v in above.items() if _are_tables(below.get(k), v)}
    return {**below, **above, **both}


def _are_tables(*values: Any) -> bool:
    return all(isinstance(value, dict) for value in values)


#: What a model does not have of another that it is like.
_OF_ONE = ("since", "until", "shutdown", "change")


class Life(NamedTuple):
    """When a model was there, whatever the day whose rules count."""

    since: date | None  # None: from the first day on
    shutdown: date | None
    successor: str  # what the vendor says to use in its place; "" if nothing
    family: str  # "" is none


@lru_cache(maxsize=1)
def ever_there() -> Mapping[str, Life]:
    """Every model of any day."""
    return {
        name: Life(
            since=row.get("since"),
            shutdown=row.get("shutdown"),
            successor=row.get("successor", ""),
            family=row.get("family", ""),
        )
        for name, row in model_rows().items()
    }


@lru_cache(maxsize=1)
def default_days() -> Mapping[str, date | Literal["today"]]:
    """The models whose rules, if nobody says a day, are those of another than the default day."""
    return {i: m["default_day"] for i, m in model_rows().items() if "default_day" in m}

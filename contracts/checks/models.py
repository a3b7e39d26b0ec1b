"""What a list of models, and the description of one, must be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote

from contracts.checks.layout import layout
from contracts.checks.said import said
from contracts.exchange import Exchange
from contracts.trials import Verdict
from mockserver.facts import Facts, Model, default_days, load


def there(day: date | None, began: float) -> dict[str, tuple[Model, Facts]]:
    """The models of a day, each with the facts that count for it."""
    facts = load(day)
    found = {model.id: (model, facts) for model in facts.models.values()}
    for name, own in (default_days() if day is None else {}).items():
        other = load(datetime.fromtimestamp(began, UTC).date() if own == "today" else own)
        found |= {name: (other.models[name], other)} if name in other.models else {}
    return found


def listing(exchange: Exchange, day: date | None) -> Iterator[Verdict]:
    """Judge the answer of GET /models, or of one below it."""
    path, told = exchange.request.path.partition("?")[0], exchange.answer.json()
    if not path.startswith("/models") or exchange.request.method != "GET":
        return
    known = {n: _shown(*one) for n, one in there(day, exchange.began).items() if one[0].listed}
    yield from layout(exchange.answer, (2,), ("\n", ""))
    if path == "/models":
        data = told.get("data") if isinstance(told, dict) else None
        is_list = isinstance(data, list) and all(isinstance(one, dict) for one in data)
        is_named = is_list and told.get("object") == "list"
        yield said("Models come as an object that is a list, with data", is_named, f"{told!r:.60}")
        listed = {str(one.get("id")): one for one in data or ()} if is_list else {}
        for one in listed.values():
            yield from _model(one, known)
        lacking = sorted(known.keys() - listed.keys())
        yield said("Each image model that serves is listed", not lacking, f"{lacking} are not")
    elif isinstance(told, dict):
        yield from _model(told, known)
        asked = unquote(path.rpartition("/")[2])
        is_asked = told.get("id") == asked
        yield said("A model that is asked for is the one that is told", is_asked, f"{told}")


_OF_PICTURES = re.compile(r"image|dall-e")


def strangers(exchange: Exchange, day: date | None) -> list[str]:
    """Models in a list that make pictures, by their names, and that no fact is known of."""
    told = exchange.answer.json()
    data = told.get("data") if isinstance(told, dict) else None
    listed = [one.get("id") for one in data or () if isinstance(one, dict)]
    known = there(day, exchange.began)
    return [n for n in listed if isinstance(n, str) and _OF_PICTURES.search(n) and n not in known]


def _shown(model: Model, facts: Facts) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": model.id,
        "object": "model",
        "created": model.created,
        "owned_by": model.owned_by,
    }
    if facts.shutdown_told:
        shown["shutdown_date"] = str(model.shutdown_date) if model.shutdown_date else None
    return shown


def _model(told: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> Iterator[Verdict]:
    """Judge one description; there may be other models, of which no fact is known."""
    shape = {"id": str, "object": str, "created": int, "owned_by": str}
    is_shaped = all(isinstance(told.get(name), kind) for name, kind in shape.items())
    yield said("A model is described by id, object, created and owned_by", is_shaped, f"{told}")
    if due := known.get(str(told.get("id"))):
        yield said("An image model is described as the API describes it", told == due, f"{told}")

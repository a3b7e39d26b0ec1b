"""The facts of `--validation schema`: one model for any, on no day. Judges no request."""

from typing import Any

from mockserver.facts import load
from mockserver.facts.files import file, typed
from mockserver.facts.models import ever_there
from mockserver.facts.values import Facts, Model, Offer, Operation, Parameter, Told

_OFFER = "images.generate"  # the stand-in's, for all operations: uploads are not looked at


def schema_facts() -> Facts:
    """Those of the default day, with the models and parameters of all days."""
    facts, rows = load(), file("schema")
    models = {name: load(life.since).models[name] for name, life in ever_there().items()}
    own, told = models[rows["stand_in"]].offers, typed(Told, rows["told"], "schema.toml, [told]")
    offers = {
        i: own[_OFFER]._replace(
            parameter=_parameters(operation, own[_OFFER], rows["parameter"]),
            told=told,
            streamed=own.get(i, own[_OFFER]).streamed,
            revises_prompt=True,
        )
        for i, operation in facts.operations.items()
    }
    return facts._replace(
        operations={i: _operation(o, models) for i, o in facts.operations.items()},
        models={i: m._replace(offers=offers, family="") for i, m in models.items()},
        stand_in=rows["stand_in"],
    )


def _parameters(operation: Operation, offer: Offer, rows: Any) -> dict[str, Parameter]:
    """What any model takes in an operation."""
    found = {p.name: p for p in operation.parameters} | dict(offer.parameter)
    return {i: p._replace(**_row(rows.get(i, {}))) for i, p in found.items()}


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}


def _operation(operation: Operation, models: dict[str, Model]) -> Operation:
    """An operation that takes the parameters of all models, and either kind of body."""
    found: dict[str, Parameter] = {p.name: p for p in operation.parameters}
    for model in models.values():
        if operation.id in model.offers:
            found = dict(model.offers[operation.id].parameter) | found
    return operation._replace(parameters=tuple(found.values()), json_too=operation.form)

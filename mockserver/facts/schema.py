"""The facts of `--validation schema`: one model for any, on no day. Judges no request."""

from collections.abc import Mapping
from typing import Any

from mockserver.facts import load, periods
from mockserver.facts.files import file, typed
from mockserver.facts.models import ever_there
from mockserver.facts.values import Facts, Model, Operation, Parameter, Told

_OFFER = "images.generate"  # the stand-in's, for all operations: uploads are not looked at


def schema_facts() -> Facts:
    """Those of the default day, with the models and parameters of all days."""
    facts, rows = load(), file("schema")
    models = {name: load(life.since).models[name] for name, life in ever_there().items()}
    stand_in = models[rows["stand_in"]].offers
    usual = stand_in[_OFFER]._replace(
        told=typed(Told, rows["told"], "schema.toml, [told]"), revises_prompt=True
    )
    offers = {}
    for i, operation in facts.operations.items():
        own, of_form = stand_in.get(i, usual), {p.name: p for p in operation.parameters}
        offers[i] = usual._replace(
            parameter=_over(of_form | dict(usual.parameter), rows["parameter"]),
            json=_over(own.json, rows["parameter"]),
            streamed=own.streamed,
        )
    today = load(periods()[-1])  # beside images today's rules count anyway
    return facts._replace(
        services={**today.services, **facts.services},
        words={**today.words, **facts.words},
        operations={
            i: o._replace(parameters=_of_all(o, models), json_too=bool(offers[i].json))
            for i, o in facts.operations.items()
        },
        models={i: m._replace(offers=offers, family="") for i, m in models.items()},
        stand_in=rows["stand_in"],
    )


def _over(parameters: Mapping[str, Parameter], rows: Any) -> dict[str, Parameter]:
    """Parameters with what rows say of them."""
    return {i: p._replace(**_row(rows.get(i, {}))) for i, p in parameters.items()}


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}


def _of_all(operation: Operation, models: Mapping[str, Model]) -> tuple[Parameter, ...]:
    """The parameters that any model takes in an operation."""
    found: dict[str, Parameter] = {p.name: p for p in operation.parameters}
    for model in models.values():
        if operation.id in model.offers:
            found = dict(model.offers[operation.id].parameter) | found
    return tuple(found.values())

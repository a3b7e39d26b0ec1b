"""Requests that Schemathesis makes from the contract: each keyword kept and broken, and others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from functools import partial
from typing import Any, cast

import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, Response
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation, BaseSchema

from contracts.cases.forms import accepted_as_sent, dressed, is_negative
from contracts.exchange import Request
from contracts.judging import FULL, requests_of
from contracts.target import Target
from contracts.trials import Outcome, Promise, Trial, Verdict


def cases_of(schema: BaseSchema, examples: int, seed: int = 1) -> Iterator[Case[Any]]:
    """The same cases in each run, operation by operation.

    Args:
        schema: what `schemathesis.openapi.from_dict` gives.
        examples: drawn of each operation and mode, beside those of the document and its keywords.
        seed: other cases for another one.
    """
    for found in schema.get_all_operations():
        operation = cast("Ok[APIOperation[Any, Any, Any, Any]]", found).ok()  # our own document
        yield from _kept_and_broken(operation)
        config = schema.config.generation_for(operation=operation, phase="fuzzing")
        for mode in config.modes:
            yield from _drawn(operation, mode, examples, seed)


def _kept_and_broken(operation: APIOperation[Any, Any, Any, Any]) -> Iterator[Case[Any]]:
    config = operation.schema.config.generation_for(operation=operation, phase="coverage")
    yield from operation.schema.iter_coverage_cases(
        operation, generation_modes=config.modes, generation_config=config
    )


def _drawn(
    operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, most: int, seed: int
) -> list[Case[Any]]:
    drawn: list[Case[Any]] = []

    @seeded(seed)
    @settings(
        max_examples=most,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def keep(case: Case[Any]) -> None:
        drawn.append(case)

    with suppress(Unsatisfiable):  # some operations can't be asked wrongly
        keep()
    return drawn


def generated(day: date | None) -> Iterator[Trial]:
    """A trial of each generated case."""
    for number, case in enumerate(cases_of(requests_of(FULL, day), FULL.examples)):
        operation = case.operation.definition.raw["x-operation"]
        kept = not is_negative(case) and case.method == case.operation.method.upper()
        promise = Promise(operation, 200 if kept else 400, "generated")
        yield Trial(f"{operation}.generated.{number}", promise, partial(_judge, case), pays=True)


def _judge(case: Case[Any], target: Target) -> Iterator[Verdict]:
    """Schemathesis' own checks, and ours."""
    sent = dressed(case)
    prepared = requests.Request(**sent.as_transport_kwargs(base_url=target.base_url)).prepare()
    path = (prepared.url or "").removeprefix(target.base_url)
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    headers = tuple((name, str(value)) for name, value in prepared.headers.items())
    request = Request(prepared.method or "", path, headers, cast("bytes", body or b""))
    exchange = target.ask(request, pays=True)
    answer = exchange.answer
    told: dict[str, list[str]] = {}
    for name, value in answer.headers:
        told.setdefault(name, []).append(value)
    response = Response(
        status_code=answer.status,
        headers=told,
        content=answer.body,
        request=prepared,
        elapsed=exchange.ended - exchange.began,
        verify=False,
        message="",
    )
    try:
        sent.validate_response(response, additional_checks=[accepted_as_sent])
    except FailureGroup as group:
        for failure in group.exceptions:
            yield Verdict(failure.title, Outcome.BROKEN, str(failure), exchange)
        return
    yield Verdict("the answer keeps the contract", exchange=exchange)

"""Requests that Schemathesis makes from the contract: each keyword kept and broken, and others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from functools import lru_cache, partial
from typing import Any, NamedTuple, cast

import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, Response
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.openapi.checks import MissingHeaders
from schemathesis.schemas import APIOperation, BaseSchema

from contracts.cases.forms import dressed, is_negative, status_of_form
from contracts.cases.schema import CAREFUL, FULL, QUICK, Extent, schema_of
from contracts.cases.there import There
from contracts.checks.every import Judge
from contracts.checks.headers import Ids
from contracts.checks.said import observed, said
from contracts.document.beside import service_of
from contracts.document.build import bare_404, facts_of
from contracts.exchange import Exchange, KeyKind, Request
from contracts.forms import FORM
from contracts.target import Target
from contracts.trials import Outcome, Promise, Tier, Trial, Verdict, touches_of
from mockserver.facts import load
from mockserver.facts.platform import SERVICES

KEPT = "An answer keeps the OpenAPI document of its day"
#: What Schemathesis' failures say; any other says its title, which is always the same, too.
SAYS = {
    "UndefinedStatusCode": "An answer's status is one that the document has",
    "UndefinedContentType": "An answer's content type is one that the document has",
    "MissingContentType": "An answer has a content type",
    "MissingHeaders": "An answer has the headers that the document requires",
    "JsonSchemaError": "An answer has the schema that the document has of it",
    "MalformedJson": "An answer's JSON can be read",
    "ContentDeserializationError": "An answer can be read as its content type says",
    "AcceptedNegativeData": "A request that breaks the document is refused",
    "RejectedPositiveData": "A request that keeps the document is accepted",
    "ServerError": "No answer is a fault of the server's own",
}


class Sent(NamedTuple):
    """A case as it leaves."""

    case: Case[Any]
    prepared: requests.PreparedRequest
    request: Request


def generated(
    day: date | None,
    ids: Ids,
    *,
    quick: bool = False,
    costly: bool = False,
    there: There | None = None,
) -> Iterator[Trial]:
    """A trial of each generated case.

    Args:
        day: whose contract.
        ids: the request ids of the run.
        quick: few of them, and few drawn.
        costly: only a few that are accepted, of the smallest picture each.
        there: which services beside images the target has.
    """
    there = there or There()
    extent = CAREFUL if costly else QUICK if quick else FULL
    numbers: Counter[tuple[str, str]] = Counter()
    for how, case in _cases(day, extent):
        promise = _promise(case)
        number = numbers[promise.operation, how]
        numbers[promise.operation, how] += 1
        yield Trial(
            f"{promise.operation}.{how}.{number}",
            promise,
            partial(_judge_there, case, ids, there),
            pays=True,
            quick=costly or number % _ONE_OF == 0 or _is_quick(promise),
            touches=touches_of(case.body if isinstance(case.body, dict) else {}),
        )


#: Of so many generated requests that make pictures, or are of services beside them, one is in a
#: quick run, and all others.
_ONE_OF = 5


def _is_quick(promise: Promise) -> bool:
    return promise.status != 200 and promise.operation.partition(".")[0] not in SERVICES


@lru_cache(maxsize=4)
def _cases(day: date | None, extent: Extent) -> tuple[tuple[str, Case[Any]], ...]:
    """Those of a run, kept for the next one: to make them takes longer than to send them."""
    return tuple(cases_of(schema_of(day, extent), extent))


def cases_of(
    schema: BaseSchema, extent: Extent = FULL, seed: int = 1
) -> Iterator[tuple[str, Case[Any]]]:
    """How each case was made, and the case: the same in each run, other ones for another seed."""
    for found in schema.get_all_operations():
        operation = cast("Ok[APIOperation[Any, Any, Any, Any]]", found).ok()  # our own document
        if extent.coverage:
            yield from (("covering", case) for case in _kept_and_broken(operation))
        config = schema.config.generation_for(operation=operation, phase="fuzzing")
        for mode in config.modes:
            if mode is GenerationMode.NEGATIVE and not _can_be_wrong(operation):
                continue
            most = config.max_examples or extent.examples
            drawn = _drawn(operation, mode, most, seed)
            yield from ((f"{mode.value}-of-{most}", case) for case in drawn)


def _kept_and_broken(operation: APIOperation[Any, Any, Any, Any]) -> Iterator[Case[Any]]:
    config = operation.schema.config.generation_for(operation=operation, phase="coverage")
    # Of a form whose fields exclude each other Schemathesis (4.32) asks a validator that takes no
    # bytes ("Unsupported type: 'Binary'"), and ends there; what it made before is kept.
    with suppress(ValueError):
        yield from operation.schema.iter_coverage_cases(
            operation, generation_modes=config.modes, generation_config=config
        )


#: The schema of a part of a path that may be any text.
_ANY_TEXT = {"type": "string", "minLength": 1}


def _can_be_wrong(operation: APIOperation[Any, Any, Any, Any]) -> bool:
    """Whether more is sent than a path of any text, of which all are good: none would be found."""
    definition = operation.definition.raw
    others = [p for p in definition.get("parameters", ()) if p.get("in") != "path"]
    paths = [p.get("schema") for p in definition.get("parameters", ()) if p.get("in") == "path"]
    return "requestBody" in definition or bool(others) or any(p != _ANY_TEXT for p in paths)


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


def _promise(case: Case[Any]) -> Promise:
    """The row of the report that a case is for: what is expected of it before it is looked at."""
    definition = case.operation.definition.raw
    if case.method != case.operation.method.upper():
        return Promise(definition["x-operation"], _status_of_stray(case), "another method")
    statuses = [int(status) for status in definition["responses"]]
    refused = next((s for s in statuses if s in (400, 404)), 400)
    kept = not is_negative(case) and statuses[0] == 200 and _is_there(case)
    media = case.media_type if isinstance(case.media_type, str) else ""
    how = {"application/json": ", JSON", FORM: ", form"}.get(media, "")
    return Promise(definition["x-operation"], 200 if kept else refused, f"generated{how}")


def _is_there(case: Case[Any]) -> bool:
    """Whether a model that a path names is one that is there."""
    name = (case.path_parameters or {}).get("model")
    parameters = case.operation.definition.raw.get("parameters", [])
    known = [one["value"] for p in parameters for one in p.get("examples", {}).values()]
    return not known or name in known


def _status_of_stray(case: Case[Any]) -> int:
    document = case.operation.schema.raw_schema
    facts, operation = facts_of(document), case.operation.definition.raw["x-operation"]
    if (service := operation.partition(".")[0]) in SERVICES:
        beside = load(date.fromisoformat(document["info"]["x-rules"]["beside"]))
        return 404 if bare_404(beside, service) else 405
    return 404 if bare_404(facts, operation if operation in facts.words else "models") else 405


def _judge_there(case: Case[Any], ids: Ids, there: There, target: Target) -> Iterator[Verdict]:
    there.check(service_of(case.path), target)
    yield from judge(case, ids, target)


def judge(case: Case[Any], ids: Ids, target: Target) -> Iterator[Verdict]:
    """Schemathesis' own checks, and ours."""
    sent = prepared(case, target.base_url)
    exchange = observed(target.ask(sent.request, pays=True))
    told = [
        *_by_schemathesis(sent, exchange),
        *_of_model(case, exchange),
        *of_method(case, exchange),
        *of_form(sent.case, exchange),
    ]
    yield from (verdict._replace(exchange=exchange) for verdict in told)
    yield from Judge(target.day, target.fetch, ids)(exchange)


def prepared(case: Case[Any], base_url: str) -> Sent:
    """A case as `requests` sends it, with real files in the place of generated ones."""
    case = dressed(case)
    sent = requests.Request(**case.as_transport_kwargs(base_url=base_url)).prepare()
    path = (sent.url or "").removeprefix(base_url)
    body = sent.body.encode() if isinstance(sent.body, str) else sent.body
    headers = tuple((name, str(value)) for name, value in sent.headers.items())
    key: KeyKind = "admin" if service_of(path) == "organization" else "good"
    request = Request(sent.method or "", path, headers, cast("bytes", body or b""), key)
    return Sent(case, sent, request)


def response_of(exchange: Exchange, sent: requests.PreparedRequest) -> Response:
    """An answer as Schemathesis has it."""
    told: dict[str, list[str]] = {}
    for name, value in exchange.answer.headers:
        told.setdefault(name, []).append(value)
    return Response(
        status_code=exchange.answer.status,
        headers=told,
        content=exchange.answer.body,
        request=sent,
        elapsed=exchange.ended - exchange.began,
        verify=False,
        message="",
    )


def _by_schemathesis(sent: Sent, exchange: Exchange) -> Iterator[Verdict]:
    try:
        sent.case.validate_response(response_of(exchange, sent.prepared))
    except FailureGroup as group:
        for failure in group.exceptions:
            told = " ".join(str(failure).split()).removeprefix(getattr(failure, "title", ""))
            tier = Tier.COMPLETE if isinstance(failure, MissingHeaders) else Tier.CORE
            yield Verdict(_says(failure), Outcome.BROKEN, told[:200].strip(), tier=tier)
        return
    yield Verdict(KEPT)


def _says(failure: BaseException) -> str:
    title = failure.title if isinstance(failure, Failure) else "a check fails"
    return SAYS.get(type(failure).__name__, f"Schemathesis: {title}")


def _of_model(case: Case[Any], exchange: Exchange) -> Iterator[Verdict]:
    """A path that names a model which is not there, or wants to delete one, finds none."""
    if _promise(case).status != 404:
        return
    status, method = exchange.answer.status, exchange.request.method
    seen = f"it is answered with {status}"
    if method == "DELETE":
        yield said("No model can be deleted", status == 404, seen)
    elif method == "GET" and not _is_there(case):
        yield said("A model that does not exist is not found", status == 404, seen)


def of_method(case: Case[Any], exchange: Exchange) -> Iterator[Verdict]:
    """A method that the path does not have is refused."""
    declared = {name.upper() for name in case.operation.schema[case.operation.path]}
    # OPTIONS is the browser's question, which servers may answer before they route.
    if exchange.request.method in declared | {"OPTIONS"}:
        return
    due, status = _status_of_stray(case), exchange.answer.status
    yield said(
        f"A method that a path does not have is refused with {due}", status == due, f"{status}"
    )


def of_form(case: Case[Any], exchange: Exchange) -> Iterator[Verdict]:
    """A form is judged by its bytes: what left is not what was generated."""
    status, due = exchange.answer.status, status_of_form(case, exchange.request)
    if due:
        says = {200: "A form that keeps the contract is accepted"}
        broken = "A form that breaks the contract is refused with 400"
        yield said(says.get(due, broken), status == due, f"it is answered with {status}")

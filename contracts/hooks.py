"""For Schemathesis' own runs: real files in forms, sizes without end, and our checks.

Schemathesis keeps hooks and checks for a whole process: these pass over every document but ours.
"""

# ruff: noqa: ARG001 - Schemathesis passes more arguments

from __future__ import annotations

from datetime import date
from time import time  # noqa: TID251 - answers tell the time at which they were made
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, CheckContext, Response, openapi

from contracts.cases.forms import dressed
from contracts.cases.generated import of_form, of_method
from contracts.checks.every import Judge, complaint, stays_out
from contracts.checks.headers import Ids
from contracts.checks.said import SILENT
from contracts.clients import exchange_of
from contracts.document.beside import service_of
from contracts.document.build import facts_of
from contracts.document.formats import teach


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Have sizes of each format that the document names."""
    teach(raw_schema, lambda name, sizes: openapi.format(name, st.sampled_from(sizes)))


@schemathesis.hook
def before_call(context: Any, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Put real files in the place of generated ones."""
    if _is_ours(case):
        case.body = dressed(case).body


@schemathesis.check
def images_contract(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """All that the document can't say of an answer."""
    if not _is_ours(case):
        return
    exchange = exchange_of(response, time())
    judge = Judge(_day_of(case), stays_out, Ids())
    told = [*judge(exchange)]
    if exchange.answer.status not in SILENT:
        told += [*of_method(case, exchange), *of_form(case, exchange)]
    if fault := complaint(told):
        raise AssertionError(fault)


def _day_of(case: Case[Any]) -> date:
    """The day whose rules count: beside images another one, where nobody said a day."""
    document = case.operation.schema.raw_schema
    if service_of(case.path):
        return date.fromisoformat(document["info"]["x-rules"]["beside"])
    return facts_of(document).day


def _is_ours(case: Case[Any]) -> bool:
    return "x-rules" in case.operation.schema.raw_schema.get("info", {})

"""Our checks and files for Schemathesis' own runs, where a document of ours is what it has.

Schemathesis keeps checks and hooks for a whole process: these pass over every other document.
"""

# ruff: noqa: ARG001 - Schemathesis passes more arguments

from __future__ import annotations

from time import time  # noqa: TID251 - answers tell the time at which they were made
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response

from contracts.cases.forms import dressed
from contracts.cases.generated import of_form, of_method
from contracts.checks.every import Judge, complaint, stays_out
from contracts.checks.headers import Ids
from contracts.clients import exchange_of
from contracts.document.build import facts_of


def register() -> None:
    """Have Schemathesis use them in this process, however often this is called."""
    schemathesis.check(images_contract)
    if before_call not in schemathesis.hooks.get_all_by_name("before_call"):
        schemathesis.hook(before_call)


def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Put real files in the place of generated ones."""
    if _is_ours(case):
        case.body = dressed(case).body


def images_contract(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """All that the document can't say of an answer."""
    if not _is_ours(case):
        return
    exchange = exchange_of(response, time())
    day = facts_of(case.operation.schema.raw_schema).day
    judge = Judge(day, stays_out, Ids())
    told = [*of_method(case, exchange), *of_form(case, exchange), *judge(exchange)]
    if fault := complaint(told):
        raise AssertionError(fault)


def _is_ours(case: Case[Any]) -> bool:
    return "x-rules" in case.operation.schema.raw_schema.get("info", {})

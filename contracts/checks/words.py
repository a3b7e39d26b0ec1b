"""What an error of the API is: status, form, type, code, param, words and layout. Asks nobody."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from contracts.cases.matchers import shown
from contracts.cases.words import KEY, Refusal
from contracts.checks.day_headers import checked
from contracts.exchange import Exchange
from contracts.trials import Tier, Verdict

FIELDS = ("message", "type", "param", "code")


def judged(exchange: Exchange, refusal: Refusal) -> Iterator[Verdict]:
    """A refusal, beside the headers that every answer has."""
    answer, wording = exchange.answer, refusal.wording
    told = f"{answer.status} where {wording.status} is expected{_beginning(exchange)}"
    says = "What is refused has the status that the API gives it"
    yield checked(says, answer.status == wording.status, told, exchange, Tier.CORE)
    if answer.status < 400:
        return
    if refusal.is_bare:
        says = "What the API does not have is refused without a body"
        yield checked(says, not answer.body, f"a body{_beginning(exchange)}", exchange, Tier.CORE)
        return
    says = "An error is sent as application/json"
    told = answer.header("content-type") or "no content-type"
    yield checked(says, answer.media == "application/json", told, exchange, Tier.CORE)
    error = _error(answer.json())
    says = "An error is an object with message, type, param and code, under the key error"
    yield checked(says, error is not None, _beginning(exchange, "found"), exchange, Tier.CORE)
    if error is not None:
        yield from _told(exchange, refusal, error)
    for name, template in wording.headers:
        says, wanted = f"An error has its {name}", refusal.header(template)
        told = f"{name}: {answer.header(name)} where {wanted} is expected"
        yield checked(says, answer.header(name) == wanted, told, exchange, Tier.COMPLETE)


def _told(exchange: Exchange, refusal: Refusal, error: dict[str, Any]) -> Iterator[Verdict]:
    wording = refusal.wording
    expected = {"type": wording.type, "code": wording.code, "param": refusal.param()}
    for name, wanted in expected.items():
        says = f"An error has the {name} that the API gives it"
        told = f"{shown(error[name])} where {shown(wanted)} is expected ({wording.level})"
        yield checked(says, error[name] == wanted, told, exchange, Tier.COMPLETE)
    further = {name: json.loads(value) for name, value in wording.further}
    says = "An error tells what the API tells beside its words, and no more"
    more = {name: value for name, value in error.items() if name not in FIELDS}
    told = f"{shown(more)} where {shown(further)} is expected ({wording.level})"
    yield checked(says, more == further, told, exchange, Tier.COMPLETE)
    wanted = refusal.message(exchange.answer.header("x-request-id"))
    says = "An error says what the API says, word for word"
    told = f"{shown(error['message'])} where {shown(wanted)} is expected ({wording.level})"
    yield checked(says, _is_said(error["message"], wanted), told, exchange, Tier.STRICT)
    says = "An error's JSON is laid out as the API does it: the order of keys, indentation, end"
    is_same = exchange.answer.body == _laid_out(refusal, error)
    yield checked(says, is_same, _beginning(exchange, "found"), exchange, Tier.STRICT)


def _is_said(message: str, wanted: str) -> bool:
    pattern = re.escape(wanted).replace(re.escape(KEY), r"\S+")
    return re.fullmatch(pattern, message, re.DOTALL) is not None


def _error(body: Any) -> dict[str, Any] | None:
    """The object of an error that has the form of all."""
    if not (isinstance(body, dict) and [*body] == ["error"] and isinstance(body["error"], dict)):
        return None
    error: dict[str, Any] = body["error"]
    texts = all(isinstance(error.get(name), str) for name in ("message", "type"))
    others = all(isinstance(error.get(name, 0), str | None) for name in ("param", "code"))
    return error if texts and others else None


def _laid_out(refusal: Refusal, error: dict[str, Any]) -> bytes:
    """An error's own values in the layout of the API."""
    form = refusal.wording.form
    ordered = {name: error[name] for name in form.keys} | error
    body = json.dumps({"error": ordered}, indent=form.indent)
    return (body + "\n" * form.newline).encode("ascii")


def _beginning(exchange: Exchange, before: str = ":") -> str:
    return f"{before} {shown(exchange.answer.body)}"

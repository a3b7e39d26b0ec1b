"""What must be there before a case is asked: makes it, and puts its id in. Judges nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from contracts.cases.case import Case, Given
from contracts.cases.sending import AskedCase, filled, parts_of
from contracts.exchange import Answer, Request, form_request, json_request
from contracts.target import NotObserved, Target
from mockserver.facts.platform import endpoints, on

_NAME = re.compile(r"\{(\w+)\}")


def made_ready(asked: AskedCase, target: Target) -> AskedCase:
    """A case with the ids of all that it names, which is made first.

    Raises:
        NotObserved: the target made it not, which is for another case to judge.
    """
    case, made = asked.case, {"purpose": kept_purpose(asked.facts.day)}
    for name in _names((case.call, case.send, [one.values for one in case.expect])):
        if name in case.given:
            _make(name, asked.case, made, target)
    return asked._replace(names=made)


def kept_purpose(day: date) -> str:
    """A purpose of a day for which a file can be kept, and its content had."""
    (create,) = (e for e in endpoints("files", day) if e.id == "files.create")
    (values,) = (p.values or () for p in create.body if p.name == "purpose")
    refused = on("files", day)["content"]["closed_to"]
    return next(p for p in ("vision", "fine-tune") if p in values and p not in refused)


def take_away(asked: AskedCase, answer: Answer, target: Target) -> None:
    """Take away what was made for a case, and by it, where it may be somebody's own account."""
    if "stand-in" in target.has:
        return
    told = answer.json() if answer.status == 200 else None
    if asked.case.undo and isinstance(told, dict):
        method, _, path = filled(asked.case.undo, {"id": str(told.get("id"))}).partition(" ")
        target.ask(Request(method, path))
    for name in asked.names.keys() & asked.case.given.keys():
        if undo := asked.case.given[name].undo:
            method, _, path = filled(undo, asked.names).partition(" ")
            target.ask(Request(method, path))


def _make(name: str, case: Case, made: dict[str, str], target: Target) -> None:
    told = case.given[name]
    for needed in _names((told.call, told.send)):
        if needed in case.given and needed not in made:
            _make(needed, case, made, target)
    if name not in made:
        made[name] = id_of(request_of(told, made), target, pays=case.cost == "paid")


def request_of(told: Given, names: Mapping[str, str]) -> Request:
    """The request that makes something."""
    method, _, path = filled(told.call, names).partition(" ")
    send = filled(dict(told.send), names)
    if told.files:
        texts = [(name, None, "", str(value).encode()) for name, value in send.items()]
        return form_request(method, path, [*texts, *parts_of(told.files)])
    return json_request(method, path, send)


def id_of(request: Request, target: Target, *, pays: bool = False) -> str:
    """The id of what a request makes."""
    answer = target.ask(request, pays=pays).answer
    told = answer.json() if answer.status == 200 else None
    if not isinstance(told, dict) or not isinstance(told.get("id"), str):
        raise NotObserved(f"{request.method} {request.path} made nothing: {answer.status}")
    return str(told["id"])


def _names(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield from _NAME.findall(value)
        case Mapping():
            yield from _names([*value.values()])
        case list() | tuple():
            for inner in value:
                yield from _names(inner)

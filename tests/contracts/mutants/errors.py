"""Defects of refusals: their words, codes, form and status. Tests nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from contracts.discretion import HIDDEN
from contracts.exchange import Answer, Request
from tests.contracts.mutants.altering import (
    Ask,
    Body,
    Defect,
    of_answers,
    of_bodies,
    of_errors,
    refused,
    with_status,
)

bad_request = with_status(400)
#: In the sentences about the form of errors.
FORM = "error of the four keys|message, type, param and code"


def _set(**values: Any) -> Callable[[Body], object]:
    return lambda error: error.update(values)


def _words(change: Callable[[str], str]) -> Callable[[Body], object]:
    return lambda error: error.update(message=change(error["message"]))


def _status(status: int, *of: int) -> Defect:
    return of_answers(lambda answer: answer._replace(status=status), with_status(*of))


def _bodied(change: Callable[[Any], Any], *statuses: int) -> Defect:
    """Refusals with another value as their body."""

    def apply(answer: Answer) -> Answer:
        value = answer.json()
        if value is None:
            return answer
        return answer._replace(body=json.dumps(change(value), indent=2).encode() + b"\n")

    return of_answers(apply, with_status(*statuses) if statuses else refused)


def _page(answer: Answer) -> Answer:
    told = tuple((n, "text/html" if n == "content-type" else v) for n, v in answer.headers)
    return answer._replace(headers=told, body=b"<html><h1>Bad Request</h1></html>")


def _other_param(error: Body) -> None:
    error["param"] = "size" if error["param"] != "size" else "prompt"


def _nothing_there(request: Request, ask: Ask) -> Answer:
    """An answer without a body."""
    answer = ask(request)
    return answer._replace(body=b"") if answer.status in (401, 405) else answer


MUTANTS: dict[str, tuple[Defect, str]] = {
    # What it says
    "other words": (
        of_errors(_words(lambda told: "Something is wrong with this request.")),
        "word for word",
    ),
    "other words for one value": (
        of_errors(_words(lambda told: re.sub(r"'[^']*'", "'?'", told))),
        "word for word",
    ),
    "words without their full stop": (
        of_errors(_words(lambda told: told.removesuffix("."))),
        "word for word",
    ),
    "the key inside an error": (
        of_errors(_words(lambda told: f"{told} (key: {HIDDEN})")),
        "repeats the API key",
    ),
    "the key inside a refused key's error": (
        of_errors(
            _words(lambda told: re.sub(r"provided: \S+\.", f"provided: {HIDDEN}.", told)),
            with_status(401),
        ),
        "repeats the API key",
    ),
    "another code": (of_errors(_set(code="bad_request"), bad_request), "has the code"),
    "no code": (
        of_errors(lambda error: error.update(code=None) if error["code"] else None),
        "has the code",
    ),
    "a code that is a number": (
        of_errors(_set(code=400)),
        FORM,
    ),
    "another type": (of_errors(_set(type="api_error")), "has the type"),
    "another param": (of_errors(_other_param, bad_request), "has the param"),
    "no param": (
        of_errors(lambda error: error.update(param=None) if error["param"] else None),
        "has the param",
    ),
    "no words": (
        of_errors(_set(message=None)),
        FORM,
    ),
    "empty words": (of_errors(_set(message="")), "word for word"),
    # In which form
    "an error without param": (
        of_errors(lambda error: error.pop("param")),
        FORM,
    ),
    "an error without code": (
        of_errors(lambda error: error.pop("code")),
        FORM,
    ),
    "more in an error": (
        of_errors(_set(status=400)),
        FORM,
    ),
    "more beside an error": (
        of_bodies(lambda body: body.update(status="error"), refused),
        FORM,
    ),
    "an error as a text": (
        _bodied(lambda body: {"error": body["error"]["message"]}),
        FORM,
    ),
    "an error in a list": (
        _bodied(lambda body: [body]),
        FORM,
    ),
    "an error as frameworks have it": (
        _bodied(lambda body: {"detail": body["error"]["message"]}),
        FORM,
    ),
    "another form of 401": (
        _bodied(lambda body: {"message": "Unauthorized", "status": 401}, 401),
        FORM,
    ),
    "an empty 401 or 405": (_nothing_there, FORM),
    "errors as HTML": (
        of_answers(_page, refused),
        "content type is application/json|error of the four keys",
    ),
    "an error that is cut": (
        of_answers(lambda a: a._replace(body=a.body[:-3]), refused),
        FORM,
    ),
    # With which status
    "500 for a bad request": (_status(500, 400), "fault of the server|has the status"),
    "422 for a bad request": (_status(422, 400), "has the status"),
    "404 for a bad request": (_status(404, 400), "has the status"),
    "200 for a bad request": (_status(200, 400), "has the status"),
    "403 without a key": (_status(403, 401), "has the status"),
    "400 for a model that is not there": (_status(400, 404), "has the status"),
    "404 for another method": (_status(404, 405), "has the status"),
    "405 for what is not there": (_status(405, 404), "has the status"),
    "a redirect for what is not there": (_status(307, 404), "has the status"),
}

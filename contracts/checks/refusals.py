"""What the form of a refusal must be. Its words and codes are judged case by case, elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from contracts.checks.said import said
from contracts.exchange import Answer
from contracts.trials import Verdict
from mockserver.facts.words import TABLES

FORM = "A refusal is a JSON object, with an error of the four keys"
KEYS = {"code", "message", "param", "type"}
#: Keys that some errors have beside those.
FURTHER = {key for table in TABLES.values() for one in table.values() for key, _ in one.further}


def refusal(answer: Answer) -> Iterator[Verdict]:
    """Judge an answer of 400 or above."""
    yield said(
        "A refusal's content type is application/json",
        answer.media == "application/json",
        f"it is {answer.media!r}",
    )
    fault = _fault(answer.json())
    yield said(FORM, not fault, fault)


def bare(answer: Answer) -> Iterator[Verdict]:
    """Judge a refusal of a day on which paths that are not there got an empty 404."""
    yield said("What is not there is refused without a body", not answer.body, "there is a body")


def is_text_alone(answer: Answer) -> bool:
    """Whether an error is a text and no object, as some services have it for some reasons."""
    body = answer.json()
    return isinstance(body, dict) and [*body] == ["error"] and isinstance(body["error"], str)


def refused_for_now(answer: Answer) -> Iterator[Verdict]:
    """Judge a refusal of what is over a limit a minute."""
    wait = answer.header("retry-after")
    is_wait = wait.isascii() and wait.isdecimal() and 0 < int(wait) <= _MINUTE
    yield said("A 429 tells the seconds to wait in retry-after", is_wait, f"it is {wait!r}")
    code = error_of(answer).get("code")
    yield said("A 429 of a limit has its code", code == "rate_limit_exceeded", f"it is {code!r}")


def error_of(answer: Answer) -> dict[str, Any]:
    """The error in an answer; empty if there is none."""
    body = answer.json()
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


_MINUTE = 60  # seconds


def _fault(body: Any) -> str:
    """What is wrong with the body of an error; "" if nothing is."""
    match body:
        case {"error": {**error}, **others} if not others:
            return _fault_of(error)
        case {"error": {}, **others}:
            return f"beside the error stand {list(others)}"
        case None:
            return "it is no JSON"
        case _:
            return "it is no object with an error that is one"


def _fault_of(error: dict[Any, Any]) -> str:
    if not KEYS <= error.keys() <= KEYS | FURTHER:
        return f"the error has the keys {sorted(error)}"
    for name in ("message", "type"):
        if not isinstance(error[name], str):
            return f"its {name} is no text"
    for name in ("code", "param"):
        if not isinstance(error[name], str | None):
            return f"its {name} is neither text nor null"
    return ""

"""Whether a refusal is the one that the API gives: status, type, code, param, words and layout.

Its form, which all have, is judged in `refusals`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from contracts.checks.refusals import KEYS, error_of
from contracts.checks.said import said
from contracts.exchange import Answer
from contracts.trials import Tier, Verdict
from mockserver.facts.words.templates import filled
from mockserver.facts.words.wording import TEXT_ALONE, Wording

STATUS = "What is refused has the status that the API gives it"
WORDS = "An error says what the API says, word for word"
LAYOUT = "An error's JSON is laid out as that of its reason: the order of keys, indent, end"
FURTHER = "An error tells what the API tells beside its words, and no more"
#: Stands for a key that only the target knows; the API masks all but short ones.
KEY = "<key>"
_SHOWN = 200  # characters of a value that a report tells


class Refusal(NamedTuple):
    """An error as it was on a day, in the words of its time."""

    wording: Wording
    values: Mapping[str, Any]

    @property
    def is_bare(self) -> bool:
        """Whether it has no body."""
        return not self.wording.form.keys

    def param(self) -> str | None:
        """The parameter that it names."""
        told = self.wording.param
        return None if told is None else filled(told, self.values)

    def message(self, request_id: str = "…") -> str:
        """What it says of a request with this id; a key that was refused is `KEY`."""
        values = {"key": KEY, "request_id": request_id, **self.values}
        return filled(self.wording.message, values)

    def header(self, template: str) -> str:
        """The value of one of its headers."""
        return filled(template, self.values)


def refused(answer: Answer, due: Refusal) -> Iterator[Verdict]:
    """Judge a refusal."""
    status, wording = answer.status, due.wording
    seen = f"it is {status} and not {wording.status}: {shown(answer.body)}"
    yield said(STATUS, status == wording.status, seen)
    if status < 400:
        return
    if due.is_bare:
        says = "What the API does not have is refused without a body"
        yield said(says, not answer.body, f"there is {shown(answer.body)}")
        return
    if wording.form is TEXT_ALONE:
        wanted = json.dumps({"error": due.message(answer.header("x-request-id"))})
        is_said = answer.json() == json.loads(wanted)
        yield said(WORDS, is_said, f"it is {shown(answer.body)} and not {wanted}", Tier.STRICT)
        return
    error = error_of(answer)
    if error.keys() >= KEYS:
        yield from _told(error, due, answer)
    for name, template in wording.headers:
        wanted = due.header(template)
        seen = f"it is {answer.header(name)!r} and not {wanted!r}"
        yield said(f"An error has its {name}", answer.header(name) == wanted, seen, Tier.COMPLETE)


def _told(error: dict[str, Any], due: Refusal, answer: Answer) -> Iterator[Verdict]:
    wording = due.wording
    expected = {"type": wording.type, "code": wording.code, "param": due.param()}
    for name, wanted in expected.items():
        says = f"An error has the {name} that the API gives it"
        yield said(says, error[name] == wanted, _seen(error[name], wanted, due), Tier.COMPLETE)
    further = {name: json.loads(value) for name, value in wording.further}
    more = {name: value for name, value in error.items() if name not in KEYS}
    yield said(FURTHER, more == further, _seen(more, further, due), Tier.COMPLETE)
    message, wanted = error["message"], due.message(answer.header("x-request-id"))
    yield said(WORDS, _is_said(message, wanted), _seen(message, wanted, due), Tier.STRICT)
    is_laid_out = answer.body == _laid_out(error, due)
    yield said(LAYOUT, is_laid_out, f"it is {shown(answer.body)}", Tier.STRICT)


def _seen(value: Any, wanted: Any, due: Refusal) -> str:
    return f"it is {shown(value)} and not {shown(wanted)} ({due.wording.level})"


def _is_said(message: Any, wanted: str) -> bool:
    """Whether a message is the one that is wanted; only the target knows the bad key."""
    pattern = re.escape(wanted).replace(re.escape(KEY), r"\S+")
    return isinstance(message, str) and re.fullmatch(pattern, message, re.DOTALL) is not None


def _laid_out(error: dict[str, Any], due: Refusal) -> bytes:
    """An error's own values, laid out as the API does it."""
    form = due.wording.form
    ordered = {name: error[name] for name in form.keys} | error
    body = json.dumps({"error": ordered}, indent=form.indent)
    return (body + "\n" * form.newline).encode("ascii")


def shown(value: Any) -> str:
    """A value as a report tells it, or its beginning."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"

"""Read the `when` of a rule, and that of a look back at requests. Matches nothing itself.

A rule meets valid requests alone, so it may name only what one could have on some day. A look back
is at whatever was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

from mockserver.core.decoding import RuleError, guess, is_number, table_of, text_of, whole_of
from mockserver.core.options import SIZE
from mockserver.core.rules import patterns
from mockserver.core.rules.effects import PICTURES_MAX
from mockserver.core.rules.rule import Text, When, fits
from mockserver.core.uploads import FILES
from mockserver.facts import ever, fields, free_fields, objects

_SIZE = re.compile(SIZE)
_HOW = ("contains", "regex")
_ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(("then", "times", "name", "next"), "it stands beside when, not in it"),
    **{how: f"a prompt's is meant as prompt: {{{how}: …}}" for how in _HOW},
}
_OF_FILES = dict.fromkeys(FILES, "a rule can't look into files, an assertion can")


def rule_fields() -> tuple[str, ...]:
    """What a rule can tell a request by: no object; files only assertions can."""
    return tuple(name for name in fields().order if name not in FILES and name not in objects())


def condition_of(value: Any) -> When:
    """The condition of a rule.

    Raises:
        RuleError: it is none, or one that no request can meet.
    """
    elsewhere = dict.fromkeys(objects(), "a rule can't look into an object")
    elsewhere |= {**_ELSEWHERE, **_OF_FILES}
    table = table_of("when", value, (*rule_fields(), "call"), elsewhere)
    return When(
        wanted=tuple((k, _wanted(k, v)) for k, v in table.items() if k != "call"),
        call=whole_of("when.call", table["call"], least=1) if "call" in table else None,
    )


def when_of(value: Any) -> When:
    """The condition of a look back: without `call`, and of any values; RuleError if it is none.

    But for the operation, which no client sends: a wrong one is a slip.
    """
    table = table_of("when", value, fields().order, _ELSEWHERE)
    return When(tuple((k, (_wanted if k == "operation" else _any)(k, v)) for k, v in table.items()))


def _any(name: str, value: Any) -> Any:
    return _text(name, value) if isinstance(value, dict) else value


def _wanted(name: str, value: Any) -> Any:
    if name == "n":
        return whole_of("when.n", value, least=1, most=PICTURES_MAX)
    if name in ever():
        return _listed(name, value)
    return _free(name, value)


def _free(name: str, value: Any) -> Any:
    """What a field is to be that can have any value."""
    if isinstance(value, dict):
        return _text(name, value)
    if name == "prompt" and not isinstance(value, str):
        raise RuleError("when.prompt must be a text, or a table with contains or regex")
    if not isinstance(value, str | bool) and not is_number(value):
        raise RuleError(f"when.{name} must be a text, a number, or a table with contains or regex")
    return value


def _listed(name: str, value: Any) -> str | Text:
    """What at least one of the values fits that the field can have on some day."""
    known = ever()[name]
    wanted = _text(name, value) if isinstance(value, dict) else value
    if _meets(name, wanted, known):
        return wanted
    if name == "operation":
        from mockserver.facts.platform import called  # few rules are about those beside images

        known = called()
        if _meets(name, wanted, known):
            return wanted
    if name in free_fields() and _is_free(wanted):
        return wanted
    if isinstance(wanted, str | Text):
        told = repr(wanted) if isinstance(wanted, str) else str(wanted)
        meant = guess(wanted if isinstance(wanted, str) else wanted.what, known)
        if meant.endswith("?"):
            meant += f" It is one of {', '.join(known)}"
        raise RuleError(f"when.{name} {told:.100} is none that a request can have{meant}")
    raise RuleError(f"when.{name} must be one of {', '.join(known)}")


def _meets(name: str, wanted: Any, known: Iterable[str]) -> TypeGuard[str | Text]:
    """Whether one of these values is as wanted, or may be."""
    if isinstance(wanted, Text):
        return any(wanted.matches(k) or wanted.is_undecided(k) for k in known)
    return isinstance(wanted, str) and any(fits(name, wanted, k) for k in known)


def _is_free(wanted: Any) -> TypeGuard[str | Text]:
    """Whether a field that has sizes without end can be so on some day."""
    return isinstance(wanted, Text) or (isinstance(wanted, str) and bool(_SIZE.fullmatch(wanted)))


def _text(name: str, value: Any) -> Text:
    table = table_of(f"when.{name}", value, _HOW)
    if len(table) != 1:
        raise RuleError(f"when.{name} must be a value, or a table with contains or regex alone")
    ((how, what),) = table.items()
    what = text_of(f"when.{name}.{how}", what)
    if how == "regex":
        try:
            patterns.check(what)
        except ValueError as error:
            raise RuleError(f"when.{name}.regex {error}") from None
    return Text(how, what)

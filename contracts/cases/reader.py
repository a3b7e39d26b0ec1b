"""Reads the TOML files of cases, strictly: what it does not know it refuses. Judges nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from contracts.cases.case import Case, Evidence, Expected, Given, Pending
from contracts.cases.files import NAMES
from contracts.cases.matchers import MATCHERS, TYPES
from contracts.cases.sending import MADE
from contracts.trials import Tier
from mockserver.facts import fields
from mockserver.facts.files import FactsError, typed
from mockserver.facts.platform import SERVICES, endpoints
from mockserver.facts.words.wording import Reason

T = TypeVar("T", bound=NamedTuple)
HERE = Path(__file__).parent
LEVELS = ("observed", "observed in part", "documented", "inferred", "assumed")
_OF_FILE = ("operation", "service")
_KINDS: Mapping[str, tuple[type, str]] = {
    **dict.fromkeys(("id", "operation", "service", "branch", "call", "param"), (str, "a text")),
    "undo": (str, "a text"),
    **dict.fromkeys(
        ("dialect", "level", "source", "reason", "raw", "key", "asks", "why"), (str, "a text")
    ),
    **dict.fromkeys(("send", "files", "values", "hidden", "body", "headers"), (dict, "a table")),
    **dict.fromkeys(("models", "without", "shows", "records", "facts"), (list, "a list")),
    **dict.fromkeys(("json", "form", "quick"), (bool, "true or false")),
    **dict.fromkeys(("since", "until"), (date, "a day, as 2025-06-15 without quotes")),
}
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "cost": ("free", "paid"),
    "tier": tuple(tier.name.lower() for tier in Tier),
    "key": ("good", "none", "bad", "admin"),
    "asks": ("kinds", "models", "once"),
    "dialect": ("A", "B"),
    "level": LEVELS,
    "reason": tuple(Reason),
}
_ENDPOINTS = [endpoint.id for service in SERVICES for endpoint in endpoints(service)]


class CaseError(ValueError):
    """A file of cases that can't be used: which, which case, which key, and the fix."""


@cache
def cases() -> tuple[Case, ...]:
    """Every case of this package, file by file."""
    return tuple(read(sorted(HERE.glob("*.toml"))))


def read(files: Iterable[Path]) -> list[Case]:
    """The cases of these files.

    Raises:
        CaseError: one of them has a mistake.
    """
    found: dict[str, Case] = {}
    for path in files:
        for case in _in_file(path):
            if case.id in found:
                raise CaseError(f"{path.name}, {case.id}: the id is another's; give it its own")
            found[case.id] = case
    return [*found.values()]


def _in_file(path: Path) -> Iterator[Case]:
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CaseError(f"{path.name} is not valid TOML: {error}") from None
    rows = told.pop("case", [])
    given = {n: _given(row, f"{path.name}, given, {n}") for n, row in told.pop("given", {}).items()}
    if unknown := [*told.keys() - {*_OF_FILE}]:
        raise CaseError(f"{path.name}: there is no {unknown[0]!r}; cases are under [[case]]")
    for number, row in enumerate(rows, 1):
        where = f"{path.name}, {row.get('id', f'case {number}')}"
        try:
            yield _case(told | row, where)._replace(given=given)
        except FactsError as error:
            raise CaseError(str(error)) from None


def _case(row: Mapping[str, Any], where: str) -> Case:
    expect = row.get("expect", [])
    rows = expect if isinstance(expect, list) else [expect]
    if not rows or not all(isinstance(one, dict) for one in rows):
        raise CaseError(f"{where}: 'expect' must be a table, or several under [[case.expect]]")
    told = {"operation": row.get("service")} | dict(row)
    told["expect"] = [_expected(one, f"{where}, expect") for one in rows]
    told["evidence"] = _evidence(row.get("evidence"), f"{where}, evidence")
    if "pending" in row:
        told["pending"] = _pending(row["pending"], f"{where}, pending")
    case = _typed(Case, told, where)
    _check_send(case, where)
    quick = row.get("quick", case.cost == "free")
    return case._replace(tier=Tier[str(row.get("tier", "core")).upper()], quick=quick)


def _given(row: Mapping[str, Any], where: str) -> Given:
    found = _typed(Given, row, where)
    _check_files(found.files, where)
    return found


def _expected(row: Mapping[str, Any], where: str) -> Expected:
    found = _typed(Expected, row, where)
    if found.reason and (found.shows or found.body or found.hidden):
        raise CaseError(f"{where}: what is refused for a reason shows nothing; leave the rest out")
    for name in (*found.shows, *found.hidden):
        _check_name(name, {*fields().order}, "parameter", where)
    for path, matcher in found.body.items():
        _check_matcher(matcher, f"{where}, body, {path}")
    return found._replace(reason=Reason(found.reason) if found.reason else None)


def _check_matcher(matcher: Any, where: str) -> None:
    if not isinstance(matcher, dict):
        return
    if len(matcher) != 1:
        raise CaseError(f"{where}: a matcher has one key: give each its own path")
    ((kind, told),) = matcher.items()
    _check_name(kind, {*MATCHERS, "fact"}, "matcher", where)
    if kind == "is":
        _check_name(told, TYPES, "type", where)


def _check_send(case: Case, where: str) -> None:
    """Whether values are made of something that there is, and files are some that there are."""
    for name, value in case.send.items():
        if isinstance(value, dict) and "made" in value:
            _check_name(value["made"], MADE, "way to make a value", f"{where}, send, {name}")
    _check_files(case.files, where)


def _check_files(files: Mapping[str, Any], where: str) -> None:
    for name, told in files.items():
        for one in told if isinstance(told, list) else [told]:
            if isinstance(one, dict):
                one = one.get("file", "good" if {"png", "text"} & {*one} else "")
            _check_name(one, NAMES, "file", f"{where}, files, {name}")


def _check_name(name: Any, known: Iterable[str], what: str, where: str) -> None:
    if name not in known:
        raise CaseError(f"{where}: there is no {what} {name!r}; it is one of {_named(known)}")


def _named(known: Iterable[str]) -> str:
    return ", ".join(sorted(known))


def _evidence(row: Any, where: str) -> Evidence:
    if not isinstance(row, dict) or not row:
        raise CaseError(f"{where}: say how it is known: records, facts, or level and source")
    found = _typed(Evidence, row, where)
    for name in found.facts:
        _check_name(name, {*Reason, *fields().order, *_ENDPOINTS, "models"}, "fact", where)
    if not (found.records or found.facts) and not (found.level and found.source):
        raise CaseError(f"{where}: a level needs a source, and a source a level")
    return found


def _pending(row: Any, where: str) -> Pending:
    if not isinstance(row, dict) or not row.get("why"):
        raise CaseError(f'{where}: say why, as pending = {{ why = "…", until = 2027-01-31 }}')
    if "until" not in row:
        raise CaseError(f"{where}: say to which day, as until = 2027-01-31")
    return _typed(Pending, row, where)


def _typed(kind: type[T], row: Mapping[str, Any], where: str) -> T:
    for key, value in row.items():
        expected, meant = _KINDS.get(key, (object, ""))
        if not isinstance(value, expected):
            raise CaseError(f"{where}: {key!r} must be {meant}, and is {value!r}")
        if key in _CHOICES and value not in _CHOICES[key]:
            raise CaseError(f"{where}: {key!r} is one of {', '.join(_CHOICES[key])}")
    return typed(kind, row, where)


def expired(found: Iterable[Case], today: date) -> list[str]:
    """The ids of the cases that should be held to again."""
    return [case.id for case in found if case.pending and case.pending.until <= today]

"""What a program relies on, by the journal of a mock that it was tested with. Sends nothing.

A journal knows what was sent and how it was answered. It does not know which fields of an answer
were read: a field is relied on if it was answered, a file if it was downloaded. Texts that people
write, as prompts, are in none of this.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from contracts.trials import FREE, Trial, is_choice, spelled, touches_of

_MODELS = {"GET": "models.retrieve", "DELETE": "models.delete"}
DOWNLOADED = "file behind data[].url"


class NoJournal(Exception):
    """There is none, or it says nothing of this API. The message says what to do."""


class Reliance(NamedTuple):
    """What is relied on of one operation."""

    operation: str  # as "images.generate"
    requests: int
    parameters: tuple[str, ...]  # that were sent, by name
    values: Mapping[str, tuple[Any, ...]]  # that were taken, of those that have a few; defaults too
    statuses: tuple[int, ...]
    errors: tuple[str, ...]  # their codes, or the mock's names where there is no code
    fields: tuple[str, ...]  # of answers, as far as the journal tells


def reliances(journal: Any) -> list[Reliance]:
    """What a journal tells, operation by operation.

    Args:
        journal: what GET /_mock/requests answers.

    Raises:
        NoJournal: it has no request to this API.
    """
    try:
        found = _found(journal["requests"])
    except (AttributeError, LookupError, TypeError, ValueError):
        told = "this is no journal: save what GET /_mock/requests answers"
        raise NoJournal(told) from None
    if not found:
        raise NoJournal("the journal has no request to this API: run the program first")
    return found


def _found(records: list[Any]) -> list[Reliance]:
    found: dict[str, list[Any]] = defaultdict(list)
    for record in records:
        if name := _operation(record):
            if not isinstance(record["status"], int):
                raise TypeError("a status is a whole number")
            found[name].append(record)
    return [_of(name, found[name]) for name in sorted(found)]


def _operation(record: Any) -> str:
    if record.get("operation"):
        return str(record["operation"])
    _, is_api, path = str(record.get("path", "")).partition("/v1/models")
    if not is_api:
        return ""
    return _MODELS.get(record["method"], "") if path.strip("/") else "models.list"


def _of(operation: str, records: list[Any]) -> Reliance:
    values: dict[str, dict[Any, None]] = defaultdict(dict)
    for record in records:
        for name, value in _meant(record).items() if record["status"] == 200 else ():
            values[name].setdefault(value if _is_told(name, value) else None)
    errors = [r["error"] for r in records if r.get("error")]
    return Reliance(
        operation,
        len(records),
        tuple(sorted({n for r in records for n in _meant(r) if n not in r.get("filled", ())})),
        {n: tuple(values[n]) for n in sorted(values) if None not in values[n]},
        tuple(sorted({r["status"] for r in records if r["status"]})),
        tuple(sorted({e["code"] or e["reason"] for e in errors})),
        tuple(sorted({field for record in records for field in _fields(operation, record)})),
    )


def _meant(record: Any) -> dict[str, Any]:
    """The parameters of a request, those that the client left out too."""
    return {n: v for n, v in record.get("fields", {}).items() if n != "operation"}


def _is_told(name: str, value: Any) -> bool:
    if isinstance(value, float) and not isfinite(value):
        return False
    return is_choice(name, value) or (isinstance(value, int | float) and name not in FREE)


def _fields(operation: str, record: Any) -> Iterator[str]:
    if record["status"] != 200 or not operation.startswith("images."):
        return
    fields = record.get("fields", {})
    if fields.get("stream"):
        yield "events"
    else:
        yield f"data[].{fields.get('response_format', 'b64_json')}"
    if record.get("downloads"):
        yield DOWNLOADED


# As a file


def written(found: Iterable[Reliance], source: str) -> str:
    """The file that `contract run --only` reads.

    Args:
        found: what is relied on.
        source: where the journal is from.
    """
    head = (
        f"# What a program relies on, by {json.dumps(source)}.\n"
        "# `images-mock contract run --only THIS` judges just these, on any target. Add what the\n"
        "# journal could not know, take away what does not matter: a parameter without `values`\n"
        "# may have any.\n"
    )
    return head + "".join(map(_table, found))


def _table(one: Reliance) -> str:
    rows = {
        "operation": one.operation,
        "requests": one.requests,
        "parameters": list(one.parameters),
        "statuses": list(one.statuses),
        "errors": list(one.errors),
        "fields": list(one.fields),
    }
    told = "".join(f"{name} = {_toml(value)}\n" for name, value in rows.items())
    values = "".join(f"{_key(name)} = {_toml(list(v))}\n" for name, v in one.values.items())
    return f"\n[[relies]]\n{told}" + (f"[relies.values]\n{values}" if values else "")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[\w-]+", name, re.ASCII) else _toml(name)


def _toml(value: Any) -> str:
    """A value as TOML spells it, which is JSON's way for nearly all that there is here."""
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return text.encode("utf-8", "replace").decode()


def read(file: Path) -> list[Reliance]:
    """What such a file says.

    Raises:
        NoJournal: it can't be used.
    """
    try:
        rows = tomllib.loads(file.read_text("utf-8"))["relies"]
        return [_read(row) for row in rows]
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        told = f"{type(error).__name__} {error}"
        raise NoJournal(
            f"{file} is no list of what a program relies on ({told}): images-mock contract "
            f"from-journal JOURNAL -o {file}"
        ) from None


def _read(row: Mapping[str, Any]) -> Reliance:
    lists = {n: tuple(row.get(n, ())) for n in ("parameters", "statuses", "errors", "fields")}
    values = {name: tuple(told) for name, told in row.get("values", {}).items()}
    return Reliance(str(row["operation"]), int(row.get("requests", 0)), values=values, **lists)


# What is tried


def chosen(trials: Iterable[Trial], relied: Collection[Reliance]) -> list[Trial]:
    """The trials that touch nothing but what is relied on."""
    by_operation = {one.operation: one for one in relied}
    return [t for t in trials if _is_relied(t, by_operation.get(t.promise.operation))]


def _is_relied(trial: Trial, relied: Reliance | None) -> bool:
    if relied is None or trial.promise.status not in relied.statuses:
        return False
    return all(_is_touched(touch, trial.promise.status, relied) for touch in trial.touches)


def _is_touched(touch: str, status: int, relied: Reliance) -> bool:
    name, is_value, value = touch.partition("=")
    if not is_value or name not in relied.values:
        return name in relied.parameters
    is_bad = status != 200 and name != "model"  # a refusal is of a value that nobody means to send
    return is_bad or value in map(spelled, relied.values[name])


def untouched(trials: Iterable[Trial], relied: Iterable[Reliance]) -> list[str]:
    """What is relied on, and in none of these trials, as "images.generate size=512x512"."""
    trials = list(trials)
    touched = {(t.promise.operation, touch) for t in trials for touch in t.touches}
    asked = {(t.promise.operation, t.promise.status) for t in trials}
    missing = []
    for one in relied:
        sent = {n: v for n, v in one.values.items() if n in one.parameters}
        names = [n for n in one.parameters if n not in sent and n not in FREE]
        told = touches_of(dict.fromkeys(names)).union(
            *(touches_of({n: v}) for n, values in sent.items() for v in values)
        )
        missing += [
            f"{one.operation} {t}" for t in sorted(told) if (one.operation, t) not in touched
        ]
        missing += [f"{one.operation} {s}" for s in one.statuses if (one.operation, s) not in asked]
    return missing

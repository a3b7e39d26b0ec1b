"""All that the facts hold, each with its days, level and source. Finds and prints nothing.

Words come from the typed facts, day by day, as the server has them. Values come from the TOML
tables as they are: the typed facts drop sources that no request needs (models, limits, prices).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from mockserver.core import blob_errors
from mockserver.core.blob_errors import BlobWording
from mockserver.core.errors import Reason
from mockserver.evidence.met import all_spoken
from mockserver.facts import load, periods
from mockserver.facts.dated import in_force
from mockserver.facts.files import Over, over
from mockserver.facts.files import file as read
from mockserver.facts.models import model_rows
from mockserver.facts.platform import SERVICES
from mockserver.facts.words.wording import Wording

#: What each level means, the best known first.
LEVELS: Mapping[str, str] = {
    "observed": "seen on the wire",
    "observed in part": "seen in part, elsewhere, or by others' account",
    "documented": "the vendor's documents say so",
    "inferred": "follows from what was seen",
    "assumed": "stands on no source: the likeliest guess",
    "own": "this server's own: the real API has no such thing",
}
_ERRORS, _BLOBS = "Errors of the API", "Errors of picture URLs"
#: What the table calls the facts of each file. Days of words are shown with the words.
_SECTIONS = {
    "parameters": "Operations and their parameters",
    "models": "Models, their defaults and bounds",
    "timeline": "Headers, picture URLs, modes and who speaks which dialect",
    "limits": "Limits",
    "prices": "Prices",
    **{f"platform/{service}": "Beside images" for service in SERVICES},
}


@dataclass(frozen=True, slots=True)
class Span:
    """Days in a row on which something holds."""

    since: date | None  # None is the API's first day
    until: date | None  # the first day on which it holds no more

    def covers(self, day: date) -> bool:
        """Whether it holds on `day`."""
        return (self.since or date.min) <= day < (self.until or date.max)

    def __str__(self) -> str:
        since = f"since {self.since}" if self.since else ""
        until = f"before {self.until}" if self.until else ""
        return ", ".join(filter(None, (since, until))) or "always"


Places = tuple[tuple[str, tuple[Span, ...]], ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule: what holds, where and when, and how that is known."""

    section: str
    name: str  # the reason of an error, the code of the blob store's, else as the facts have it
    said: Wording | BlobWording | str  # the value, if it is no error
    places: Places  # services, operations and models, each with its days
    level: str
    source: str
    names: frozenset[str]  # by which it is found, as `plain` writes them
    table: str = ""  # of words
    dates: str = ""  # how the days of that table are known
    assumed: tuple[str, ...] = ()  # what of it stands on no source
    details: tuple[str, ...] = ()  # further sentences of an error

    @property
    def templates(self) -> tuple[str, ...]:
        """The sentences of an error."""
        if isinstance(self.said, str):
            return ()
        return tuple(filter(None, (self.said.message, *self.details)))


def findings() -> tuple[Finding, ...]:
    """Every error and every fact, in the order of the table."""
    return _findings(over())


@lru_cache(maxsize=1)
def _findings(_: Over | None) -> tuple[Finding, ...]:
    from mockserver.evidence import azure  # which knows what a finding is

    return (*_errors(), *azure.errors(), *_blob_errors(), *_facts(), *azure.facts())


def _errors() -> Iterator[Finding]:
    met: dict[tuple[Reason, str, Wording], dict[str, list[int]]] = {}
    for number, day in enumerate(periods()):
        for place, spoken in all_spoken(load(day)):
            met.setdefault(spoken, {}).setdefault(place, []).append(number)
    dates = {
        row["table"]: f"{row['level']}: {row['source']}" for row in read("words/dates")["words"]
    }
    order = list(Reason)
    for reason, table, wording in sorted(met, key=lambda key: order.index(key[0])):
        yield Finding(
            section=_ERRORS,
            name=str(reason),
            said=wording,
            places=_places(met[reason, table, wording]),
            level=wording.level,
            source=wording.source,
            names=_names(reason, wording.code, str(wording.status)),
            table=table,
            dates=dates.get(table, ""),
        )


def _blob_errors() -> Iterator[Finding]:
    for name, wording in vars(blob_errors).items():
        if isinstance(wording, BlobWording):
            yield Finding(
                section=_BLOBS,
                name=wording.code,
                said=wording,
                places=(("picture URLs", (Span(None, None),)),),
                level=wording.level,
                source=wording.source,
                names=_names(name, wording.code, str(wording.status)),
                details=wording.details,
            )


def _facts() -> Iterator[Finding]:
    """Every value of the tables; its source is that of the row that first set it so."""
    for file, section in _SECTIONS.items():
        first: dict[tuple[tuple[str, ...], str, str], Row] = {}
        held: dict[tuple[tuple[str, ...], str, str], list[int]] = {}
        service = file.removeprefix("platform/") if file.startswith("platform/") else ""
        for number, day in enumerate(periods()):
            if service and service not in load(day).words:
                continue
            for row in _rows(in_force(_tables(file), day), (service,) if service else ()):
                key = (row.place, row.name, _text(row.value))
                first.setdefault(key, row)
                numbers = held.setdefault(key, [])
                numbers += [number] * (numbers[-1:] != [number])
        places = list(dict.fromkeys(place for place, _, _ in held))
        names = list(dict.fromkeys(name for _, name, _ in held))
        order = sorted(held, key=lambda key: (places.index(key[0]), names.index(key[1])))
        found = [_fact(section, first[key], held[key]) for key in order]
        yield from _of_several(found) if file == "models" else found


def _tables(file: str) -> Mapping[str, Any]:
    """A file's tables; of models with all that they share."""
    return {"model": [*model_rows().values()]} if file == "models" else read(file)


def _of_several(found: Iterable[Finding]) -> Iterator[Finding]:
    """One finding of those that say the same of several models."""
    same: dict[Finding, list[Finding]] = {}
    for finding in found:
        place = finding.places[0][0].partition(", ")[2]
        key = replace(finding, places=((place, ()),), names=frozenset())
        same.setdefault(key, []).append(finding)
    for first, *others in same.values():
        more = [place for other in others for place in other.places]
        names = first.names.union(*(other.names for other in others))
        yield replace(first, places=(*first.places, *more), names=names)


def _fact(section: str, row: Row, numbers: list[int]) -> Finding:
    notes = row.table.get("assumed", ())
    return Finding(
        section=section,
        name=row.name,
        said=_text(row.value),
        places=_places({", ".join(row.place): numbers}),
        level=row.table.get("level", "assumed"),
        source=row.table["source"],
        names=_names(*", ".join(row.place).split(", "), row.name, *_also(row.name, row.value)),
        assumed=tuple(
            note.removeprefix(f"{row.name}: ") for note in notes if re.match(rf"{row.name}\b", note)
        ),
    )


_PLACES = {
    **{name: f"images.{name}" for name in ("generate", "edit", "vary")},
    "models": "GET /v1/models",
    "link": "picture URLs",
    "headers": "headers of every answer",
    "modes": "uploads",
    "upload": "uploads",
}
_IDS = ("id", "ids", "list", "lists", "model", "models", "options", "endpoint")
_NO_VALUES = {*_IDS, "source", "level", "assumed", "method", "path"}


@dataclass(frozen=True, slots=True)
class Row:
    """One value, where it is, and the table that tells its source."""

    place: tuple[str, ...]
    name: str
    value: Any
    table: Mapping[str, Any]


def _rows(table: Mapping[str, Any], place: tuple[str, ...] = ()) -> Iterator[Row]:
    """Each value in `table`, and in the tables below it, that has a source."""
    for name, value in table.items():
        match value:
            case {"source": _}:
                yield from _rows(value, (*place, _PLACES.get(name, name)))
            case dict() | [{}, *_] if name in ("parameter", "refused", "endpoint", "json"):
                yield from _named_rows(name, value, place)
            case [{"source": _, "name": _, "type": _}, *_]:
                yield from _named_rows("parameter", value, (*place, name))
            case [{"source": _}, *_]:
                for row in value:
                    yield from _rows_in(row, name, place)
            case _ if "source" in table and name not in _NO_VALUES and value != []:
                yield Row(place, name, value, table)


def _rows_in(row: Mapping[str, Any], name: str, place: tuple[str, ...]) -> Iterator[Row]:
    """The values of one row of a list; where it has nothing but names, those are its value."""
    named = tuple(_text(row[key]) for key in _IDS if key in row)
    found = [*_rows(row, (*place, *named))]
    yield from found or [Row(place, name, ", ".join(named), row)]


def _named_rows(kind: str, value: Any, place: tuple[str, ...]) -> Iterator[Row]:
    """What a model refuses, or the parameters of one or of an operation: each is one value."""
    match kind, value:
        case "refused", _:
            yield from (Row(place, name, _refusal(row), row) for name, row in value.items())
        case "json", _:
            yield from _named_rows("parameter", value, (*place, "JSON"))
        case "endpoint", _:
            for row in value:
                yield Row(place, row["id"], f"{row['method']} {row['path']}", row)
                for part in (row[name] for name in ("query", "body") if name in row):
                    told = [{**row, "assumed": (), **parameter} for parameter in part]
                    yield from _named_rows("parameter", told, (*place, row["id"]))
        case _, dict():
            yield from (Row(place, name, _shape(row), row) for name, row in value.items())
        case _:
            yield from (Row(place, row["name"], _shape(row), row) for row in value)


def _refusal(row: Mapping[str, Any]) -> str:
    return "never" if row.get("never") else f"{row['reason']} with {_text(row['when'])}"


def _shape(parameter: Mapping[str, Any]) -> str:
    """What a parameter takes, in words; of a model's only what it has for itself."""
    told = [parameter["type"]] if "type" in parameter else []
    words = ("required", "nullable", "ignored", "unknown", "behind", "follows")
    told += [_WORDS.get(word, word) for word in words if parameter.get(word)]
    match parameter:
        case {"minimum": least, "maximum": most}:
            told.append(f"{least} to {most}")
        case {"maximum": most}:
            told.append(f"at most {most}")
    told += [text.format(parameter[name]) for name, text in _BOUNDS.items() if name in parameter]
    told += [f"{w} {_text(parameter[n])}" for n, w in _VALUES.items() if n in parameter]
    with_others = parameter.get("only_with", {})
    told += [f"only with {name} {_text(value)}" for name, value in with_others.items()]
    told += [f"{v} makes {made}" for v, made in parameter.get("resolves", {}).items()]
    return ", ".join(told)


_WORDS = {"follows": "auto as the first picture's proportions"}
_BOUNDS = {
    "length_max": "at most {} characters",
    "pattern": "as {}",
    "items": "of {}",
    "items_max": "at most {} of them",
}
_VALUES = {
    "values": "one of",
    "page_values": "by the model page",
    "free": "any size of",
    "default": "by default",
}


def _text(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case dict():
            return ", ".join(f"{k}: {_text(v)}" for k, v in value.items())
        case list():
            return ", ".join(map(str, value)) or "none"
        case _:
            return str(value) or "none"


#: What a value is called in requests and answers.
_ALSO = {
    "default_model": "model",
    "exposed": "access-control-expose-headers",
    "images_per_minute": "limits",
    "nosniff": "x-content-type-options",
    "project": "openai-project",
    "request_id_prefix": "x-request-id",
    "seconds_after": "se",
    "seconds_before": "st",
    "usd": "prices",
    "usd_hd": "prices",
}


def _also(name: str, value: Any) -> tuple[str, ...]:
    if name == "first":
        return tuple(value)
    return (_ALSO[name],) if name in _ALSO else ()


def _names(*names: str | None) -> frozenset[str]:
    return frozenset(plain(name) for name in names if name)


def plain(name: str) -> str:
    """As names are compared: `Retry-After` and `retry_after` are one."""
    return name.strip().lower().replace("-", "_")


def _places(held: Mapping[str, list[int]]) -> Places:
    return tuple((place, _spans(numbers)) for place, numbers in held.items())


def _spans(numbers: Iterable[int]) -> tuple[Span, ...]:
    """Periods by their numbers, neighbours joined."""
    days, runs = periods(), list[list[int]]()
    for number in numbers:
        if runs and runs[-1][1] == number:
            runs[-1][1] = number + 1
        else:
            runs.append([number, number + 1])
    return tuple(
        Span(days[start] if start else None, days[end] if end < len(days) else None)
        for start, end in runs
    )

"""All that the facts hold, each with its days, level and source. Finds and prints nothing.

Words come from the typed facts, day by day, as the server has them. Values come from the TOML
tables as they are: the typed facts drop sources that no request needs (models, limits, prices).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from mockserver.core import blob_errors
from mockserver.core.blob_errors import BlobWording
from mockserver.core.dialects import dialect_of
from mockserver.core.errors import Reason
from mockserver.facts import Facts, Offer, load, periods
from mockserver.facts.dated import in_force
from mockserver.facts.files import Over, over
from mockserver.facts.files import file as read
from mockserver.facts.models import model_rows
from mockserver.facts.words import TABLES
from mockserver.facts.words.backend import BACKEND
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
    return (*_errors(), *_blob_errors(), *_facts())


_ALL_OF_IMAGES = ("images.generate", "images.edit", "images.vary")
_PROMPTED, _FORMS = _ALL_OF_IMAGES[:2], _ALL_OF_IMAGES[1:]
_CALLED = (*_ALL_OF_IMAGES, "models", "chat")
#: Who can meet a reason at all; what is not here is met by every service.
_MET_BY: Mapping[Reason, tuple[str, ...]] = {
    **dict.fromkeys(
        (Reason.MISSING_KEY, Reason.INCORRECT_KEY, Reason.MISMATCHED_ORGANIZATION), _CALLED
    ),
    Reason.SANDBOXES_FULL: _CALLED,
    **dict.fromkeys((Reason.UNVERIFIED, Reason.NO_CREDIT, Reason.HARD_LIMIT), _ALL_OF_IMAGES),
    **dict.fromkeys((Reason.RATE_LIMITED, Reason.OVER_LIMIT, Reason.NOT_OF_TIER), _ALL_OF_IMAGES),
    **dict.fromkeys((Reason.REFUSED, Reason.OVERLOADED), _ALL_OF_IMAGES),
    **dict.fromkeys((Reason.DESCRIPTION_REFUSED, Reason.PICTURE_REFUSED), _ALL_OF_IMAGES),
    **dict.fromkeys((Reason.UNKNOWN_PARAMETER, Reason.MISSING_PARAMETER), _ALL_OF_IMAGES),
    **dict.fromkeys((Reason.WRONG_TYPE, Reason.NOT_ONE_OF, Reason.UNKNOWN_MODEL), _ALL_OF_IMAGES),
    **dict.fromkeys((Reason.TOO_SMALL, Reason.TOO_LARGE, Reason.NO_MATCH), _ALL_OF_IMAGES),
    Reason.WRONG_CONTENT_TYPE: _ALL_OF_IMAGES,
    **dict.fromkeys((Reason.UNPARSABLE_JSON, Reason.WRONG_BODY_TYPE), _PROMPTED),
    **dict.fromkeys((Reason.EMPTY_PROMPT, Reason.PROMPT_TOO_LONG), _PROMPTED),
    **dict.fromkeys((Reason.PROMPT_OVER_MODEL, Reason.SIZE_NOT_OF_MODEL), _PROMPTED),
    **dict.fromkeys((Reason.ONE_IMAGE_ONLY, *BACKEND), _PROMPTED),
    **dict.fromkeys((Reason.UNPARSABLE_FORM, Reason.DUPLICATE_PARAMETER), _FORMS),
    Reason.NO_BOUNDARY: _FORMS,
    **dict.fromkeys((Reason.NOT_A_NUMBER, Reason.NOT_A_PNG), _FORMS),
    **dict.fromkeys((Reason.IMAGE_MODE, Reason.NOT_SQUARE), _FORMS),
    **dict.fromkeys((Reason.FILE_TYPE, Reason.MASK_MODE, Reason.MASK_SIZE), ("images.edit",)),
    Reason.NO_CHAT_MODEL: ("chat",),
    Reason.NO_SUCH_MODEL: ("models",),
    Reason.UNKNOWN_URL: ("other",),
    **dict.fromkeys((Reason.OUTSIDE_API, Reason.CONTROL_REFUSED), ("other",)),
}


def _errors() -> Iterator[Finding]:
    met: dict[tuple[Reason, str, Wording], dict[str, list[int]]] = {}
    for number, day in enumerate(periods()):
        for place, spoken in _all_spoken(load(day)):
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


Spoken = tuple[Reason, str, Wording]


def _all_spoken(facts: Facts) -> Iterator[tuple[str, Spoken]]:
    """Who says what on a day: each service, and what it says to a family of models alone."""
    for service, tables in facts.words.items():
        to_all = _spoken(service, tables)
        said = [(service, spoken) for spoken in to_all]
        for family, words in facts.family_words.items():
            place = f"{service} to {family} models"
            said += [(place, s) for s in _spoken(service, words[service]) if s not in to_all]
        yield from (row for row in said if _can_be_met(row[1][0], facts, service))


def _spoken(service: str, tables: Sequence[str]) -> list[Spoken]:
    """Each reason that a service can meet, with the last table that has words for it."""
    found = {r: (r, name, wording) for name in tables for r, wording in TABLES[name].items()}
    unmet = dialect_of(tables[0]).unmet
    return [
        row for r, row in found.items() if r not in unmet and service in _MET_BY.get(r, (service,))
    ]


def _can_be_met(reason: Reason, facts: Facts, service: str) -> bool:
    """Whether the facts of a day leave a request that meets this reason."""
    operation = facts.operations.get(service)
    if operation is None:
        return True
    offers = [m.offers[service] for m in facts.models.values() if service in m.offers]
    parameters = {p.name: p for p in operation.parameters}
    of_models = [p for offer in offers for p in offer.parameter.values()]
    match reason:
        case Reason.UNKNOWN_MODEL:
            return "model" in parameters
        case Reason.UNPARSABLE_JSON | Reason.WRONG_BODY_TYPE:
            return not operation.form or operation.json_too
        case Reason.SIZE_NOT_OF_MODEL if not dialect_of(operation.dialect).tells_bound_of_model:
            own = [p for p in of_models if p.of_model]
            return any({*(parameters[p.name].values or ())} - {*(p.values or ())} for p in own)
        case Reason.NO_MATCH:
            return any(p.pattern for p in of_models)
        case Reason.ONE_IMAGE_ONLY:
            most = parameters["n"].maximum or 1
            return any((p.maximum or 1) < most for p in of_models if p.name == "n")
        case Reason.PROMPT_OVER_MODEL:
            return any(o.prompt_max < (parameters["prompt"].length_max or 0) for o in offers)
        case _:
            return reason not in BACKEND or any(_is_behind(reason, offer) for offer in offers)


def _is_behind(reason: Reason, offer: Offer) -> bool:
    """Whether an offer has what the service behind the gateway refuses for this reason."""
    sizes = [p for p in offer.parameter.values() if p.behind]
    match reason:
        case Reason.SIZE_NOT_LISTED:
            return any(p.free is None for p in sizes)
        case _ if reason.startswith("size_"):
            return any(p.free for p in sizes)
        case _:
            return any(row.reason == reason for row in offer.refused)


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
        for number, day in enumerate(periods()):
            for row in _rows(in_force(_tables(file), day)):
                key = (row.place, row.name, _text(row.value))
                first.setdefault(key, row)
                held.setdefault(key, []).append(number)
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
        names=_names(*row.place, row.name, *_also(row.name, row.value)),
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
_IDS = ("id", "list", "model", "models", "options")
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
            case _ if name in ("parameter", "refused"):
                yield from _named_rows(name, value, place)
            case [{"source": _}, *_]:
                for row in value:
                    yield from _rows(row, (*place, *(_text(row[k]) for k in _IDS if k in row)))
            case _ if "source" in table and name not in _NO_VALUES and value != []:
                yield Row(place, name, value, table)


def _named_rows(kind: str, value: Any, place: tuple[str, ...]) -> Iterator[Row]:
    """What a model refuses, or the parameters of one or of an operation: each is one value."""
    match kind, value:
        case "refused", _:
            rows = [row for row in value.values() if not row.get("never")]
            yield from (Row(place, r["reason"], f"with {_text(r['when'])}", r) for r in rows)
        case _, dict():
            yield from (Row(place, name, _shape(row), row) for name, row in value.items())
        case _:
            yield from (Row(place, row["name"], _shape(row), row) for row in value)


def _shape(parameter: Mapping[str, Any]) -> str:
    """What a parameter takes, in words; of a model's only what it has for itself."""
    told = [parameter["type"]] if "type" in parameter else []
    words = ("required", "nullable", "ignored", "unknown", "behind")
    told += [word for word in words if parameter.get(word)]
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


_BOUNDS = {"length_max": "at most {} characters", "pattern": "as {}", "items": "of {}"}
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

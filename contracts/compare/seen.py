"""What recordings show of parameters, fields and events, in the words of a package.

What was seen is known; what was not, may be: a recording holds a few requests. So it never says
that there is no such thing, unless the API itself refused it. Compares nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

from contracts.compare.documented import ANSWER, Known
from contracts.compare.recording import Case

#: The method of the `openai` package for each operation.
METHODS = {
    "images.generate": "images.generate",
    "images.edit": "images.edit",
    "images.vary": "images.create_variation",
}


class Sight(StrEnum):
    """How something was seen."""

    SEEN = "seen"
    REFUSED = "refused"


def seen(cases: Iterable[Case]) -> dict[Known, Sight]:
    """All that recordings show; what was taken once, is no longer refused."""
    found: dict[Known, Sight] = {}
    for case in cases:
        method = METHODS.get(case.operation, "")
        for exchange in case.exchanges if method else ():
            for known, sight in _in_exchange(method, exchange):
                if found.get(known) is not Sight.SEEN:
                    found[known] = sight
    return found


def _in_exchange(method: str, exchange: Any) -> Iterator[tuple[Known, Sight]]:
    request, answer = exchange["request"], exchange["answer"]
    sent = request.get("body") if "path" in request else None
    fields = sent if isinstance(sent, list) else []
    if answer["status"] == 200 and "path" in request:
        yield Known(method), Sight.SEEN
        for field in fields:
            yield from ((known, Sight.SEEN) for known in _sent(method, field))
        yield from ((known, Sight.SEEN) for known in _told(answer))
    elif answer["status"] == 400:
        for field in fields:
            yield from ((known, Sight.REFUSED) for known in _refused(method, field, answer))


def _sent(method: str, field: Any) -> Iterator[Known]:
    name, value = field["name"].removesuffix("[]"), field["value"]
    yield Known(method, name)
    if isinstance(value, str):
        yield Known(method, name, value)


def _refused(method: str, field: Any, answer: Any) -> Iterator[Known]:
    """A parameter that there is not, or the value of one."""
    name, value = field["name"].removesuffix("[]"), field["value"]
    match answer.get("body"):
        case {"error": {"param": str(param), "code": "unknown_parameter"}} if param == name:
            yield Known(method, name)
        case {"error": {"param": str(param)}} if param == name and isinstance(value, str):
            yield Known(method, name, value)


def _told(answer: Any) -> Iterator[Known]:
    if "events" not in answer:
        yield Known(ANSWER)
        yield from (Known(ANSWER, path) for path in _paths(answer["body"], ""))
        return
    for event in answer["events"]:
        if name := event.get("event"):
            yield Known(name)
            yield from (Known(name, path) for path in _paths(event["data"], ""))


def _paths(value: Any, before: str) -> Iterator[str]:
    match value:
        case {"<picture>": _} | {"<url>": _}:
            return
        case dict():
            for name, inner in value.items():
                yield f"{before}{name}"
                yield from _paths(inner, f"{before}{name}.")
        case list():
            for item in value:
                yield from _paths(item, before)

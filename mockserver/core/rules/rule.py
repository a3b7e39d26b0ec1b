"""Scripted behaviour: what a rule asks of a request, and what happens to one that matches.

Values and matching only: `scripts` reads and writes them, a sandbox counts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

from mockserver.core.errors import Reason
from mockserver.core.rules import patterns

Fields = Mapping[str, Any]
#: What a request can be told by, and how much it matters: what is missed costs this much.
WEIGHTS: Mapping[str, int] = {
    "operation": 8,
    "model": 4,
    "prompt": 3,
    "n": 2,
    "size": 2,
    "quality": 2,
    "style": 2,
    "response_format": 2,
    "user": 2,
    "image": 2,
    "mask": 2,
}
PICTURES = ("truncated", "wrong_size", "wrong_format")
FORMATS = ("url", "b64_json")
PICTURES_MAX = 10  # no request asks for more
BODILESS = (204, 304)  # statuses whose answers have no body
Lines = tuple[tuple[str, str], ...]  # header names in lower case, and values


@dataclass(frozen=True, slots=True)
class Text:
    """How a text must be: the same, containing something, or found by a regular expression."""

    how: str  # "is", "contains" or "regex"
    what: str

    def matches(self, value: Any) -> bool:
        """Whether a value is such a text."""
        if not isinstance(value, str):
            return False
        if self.how == "contains":
            return self.what in value
        return patterns.found(self.what, value) is True

    def is_undecided(self, value: Any) -> bool:
        """Whether the search took too long, which counts as no match."""
        is_searched = self.how == "regex" and isinstance(value, str)
        return is_searched and patterns.found(self.what, value) is None

    def __str__(self) -> str:
        return f"{self.how} {self.what!r}"


@dataclass(frozen=True, slots=True)
class When:
    """Which requests are meant: all of these must be so. `call` picks the k-th that is so."""

    wanted: tuple[tuple[str, Any], ...] = ()  # field → value or Text; a model may have * in it
    call: int | None = None

    def matches(self, given: Fields) -> bool:
        """Whether a request with these fields is meant, whichever call it is."""
        return all(fits(name, wanted, given.get(name)) for name, wanted in self.wanted)

    def is_undecided(self, given: Fields) -> bool:
        """Whether a regular expression took too long to tell whether a request is meant."""
        for name, wanted in self.wanted:
            if not fits(name, wanted, given.get(name)):
                return isinstance(wanted, Text) and wanted.is_undecided(given.get(name))
        return False


def fits(name: str, wanted: Any, value: Any) -> bool:
    """Whether one field's value is the wanted one."""
    if isinstance(wanted, Text):
        return wanted.matches(value)
    if name == "model" and isinstance(value, str) and isinstance(wanted, str):
        return fnmatchcase(value, wanted)
    return bool(wanted == value) and isinstance(wanted, bool) == isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer in place of the API's own; or a gateway's, which stands before the API."""

    status: int = 200
    headers: Lines = ()
    body: str | None = None  # None is none; from a gateway its page
    is_json: bool = False  # whether the body was given as a JSON value
    gateway: bool = False

    def __str__(self) -> str:
        return f"{'gateway' if self.gateway else 'respond'} {self.status}"


@dataclass(frozen=True, slots=True)
class Effect:
    """What happens to a request: another answer, or one that is late, changed or broken."""

    error: Reason | None = None
    reply: Reply | None = None
    retry_after: float | None = None  # seconds that a rate limit or a reply tells
    as_date: bool = False  # tells them as an HTTP date
    headers: Lines = ()  # of whatever answer there is
    pictures: int | None = None  # at most so many, whatever was asked for
    response_format: str | None = None  # one of FORMATS, whatever was asked for
    delay: float | None = None  # seconds, for real, before anything else
    stall: bool = False  # no answer ever
    disconnect: int | None = None  # bytes of the body that are sent before the line breaks
    drip: int | None = None  # bytes of the body a second
    bad_json: bool = False  # the body breaks off, its length does not
    content_type: str | None = None
    picture: str | None = None  # one of PICTURES
    expired_url: bool = False
    image: str | None = None  # base64 of a file to answer with
    download: Download | None = None  # of the pictures, where they come by URL


@dataclass(frozen=True, slots=True)
class Download:
    """What happens to downloads of a picture."""

    effect: Effect
    first: int | None = None  # so many downloads of each picture alone; None is all

    def __str__(self) -> str:
        return f"download {effect_name(self.effect)}"


@dataclass(frozen=True, slots=True)
class Rule:
    """Scripted behaviour: without `times` it stays, else it is used up after so many requests."""

    when: When
    then: Effect
    times: int | None = None
    name: str = ""
    next: bool = False  # waits in the queue that goes before all rules that are not
    id: str = ""  # given by the sandbox
    origin: str = "call"  # "file", "call", "all" (of all sandboxes) or "magic"

    def __str__(self) -> str:
        return f'{self.id} "{self.name}"' if self.name else f"{self.id} {effect_name(self.then)}"


def effect_name(effect: Effect) -> str:
    """What an effect does, in a few words."""
    told = (effect.error, effect.reply, effect.download)
    found = [str(part) for part in told if part]
    found += [name for name in changed(effect) if name not in _TOLD]
    return ", ".join(found) or "nothing"


def changed(effect: Effect) -> dict[str, Any]:
    """What an effect changes, by name."""
    return {n: value for n, usual in _USUAL if (value := getattr(effect, n)) != usual}


PLAIN = Effect()
_USUAL = tuple((f.name, getattr(PLAIN, f.name)) for f in fields(Effect))
_TOLD = ("error", "reply", "retry_after", "as_date", "download")

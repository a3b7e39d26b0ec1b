"""Which kinds of failure a journal met, and how the program that asked went on. Pure.

What went on is told, not judged: whether that was right, a verdict says.
"""

import json
from bisect import bisect_left
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from mockserver.core.judging.seen import Journal, Seen
from mockserver.facts.failures import Failure, failures

_ENOUGH = 0.9  # of a wait that was told: clocks and timers are not exact
_AT_ONCE = 0.05  # seconds that a program takes to ask again without any wait
_OF_PICTURES = ("picture.", "pictures.", "stream.", "image")  # effects on a success alone


class Reaction(StrEnum):
    """What a program did after a failure, as far as its requests show it."""

    WAITED = "asked again after the told wait"
    TOO_SOON = "asked again, sooner than told"
    PAUSED = "asked again after a pause of its own"
    AT_ONCE = "asked again at once"
    AGAIN = "asked again"  # where the clock stands: clients are told to ask again at once
    OTHER = "asked something else"
    STOPPED = "asked nothing more"
    HANGING = "is still waiting"
    FETCHED = "downloaded it again"
    BOUGHT = "asked for the picture again"


class Met(NamedTuple):
    """One request or download that met a kind of failure, and what followed."""

    request: str  # its id
    reaction: Reaction
    sandbox: str


def met(journal: Journal) -> dict[str, list[Met]]:
    """What was met, by the id of the kind of failure, in the catalogue's order."""
    after = _After(journal)
    found: dict[str, list[Met]] = {kind: [] for kind in failures()}
    for seen in journal.requests:
        for kind in shown_by(seen):
            found[kind].append(Met(seen.id, after.request(seen), seen.sandbox))
    for seen in journal.downloads:
        for kind in shown_by(seen, of="download"):
            found[kind].append(Met(seen.id, after.download(seen), seen.sandbox))
    for seen in journal.open:
        if seen.is_for_pictures:
            found["timeout"].append(Met(seen.id, Reaction.HANGING, seen.sandbox))
    return {kind: those for kind, those in found.items() if those}


def shown_by(seen: Seen, *, of: str = "request") -> list[str]:
    """The kinds of failure that one request, or one download, met."""
    if of == "request" and not seen.is_for_pictures:
        return []
    fitting = [failure for failure in failures().values() if failure.of == of]
    words = set(_words(seen))
    found = [f.id for f in fitting if seen.reason in f.reasons or _has_effect(f, words)]
    return found or [f.id for f in fitting if seen.status in f.statuses][:1]


def _has_effect(failure: Failure, words: set[str]) -> bool:
    if not words:
        return False
    return any(
        any(word.startswith(effect[:-1]) for word in words)
        if effect[-1] == "*"
        else effect in words
        for effect in failure.effects
    )


def _words(seen: Seen) -> Iterator[str]:
    """The effects that came to be seen: what changes pictures does nothing to a refusal."""
    for word in seen.effects:
        if not word.startswith(_OF_PICTURES):
            yield word
        elif seen.status == 200:
            yield word
            number = word.removeprefix("pictures.")
            if number.isdigit() and 0 < int(number) < _number(seen):
                yield "pictures.fewer"


def _number(seen: Seen) -> int:
    """How many pictures were asked for; 1 if that is not told."""
    n = seen.fields.get("n")
    return int(n) if isinstance(n, int) or (isinstance(n, str) and n.isdecimal()) else 1


def needs_of(seen: Seen) -> set[str]:
    """What a request is that a kind of failure may need."""
    if not seen.is_for_pictures:
        return set()
    found = {"": True, "url": bool(seen.pictures), "several": _number(seen) > 1}
    found["stream"] = _is_streamed(seen)
    found["base64"] = seen.status == 200 and not (seen.pictures or found["stream"])
    return {need for need, is_so in found.items() if is_so}


def _is_streamed(seen: Seen) -> bool:
    return seen.fields.get("stream") in (True, "true")


def needs_in(journal: Journal) -> set[str]:
    """What any request of a journal is."""
    return set().union(*map(needs_of, journal.requests))


def possible(needs: Iterable[str]) -> list[str]:
    """The kinds of failure that could meet a program whose requests are all this."""
    there = {"", *needs}
    return [failure.id for failure in failures().values() if failure.needs in there]


def never_met(met_ids: Collection[str], needs: Iterable[str] | None = None) -> list[str]:
    """The kinds that were not met though they could have been: by requests that are `needs`."""
    could = failures() if needs is None else possible(needs)
    return [kind for kind in could if kind not in met_ids]


def never_met_line(met_ids: Collection[str], needs: Iterable[str] | None = None) -> str:
    """What was never met, in a line; "" if all was.

    Args:
        met_ids: what was.
        needs: what any request was, see `needs_in`: what could not be met is not missed. None: all.
    """
    missed = never_met(met_ids, needs)
    if not missed:
        return ""
    titles = ", ".join(failures()[kind].title for kind in missed)
    of = len({*missed, *met_ids})
    return f"never met by any test: {titles} ({len(missed)} of {of} kinds of failure)"


# -- what followed -----------------------------------------------------------------------------


Moment = tuple[float, int]  # when something came, and its place among all: a clock may stand


class _Line(NamedTuple):
    """Requests in the order in which they came, and when each did."""

    moments: list[Moment]
    those: list[Seen]

    def since(self, moment: Moment) -> Seen | None:
        """The first one that came then or later."""
        place = bisect_left(self.moments, moment)
        return self.those[place] if place < len(self.those) else None


class _After:
    """Finds what a program asked after a request was answered."""

    def __init__(self, journal: Journal) -> None:
        asked = sorted((s for s in journal.requests if s.is_for_pictures), key=_came)
        fetched = sorted(journal.downloads, key=_came)
        self._place = {s.id: place for those in (asked, fetched) for place, s in enumerate(those)}
        self._calls = self._lines(asked, lambda s: (s.sandbox, s.call))
        self._equal = self._lines(asked, _asked)
        self._all = self._lines(asked, lambda s: s.sandbox)
        self._fetched = self._lines(fetched, lambda s: (s.sandbox, s.picture))
        self._makers = {(s.sandbox, name): s for s in asked for name in s.pictures}

    def _lines(
        self, those: Iterable[Seen], key: Callable[[Seen], Hashable]
    ) -> dict[Hashable, _Line]:
        """The requests that have the same key, for each."""
        found: dict[Hashable, _Line] = {}
        for seen in those:
            line = found.setdefault(key(seen), _Line([], []))
            line.moments.append((seen.at, self._place[seen.id]))
            line.those.append(seen)
        return found

    def request(self, seen: Seen) -> Reaction:
        """What followed a request for pictures."""
        behind = self._place[seen.id] + 1
        answered = max(seen.at, seen.until - _ROUNDED), behind
        again = self._calls.get((seen.sandbox, seen.call), _NONE).since((seen.at, behind))
        again = again or self._equal.get(_asked(seen), _NONE).since(answered)
        if again:
            return _asked_again(seen, again.at - seen.until)
        following = self._all.get(seen.sandbox, _NONE).since(answered)
        return Reaction.OTHER if following else Reaction.STOPPED

    def download(self, seen: Seen) -> Reaction:
        """What followed a download."""
        key = seen.sandbox, seen.picture
        if self._fetched.get(key, _NONE).since((seen.at, self._place[seen.id] + 1)):
            return Reaction.FETCHED
        maker = self._makers.get(key)
        later = seen.at, self._place[maker.id] + 1 if maker else len(self._place)
        if maker and self._equal.get(_asked(maker), _NONE).since(later):
            return Reaction.BOUGHT
        following = self._all.get(seen.sandbox, _NONE).since(later)
        return Reaction.OTHER if following else Reaction.STOPPED


_NONE = _Line([], [])
_ROUNDED = 0.002  # seconds: the journal tells milliseconds, and the next request may come at once


def _came(seen: Seen) -> float:
    return seen.at


def _asked(seen: Seen) -> Hashable:
    """What is the same of equal requests."""
    return seen.sandbox, seen.operation, json.dumps(seen.fields, sort_keys=True)


def _asked_again(seen: Seen, pause: float) -> Reaction:
    told = seen.sent_wait_ms
    if told:
        return Reaction.WAITED if pause >= _ENOUGH * told / 1000 else Reaction.TOO_SOON
    if seen.standing and seen.asks_again:
        return Reaction.AGAIN
    return Reaction.AT_ONCE if pause < _AT_ONCE else Reaction.PAUSED


# -- as it is told -----------------------------------------------------------------------------


def told(journal: Journal) -> dict[str, Any]:
    """The catalogue with what of it was met, and what never was, as JSON."""
    found, needs = met(journal), needs_in(journal)
    can_meet = possible(needs)
    return {
        "failures": [_told(one, found.get(one.id, ())) for one in failures().values()],
        "never_met": never_met(found, needs),
        "out_of_reach": [k for k in failures() if k not in can_meet and k not in found],
        "requests": sum(seen.is_for_pictures for seen in journal.requests),
    }


def _told(failure: Failure, those: Iterable[Met]) -> dict[str, Any]:
    words = {name: getattr(failure, name) for name in AS_JSON}
    return words | {"met": [one._asdict() for one in those]}


#: What is told of a kind of failure beside what met it.
AS_JSON = ("id", "title", "swallowed", "needs", "of", "why", "source", "level")

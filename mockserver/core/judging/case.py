"""A journal made ready for judging: attempts of one call together, downloads by picture. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

from mockserver.core.judging.findings import Severity, Surroundings
from mockserver.core.judging.seen import Journal, Seen

T = TypeVar("T")
_told = json.JSONEncoder(sort_keys=True, default=str).encode
Place = tuple[str, str, str]  # a sandbox, a client, and where in the program, if that is known
SLACK = 0.002  # seconds by which the times of a journal may be wrong
_TOGETHER = 0.05  # seconds within which those come that were sent at once
_APART = 120.0  # seconds after which the same is asked anew, and not again
#: What rules do to an answer that has its pictures, and is other than a client expects.
_ODD = ("content_type", "response_format.", "stream.as_json")
#: What people type or click: they repeat at will.
_BY_HAND = ("curl/", "httpie/", "wget/", "postmanruntime/", "insomnia", "mozilla/", "bruno")


class Shown(NamedTuple):
    """A fault, and where it shows."""

    seen: str
    requests: Sequence[Seen]
    severity: Severity | None = None  # None: as the facts have it


class Series(NamedTuple):
    """What was asked again and again, the oldest first."""

    tries: Sequence[Seen]
    #: Whether they are known to be attempts of one call; else each was asked after the one before
    #: had failed, and who did so, the program or its test, nobody knows.
    is_one_call: bool

    @property
    def pairs(self) -> Iterator[tuple[Seen, Seen]]:
        """Each attempt with the next."""
        return pairwise(self.tries)


class Case(NamedTuple):
    """What there is to judge."""

    journal: Journal
    around: Surroundings
    requests: Sequence[Seen]  # all of them; as all that follows the oldest first
    asked: Sequence[Seen]  # for pictures, by the program itself: no lines of a batch
    series: Sequence[Series]
    again: Sequence[Series]  # of these, those of several attempts
    makers: Mapping[str, Seen]  # by the name of a picture: what it was made by
    fetched: Mapping[str, Sequence[Seen]]  # by the same: its downloads
    last: Mapping[tuple[str, str], float]  # by sandbox and prompt: when it was last asked for

    @classmethod
    def of(cls, journal: Journal, around: Surroundings) -> "Case":
        """All that judges look at, found in one pass over the journal."""
        requests = sorted(journal.requests, key=_when)
        asked = [r for r in requests if r.is_for_pictures and not r.batch]
        makers = {name: r for r in asked for name in r.pictures}
        fetched: dict[str, list[Seen]] = {}
        for download in sorted(journal.downloads, key=_when):
            fetched.setdefault(download.picture, []).append(download)
        last = {(r.sandbox, prompt): r.at for r in asked for prompt in ("", prompt_of(r))}
        series = [*_series(asked, around)]
        again = [one for one in series if len(one.tries) > 1]
        return cls(journal, around, requests, asked, series, again, makers, fetched, last)

    def place(self, seen: Seen) -> Place:
        """Which part of which program asked."""
        return seen.sandbox, seen.client, self.around.sites.get(seen.id, "")

    def by_place(self, found: Iterable[tuple[Seen, T]]) -> list[list[tuple[Seen, T]]]:
        """The same, those together that one part of one program did."""
        places: dict[Place, list[tuple[Seen, T]]] = {}
        for seen, what in found:
            places.setdefault(self.place(seen), []).append((seen, what))
        return [*places.values()]

    def is_asked_later(self, seen: Seen, *, prompt: str = "") -> bool:
        """Whether pictures were asked for after its answer: any, or those of a prompt."""
        return self.last.get((seen.sandbox, prompt), seen.at) > seen.at


def waited(before: Seen, after: Seen) -> float:
    """Seconds between an answer and what came next, by the sandbox's clock."""
    return after.at - before.until + (after.moved - before.moved)


def is_by_hand(seen: Seen) -> bool:
    """Whether a person asked, and no program."""
    return seen.client.lower().startswith(_BY_HAND)


def ended_badly(seen: Seen) -> bool:
    """Whether the client got no answer that it could use."""
    return seen.status >= 400 or seen.status == 0 or seen.paid == "lost"


def is_odd(seen: Seen) -> bool:
    """Whether its picture arrived in an answer that a rule made other than a client expects."""
    return seen.status == 200 and any(effect.startswith(_ODD) for effect in seen.effects)


def prompt_of(seen: Seen) -> str:
    """What the picture shall show, as far as it was said."""
    return str(seen.fields.get("prompt", ""))


def fields_of(seen: Seen, *without: str) -> str:
    """What a request asks for, equal to that of all which ask for the same."""
    sent = {k: v for k, v in seen.sent.items() if k not in without}
    return _told(sent)


def _when(seen: Seen) -> tuple[float, str]:
    return seen.at, seen.id


def _series(asked: Sequence[Seen], around: Surroundings) -> Iterator[Series]:
    """The attempts of each call, and calls together that repeat one that had failed."""
    calls: dict[str, list[Seen]] = {}
    for seen in asked:
        calls.setdefault(seen.call, []).append(seen)
    repeated: dict[tuple[str, ...], list[list[Seen]]] = {}
    for tries in calls.values():
        first = tries[0]
        key = (first.sandbox, first.client, first.path, fields_of(first))
        repeated.setdefault(key, []).append(tries)
    for equal in repeated.values():
        if len(equal) == 1 or _overlap(equal, around.askers):
            yield from (Series(tries, is_one_call=True) for tries in equal)
        else:
            yield from _joined(equal, around.chains)


def _overlap(equal: Sequence[Sequence[Seen]], askers: Mapping[str, int]) -> bool:
    """Whether some may have been under way at once: nobody knows which one repeats which.

    What came over one connection, or from one thread, came one after the other. Else an answer may
    be so quick that it had ended before the next of several that were sent together.
    """
    for before, later in pairwise(equal):
        last, first = before[-1], later[0]
        is_of_one = last.id in askers and askers[last.id] == askers.get(first.id)
        if first.at < last.until - SLACK:
            return True
        if first.at - last.at < _TOGETHER and not (first.same_connection or is_of_one):
            return True
    return False


def _joined(equal: Sequence[Sequence[Seen]], chains: Mapping[str, str]) -> Iterator[Series]:
    """Equal calls, one after the other, as series: a new one begins after what was as usual."""
    series, is_one = list(equal[0]), True
    for tries in equal[1:]:
        before, first = series[-1], tries[0]
        led, leads = chains.get(before.id), chains.get(first.id)
        soon = first.at - before.until < _APART and not is_by_hand(first)
        if soon and led == leads and (ended_badly(before) or is_odd(before)):
            is_one = is_one and leads is not None
            series += tries
        else:
            yield Series(series, is_one)
            series, is_one = list(tries), True
    yield Series(series, is_one)

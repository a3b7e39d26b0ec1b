"""What tests met, added up over tests and over xdist's workers. Asks and writes nothing."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from mockserver import __version__
from mockserver.core.judging.coverage import AS_JSON, Met, met, needs_in, never_met, possible
from mockserver.core.judging.seen import Journal
from mockserver.facts.failures import failures

SHOWN = 3  # requests of a kind that are kept to be looked at


@dataclass(slots=True)
class Kind:
    """What is known of one kind of failure."""

    tests: list[str] = field(default_factory=list)
    reactions: Counter[str] = field(default_factory=Counter)

    @property
    def went_on(self) -> str:
        """How the programs went on, the most frequent first."""
        told = self.reactions.most_common()
        return ", ".join(f"{words} ({n})" if n > 1 else words for words, n in told)


@dataclass(slots=True)
class Sample:
    """One request that met a failure, to be looked at."""

    kind: str
    test: str
    number: int  # among the test's of this kind
    record: dict[str, Any]  # of the request that asked for the picture
    got: str  # what met the failure, in a few words
    reaction: str
    options: dict[str, Any]  # of the test's sandbox
    picture: str = ""  # as a data URI, once it is drawn

    @property
    def place(self) -> tuple[str, int]:
        """What comes first, on however many workers."""
        return self.test, self.number


@dataclass(slots=True)
class Tally:
    """What the tests of a run, or of one process of it, met."""

    kinds: dict[str, Kind] = field(default_factory=dict)
    needs: set[str] = field(default_factory=set)
    tests: int = 0  # that asked for pictures
    unseen: int = 0  # tests whose requests could not be read
    samples: dict[str, list[Sample]] = field(default_factory=dict)

    def add(
        self, test: str, records: Mapping[str, list[dict[str, Any]]], options: Mapping[str, Any]
    ) -> None:
        """Count what one test met."""
        journal = Journal.of(records)
        if not journal.requests:
            return
        self.tests += 1
        self.needs |= needs_in(journal)
        met_by, asked = _by_id(records)
        for kind, those in met(journal).items():
            known = self.kinds.setdefault(kind, Kind())
            known.tests = sorted({*known.tests, test})
            known.reactions.update(str(one.reaction) for one in those)
            found = [
                Sample(
                    *(kind, test, number, asked[one.request], _got(met_by[one.request])),
                    *(str(one.reaction), dict(options)),
                )
                for number, one in enumerate(_one_a_call(those, asked))
            ]
            self._keep(kind, found)

    def _keep(self, kind: str, those: list[Sample]) -> None:
        known = self.samples.setdefault(kind, [])
        known[:] = heapq.nsmallest(SHOWN, [*known, *those], key=lambda sample: sample.place)

    def merge(self, other: Tally) -> None:
        """Count what another process saw."""
        self.tests += other.tests
        self.unseen += other.unseen
        self.needs |= other.needs
        for kind, seen in other.kinds.items():
            known = self.kinds.setdefault(kind, Kind())
            known.tests = sorted({*known.tests, *seen.tests})
            known.reactions += seen.reactions
        for kind, those in other.samples.items():
            self._keep(kind, those)

    def in_order(self) -> Iterator[tuple[str, Kind]]:
        """What was met, in the catalogue's order."""
        return ((kind, self.kinds[kind]) for kind in failures() if kind in self.kinds)

    @property
    def never_met(self) -> list[str]:
        """What was not met, though it could have been."""
        return never_met(self.kinds, self.needs)

    @property
    def out_of_reach(self) -> list[str]:
        """What no request could have met."""
        could = {*possible(self.needs), *self.kinds}
        return [kind for kind in failures() if kind not in could]

    def as_json(self) -> dict[str, Any]:
        """All of it, for another process."""
        samples = {kind: [asdict(one) for one in those] for kind, those in self.samples.items()}
        kinds = {
            kind: {"tests": seen.tests, "reactions": dict(seen.reactions)}
            for kind, seen in self.kinds.items()
        }
        counts = {"tests": self.tests, "unseen": self.unseen, "needs": sorted(self.needs)}
        return counts | {"kinds": kinds, "samples": samples}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """What `as_json` told."""
        kinds = {k: Kind(v["tests"], Counter(v["reactions"])) for k, v in told["kinds"].items()}
        samples = {k: [Sample(**one) for one in v] for k, v in told["samples"].items()}
        return cls(kinds, set(told["needs"]), told["tests"], told["unseen"], samples)


Records = dict[str, dict[str, Any]]


def _one_a_call(those: Iterable[Met], asked: Records) -> list[Met]:
    """The first few to look at: of each call one, for its retries ask for the same picture."""
    calls: dict[str, Met] = {}
    for one in those:
        if record := asked.get(one.request):
            calls.setdefault(record["call"] or record["id"], one)
    return [*calls.values()][:SHOWN]


def _by_id(records: Mapping[str, list[dict[str, Any]]]) -> tuple[Records, Records]:
    """What may have met a failure, and the record that asked for its picture, each by its id."""
    asked = {record["id"]: record for record in records["requests"]}
    fetched = {record["id"]: record for record in records["downloads"]}
    makers = {id_: asked.get(record.get("made_by", "")) for id_, record in fetched.items()}
    return asked | fetched, asked | {id_: maker for id_, maker in makers.items() if maker}


def _got(record: Mapping[str, Any]) -> str:
    """What came of a request, in a few words: its status, and why it was so."""
    words = [str(record["status"] or "no answer")]
    if record["error"]:
        words += [str(record["error"]["reason"])]
    else:
        words += map(str, record.get("effects", ()))
    return ", ".join(dict.fromkeys(words))


def as_report(tally: Tally, required: tuple[str, ...]) -> dict[str, Any]:
    """The file that others read."""
    never = tally.never_met
    return {
        "images_mock_coverage": 1,
        "version": __version__,
        "tests": tally.tests,
        "failures": [_told(kind, tally, kind in never, required) for kind in failures()],
        "never_met": never,
        "out_of_reach": tally.out_of_reach,
        "required_and_not_met": [kind for kind in required if kind not in tally.kinds],
    }


def _told(kind: str, tally: Tally, is_missed: bool, required: tuple[str, ...]) -> dict[str, Any]:
    known, failure = tally.kinds.get(kind, Kind()), failures()[kind]
    state = "met" if known.tests else "never met" if is_missed else "out of reach"
    return {name: getattr(failure, name) for name in AS_JSON} | {
        "then": failure.then,
        "state": state,
        "required": kind in required,
        "tests": known.tests,
        "reactions": dict(known.reactions.most_common()),
    }

"""Who moved: the `openai` package, a published document, recordings, and the mock.

Four witnesses, of whom none is the API. Where they disagree, it is told who stands alone, and what
that most likely means. This is the only module here that knows how the doctor reads a package.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from contracts.compare.documented import Known, NoDocument, known, read
from contracts.compare.gaps import Gap
from contracts.compare.recording import read as read_recordings
from contracts.compare.replay import checked_age
from contracts.compare.seen import METHODS, Sight, seen
from contracts.document.build import build
from contracts.run import BROKEN, HELD, UNKNOWN
from contracts.target import Lost
from mockserver.evidence.doctor import Finding, State, examined
from mockserver.evidence.sdk import NoPackage, Thing, package_in
from mockserver.facts import load


class Says(StrEnum):
    """What it means that the witnesses say what they say."""

    AGREED = "agreed"
    LAGS = "lags"  # one of them does not know what the others do
    LEFT_OUT = "left out"  # deliberately, for a reason among the facts
    OURS = "ours alone"
    BUG = "our bug"
    ANNOUNCED = "announced"
    LEADS = "SDK leads"
    UNDOCUMENTED = "undocumented change"
    DOCUMENT = "document's fault"


HARMLESS = (Says.AGREED, Says.LAGS, Says.LEFT_OUT)
#: What to do about each.
ADVICE = {
    Says.BUG: "the API does it, and the mock does not: mend the mock",
    Says.ANNOUNCED: "package and document have it: add it to the facts",
    Says.LEADS: "the package alone has it: expect it",
    Says.UNDOCUMENTED: "the API does it, and nobody wrote it down: keep the recording",
    Says.DOCUMENT: "the document alone has it: its fault, or it is ahead of the package",
    Says.OURS: "nobody but the mock has it: it was withdrawn, or never was",
}


class Row(NamedTuple):
    """One thing, and what each witness says of it. None: it was not asked."""

    thing: Known
    sdk: bool | None
    document: bool | None
    recordings: Sight | None  # None: they show nothing of it, too
    mock: bool
    says: Says
    reason: str = ""  # why it is left out
    gap: Gap | None = None


@dataclass(slots=True)
class Drift:
    """What all witnesses say."""

    witnesses: dict[str, str]  # who was asked, and which
    rows: list[Row] = field(default_factory=list)
    blind: list[str] = field(default_factory=list)  # who could not be asked, and why
    warnings: list[str] = field(default_factory=list)
    gaps: Collection[Gap] = ()
    today: date = date.min

    @property
    def moved(self) -> list[Row]:
        """Where they disagree so that somebody has to do something."""
        return [row for row in self.rows if row.says not in HARMLESS and not self._known(row)]

    @property
    def expired(self) -> list[Gap]:
        """The known gaps whose day is over, and that are still there."""
        return [row.gap for row in self.rows if row.gap and row.gap.until < self.today]

    def _known(self, row: Row) -> bool:
        return row.gap is not None and row.gap.until >= self.today

    def exit_code(self) -> int:
        """0 nobody moved, 5 somebody did, 6 a witness could not be asked."""
        return BROKEN if self.moved else UNKNOWN if self.blind else HELD


def drift(
    today: date,
    *,
    package: Path | None = None,
    document: Path | None = None,
    recordings: Path | None = None,
    gaps: Collection[Gap] = (),
    allow_stale: bool = False,
) -> Drift:
    """Ask all witnesses.

    Args:
        today: when this is: of the mock's rules, and of the recordings' age.
        package: a directory with an `openai` package; that which this Python imports unless given.
        document: a published OpenAPI document, if there is one.
        recordings: a directory of what `contract record` wrote, if there is one.
        gaps: disagreements that are known.
        allow_stale: take recordings of any age.
    """
    found = Drift({}, gaps=gaps, today=today)
    sdk = _of_package(package, found)
    published = _of_document(document, found) if document else None
    recorded = _of_recordings(recordings, found, allow_stale) if recordings else None
    ours = {*known(build()), *known(build(day=today)), *_as_json(today)}
    found.witnesses["mock"] = f"the facts, on {today} and by default"
    found.rows = list(_rows(sdk, published, recorded, ours, gaps))
    return found


def _as_json(today: date) -> Iterator[Known]:
    """What the mock takes of JSON in a form's place, of which our own document can say nothing."""
    for model in load(today).models.values():
        for operation, offer in model.offers.items():
            yield from (Known(METHODS[operation], name) for name in offer.json)


def _of_package(directory: Path | None, found: Drift) -> set[Known] | None:
    try:
        package = package_in(directory)
        things = {Known(*thing) for thing in package.things()}
    except NoPackage as reason:
        found.blind.append(f"SDK: {reason}")
        return None
    found.witnesses["SDK"] = f"openai {package.version}"
    return things


def _of_document(file: Path, found: Drift) -> set[Known] | None:
    try:
        things = {*known(read(file))}
    except NoDocument as reason:
        found.blind.append(f"document: {reason}")
        return None
    found.witnesses["document"] = file.name
    return things


def _of_recordings(directory: Path, found: Drift, allow_stale: bool) -> dict[Known, Sight] | None:
    try:
        cases = read_recordings(directory)
        warning = checked_age(cases, found.today, allow_stale=allow_stale)
    except Lost as reason:
        found.blind.append(f"recordings: {reason}")
        return None
    found.warnings += [warning] if warning else []
    days = sorted(str(case.origin.recorded) for case in cases)
    found.witnesses["recordings"] = f"{len(cases)} of {cases[0].origin.target}, since {days[0]}"
    return seen(cases)


def _rows(
    sdk: set[Known] | None,
    document: set[Known] | None,
    recordings: Mapping[Known, Sight] | None,
    ours: set[Known],
    gaps: Collection[Gap],
) -> Iterator[Row]:
    shown = {thing for thing in recordings or () if not thing.value}
    # A value is looked at where somebody names it: what a test sent may be anything.
    things = (sdk or set()) | (document or set()) | shown | {t for t in ours if not t.value}
    of_mock = {Known(*f.thing): f for f in examined(Thing(*thing) for thing in sorted(things))}
    for thing in sorted(things):
        finding = of_mock.get(thing)
        told = (
            None if sdk is None else thing in sdk,
            None if document is None else thing in document,
            (recordings or {}).get(thing),
        )
        mock = thing in ours or _has(finding) or _is_inside(thing, ours)
        is_left_out = finding is not None and finding.state is State.LEFT_OUT
        says = Says.LEFT_OUT if is_left_out else who_moved(*told, mock)
        gap = None if says in HARMLESS else _gap(thing, says, gaps)
        yield Row(thing, *told, mock, says, finding.reason if finding else "", gap)


def _has(finding: Finding | None) -> bool:
    return finding is not None and finding.state in (State.HANDLED, State.UNREAD)


def _is_inside(thing: Known, ours: set[Known]) -> bool:
    """Whether it is part of an object that a request has, which is taken as it is."""
    whole = Known(thing.where, thing.name.partition(".")[0])
    return thing.where in METHODS.values() and not thing.value and whole in ours


def _gap(thing: Known, says: Says, gaps: Iterable[Gap]) -> Gap | None:
    name = f"{thing.name}={thing.value}" if thing.value else thing.name
    return next((gap for gap in gaps if gap.has(thing.where, name, says)), None)


def who_moved(
    sdk: bool | None, document: bool | None, recordings: Sight | None, mock: bool
) -> Says:
    """What it means that some know a thing, and others don't.

    A refusal is of one request, and says little where package or document have the thing: another
    model may take it. That the mock takes what the API refuses, `run` and `parity` tell.
    """
    written, is_seen = bool(sdk or document), recordings is Sight.SEEN
    lags = Says.LAGS if False in (sdk, document) else Says.AGREED
    if mock:
        # One that lacks something is not enough: packages know no JSON edits, documents lag.
        is_ours = recordings is Sight.REFUSED or None not in (sdk, document)
        return Says.OURS if is_ours and not (written or is_seen) else lags
    if is_seen:
        return Says.BUG if written else Says.UNDOCUMENTED
    if sdk:
        return Says.ANNOUNCED if document else Says.LEADS
    return Says.DOCUMENT if document else Says.AGREED


# As lines, and as JSON


def lines(found: Drift) -> Iterator[str]:
    """A table of those that moved, and what to do."""
    yield from (f"{name:11} {told}" for name, told in found.witnesses.items())
    yield from (f"could not look: {reason}" for reason in found.blind)
    yield from (f"warning: {warning}" for warning in found.warnings)
    if found.moved:
        wide = max(len(_name(row.thing)) for row in found.moved)
        yield f"\n{'':{wide}}  {'SDK':9} {'document':9} {'seen':9} {'mock':5} says"
    for row in found.moved:
        told = (_yes(row.sdk), _yes(row.document), row.recordings or "-", _yes(row.mock))
        sdk, document, recordings, mock = told
        yield f"{_name(row.thing):{wide}}  {sdk:9} {document:9} {recordings:9} {mock:5} {row.says}"
    for says in dict.fromkeys(row.says for row in found.moved):
        yield f"\n{says}: {ADVICE[says]}"
    yield from (
        f"\nknown until {gap.until}, and still there: {gap.reason}" for gap in found.expired
    )
    yield f"\n{_summary(found)}"


def _name(thing: Known) -> str:
    return f"{thing.where} {thing.name}{f'={thing.value}' if thing.value else ''}".strip()


def _yes(told: bool | None) -> str:
    return "-" if told is None else "yes" if told else "no"


def _summary(found: Drift) -> str:
    counts = Counter(row.says for row in found.rows)
    told = ", ".join(f"{counts[says]} {says}" for says in Says if counts[says])
    moved = len(found.moved)
    return (
        f"{'Nobody moved' if not moved else f'{moved} moved'}: {told}, of {len(found.rows)} things."
    )


def as_json(found: Drift) -> dict[str, Any]:
    """All of it, each thing with what each witness says."""
    return {
        "witnesses": found.witnesses,
        "could_not_look": found.blind,
        "warnings": found.warnings,
        "things": [
            row._asdict()
            | {"thing": row.thing._asdict(), "says": row.says.value}
            | {"gap": row.gap and row.gap._asdict() | {"until": str(row.gap.until)}}
            for row in found.rows
        ],
    }

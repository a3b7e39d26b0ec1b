"""`images-mock contract record`, `parity`, `drift` and `from-journal`. Only parses and prints."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from time import time  # noqa: TID251 - a recording's day is this machine's
from typing import TYPE_CHECKING, Any, NoReturn

import click

from contracts.target.options import on_terms

if TYPE_CHECKING:
    from contracts.compare.gaps import Gap
    from contracts.compare.parity import Side
    from contracts.compare.recording import Case, Origin
    from contracts.compare.replay import Replay
    from contracts.target import Target
    from contracts.target.opening import Terms
    from contracts.trials import Trial

Option = Callable[[Any], Any]  # a decorator
RECORDING = "recording:"
_OURS = Path(__file__).with_name("gaps.toml")


def _day(_context: click.Context, _option: click.Parameter, value: str | None) -> date | None:
    from contracts.document.build import day_in

    try:
        return None if value is None else day_in(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} {error}") from None


class Unusable(click.ClickException):
    """A file that is named on the command line, and can't be read or written."""

    exit_code = 2


def _file(name: str, told: str, **more: Any) -> Option:
    path = click.Path(dir_okay=False, path_type=Path)
    return click.option(name, type=path, metavar="FILE", help=told, **more)


def _folder(*names: str, told: str, **more: Any) -> Option:
    path = click.Path(file_okay=False, path_type=Path)
    return click.option(*names, type=path, metavar="DIR", help=told, **more)


TARGET = click.option(
    "--target",
    default="mock",
    show_default=True,
    help="mock, real, a base URL, or recording:DIR",
)
AS_OF = click.option(
    "--as-of", callback=_day, metavar="DATE", help="the day whose API it is held to"
)
ONLY = _file("--only", "just what a program relies on, as from-journal writes it")
ALLOW_STALE = click.option(
    "--allow-stale", is_flag=True, help="take recordings older than 180 days, too"
)
_GAPS = _file("--gaps", "differences that are known, with reason and end", multiple=True)


@click.command()
@TARGET
@_folder("-o", "--output", "directory", told="where the files go, one a case", required=True)
@AS_OF
@ONLY
@on_terms
def record(target: str, directory: Path, only: Path | None, terms: Terms, **_: Any) -> None:
    """Keep what a target answers, sanitised, to be replayed with --target recording:DIR."""
    from contracts.compare.recording import write
    from contracts.discretion import leave

    asking = Asking(target, terms, time())
    planned = asking.planned()
    directory.mkdir(parents=True, exist_ok=True)
    keep = partial(write, directory=directory, leave=partial(leave, keys=asking.opening.keys))
    side = asking.side(target, relied_on(planned, only) if only else planned, keep)
    seen = sum(bool(case.exchanges) for case in side.cases)
    unknown = {(case.operation, field) for case in side.cases for field in case.unknown}
    told = [f"{seen} of {len(side.cases)} cases are recorded in {directory}"]
    told += [f"kept as its shape alone: {name} {field}" for name, field in sorted(unknown)]
    told += _unobserved(side)
    _end(told, 0 if seen and not side.ended else 6, asking.mask)


def _unobserved(side: Side) -> Iterator[str]:
    from collections import Counter

    reasons = Counter(case.unseen for case in side.cases if case.unseen)
    yield from (f"not observed, {count} cases: {reason}" for reason, count in reasons.most_common())
    if side.ended:
        yield side.ended


@click.command()
@TARGET
@click.option("--against", default="mock", show_default=True, help="what is compared with it")
@AS_OF
@_GAPS
@_file("--json", "write all of it as JSON")
@_file("--html", "write it as a page")
@ALLOW_STALE
@on_terms
def parity(
    target: str,
    against: str,
    gaps: Sequence[Path],
    json: Path | None,
    html: Path | None,
    allow_stale: bool,
    terms: Terms,
    **_: Any,
) -> None:
    """Put a target beside another one, and say of each field whether it is the same."""
    from contracts.compare.page import page
    from contracts.compare.parity import compared, known_values
    from contracts.compare.told import as_json, lines
    from contracts.discretion import leave

    asking = Asking(target, terms, time(), stale=allow_stale)
    known_gaps, planned = _gaps_of(gaps, mock=against == "mock"), asking.planned()
    found = compared(
        asking.side(target, planned),
        asking.side(against, planned),
        asking.today,
        planned=[] if target.startswith(RECORDING) else [trial.id for trial in planned],
        gaps=known_gaps,
        known=known_values(_parameters(asking.terms.day)),
    )
    for file, text in ((json, _json(as_json(found))), (html, page(found))):
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
            leave(file, text, asking.opening.keys)
    _end(lines(found), found.exit_code(_is_possible), asking.mask)


def _is_possible(reason: str) -> bool:
    """Whether what was not observed for this reason could have been, on the same targets."""
    from contracts.run import is_beyond

    return not is_beyond(reason)


def _parameters(day: date | None) -> Iterator[Any]:
    from mockserver.facts import load

    for model in load(day).models.values():
        for offer in model.offers.values():
            yield from offer.parameter.values()


@click.command()
@_folder("--package", told="an openai package, or a site-packages directory with one")
@_file("--document", "a published OpenAPI document")
@_folder("--recordings", told="what `contract record` wrote")
@_GAPS
@_file("--json", "write all of it as JSON")
@ALLOW_STALE
def drift(
    package: Path | None,
    document: Path | None,
    recordings: Path | None,
    gaps: Sequence[Path],
    json: Path | None,
    allow_stale: bool,
) -> None:
    """Say who moved: the openai package, a document, recordings, or the mock.

    Exit codes: 0 nobody, 5 somebody, 6 one of them could not be looked at.
    """
    from contracts.compare import drift as witnesses

    found = witnesses.drift(
        _today(time()),
        package=package,
        document=document,
        recordings=recordings,
        gaps=_gaps_of(gaps, mock=True),
        allow_stale=allow_stale,
    )
    if json:
        json.write_text(_json(witnesses.as_json(found)), "utf-8")
    _end(witnesses.lines(found), found.exit_code())


@click.command("from-journal")
@click.argument("journal")
@_file("-o", "where it goes; - is standard output", default="-")
def from_journal(journal: str, o: Path) -> None:
    """Write what a program relies on, by the JOURNAL of a mock that it was tested with.

    JOURNAL is a file of `images-mock journal save`, or what GET /_mock/requests answers, or that
    address.
    """
    from contracts.compare.reliance import NoJournal, reliances, written

    try:
        text = written(reliances(_journal(journal)), journal.rpartition("?")[0] or journal)
    except NoJournal as reason:
        raise Unusable(str(reason)) from None
    if str(o) == "-":
        click.echo(text, nl=False)
    else:
        o.write_text(text, "utf-8")


def _journal(source: str) -> Any:
    import requests

    from contracts.compare.reliance import NoJournal

    try:
        if not source.startswith(("http://", "https://")):
            return json.loads(Path(source).read_text("utf-8"))
        with requests.Session() as session:
            session.trust_env = False
            return session.get(source, timeout=10).json()
    except (OSError, ValueError) as error:
        raise NoJournal(f"{source} can't be read: {type(error).__name__}") from None


COMMANDS = (record, parity, drift, from_journal)


# What they have in common


class Asking:
    """How targets are asked all that there is."""

    def __init__(self, target: str, terms: Terms, now: float, *, stale: bool = False) -> None:
        from contracts.discretion import discreet
        from contracts.target.opening import Opening

        self.opening = Opening(os.environ, time)  # noqa: TID251 - it enters here
        self.mask: Callable[[str], str] = partial(discreet, keys=self.opening.keys)
        self.today, self._stale = _today(now), stale
        self.terms = terms._replace(day=terms.day or _day_of(target, self.today))

    def planned(self) -> list[Trial]:
        """All cases but those that are drawn by lot."""
        from contracts.cases import trials

        return list(trials(self.terms.day, today=self.today, drawn=False, beside=False))

    def side(self, name: str, planned: list[Trial], keep: Callable[[Case], object] = bool) -> Side:
        """What a target answers to these; of a recording, all that it has."""
        from contracts.compare.parity import Side
        from contracts.compare.recording import recorded
        from contracts.report.progress import Progress
        from contracts.target import Lost

        try:
            if name.startswith(RECORDING):
                return _recorded(name, self.today, stale=self._stale)
            with (
                self.opening.target(name, self.terms) as target,
                Progress(sys.stderr, len(planned)) as progress,
            ):
                origin = _origin(target, self.terms.day, self.today)
                cases, ended = recorded(
                    planned, target, origin, self.mask, tell=progress.tell, keep=keep
                )
                return Side(target.name, cases, ended)
        except Lost as reason:
            _end([str(reason)], 6, self.mask)


def _day_of(target: str, today: date) -> date | None:
    """The day whose API a target has; None if it has the default day's, or none."""
    from contracts.compare.recording import read
    from contracts.target import Lost

    if target == "real":
        return today
    try:
        files = target.startswith(RECORDING) and read(Path(target.removeprefix(RECORDING)))
    except Lost:  # which is told when it is asked
        return None
    return files[0].origin.day if files else None


def relied_on(planned: Iterable[Trial], file: Path) -> list[Trial]:
    """Those of some trials that touch just what a program relies on; says what none touches."""
    from contracts.compare.reliance import NoJournal, chosen, read, untouched

    try:
        relied = read(file)
    except NoJournal as reason:
        raise Unusable(str(reason)) from None
    found = chosen(planned, relied)
    for missing in untouched(found, relied):
        click.echo(f"no case is about it: {missing}", err=True)
    return found


def _recorded(name: str, today: date, *, stale: bool) -> Side:
    from contracts.compare.parity import Side
    from contracts.compare.recording import read
    from contracts.compare.replay import checked_age

    cases = read(Path(name.removeprefix(RECORDING)))
    if warning := checked_age(cases, today, allow_stale=stale):
        click.echo(f"warning: {warning}", err=True)
    return Side(f"recording of {cases[0].origin.target}", cases)


def replayed(name: str, today: date, *, stale: bool) -> Replay | None:
    """The target "recording:DIR"; None if it is another.

    Raises:
        Lost: there is no recording, or it is too old.
    """
    from contracts.compare.replay import Replay

    if not name.startswith(RECORDING):
        return None
    side = _recorded(name, today, stale=stale)
    return Replay(side.cases, side.name)


def _origin(target: Target, day: date | None, today: date) -> Origin:
    from contracts.compare.recording import Origin, public_name
    from mockserver.facts import looked_up

    tool = version("openai-images-mock")
    return Origin(today, public_name(target.name), day, looked_up(), tool)


def _gaps_of(files: Sequence[Path], *, mock: bool) -> list[Gap]:
    """The gaps of files, and the mock's own where it is what is compared."""
    from contracts.compare.gaps import gaps_in

    try:
        return [gap for file in (*files, *[_OURS] * mock) for gap in gaps_in(file)]
    except ValueError as error:
        raise Unusable(str(error)) from None


def _today(now: float) -> date:
    return datetime.fromtimestamp(now, UTC).date()


def _json(value: Any) -> str:
    return f"{json.dumps(value, indent=1, ensure_ascii=False)}\n"


def _end(lines: Iterable[str], code: int, mask: Callable[[str], str] = str) -> NoReturn:
    for line in lines:
        click.echo(mask(line))
    sys.exit(code)

"""`images-mock contract record`, `parity`, `drift` and `from-journal`. Only parses and prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from time import time  # noqa: TID251 - a recording's day is this machine's
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import click

if TYPE_CHECKING:
    from contracts.compare.gaps import Gap
    from contracts.compare.parity import Side
    from contracts.compare.recording import Origin
    from contracts.compare.replay import Replay
    from contracts.discretion import Key
    from contracts.target import Target
    from contracts.trials import Trial

Option = Callable[[Any], Any]  # a decorator
RECORDING = "recording:"
_OURS = Path(__file__).with_name("gaps.toml")


def as_of() -> Option:
    """The day whose API a target is held to."""
    return click.option(
        "--as-of", "day", callback=_day, metavar="DATE", help="the day whose API it is held to"
    )


def only() -> Option:
    """What `from-journal` wrote."""
    path = click.Path(dir_okay=False, exists=True, path_type=Path)
    told = "just what a program relies on: a file that from-journal wrote"
    return click.option("--only", type=path, metavar="FILE", help=told)


def allow_stale() -> Option:
    """Whether recordings may be of any age."""
    told = "take recordings that are older than 180 days"
    return click.option("--allow-stale", is_flag=True, help=told)


def _day(_context: click.Context, _option: click.Parameter, value: str | None) -> date | None:
    from contracts.document.build import day_in

    try:
        return None if value is None else day_in(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} {error}") from None


def _file(name: str, told: str, **more: Any) -> Option:
    path = click.Path(dir_okay=False, path_type=Path)
    return click.option(name, type=path, metavar="FILE", help=told, **more)


def _folder(*names: str, told: str, **more: Any) -> Option:
    path = click.Path(file_okay=False, path_type=Path)
    return click.option(*names, type=path, metavar="DIR", help=told, **more)


def _target() -> Option:
    told = "mock, a base URL, or recording:DIR"
    return click.option("--target", default="mock", show_default=True, help=told)


def _gaps() -> Option:
    told = "differences that are known, each with its reason and its end"
    return _file("--gaps", told, multiple=True)


@click.command()
@_target()
@_folder("-o", "--output", "directory", told="where the files go, one a case", required=True)
@as_of()
@only()
def record(target: str, directory: Path, day: date | None, only: Path | None) -> None:
    """Keep what a target answers, sanitised, to be replayed with --target recording:DIR."""
    from contracts.compare.recording import written
    from contracts.discretion import discreet, leave

    asked = _asked(target, day, only, time())
    files = written(asked.side.cases, directory, partial(leave, keys=asked.keys))
    unknown = {(c.operation, field) for c in asked.side.cases for field in c.unknown}
    told = [f"{len(files)} of {len(asked.side.cases)} cases are recorded in {directory}"]
    told += [f"kept as its shape alone: {name} {field}" for name, field in sorted(unknown)]
    told += _unobserved(asked.side)
    _end(told, 6 if asked.side.ended or not files else 0, partial(discreet, keys=asked.keys))


def _unobserved(side: Side) -> Iterator[str]:
    from collections import Counter

    reasons = Counter(case.unseen for case in side.cases if case.unseen)
    yield from (f"not observed, {count} cases: {reason}" for reason, count in reasons.most_common())
    if side.ended:
        yield side.ended


@click.command()
@_target()
@click.option("--against", default="mock", show_default=True, help="what is compared with it")
@as_of()
@_gaps()
@_file("--json", "write all of it as JSON", default=None)
@_file("--html", "write it as a page", default=None)
@allow_stale()
def parity(
    target: str,
    against: str,
    day: date | None,
    gaps: Sequence[Path],
    json: Path | None,
    html: Path | None,
    allow_stale: bool,
) -> None:
    """Put a target beside another one, and say of each field whether it is the same."""
    from contracts.compare.page import page
    from contracts.compare.parity import compared, known_values
    from contracts.compare.told import as_json, lines
    from contracts.discretion import discreet, leave

    now = time()
    known_gaps = _gaps_of(gaps, mock=against == "mock")
    left, right = (_asked(name, day, None, now, stale=allow_stale) for name in (target, against))
    planned = [] if RECORDING in target else [trial.id for trial in left.planned]
    keys = [*left.keys, *right.keys]
    found = compared(
        left.side,
        right.side,
        _today(now),
        planned=planned,
        gaps=known_gaps,
        known=known_values(_parameters(day)),
    )
    if json:
        leave(json, _json(as_json(found)), keys)
    if html:
        leave(html, page(found), keys)
    _end(lines(found), found.exit_code(is_possible), partial(discreet, keys=keys))


def is_possible(reason: str) -> bool:
    """Whether what was not observed for this reason could have been, on the same targets."""
    from contracts.compare.recording import NOT_RECORDED
    from contracts.run import LACKING

    return not reason.startswith((NOT_RECORDED, *LACKING.values()))


def _parameters(day: date | None) -> Iterator[Any]:
    from mockserver.facts import load

    for model in load(day).models.values():
        for offer in model.offers.values():
            yield from offer.parameter.values()


@click.command()
@_folder("--package", told="an openai package, or a site-packages directory with one")
@_file("--document", "a published OpenAPI document", default=None)
@_folder("--recordings", told="what `contract record` wrote")
@_gaps()
@_file("--json", "write all of it as JSON", default=None)
@allow_stale()
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

    JOURNAL is a file with what GET /_mock/requests answers, or that address.
    """
    from contracts.compare.reliance import NoJournal, reliances, written

    try:
        text = written(reliances(_journal(journal)), journal.rpartition("?")[0] or journal)
    except NoJournal as reason:
        raise click.ClickException(str(reason)) from None
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


class Asked(NamedTuple):
    """A target that was asked everything that there is."""

    side: Side
    planned: list[Trial]
    keys: list[Key]


def _asked(
    name: str, day: date | None, relied: Path | None, now: float, *, stale: bool = False
) -> Asked:
    """Open a target, and keep what it answers; of a recording, what it has."""
    from contracts.compare.parity import Side
    from contracts.compare.recording import recorded
    from contracts.discretion import discreet
    from contracts.target import Lost

    planned = _planned(day, relied, now)
    try:
        if name.startswith(RECORDING):
            return Asked(_recorded(name, now, stale), planned, [])
        with _opened(name, day) as (target, keys):
            origin = _origin(target, day, now)
            cases, ended = recorded(planned, target, origin, partial(discreet, keys=keys))
            return Asked(Side(target.name, cases, ended), planned, keys)
    except Lost as reason:
        _end([str(reason)], 6)


def _planned(day: date | None, relied: Path | None, now: float) -> list[Trial]:
    from contracts.cases import trials

    planned = list(trials(day, today=_today(now), drawn=False))
    return relied_on(planned, relied) if relied else planned


def relied_on(planned: Iterable[Trial], file: Path) -> list[Trial]:
    """Those of some trials that touch just what a program relies on; says what none touches."""
    from contracts.compare.reliance import NoJournal, chosen, read, untouched

    try:
        relied = read(file)
    except NoJournal as reason:
        raise click.ClickException(str(reason)) from None
    found = chosen(planned, relied)
    for missing in untouched(found, relied):
        click.echo(f"no case is about it: {missing}", err=True)
    return found


def _recorded(name: str, now: float, stale: bool) -> Side:
    from contracts.compare.parity import Side
    from contracts.compare.recording import read
    from contracts.compare.replay import checked_age

    cases = read(Path(name.removeprefix(RECORDING)))
    if warning := checked_age(cases, _today(now), allow_stale=stale):
        click.echo(f"warning: {warning}", err=True)
    return Side(f"recording of {cases[0].origin.target}", cases)


def replayed(name: str, now: float, *, stale: bool) -> Replay:
    """The target "recording:DIR".

    Raises:
        Lost: there is no recording, or it is too old.
    """
    from contracts.compare.replay import Replay

    side = _recorded(name, now, stale)
    return Replay(side.cases, side.name)


@contextmanager
def _opened(name: str, day: date | None) -> Iterator[tuple[Target, list[Key]]]:
    from contracts.discretion import Key
    from contracts.target.http import HttpTarget
    from contracts.target.mock import KEY, MockTarget, served

    with ExitStack() as stack:
        if name == "mock":
            yield MockTarget(stack.enter_context(served(day)), day, now=time), []
        else:
            key = Key(KEY)
            yield HttpTarget(name, key, day, now=time, name=name), [key]


def _origin(target: Target, day: date | None, now: float) -> Origin:
    from contracts.compare.recording import Origin, public_name
    from mockserver.facts import looked_up

    tool = version("openai-images-mock")
    return Origin(_today(now), public_name(target.name), day, looked_up(), tool)


def _gaps_of(files: Sequence[Path], *, mock: bool) -> list[Gap]:
    """The gaps of files, and the mock's own where it is what is compared."""
    from contracts.compare.gaps import gaps_in

    try:
        return [gap for file in (*files, *[_OURS] * mock) for gap in gaps_in(file)]
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _today(now: float) -> date:
    return datetime.fromtimestamp(now, UTC).date()


def _json(value: Any) -> str:
    return f"{json.dumps(value, indent=1, ensure_ascii=False)}\n"


def _end(lines: Iterable[str], code: int, mask: Callable[[str], str] = str) -> NoReturn:
    for line in lines:
        click.echo(mask(line))
    sys.exit(code)

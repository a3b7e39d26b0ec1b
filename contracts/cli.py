"""`images-mock contract`: only parses and prints; each command's work is in a module of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from time import time  # noqa: TID251 - a target's own clock is compared with this machine's
from typing import TYPE_CHECKING

import click

from contracts.compare.commands import (
    COMMANDS,
    RECORDING,
    allow_stale,
    is_possible,
    only,
    relied_on,
    replayed,
)

if TYPE_CHECKING:
    from contracts.target import Target
    from contracts.trials import Trial


def _day(_context: click.Context, _option: click.Parameter, value: str | None) -> date | None:
    from contracts.document.build import day_in

    try:
        return None if value is None else day_in(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} {error}") from None


@click.group()
def contract() -> None:
    """Hold a server to the contract of the Images API.

    Exit codes: 0 all that was observed holds, 5 a promise is broken, 6 something could not be
    learned (nobody there, a bad key, a cap).
    """


for _command in COMMANDS:
    contract.add_command(_command)


def _file(kind: str, what: str) -> Callable[[click.decorators.FC], click.decorators.FC]:
    path = click.Path(dir_okay=False, path_type=Path)
    return click.option(f"--{kind}", type=path, metavar="FILE", help=f"write the report as {what}")


@contract.command()
@click.option(
    "--target", default="mock", show_default=True, help="mock, a base URL, or recording:DIR"
)
@click.option("--as-of", callback=_day, metavar="DATE", help="the day whose API it is held to")
@click.option("--quick", is_flag=True, help="some of the trials, in about 30 s")
@click.option("-v", "--verbose", is_flag=True, help="show each promise, too")
@only()
@allow_stale()
@_file("json", "JSON")
@_file("junit", "JUnit's XML, for CI")
@_file("html", "one page")
@click.option(
    "--report",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="write all three, and the files that its requests need",
)
def run(
    target: str,
    as_of: date | None,
    quick: bool,
    verbose: bool,
    only: Path | None,
    allow_stale: bool,
    directory: Path | None,
    **files: Path | None,
) -> None:
    """Try a target with everything, and report what was observed."""
    from contracts.cases import trials
    from contracts.discretion import Key, discreet, leave
    from contracts.report.files import write
    from contracts.report.progress import Progress
    from contracts.report.summary import run_of
    from contracts.report.terminal import lines
    from contracts.run import exit_code
    from contracts.run import run as tried
    from contracts.target.http import HttpTarget
    from contracts.target.mock import KEY, MockTarget, served
    from contracts.traceless import traceless

    began, keys = time(), [Key(KEY)]
    with ExitStack() as stack:
        stack.enter_context(traceless())
        today, is_recording = (
            datetime.fromtimestamp(time(), UTC).date(),
            target.startswith(RECORDING),
        )
        watch: list[Callable[[Trial], object]] = []
        if is_recording:
            replay = replayed(target, time(), stale=allow_stale)
            judged: Target = replay
            as_of, today, watch = replay.day, replay.recorded, [replay.begin]
        elif target == "mock":
            judged = MockTarget(stack.enter_context(served(as_of)), as_of, now=time)
        else:
            judged = HttpTarget(target, keys[0], as_of, now=time, name=target)
        planned = list(trials(as_of, today=today, quick=quick, drawn=not is_recording))
        planned = relied_on(planned, only) if only else planned
        watch.append(stack.enter_context(Progress(sys.stderr, len(planned))).tell)
        book = tried(planned, judged, tell=lambda trial: [tell(trial) for tell in watch])
    told = run_of(judged, time() - began, exit_code(book, is_possible))
    asked = {kind: path for kind, path in files.items() if path}
    summary = write(book, told, asked, directory, partial(leave, keys=keys))
    for line in lines(summary, _paint(), rows=verbose):
        click.echo(discreet(line, keys))
    sys.exit(told.code)


def _paint() -> Callable[[str, str], str]:
    """Colours on a terminal, unless somebody wants none (no-color.org)."""
    from contracts.report.terminal import plain

    wanted = sys.stdout.isatty() and not os.environ.get("NO_COLOR")  # noqa: TID251 - enters here
    return click.style if wanted else plain

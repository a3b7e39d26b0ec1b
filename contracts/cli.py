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
from typing import TYPE_CHECKING, Any

import click

from contracts.compare.commands import (
    ALLOW_STALE,
    AS_OF,
    COMMANDS,
    ONLY,
    TARGET,
    Unusable,
    relied_on,
    replayed,
)
from contracts.report.command import report_options, show
from contracts.target.options import on_terms

if TYPE_CHECKING:
    from contracts.target import Target
    from contracts.target.opening import Terms
    from contracts.trials import Trial


class _Contract(click.Group):
    """Commands that need more packages than the server does, and write files."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what is not installed, or can't be written, is named."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith(("contracts", "mockserver")):
                raise
            cure = "pip install 'openai-images-mock[contracts]'"
            click.echo(f"images-mock: the contract needs {error.name}: {cure}", err=True)
            sys.exit(3)
        except OSError as error:
            if error.filename is None:
                raise
            trouble = f"{error.filename} can't be written: {error.strerror}"
        raise Unusable(trouble)


@click.group(cls=_Contract)
def contract() -> None:
    """Hold a server to the contract of the Images API.

    Exit codes: 0 all that was observed holds, 2 the command line is wrong, 5 a promise is broken,
    6 something could not be learned (nobody there, a bad key, a cap).
    """


for _command in COMMANDS:
    contract.add_command(_command)


@contract.command()
@TARGET
@AS_OF
@click.option("--quick", is_flag=True, help="some of the trials, in about 30 s")
@ONLY
@ALLOW_STALE
@on_terms
@click.option("--dry-run", is_flag=True, help="show what would be paid for, and send nothing")
@report_options
def run(
    target: str,
    as_of: date | None,
    quick: bool,
    only: Path | None,
    allow_stale: bool,
    terms: Terms,
    dry_run: bool,
    **report: Any,
) -> None:
    """Try a target with everything, and report what was observed."""
    from contracts.cases import trials
    from contracts.discretion import discreet
    from contracts.interruption import interruptible
    from contracts.report.progress import Progress
    from contracts.report.summary import run_of
    from contracts.run import exit_code
    from contracts.run import run as tried
    from contracts.target import Lost
    from contracts.target.opening import Opening, rehearsed
    from contracts.traceless import traceless

    began, today = time(), datetime.fromtimestamp(time(), UTC).date()
    if target == "real":
        as_of = as_of or today
        terms = terms._replace(day=as_of)
    opening = Opening(os.environ, time)  # noqa: TID251 - it enters here
    planned = partial(trials, as_of, today=today, quick=quick)
    with ExitStack() as stack:
        stack.enter_context(traceless())
        watch: list[Callable[[Trial], object]] = [stack.enter_context(interruptible())]
        if dry_run:
            for line in rehearsed(opening, target, terms, planned(costly=True)):
                click.echo(line)
            return
        judged: Target
        try:
            if replay := replayed(target, today, stale=allow_stale):
                judged = replay
                watch.append(replay.begin)
                found = list(
                    trials(
                        replay.day, today=replay.recorded, quick=quick, drawn=False, beside=False
                    )
                )
            else:
                server = judged = stack.enter_context(opening.target(target, terms))
                found = list(planned(costly=server.is_costly))
        except (Lost, KeyboardInterrupt) as reason:
            why = str(reason) or "The run was interrupted before it began."
            click.echo(discreet(why, opening.keys), err=True)
            sys.exit(6)
        found = relied_on(found, only) if only else found
        watch.append(stack.enter_context(Progress(sys.stderr, len(found))).tell)
        book = tried(found, judged, tell=lambda trial: [tell(trial) for tell in watch])
    code = exit_code(book)
    show(book, run_of(judged, time() - began, code), opening.keys, **report)
    sys.exit(code)
